//! The dialog in which people make sure of each other: the server's key and their own in words, the
//! session's id, and the servers that this browser trusts.

mod pins;

use shared::connection::Version;
use shared::identity::Fingerprint;
use shared::trust::{Compared, Way};
use yew::prelude::*;

use super::comparison::use_comparison;
use super::copy::CopyButton;
use super::dialog::Dialog;
use super::first_contact::qr_text;
use super::key_card::key_card;
use super::text;
use crate::hooks::KeyRequest;
use crate::state::address::Origin;
use crate::state::handshake_report::HandshakeReport;
use crate::state::link;
use crate::state::pins::Pins;
use crate::state::shown::{Known, ShownServer};
use pins::{RemovePin, pins_list};

/// The part of the dialog that is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum View {
    /// The keys and the session.
    Keys,
    /// The servers that this browser trusts.
    Pins,
    /// The question whether to forget the server with this address.
    Remove(AttrValue),
}

/// The properties of the verify dialog.
pub struct Verify {
    /// The part that is shown; `None` while the dialog is closed.
    pub view: Option<View>,
    /// Called with the part that the person wants to see, or `None` to close the dialog.
    pub on_view: Callback<Option<View>>,
    /// The server to compare.
    pub server: Option<ShownServer>,
    /// The fingerprint of the person's own key.
    pub own: Option<Fingerprint>,
    /// The report of the session, while there is one.
    pub session: Option<HandshakeReport>,
    /// The servers that this browser trusts.
    pub pins: Pins,
    /// The origin of the page.
    pub origin: Origin,
    /// Called with the person's request.
    pub on_key: Callback<KeyRequest>,
}

/// Shows the dialog in which people compare keys.
pub fn verify_dialog(props: &Verify) -> Html {
    let go = |view: View| props.on_view.reform(move |()| Some(view.clone()));
    let title = match &props.view {
        None | Some(View::Keys) => "Verify",
        Some(View::Pins) => "Servers you trust",
        Some(View::Remove(_)) => "Forget this server?",
    };
    html! {
        <Dialog
            id="verify"
            open={props.view.is_some()}
            on_close={props.on_view.reform(|()| None)}
            {title}
        >
            { match props.view.clone() {
                None => html! {},
                Some(View::Keys) => keys(props, &go(View::Pins)),
                Some(View::Pins) => {
                    let on_remove = props.on_view.reform(|address| Some(View::Remove(address)));
                    pins_list(&props.pins, &go(View::Keys), &on_remove)
                }
                Some(View::Remove(address)) => html! {
                    <RemovePin {address} on_key={props.on_key.clone()} on_back={go(View::Pins)} />
                },
            } }
        </Dialog>
    }
}

fn keys(props: &Verify, on_pins: &Callback<()>) -> Html {
    html! {
        <>
            <p>
                { "Read the words to each other by telephone or in person. If all eight are the same \
                   on both sides, nobody sits in between." }
            </p>
            { server(props) }
            { own(props.own) }
            if let Some(session) = &props.session {
                { facts(session) }
            }
            <div class="actions actions-start">
                <button
                    type="button"
                    class="button"
                    data-testid="verify-pins"
                    onclick={on_pins.reform(|_: MouseEvent| ())}
                >
                    { "Servers you trust…" }
                </button>
            </div>
        </>
    }
}

fn server(props: &Verify) -> Html {
    let Some(ShownServer {
        server,
        fingerprint,
        known,
        pin,
    }) = &props.server
    else {
        return html! {
            <p class="hint">{ "This browser does not know the server’s key yet: connect first." }</p>
        };
    };
    let known = match known {
        Known::Proven => "It has proven on this connection that it holds this key.".to_owned(),
        Known::Announced => {
            "It says that this is its key. v1 cannot prove it: not verified.".to_owned()
        }
        Known::Pinned => format!(
            "Trusted since {}. You are not connected now.",
            pin.map_or_else(String::new, |pin| text::date_time(pin.first_seen.0 * 1000))
        ),
    };
    let title = html! {
        <>
            <h3>{ "The server " }<span class="address">{ &server.host }</span></h3>
            <p class="hint" data-testid="verify-server-known">{ known }</p>
        </>
    };
    // Only a pinned key can be marked as compared.
    let pin = pin.filter(|pin| pin.fingerprint == *fingerprint);
    let code = Some(qr_text(&props.origin, server.own, fingerprint));
    if pin.is_some_and(|pin| pin.compared.is_none()) {
        return html! {
            <div class="key-card">
                { title }
                <Compare
                    address={server.address.clone()}
                    fingerprint={*fingerprint}
                    on_key={props.on_key.clone()}
                />
                // Folded, because the field must get what the person was told, and not what stands
                // beside it.
                <details class="fold" data-testid="verify-server-key">
                    <summary>{ "Show the key to read it out" }</summary>
                    <p class="hint">
                        { "This is what the server showed to this browser. Copying it into the field \
                           above proves nothing." }
                    </p>
                    { key_card("verify-server", fingerprint, html! {}, code) }
                </details>
            </div>
        };
    }
    html! {
        <>
            { key_card("verify-server", fingerprint, title, code) }
            if let Some(compared) = pin.and_then(|pin| pin.compared) {
                <p class="hint" data-testid="verify-compared">{ compared_text(compared) }</p>
                // Only now: who has not compared the key could pass on a false one. And only a link
                // to the page that this one is: to other servers it leads nowhere.
                if server.own {
                    <CopyButton
                        text={link::to_page(&props.origin.url(), fingerprint)}
                        label="Copy a link for a friend"
                        test_id="verify-link"
                        unseen=true
                    />
                    <p class="hint">{ "It names this key, so that your friend need not compare anything." }</p>
                }
            }
        </>
    }
}

fn compared_text(Compared { at, by }: Compared) -> String {
    let at = text::date_time(at.0 * 1000);
    match by {
        Way::Words => format!("You compared this key on {at}."),
        Way::Link => format!("A link named this key on {at}."),
    }
}

/// Props of [`Compare`].
#[derive(Clone, PartialEq, Properties)]
struct CompareProps {
    address: String,
    fingerprint: Fingerprint,
    on_key: Callback<KeyRequest>,
}

/// Lets the person enter what they were told of the server's key, and remembers that it is the
/// same.
#[component(Compare)]
fn compare(props: &CompareProps) -> Html {
    let comparison = use_comparison(Some(props.fingerprint));
    let problem = use_state(|| None::<String>);
    let onsubmit = {
        let (comparison, problem) = (comparison.clone(), problem.setter());
        let CompareProps {
            address,
            fingerprint,
            on_key,
        } = props.clone();
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            if comparison.is_same(&fingerprint) {
                let problem = problem.clone();
                on_key.emit(KeyRequest::Compared {
                    address: address.clone(),
                    fingerprint,
                    done: Callback::from(move |done: Result<(), String>| problem.set(done.err())),
                });
            }
        })
    };
    html! {
        <form class="compare-form" {onsubmit} novalidate=true>
            { comparison.field("verify-told", "What you were told of this server’s key") }
            <button type="submit" class="button" data-testid="verify-compare">{ "Compare" }</button>
            if let Some(problem) = &*problem {
                <p class="error" role="alert">{ format!("This browser could not remember it: {problem}") }</p>
            }
        </form>
    }
}

fn own(own: Option<Fingerprint>) -> Html {
    let Some(fingerprint) = own else {
        return html! { <p class="hint">{ "You have no key yet." }</p> };
    };
    let title = html! {
        <>
            <h3>{ "You" }</h3>
            <p class="hint">{ "Read these to somebody who wants to be sure of your key." }</p>
        </>
    };
    let code = (fingerprint.to_string(), "QR code of your fingerprint");
    key_card("verify-own", &fingerprint, title, Some(code))
}

fn facts(session: &HandshakeReport) -> Html {
    let protocol = match session.version {
        Version::V1 => "v1: encrypted, not verified, no forward secrecy",
        Version::V2 => "v2: encrypted, server verified, forward secret",
    };
    let traffic = session.traffic;
    html! {
        <dl class="facts">
            <div>
                <dt>{ "Protocol" }</dt>
                <dd data-testid="verify-protocol">{ protocol }</dd>
            </div>
            if let Some(id) = &session.session_id {
                <div>
                    <dt>{ "Session" }</dt>
                    <dd>
                        <code class="fingerprint" data-testid="verify-session">{ id }</code>
                        <p class="hint">{ "The same on the server’s side, and different for every session." }</p>
                    </dd>
                </div>
                <div>
                    <dt>{ "New keys" }</dt>
                    <dd data-testid="verify-rekeys">
                        { format!("sent {}, received {}", traffic.rekeys_sent, traffic.rekeys_received) }
                    </dd>
                </div>
            }
        </dl>
    }
}
