//! Where messages are written: Enter sends, Shift+Enter breaks the line, drafts survive a reload.

use web_sys::HtmlTextAreaElement;
use yew::prelude::*;

use super::icons::{Icon, icon};
use super::text;
use crate::engine::storage::{self, Setting};
use crate::state::lines;
use crate::state::outbox::TEXT_MAX_BYTES;

/// Props of [`Composer`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct ComposerProps {
    /// What is sent now goes out at once.
    pub connected: bool,
    /// The person wants this said.
    pub on_send: Callback<String>,
}

/// The composer.
#[component(Composer)]
pub fn composer(props: &ComposerProps) -> Html {
    let draft = use_state(|| storage::load(Setting::Draft));
    let node = use_node_ref();
    use_effect_with((), {
        let node = node.clone();
        move |()| focus(&node)
    });
    let too_long = draft.len() > TEXT_MAX_BYTES;
    let empty = lines::is_empty(&draft);

    let oninput = {
        let draft = draft.setter();
        Callback::from(move |event: InputEvent| {
            let Some(area) = event.target_dyn_into::<HtmlTextAreaElement>() else {
                return;
            };
            storage::save(Setting::Draft, &area.value());
            draft.set(area.value());
        })
    };
    let send = {
        let (draft, node) = (draft.clone(), node.clone());
        let on_send = props.on_send.clone();
        Callback::from(move |()| {
            if empty || too_long {
                return;
            }
            on_send.emit(draft.trim_end().to_owned());
            storage::save(Setting::Draft, "");
            draft.set(String::new());
            focus(&node);
        })
    };
    let onkeydown = {
        let send = send.clone();
        Callback::from(move |event: KeyboardEvent| {
            // An Enter that ends the composition of a character is not for us.
            if event.key() == "Enter" && !event.shift_key() && !event.is_composing() {
                event.prevent_default();
                send.emit(());
            }
        })
    };
    let onsubmit = Callback::from(move |event: SubmitEvent| {
        event.prevent_default();
        send.emit(());
    });
    html! {
        <form class="composer" {onsubmit}>
            <label class="visually-hidden" for="composer">{ "Message to the lobby" }</label>
            <textarea
                ref={node}
                id="composer"
                data-testid="composer"
                rows="1"
                value={(*draft).clone()}
                placeholder="Message to the lobby"
                aria-describedby="composer-hint composer-error"
                aria-invalid={too_long.then_some("true")}
                {oninput}
                {onkeydown}
            />
            <button type="submit" class="button button-primary" data-testid="send" disabled={empty || too_long}>
                { icon(Icon::Send) }
                <span class="hidden-when-narrow">{ "Send" }</span>
            </button>
            <p class="hint" id="composer-hint">
                if props.connected {
                    <span class="keys">
                        <kbd>{ "Enter" }</kbd>{ " sends, " }<kbd>{ "Shift" }</kbd>{ " + " }<kbd>{ "Enter" }</kbd>
                        { " breaks the line, " }<kbd>{ "/help" }</kbd>{ " lists commands." }
                    </span>
                } else {
                    { "Not connected: what you send waits here until it is." }
                }
            </p>
            <p class="error" id="composer-error" aria-live="polite">
                if too_long {
                    { format!(
                        "{} too long: the server takes up to {}.",
                        text::bytes((draft.len() - TEXT_MAX_BYTES) as u64),
                        text::count(TEXT_MAX_BYTES as u64, "byte"),
                    ) }
                }
            </p>
        </form>
    }
}

fn focus(node: &NodeRef) {
    if let Some(area) = node.cast::<HtmlTextAreaElement>() {
        let _ = area.focus();
    }
}
