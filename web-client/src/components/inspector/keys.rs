//! The keys of the latest connection: what each was derived from, and which frames it took part in.

use shared::connection::{Direction, Version};
use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::components::text;
use crate::state::inspection::Inspection;
use crate::state::inspection::bytes::hex;
use crate::state::inspection::keys::{self, Branch, Key};
use crate::state::inspection::ring::Ring;

/// Shows the keys as a tree. `on_open` gets the number of the frame to show.
pub(super) fn keys(ring: &Ring, inspection: &Inspection, on_open: &Callback<u64>) -> Html {
    let branches = keys::tree(ring);
    if branches.is_empty() {
        return html! {
            <>
                <p class="hint">{ "No frame with keys is kept." }</p>
                { secrets(ring, inspection) }
            </>
        };
    }
    let origin = match ring.connection().version {
        Version::V1 => {
            "One key and one IV, chosen by this page, for everything (PROTOCOL.md §1.3)."
        }
        Version::V2 => {
            "From X25519, ML-KEM-768 and all that was said; each key for one direction and one \
             purpose (PROTOCOL.md §2.4)."
        }
    };
    html! {
        <section class="key-tree" data-testid="inspect-tree" aria-label="Keys">
            <p class="hint">{ origin }</p>
            { for branches.iter().map(|branch| one(branch, on_open)) }
            { secrets(ring, inspection) }
        </section>
    }
}

/// Shows the choice whether the values of keys are recorded.
fn secrets(ring: &Ring, inspection: &Inspection) -> Html {
    let onchange = {
        let inspection = inspection.clone();
        Callback::from(move |event: Event| {
            let on = event.target_unchecked_into::<HtmlInputElement>().checked();
            inspection.0.borrow_mut().with_secrets = on;
        })
    };
    html! {
        <>
            <label class="choice">
                <input type="checkbox" data-testid="inspect-secrets" checked={ring.with_secrets} {onchange} />
                <span>{ "Record the values of keys, from the next connection on" }</span>
            </label>
            <p class="hint">
                { "Whoever sees the values can read that connection. They stay in this page until it is \
                   closed, and go to nobody." }
            </p>
        </>
    }
}

fn one(branch: &Branch, on_open: &Callback<u64>) -> Html {
    html! {
        <div class="branch">
            <p class="branch-origin">{ if branch.origin.is_empty() { "an earlier key" } else { branch.origin } }</p>
            <ul class="branch-keys">{ for branch.keys.iter().map(|key| leaf(key, on_open)) }</ul>
        </div>
    }
}

fn leaf(key: &Key, on_open: &Callback<u64>) -> Html {
    let direction = match key.direction {
        Direction::Sent => "sent",
        Direction::Received => "received",
    };
    let open = |id: u64, label: &'static str| {
        html! {
            <button type="button" class="link" data-testid="inspect-key-frame" onclick={on_open.reform(move |_: MouseEvent| id)}>
                { label }
            </button>
        }
    };
    html! {
        <li>
            <b>{ key.name }</b>
            if !key.label.is_empty() {
                <span class="hint">{ format!(" “{}”", key.label) }</span>
            }
            <p>
                { format!("{}, {direction}", text::count(key.uses, "frame")) }
                if key.epoch > 0 {
                    { format!(", after {}", text::count(key.epoch, "update")) }
                }
                { " " }
                { open(key.frames.0, "first") }
                if key.uses > 1 {
                    { " " }
                    { open(key.frames.1, "last") }
                }
            </p>
            if let Some(value) = &key.value {
                <p><code class="fingerprint" dir="ltr" data-testid="inspect-secret">{ hex::write(value, "") }</code></p>
            }
            if let Some((seq, nonce)) = &key.last {
                <p class="hint">
                    { format!("Last record {seq}, nonce ") }
                    <code dir="ltr">{ hex::write(nonce, "") }</code>
                </p>
            }
        </li>
    }
}
