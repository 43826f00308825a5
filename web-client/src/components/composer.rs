//! The form for writing messages: Enter sends, Shift+Enter breaks the line, drafts survive a
//! reload. It also edits a message, and shows the one that is answered.

use std::rc::Rc;

use shared::chat::{RoomId, Text};
use web_sys::HtmlTextAreaElement;
use yew::prelude::*;

use super::icons::{Icon, icon};
use super::text;
use crate::hooks::use_draft;
use client::lines::{self, Line};
use client::log::Message;
use client::markup;

/// The message that the composer answers or edits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// The composer answers this message.
    Reply(Rc<Message>),
    /// The composer changes this message.
    Edit(Rc<Message>),
}

/// Props of [`Composer`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct ComposerProps {
    /// The room that is written to.
    pub room: RoomId,
    /// The room's number, which stays the same when the room is renamed.
    pub number: u64,
    /// The room's title for people.
    pub title: AttrValue,
    /// A session is ready: a message goes out at once.
    pub connected: bool,
    /// The most bytes of a message.
    pub text_bytes: usize,
    /// The message that is answered or edited.
    pub about: Option<About>,
    /// Called with a line that the person wants to send or to have done.
    pub on_send: Callback<String>,
    /// Called with a message and its new text.
    pub on_edit: Callback<(Rc<Message>, Text)>,
    /// Called when the person does not want to answer or edit any more.
    pub on_forget: Callback<()>,
    /// Called when the person wants to edit their last message.
    pub on_edit_last: Callback<()>,
    /// Called while the person is writing.
    pub on_typing: Callback<()>,
}

/// The form in which messages are written.
#[component(Composer)]
pub fn composer(props: &ComposerProps) -> Html {
    let node = use_node_ref();
    let editing = match &props.about {
        Some(About::Edit(message)) => Some(message.clone()),
        _ => None,
    };
    let draft = use_draft(&props.room, editing.clone());
    // Each room has its own draft. An edited message is a draft, too, which is not kept. A renamed
    // room keeps its draft.
    use_effect_with((props.number, props.about.clone()), {
        let (draft, node) = (draft.clone(), node.clone());
        move |_| {
            draft.begin();
            focus(&node);
        }
    });
    let limit = props.text_bytes;
    let too_long = draft.text().len() > limit;
    let line = lines::parse(draft.text());
    let empty = line == Line::Empty;
    let invalid = match line {
        Line::Say(text) if !too_long => Text::parse(text).err().map(|error| error.to_string()),
        _ => None,
    };
    let unsendable = empty || too_long || invalid.is_some();

    let oninput = {
        let (draft, on_typing) = (draft.clone(), props.on_typing.clone());
        Callback::from(move |event: InputEvent| {
            let Some(area) = event.target_dyn_into::<HtmlTextAreaElement>() else {
                return;
            };
            let value = area.value();
            if lines::is_message(&value) {
                on_typing.emit(());
            }
            draft.change(value);
        })
    };
    let send = {
        let (draft, node) = (draft.clone(), node.clone());
        let (on_send, on_edit) = (props.on_send.clone(), props.on_edit.clone());
        let on_forget = props.on_forget.clone();
        let editing = editing.clone();
        Callback::from(move |()| {
            // The submit button is disabled then, but Enter still arrives here.
            if unsendable {
                return;
            }
            let written = draft.text().trim_end();
            match (&editing, Text::parse(written)) {
                (Some(message), Ok(text)) => on_edit.emit((message.clone(), text)),
                (Some(_), Err(_)) => return,
                (None, _) => on_send.emit(written.to_owned()),
            }
            draft.end();
            on_forget.emit(());
            focus(&node);
        })
    };
    let onkeydown = on_keydown(props, send.clone(), draft.text().is_empty());
    let onsubmit = Callback::from(move |event: SubmitEvent| {
        event.prevent_default();
        send.emit(());
    });
    let label = format!("Message to {}", props.title);
    let (shape, verb) = match editing {
        Some(_) => (Icon::Check, "Save"),
        None => (Icon::Send, "Send"),
    };
    html! {
        <form class="composer" {onsubmit}>
            if let Some(about) = &props.about {
                { about_line(about, &props.on_forget) }
            }
            <label class="visually-hidden" for="composer">{ label.clone() }</label>
            <textarea
                ref={node}
                id="composer"
                data-testid="composer"
                rows="1"
                value={draft.text().to_owned()}
                placeholder={label}
                aria-describedby="composer-hint composer-error"
                aria-invalid={(too_long || invalid.is_some()).then_some("true")}
                {oninput}
                {onkeydown}
            />
            <button type="submit" class="button button-primary" data-testid="send" aria-label={verb} disabled={unsendable}>
                { icon(shape) }
                <span class="button-label">{ verb }</span>
            </button>
            <p class="hint" id="composer-hint">
                { hint(props.connected) }
            </p>
            <p class="error" id="composer-error" aria-live="polite">
                if too_long {
                    { format!(
                        "{} too long: the server takes up to {}.",
                        text::bytes((draft.text().len() - limit) as u64),
                        text::count(limit as u64, "byte"),
                    ) }
                } else if let Some(why) = invalid {
                    { format!("This cannot be sent: {why}.") }
                }
            </p>
        </form>
    }
}

/// Returns the callback for the keys that have a meaning in the composer. `blank` tells whether
/// nothing is written.
fn on_keydown(props: &ComposerProps, send: Callback<()>, blank: bool) -> Callback<KeyboardEvent> {
    let (on_forget, on_edit_last) = (props.on_forget.clone(), props.on_edit_last.clone());
    let about = props.about.is_some();
    Callback::from(move |event: KeyboardEvent| {
        // The key that ends an input method's composition belongs to the input method: Enter
        // chooses a character there and must not send.
        if event.is_composing() {
            return;
        }
        match event.key().as_str() {
            "Enter" if !event.shift_key() => {
                event.prevent_default();
                send.emit(());
            }
            "Escape" if about => on_forget.emit(()),
            "ArrowUp" if blank && !about => {
                event.prevent_default();
                on_edit_last.emit(());
            }
            _ => {}
        }
    })
}

/// Shows what the keys do, or that messages wait.
fn hint(connected: bool) -> Html {
    if !connected {
        return html! { { "Not connected: what you send waits here until it is." } };
    }
    html! {
        <span class="keys">
            <kbd>{ "Enter" }</kbd>{ " sends, " }<kbd>{ "Shift" }</kbd>{ " + " }<kbd>{ "Enter" }</kbd>
            { " breaks the line, " }<kbd>{ "Ctrl" }</kbd>{ " + " }<kbd>{ "/" }</kbd>
            { " lists shortcuts." }
        </span>
    }
}

fn about_line(about: &About, on_forget: &Callback<()>) -> Html {
    let (said, message) = match about {
        About::Reply(message) => (format!("Reply to {}", message.from.name), message),
        About::Edit(message) => ("Edit your message".to_owned(), message),
    };
    let line = markup::first_line(message.text.as_deref().unwrap_or_default());
    html! {
        <p class="about" data-testid="composer-about">
            <b>{ said }</b><span class="about-text">{ line }</span>
            <button
                type="button"
                class="button button-icon"
                aria-label="Do not"
                data-testid="composer-forget"
                onclick={on_forget.reform(|_: MouseEvent| ())}
            >
                { icon(Icon::Cross) }
            </button>
        </p>
    }
}

fn focus(node: &NodeRef) {
    if let Some(area) = node.cast::<HtmlTextAreaElement>() {
        let _ = area.focus();
    }
}
