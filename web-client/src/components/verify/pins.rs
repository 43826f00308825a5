//! The servers that this browser trusts, and the way to forget one. It takes two steps, because a
//! forgotten server is a stranger that may have any key.

use yew::prelude::*;

use crate::components::text;
use crate::hooks::KeyRequest;
use crate::state::pins::{Pins, Record};

/// Shows all pins. `on_keys` goes to the keys, `on_remove` asks whether to forget the server with
/// an address.
pub(super) fn pins_list(
    pins: &Pins,
    on_keys: &Callback<()>,
    on_remove: &Callback<AttrValue>,
) -> Html {
    let list = match pins {
        Pins::Loading => html! { <p class="hint">{ "Looking for them…" }</p> },
        Pins::Unavailable(why) => html! {
            <p class="error" role="alert">
                { format!("This browser does not give them out ({why}).") }
            </p>
        },
        Pins::Loaded(records) if records.is_empty() => html! {
            <p class="hint" data-testid="pins-empty">
                { "None yet. A server comes here when you have compared its words, or trust it without." }
            </p>
        },
        Pins::Loaded(records) => html! {
            <ul class="pins" data-testid="pins-list">
                { for records.iter().map(|(address, record)| row(address, record, on_remove)) }
            </ul>
        },
    };
    html! {
        <>
            <p>
                { "Each of these must show the key that you have trusted, or this page does not \
                   connect to it; and it never goes back to a lower protocol." }
            </p>
            { list }
            <div class="actions actions-start">
                <button type="button" class="button" onclick={on_keys.reform(|_: MouseEvent| ())}>
                    { "Back to the keys" }
                </button>
            </div>
        </>
    }
}

fn row(address: &str, record: &Record, on_remove: &Callback<AttrValue>) -> Html {
    let address = AttrValue::from(address.to_owned());
    let remove = {
        let address = address.clone();
        on_remove.reform(move |_: MouseEvent| address.clone())
    };
    let content = match record {
        Record::Pin(pin) => html! {
            <>
                <code class="fingerprint">{ pin.fingerprint.to_string() }</code>
                <p class="hint">
                    { format!(
                        "Trusted since {}, last seen {}, spoke {}",
                        text::date_time(pin.first_seen.0 * 1000),
                        text::date_time(pin.last_seen.0 * 1000),
                        pin.highest,
                    ) }
                </p>
            </>
        },
        Record::Damaged(why) => html! {
            <p class="error" data-testid="pin-damage">{ format!("Damaged, it cannot be read: {why}") }</p>
        },
    };
    html! {
        <li key={address.to_string()} class="pin" data-testid="pin" data-address={address.clone()}>
            <div class="pin-words">
                <p class="pin-address">{ &address }</p>
                { content }
            </div>
            <button
                type="button"
                class="button button-danger"
                data-testid="pin-remove"
                aria-label={format!("Remove {address}…")}
                onclick={remove}
            >
                { "Remove…" }
            </button>
        </li>
    }
}

/// Props of [`RemovePin`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct RemovePinProps {
    /// The server's address.
    pub address: AttrValue,
    /// Called with the person's request.
    pub on_key: Callback<KeyRequest>,
    /// Called when the person is done, or thought better of it.
    pub on_back: Callback<()>,
}

/// The second step: explains the consequences, and removes the pin.
#[component(RemovePin)]
pub(super) fn remove_pin(props: &RemovePinProps) -> Html {
    let problem = use_state(|| None::<String>);
    let on_remove = {
        let (problem, on_back) = (problem.setter(), props.on_back.clone());
        let (on_key, address) = (props.on_key.clone(), props.address.to_string());
        Callback::from(move |_: MouseEvent| {
            let (problem, on_back) = (problem.clone(), on_back.clone());
            on_key.emit(KeyRequest::Forget {
                address: address.clone(),
                done: Callback::from(move |removed: Result<(), String>| match removed {
                    Ok(()) => on_back.emit(()),
                    Err(why) => problem.set(Some(why)),
                }),
            });
        })
    };
    html! {
        <>
            <p>
                <span class="address">{ &props.address }</span>
                { " becomes a stranger: the next connection shows its words and asks you to compare \
                   them, and v1 to it is possible again." }
            </p>
            <p>
                { "If you are here because its key has changed: make sure first, by another way than \
                   this page, that the new key is the right one." }
            </p>
            if let Some(problem) = &*problem {
                <p class="error" role="alert" data-testid="pin-problem">{ problem }</p>
            }
            <div class="actions">
                <button
                    type="button"
                    class="button"
                    data-testid="pin-keep"
                    onclick={props.on_back.reform(|_: MouseEvent| ())}
                >
                    { "Keep it" }
                </button>
                <button type="button" class="button button-danger" data-testid="pin-remove-confirm" onclick={on_remove}>
                    { "Remove the pin" }
                </button>
            </div>
        </>
    }
}
