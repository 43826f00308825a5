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
use crate::state::link::View;
use crate::state::panel::Panel;

/// Shows the first steps in `room`, if nothing was said there.
pub(super) fn welcome(props: &ChatScreenProps, room: &Room, on_settings: &Callback<()>) -> Html {
    let empty = room.is_live() && !room.loading && !room.has_older() && room.gone == 0;
    if !empty || !room.log.messages().is_empty() {
        return Html::default();
    }
    let rights = Rights::of(room, props.chat.operator);
    let address = View {
        room: room.id.clone(),
        panel: None,
    };
    let link = format!("{}/{}", props.origin.url(), address.to_fragment());
    let own_server = props.origin.server().host == props.host.as_str();
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
            <div class="actions actions-start">
                // An address of this page leads to rooms of its own server only.
                if own_server && !room.is_direct() {
                    <CopyButton text={link} label="Copy a link to this room" test_id="welcome-link" />
                }
                if room.private && !room.is_direct() {
                    <button type="button" class="button" data-testid="welcome-invite" onclick={on_invite}>
                        { icon(Icon::People) }{ "Invite people" }
                    </button>
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

fn who_reads(room: &Room, host: &str) -> String {
    if room.is_direct() {
        return "This is between the two of you.".to_owned();
    }
    if room.private {
        return "Only people who were invited can join and read it.".to_owned();
    }
    format!("Everybody on {host} can join and read it.")
}
