//! The badge that names the protection of a session, and its limits.

use web_sys::HtmlDetailsElement;
use yew::prelude::*;

use super::icons::{Icon, icon};
use crate::state::shown::SecurityLevel;

/// A statement and its explanation.
type Reason = (&'static str, &'static str);

const INSECURE: [Reason; 4] = [
    (
        "The server’s key is not verified.",
        "Whoever sits between you and the server can put their own key in its place, read \
         everything and change it.",
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

const VERIFIED: [Reason; 4] = [
    (
        "The server’s key is verified.",
        "It has proven that it holds the key that you trust for it.",
    ),
    (
        "Forward secret.",
        "The keys exist for this session only, made by X25519 and ML-KEM-768 together: what is \
         recorded today stays closed, for later quantum computers too.",
    ),
    (
        "Nothing repeats, nothing is lost unnoticed.",
        "A message that is changed, repeated, dropped or moved ends the session.",
    ),
    (
        "The server reads along.",
        "It opens every message to pass it on: trust whoever runs it. Nobody has audited this \
         program.",
    ),
];

/// Props of [`Badge`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct BadgeProps {
    /// The protection that the badge states.
    pub level: SecurityLevel,
}

/// Shows one line that a person understands, and the reasons behind it.
#[component(Badge)]
pub fn badge(props: &BadgeProps) -> Html {
    let node = use_node_ref();
    let onkeydown = {
        let node = node.clone();
        // `<details>` has no key that closes it; a person who opened it with the keyboard expects
        // Esc.
        Callback::from(move |event: KeyboardEvent| {
            let details = node.cast::<HtmlDetailsElement>();
            if let Some(details) = details.filter(|_| event.key() == "Escape") {
                details.set_open(false);
            }
        })
    };
    let (test_id, shape, long, short) = match props.level {
        SecurityLevel::Insecure => (
            "insecure-badge",
            Icon::Unlocked,
            "Protocol v1: for study, not for secrets",
            "v1: not for secrets",
        ),
        SecurityLevel::Chosen => (
            "v2-badge",
            Icon::Locked,
            "Protocol v2: not connected yet",
            "v2: not connected",
        ),
        SecurityLevel::Verified => (
            "secure-badge",
            Icon::Shield,
            "Encrypted, server verified, forward secret",
            "v2: verified",
        ),
    };
    let (words, reasons) = match props.level {
        SecurityLevel::Insecure => (
            "Your messages are encrypted, but in a way with known holes, kept on purpose to be \
             looked at:",
            &INSECURE,
        ),
        SecurityLevel::Chosen => ("As soon as you are connected with protocol v2:", &VERIFIED),
        SecurityLevel::Verified => ("This session speaks protocol v2:", &VERIFIED),
    };
    html! {
        <details ref={node} class="badge" data-testid={test_id} data-level={test_id} {onkeydown}>
            <summary>
                { icon(shape) }
                <span class="badge-long">{ long }</span>
                <span class="badge-short">{ short }</span>
            </summary>
            <div class="badge-body">
                <p>{ words }</p>
                <ul>
                    { for reasons.iter().map(|(what, why)| html! {
                        <li key={*what}><strong>{ *what }</strong>{ " " }{ *why }</li>
                    }) }
                </ul>
            </div>
        </details>
    }
}
