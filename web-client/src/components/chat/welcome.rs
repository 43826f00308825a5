//! What an empty room says: what it is, who can read it, and the first steps.

use client::rights::Rights;
use client::room::Room;
use yew::prelude::*;

use super::props::ChatScreenProps;
use crate::components::callbacks::focus_on;
use crate::components::composer::COMPOSER_ID;
use crate::components::copy::CopyButton;
use crate::components::icons::{Icon, icon};
use crate::state::Action;
use crate::state::link::{self, View};
use crate::state::panel::Panel;
use crate::state::shown::Protection;

/// Shows the first steps in `room`, if nothing was said there.
pub(super) fn welcome(props: &ChatScreenProps, room: &Room, on_settings: &Callback<()>) -> Html {
    let empty = room.is_live() && !room.loading && !room.has_older() && room.gone == 0;
    if !empty || !room.log.messages().is_empty() {
        return Html::default();
    }
    let rights = Rights::of(room, props.chat.operator);
    let link = link_to(props, room);
    let on_invite = props
        .act
        .reform(|_: MouseEvent| Action::Panel(Some(Panel::Members)));
    html! {
        <section class="welcome" translate="no" key="welcome" data-testid="welcome">
            <h2 class={classes!((!room.is_direct()).then_some("named"))}>{ room.title() }</h2>
            <p>{ who_reads(room, &props.host) }{ " The server can read it, too." }</p>
            if !room.keep.is_forever() {
                <p>{ format!("The server keeps {} of this room.", room.keep) }</p>
            }
            if link.is_some() && room.id.is_lobby() {
                { match props.protection {
                    Protection::Verified { .. } => html! {
                        <p>{ "The link for a friend names this server’s key, so that your friend need not compare anything." }</p>
                    },
                    Protection::Trusted { .. } => html! {
                        <p>{ "Once you have compared the server’s words (“Verify…” in your menu), a link for a friend can name its key." }</p>
                    },
                    _ => html! {},
                } }
            }
            <div class="actions actions-start">
                if room.private && !room.is_direct() {
                    <button type="button" class="button" data-testid="welcome-invite" onclick={on_invite}>
                        { icon(Icon::People) }{ "Invite people" }
                    </button>
                }
                if let Some((text, label)) = link {
                    <CopyButton {text} {label} test_id="welcome-link" unseen=true />
                }
                if rights.sets_topic() && !room.is_direct() && room.topic.as_str().is_empty() {
                    <button
                        type="button"
                        class="button"
                        data-testid="welcome-topic"
                        onclick={on_settings.reform(|_: MouseEvent| ())}
                    >
                        { icon(Icon::Sign) }{ "Set a topic" }
                    </button>
                }
                <button
                    type="button"
                    class="button"
                    data-testid="welcome-write"
                    onclick={Callback::from(|_: MouseEvent| focus_on(COMPOSER_ID))}
                >
                    { icon(Icon::Send) }{ "Write the first message" }
                </button>
            </div>
        </section>
    }
}

/// Returns the link that leads others to `room`, and the label of the button that copies it. An
/// address of this page leads to rooms of its own server only.
fn link_to(props: &ChatScreenProps, room: &Room) -> Option<(String, &'static str)> {
    let origin = props.origin.url();
    let own_server = props.origin.server().host == props.host.as_str();
    if !own_server || room.is_direct() {
        return None;
    }
    // Only of a key that was compared: who has not done that could pass on a false one.
    let compared = matches!(props.protection, Protection::Verified { .. });
    if let Some(key) = props
        .report
        .server_key
        .filter(|_| compared && room.id.is_lobby())
    {
        let link = link::to_page(&origin, &key.fingerprint);
        return Some((link, "Copy a link for a friend"));
    }
    let view = View {
        room: room.id.clone(),
        panel: None,
    };
    let label = if room.private {
        "Copy a link for people who are invited"
    } else {
        "Copy a link to this room"
    };
    Some((format!("{origin}/{}", view.to_fragment()), label))
}

fn who_reads(room: &Room, host: &str) -> String {
    if room.is_direct() {
        return "This is between the two of you.".to_owned();
    }
    if room.private {
        return "Only people who were invited can join and read it.".to_owned();
    }
    format!("Everybody on {host} can join and read it.")
}
