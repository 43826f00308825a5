//! The badge that says what a v1 session is not.

use web_sys::HtmlDetailsElement;
use yew::prelude::*;

use super::icons::{Icon, icon};

const REASONS: [(&str, &str); 4] = [
    (
        "The server’s key is not verified.",
        "Whoever sits between you and the server can put their own key in its place and read \
         everything.",
    ),
    (
        "No forward secrecy.",
        "Who records the traffic today and gets the server’s key later can read it then.",
    ),
    (
        "The same IV for every message.",
        "Messages that begin alike look alike on the wire, so an observer sees repetitions.",
    ),
    (
        "No protection against replay.",
        "A message that was recorded can be sent again within the session, and nobody notices.",
    ),
];

/// One line that a person understands, and the reasons behind it.
#[component(InsecureBadge)]
pub fn insecure_badge() -> Html {
    let node = use_node_ref();
    let close = {
        let node = node.clone();
        move || {
            if let Some(details) = node.cast::<HtmlDetailsElement>() {
                details.set_open(false);
            }
        }
    };
    let onkeydown = {
        let close = close.clone();
        Callback::from(move |event: KeyboardEvent| {
            if event.key() == "Escape" {
                close();
            }
        })
    };
    html! {
        <details ref={node} class="badge" data-testid="insecure-badge" {onkeydown}>
            <summary>
                { icon(Icon::Unlocked) }
                <span class="badge-long">{ "Protocol v1: for study, not for secrets" }</span>
                <span class="badge-short">{ "v1: not for secrets" }</span>
            </summary>
            <div class="badge-body">
                <p>
                    { "Your messages are encrypted, but in a way with known holes, kept on purpose \
                       to be looked at:" }
                </p>
                <ul>
                    { for REASONS.iter().map(|(what, why)| html! {
                        <li key={*what}><strong>{ *what }</strong>{ " " }{ *why }</li>
                    }) }
                </ul>
            </div>
        </details>
    }
}
