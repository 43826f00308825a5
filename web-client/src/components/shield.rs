//! The shield beside a room's name: what is proven about the connection, and the limits of that.

use shared::trust::{Compared, Way};
use web_sys::HtmlDetailsElement;
use yew::prelude::*;

use super::callbacks::set_to;
use super::icons::{Icon, icon};
use super::text;
use crate::hooks::use_secure_context;
use crate::state::shown::Protection;

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

const SECURE: [Reason; 3] = [
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

/// Props of [`Shield`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct ShieldProps {
    /// The protection of the session.
    pub protection: Protection,
    /// Called when the person wants to compare keys.
    pub on_verify: Callback<()>,
}

/// Shows the protection as a shape, and behind it in words.
#[component(Shield)]
pub fn shield(props: &ShieldProps) -> Html {
    let node = use_node_ref();
    // `<details>` has no key that closes it; a person who opened it with the keyboard expects Esc.
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
    let onclick = props.on_verify.reform(move |_: MouseEvent| close());
    // Whoever could change the page could have it say anything of keys: its own word must not look
    // like a proof.
    let is_secure = use_secure_context();
    let doubtful = !is_secure && is_proven(props.protection);
    // Made when it is looked at: it is in the later part.
    let opened = use_state(|| false);
    let ontoggle = set_to(&opened, true).reform(|_: Event| ());
    let look = if doubtful {
        "without-tls"
    } else {
        props.protection.as_str()
    };
    let (shape, name) = match props.protection {
        _ if doubtful => (Icon::Unlocked, "No TLS"),
        Protection::Insecure => (Icon::Unlocked, "Not verified"),
        Protection::Unproven { .. } => (Icon::ShieldPlain, "Not proven"),
        Protection::Trusted { .. } => (Icon::ShieldPlain, "Trusted"),
        Protection::Verified { .. } => (Icon::Shield, "Verified"),
    };
    html! {
        <details ref={node} class="shield" translate="no" data-testid="shield" data-look={look} {onkeydown} {ontoggle}>
            <summary title={format!("Protection: {name}")}>
                { icon(shape) }
                <span class="visually-hidden">{ "Protection: " }</span>
                // The words of the open lock are seen, too.
                <span class={classes!((shape != Icon::Unlocked).then_some("visually-hidden"))}>{ name }</span>
            </summary>
            <div class="shield-body">
                if *opened {
                    { body(props.protection, is_secure, onclick) }
                }
            </div>
        </details>
    }
}

fn is_proven(protection: Protection) -> bool {
    matches!(
        protection,
        Protection::Trusted { .. } | Protection::Verified { .. }
    )
}

/// Shows what is proven and the limits of that. `is_secure` tells that nobody can have changed the
/// page on its way, `on_compare` opens the keys.
// A function of its own in the program, too: it is in the later part (`later.rs`).
#[inline(never)]
fn body(protection: Protection, is_secure: bool, on_compare: Callback<MouseEvent>) -> Html {
    let reasons: &[Reason] = match protection {
        Protection::Insecure => &INSECURE,
        _ => &SECURE,
    };
    html! {
        <>
            if !is_secure {
                <p data-testid="shield-page">
                    { "This page came without TLS: whoever changed it on the way can say anything here." }
                </p>
            }
            <p data-testid="shield-words">{ words(protection) }</p>
            if is_proven(protection) {
                <button type="button" class="button" data-testid="shield-compare" onclick={on_compare}>
                    { if matches!(protection, Protection::Verified { .. }) { "Show the words" } else { "Compare the words" } }
                </button>
            }
            <ul>
                { for reasons.iter().map(|(what, why)| html! {
                    <li key={*what}><strong>{ *what }</strong>{ " " }{ *why }</li>
                }) }
            </ul>
        </>
    }
}

/// Returns what is proven, in words.
fn words(protection: Protection) -> String {
    match protection {
        Protection::Insecure => "Protocol v1: not verified. Your messages are encrypted, but in a \
             way with known holes, kept on purpose to be looked at."
            .to_owned(),
        Protection::Unproven { until: None } => "Nothing is proven yet.".to_owned(),
        Protection::Unproven { until: Some(until) } => {
            format!(
                "The server’s key was proven until {}. Nothing is proven now.",
                text::time(until)
            )
        }
        Protection::Trusted { since, at } => format!(
            "Trusted since {}. Nobody has compared its words. It proved the same key at {}.",
            text::date_time(since),
            text::time(at)
        ),
        Protection::Verified {
            compared: Compared { at: when, by },
            at,
        } => {
            let when = text::date_time(when.0 * 1000);
            let how = match by {
                Way::Words => format!("You compared this server’s key on {when}."),
                Way::Link => format!("A link named this server’s key on {when}."),
            };
            format!(
                "Verified. {how} It proved the same key at {}.",
                text::time(at)
            )
        }
    }
}
