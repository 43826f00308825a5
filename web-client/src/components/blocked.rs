//! The screen that replaces all others when a connection must not be made. It names the danger, the
//! innocent cause, the expected and the presented key, and the way out.

use shared::connection::Version;
use shared::identity::Fingerprint;
use shared::trust::Pin;
use web_sys::HtmlElement;
use yew::prelude::*;

use super::icons::{Icon, icon};
use super::key_card::key_card;
use super::text;
use crate::state::connection::Target;
use crate::state::trust::{Block, Expected};

/// Props of [`Blocked`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct BlockedProps {
    /// The reason for which the connection is blocked.
    pub block: Block,
    /// The server's `host[:port]`.
    pub host: AttrValue,
    /// The server's pin.
    pub pin: Option<Pin>,
    /// The server and the protocol that the person asked for.
    pub target: Option<Target>,
    /// The number of entries that wait to be sent.
    pub waiting: usize,
    /// Called when the person goes back to the connect screen.
    pub on_back: Callback<()>,
    /// Called when the person wants to see the pins.
    pub on_pins: Callback<()>,
    /// Called when the person does not believe the link any more.
    pub on_forget_link: Callback<()>,
    /// Called when the person wants to connect in another way.
    pub on_connect: Callback<Target>,
}

/// The blocking screen.
#[component(Blocked)]
pub fn blocked(props: &BlockedProps) -> Html {
    let heading = use_node_ref();
    // The screen replaces the focused element. The focus goes to the heading, so that a screen
    // reader begins with the danger.
    use_effect_with((), {
        let heading = heading.clone();
        move |()| {
            if let Some(heading) = heading.cast::<HtmlElement>() {
                let _ = heading.focus();
            }
        }
    });
    let button = |id: &'static str, label: &'static str, on: &Callback<()>| {
        html! {
            <button type="button" class="button" data-testid={id} onclick={on.reform(|_: MouseEvent| ())}>
                { label }
            </button>
        }
    };
    let with_v2 = props.target.as_ref().map(|target| Target {
        version: Version::V2,
        ..target.clone()
    });
    // A key that only a link has named is not pinned, so the list of pins has nothing to remove.
    let on_pin = !matches!(
        &props.block,
        Block::KeyChanged {
            by: Expected::Link,
            ..
        }
    );
    html! {
        <main class="blocked" id="main" tabindex="-1" translate="no">
            <section
                class="blocked-card"
                data-testid={props.block.as_str()}
                aria-labelledby="blocked-title"
            >
                <header class="blocked-head">
                    { icon(Icon::Warning) }
                    <h1 ref={heading} id="blocked-title" tabindex="-1">{ title(&props.block) }</h1>
                </header>
                { words(props) }
                if props.waiting > 0 {
                    <p class="hint">
                        { if props.waiting == 1 {
                            "One message waits to be sent; it is kept.".to_owned()
                        } else {
                            format!("{} messages wait to be sent; they are kept.", props.waiting)
                        } }
                    </p>
                }
                <div class="actions">
                    { button("blocked-back", "Back", &props.on_back) }
                    if props.block.is_by_link() {
                        { button("blocked-forget-link", "Forget the link", &props.on_forget_link) }
                    }
                    if on_pin {
                        { button("blocked-pins", "Servers you trust…", &props.on_pins) }
                    }
                    if let (Block::VersionFloor { .. }, Some(target)) = (&props.block, with_v2) {
                        // The way on that weakens nothing, so it is the highlighted one.
                        <button
                            type="button"
                            class="button button-primary"
                            data-testid="blocked-connect-v2"
                            onclick={props.on_connect.reform(move |_: MouseEvent| target.clone())}
                        >
                            { "Connect with v2" }
                        </button>
                    }
                </div>
            </section>
        </main>
    }
}

fn title(block: &Block) -> &'static str {
    match block {
        Block::KeyChanged {
            by: Expected::Pin, ..
        } => "The server’s key has changed",
        Block::KeyChanged {
            by: Expected::Link, ..
        } => "The server does not have the key of your link",
        Block::LinkContradicts { .. } => "Your link and this browser disagree",
        Block::VersionFloor { .. } => "Protocol v1 is refused for this server",
        Block::PinDamaged { .. } => "What this browser knows of the server is damaged",
    }
}

fn words(props: &BlockedProps) -> Html {
    let host = &props.host;
    match &props.block {
        Block::KeyChanged {
            expected,
            by,
            presented,
        } => html! {
            <>
                <p class="danger">
                    <strong>{ "Somebody may be between you and " }{ host }{ "," }</strong>
                    { " to read and change everything you say. Nothing was said: the page ended the \
                       connection before it showed who you are." }
                </p>
                { innocent(*by) }
                { two_keys(
                    (*expected, expected_title(*by, props.pin.as_ref())),
                    (*presented, "Shown by the server now".into()),
                ) }
                { way_out(*by) }
            </>
        },
        Block::LinkContradicts { pinned, link } => html! {
            <>
                <p class="danger">
                    <strong>{ "Somebody may have given you a false link." }</strong>
                    { format!(
                        " It names another key for {host} than the one that you trust in this \
                         browser. The link has changed nothing, and nothing was sent."
                    ) }
                </p>
                <p>
                    { "It can be innocent: the server may have got a new key, and the link is newer \
                       than what this browser knows; or the link is older." }
                </p>
                { two_keys(
                    (*pinned, expected_title(Expected::Pin, props.pin.as_ref())),
                    (*link, "Named by the link".into()),
                ) }
                <p>
                    { "Forget the link to go on with the key that you trust. If whoever runs the \
                       server says that it has a new key, remove the old pin under “Servers you \
                       trust”, and open the link again." }
                </p>
            </>
        },
        Block::VersionFloor { pin, .. } => html! {
            <>
                <p class="danger">
                    <strong>{ format!("You have spoken {} with {host} before.", pin.highest) }</strong>
                    { " v1 can never prove who the server is. If the page went back to it, somebody \
                       between you and the server could pretend that there is nothing better, and \
                       then read and change everything." }
                </p>
                <p>
                    { "It can be innocent: you may only want to look at v1, or the server is now run \
                       by an older program." }
                </p>
                <p>
                    { "Connect with v2. Should you need v1 in spite of all this, remove the pin of \
                       this server under “Servers you trust”: from then on, nothing is verified." }
                </p>
            </>
        },
        Block::PinDamaged { why } => html! {
            <>
                <p class="danger">
                    <strong>{ format!("The page cannot tell any more which key {host} must have.") }</strong>
                    { " Something or somebody has changed the record in this browser. It is not \
                       replaced by itself, because whoever can damage it could then have any key \
                       taken for the right one." }
                </p>
                <p class="hint">{ format!("What is wrong with it: {why}.") }</p>
                <p>
                    { "Remove it under “Servers you trust”, connect again, and compare the eight \
                       words with those that the server prints where it was started." }
                </p>
            </>
        },
    }
}

fn innocent(by: Expected) -> Html {
    let words = match by {
        Expected::Pin => {
            "It can be innocent: the server may have been installed anew, or its key file was \
             replaced."
        }
        Expected::Link => {
            "It can be innocent: the link may be old, or made for another server; or it was damaged \
             on its way to you."
        }
    };
    html! { <p>{ words }</p> }
}

fn way_out(by: Expected) -> Html {
    let words = match by {
        Expected::Pin => {
            "Ask whoever runs the server, by telephone or in person, and compare the words that it \
             prints where it was started with those “shown by the server now”. Only if all eight \
             match: remove the old pin under “Servers you trust” and connect again."
        }
        Expected::Link => {
            "Ask whoever gave you the link, by telephone or in person, and compare the words that \
             the server prints where it was started. Forget the link only if you can compare them \
             yourself: the page will show them to you when you connect again."
        }
    };
    html! { <p>{ words }</p> }
}

fn expected_title(by: Expected, pin: Option<&Pin>) -> String {
    match (by, pin) {
        (Expected::Link, _) => "Named by your link".into(),
        (Expected::Pin, Some(pin)) => {
            format!("Trusted since {}", text::date_time(pin.first_seen.0 * 1000))
        }
        (Expected::Pin, None) => "Trusted until now".into(),
    }
}

fn two_keys(expected: (Fingerprint, String), came: (Fingerprint, String)) -> Html {
    let card = |id: &'static str, (fingerprint, title): (Fingerprint, String)| {
        key_card(id, &fingerprint, html! { <h2>{ title }</h2> }, None)
    };
    html! {
        <div class="two-keys">
            { card("key-expected", expected) }
            { card("key-presented", came) }
        </div>
    }
}
