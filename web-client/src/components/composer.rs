//! The form for writing messages: Enter or Ctrl+Enter sends, drafts survive a reload. It also edits a message, and shows the one that is answered.

mod completion;
mod field;
mod forms;

use std::rc::Rc;

use shared::chat::{Seq, Text};
use web_sys::HtmlTextAreaElement;
use yew::prelude::*;

use self::completion::{CompletionState, use_completion};
use self::field::use_height;
use self::forms::use_forms;
use super::icons::{Icon, icon};
use super::text;
use crate::hooks::{Place, use_draft};
use crate::state::settings::SendKey;
use crate::state::shortcuts;
use client::drafts::Intent;
use client::formatting::Form;
use client::lines::{self, Line};
use client::log::Message;
use client::markup;

/// The id of the field in which messages are written.
pub const COMPOSER_ID: &str = "composer";

/// The code of a key that an input method has taken.
const COMPOSING: u32 = 229;

/// The message that the composer answers or edits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// The use of the message.
    pub intent: Intent,
    /// The message, if it is loaded.
    pub message: Option<Rc<Message>>,
}

impl About {
    /// Returns the message that gets a new text. A deleted one gets none any more: what was written
    /// for it becomes a message of its own.
    fn edited(&self) -> Option<Seq> {
        match self.intent {
            Intent::Edit(seq) if !self.is_deleted() => Some(seq),
            _ => None,
        }
    }

    fn is_deleted(&self) -> bool {
        let message = self.message.as_ref();
        message.is_some_and(|message| message.text.is_none())
    }
}

/// Props of [`Composer`].
#[derive(Clone, PartialEq, Properties)]
pub struct ComposerProps {
    /// The room that is written to.
    pub place: Place,
    /// The room's title for people.
    pub title: AttrValue,
    /// A session is ready: a message goes out at once.
    pub connected: bool,
    /// The most bytes of a message.
    pub text_bytes: usize,
    /// The keys that send.
    pub send_key: SendKey,
    /// The person has sent messages here, and knows the keys.
    pub practised: bool,
    /// The browser does not keep what is written.
    pub forgets: bool,
    /// The message that is answered or edited.
    pub about: Option<About>,
    /// The answer or edit that was put aside last.
    pub aside: Option<Intent>,
    /// The number of times that the person has begun to answer or edit.
    pub begun: u32,
    /// Says whether a line would be carried out; the composer keeps any other.
    pub takes: Callback<String, bool>,
    /// Finds the people whose names fit a part of one.
    pub names: Callback<String, Vec<String>>,
    /// Called with a line that the person wants to send or to have done.
    pub on_send: Callback<String>,
    /// Called with a message and its new text.
    pub on_edit: Callback<(Seq, Text)>,
    /// Called when what was written is on its way.
    pub on_sent: Callback<()>,
    /// Called when the person does not want to answer or edit now.
    pub on_put_aside: Callback<()>,
    /// Called when the person wants to go on with what was put aside.
    pub on_undo: Callback<Intent>,
    /// Called when the person wants to edit their last message.
    pub on_edit_last: Callback<()>,
    /// Called while the person is writing.
    pub on_typing: Callback<()>,
}

/// The form in which messages are written.
#[component(Composer)]
pub fn composer(props: &ComposerProps) -> Html {
    let node = use_node_ref();
    let editing = props.about.as_ref().and_then(About::edited);
    let intent = props.about.as_ref().map(|about| about.intent);
    let Place {
        number, remembered, ..
    } = props.place;
    let draft = use_draft(&props.place);
    // What is shown and where the focus is follow only what the person does: which room is open, and
    // what the composer is used for. Whatever else arrives (a reaction to the edited message, its
    // deletion) changes neither.
    use_effect_with((number, intent, props.begun), {
        let (draft, node) = (draft.clone(), node.clone());
        move |_| {
            draft.begin();
            focus(&node);
        }
    });
    use_effect_with(remembered, {
        let draft = draft.clone();
        move |_| draft.begin()
    });
    use_height(&node, draft.text());
    let completion = use_completion(&node, draft.text(), &props.names);
    let forms = use_forms(&node);
    let limit = props.text_bytes;
    let unknown = match lines::parse(draft.text()) {
        Line::Other { word, .. } if editing.is_none() => Some(word.to_owned()),
        _ => None,
    };
    let unsendable = unsendable(draft.text(), limit);
    let too_long = matches!(unsendable, Some(Unsendable::TooLong));
    let invalid = match &unsendable {
        Some(Unsendable::Invalid(why)) => Some(why.clone()),
        _ => None,
    };

    let oninput = {
        let (draft, on_typing) = (draft.clone(), props.on_typing.clone());
        let completion = completion.clone();
        Callback::from(move |event: InputEvent| {
            let Some(area) = event.target_dyn_into::<HtmlTextAreaElement>() else {
                return;
            };
            let value = area.value();
            if lines::is_message(&value) {
                on_typing.emit(());
            }
            draft.change(value);
            completion.typed();
        })
    };
    let send = {
        let (draft, node, props) = (draft.clone(), node.clone(), props.clone());
        Callback::from(move |()| {
            // What the field has now: keys may come faster than they are rendered.
            let written = field::text(&node).unwrap_or_else(|| draft.text().to_owned());
            // The submit button is disabled then, but Enter still arrives here.
            if self::unsendable(&written, limit).is_some() {
                return;
            }
            let written = written.trim_end().to_owned();
            match (editing, Text::parse(&written)) {
                (Some(of), Ok(text)) => props.on_edit.emit((of, text)),
                (Some(_), Err(_)) => return,
                (None, _) => {
                    let taken = props.takes.emit(written.clone());
                    // Also if it is not carried out: a notice says why.
                    props.on_send.emit(written);
                    if !taken {
                        return;
                    }
                }
            }
            draft.sent();
            props.on_sent.emit(());
            focus(&node);
        })
    };
    let onkeydown = on_keydown(
        props,
        &node,
        &completion,
        send.clone(),
        draft.text().is_empty(),
    );
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
        // Not translated: it says whether the page is connected, and to whom the message goes.
        <form class="composer" translate="no" {onsubmit}>
            if let Some(about) = &props.about {
                { about_line(about, &props.on_put_aside) }
            } else if let Some(aside) = props.aside {
                { aside_line(aside, &props.on_undo) }
            }
            { completion.view() }
            { forms.bar(draft.text()) }
            <label class="visually-hidden" for="composer">{ label.clone() }</label>
            <textarea
                ref={node}
                id={COMPOSER_ID}
                data-testid="composer"
                rows="1"
                dir="auto"
                value={draft.text().to_owned()}
                placeholder={label}
                aria-describedby="composer-hint composer-error"
                aria-invalid={(too_long || invalid.is_some()).then_some("true")}
                aria-autocomplete="list"
                aria-controls={completion.active().map(|_| completion::LIST_ID)}
                aria-activedescendant={completion.active()}
                {oninput}
                {onkeydown}
                onblur={{
                    let completion = completion.clone();
                    Callback::from(move |_: FocusEvent| completion.close())
                }}
            />
            { forms.button() }
            <button type="submit" class="button button-primary" data-testid="send" aria-label={verb} title={format!("{verb} ({})", props.send_key.sends())} disabled={unsendable.is_some()}>
                { icon(shape) }
                <span class="button-label">{ verb }</span>
            </button>
            <p class="hint" id="composer-hint">
                { hint(props, unknown.as_deref()) }
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

/// The reasons for which a text cannot be sent.
enum Unsendable {
    Empty,
    TooLong,
    /// A character that the protocol refuses, in the words for people.
    Invalid(String),
}

/// Returns why a text cannot be sent to a server that takes `limit` bytes, if it cannot.
fn unsendable(text: &str, limit: usize) -> Option<Unsendable> {
    if text.len() > limit {
        return Some(Unsendable::TooLong);
    }
    match lines::parse(text) {
        Line::Empty => Some(Unsendable::Empty),
        Line::Say(_) | Line::Other { .. } => Text::parse(text.trim_end())
            .err()
            .map(|error| Unsendable::Invalid(error.to_string())),
        _ => None,
    }
}

/// Returns the callback for the keys that have a meaning in the composer. `blank` tells whether
/// nothing is written.
fn on_keydown(
    props: &ComposerProps,
    node: &NodeRef,
    completion: &CompletionState,
    send: Callback<()>,
    blank: bool,
) -> Callback<KeyboardEvent> {
    let (node, completion) = (node.clone(), completion.clone());
    let (on_put_aside, on_edit_last) = (props.on_put_aside.clone(), props.on_edit_last.clone());
    let about = props.about.is_some();
    let send_key = props.send_key;
    Callback::from(move |event: KeyboardEvent| {
        // The key that ends an input method's composition belongs to the input method: Enter
        // chooses a character there and must not send. In Safari that key comes after the end of the
        // composition, with the code that the UI Events specification (§7.3.1) gives to such keys.
        if event.is_composing() || event.key_code() == COMPOSING {
            return;
        }
        if completion.key(&event) {
            return;
        }
        let control = event.ctrl_key() || event.meta_key();
        let (key, code) = (event.key(), event.code());
        if let Some(form) = shortcuts::form(&key, &code, control, event.alt_key())
            && (form != Form::Link || field::selection(&node).is_some_and(|it| !it.is_empty()))
        {
            event.prevent_default();
            event.stop_propagation();
            forms::toggle(&node, form);
            return;
        }
        match key.as_str() {
            "Enter" if send_key.sends_with(event.shift_key(), control) => {
                event.prevent_default();
                send.emit(());
            }
            "Escape" if about => on_put_aside.emit(()),
            "ArrowUp" if blank && !about => {
                event.prevent_default();
                on_edit_last.emit(());
            }
            _ => {}
        }
    })
}

/// Shows what becomes of the text, or what the keys do.
fn hint(props: &ComposerProps, unknown: Option<&str>) -> Html {
    if let Some(word) = unknown {
        // The word may be as long as a message.
        let word: String = word.chars().take(32).collect();
        return html! {
            <span data-testid="composer-unknown">
                { format!("There is no command /{word}: this is sent as a message. ") }
                <kbd>{ "/help" }</kbd>{ " lists the commands." }
            </span>
        };
    }
    if props.forgets {
        return html! {
            <span data-testid="composer-forgets">
                { "This browser cannot keep your text: it is here only while this tab is open." }
            </span>
        };
    }
    if !props.connected {
        return html! { { "Not connected: what you send waits here until you are." } };
    }
    if props.practised {
        return Html::default();
    }
    html! {
        <span class="keys">
            { keys(props.send_key.sends()) }{ " sends, " }
            { keys(props.send_key.breaks()) }{ " breaks the line, " }
            { keys("Ctrl + /") }{ " lists shortcuts." }
        </span>
    }
}

/// Shows keys that are pressed together.
fn keys(together: &'static str) -> Html {
    let key = |(at, key)| html! { <>{ if at > 0 { " + " } else { "" } }<kbd>{ key }</kbd></> };
    together.split(" + ").enumerate().map(key).collect()
}

fn about_line(about: &About, on_put_aside: &Callback<()>) -> Html {
    let message = about.message.as_ref();
    let said = match about.intent {
        _ if about.is_deleted() => "This message was deleted".to_owned(),
        Intent::Reply(_) => message.map_or_else(
            || "Reply to an earlier message".to_owned(),
            |message| format!("Reply to {}", message.from.name),
        ),
        Intent::Edit(_) => "Edit your message".to_owned(),
    };
    let line = match about.intent {
        Intent::Edit(_) if about.is_deleted() => "Send makes a new one of your text.".to_owned(),
        _ => {
            let text = message.and_then(|message| message.text.as_deref());
            text.map(markup::first_line).unwrap_or_default()
        }
    };
    html! {
        <p class="about" data-testid="composer-about">
            <b>{ said }</b><span class="about-text">{ line }</span>
            <button
                type="button"
                class="button button-icon"
                aria-label="Put aside"
                title="Put aside (Esc)"
                data-testid="composer-forget"
                onclick={on_put_aside.reform(|_: MouseEvent| ())}
            >
                { icon(Icon::Cross) }
            </button>
        </p>
    }
}

fn aside_line(aside: Intent, on_undo: &Callback<Intent>) -> Html {
    let said = match aside {
        Intent::Reply(_) => "Reply put aside.",
        Intent::Edit(_) => "Edit put aside.",
    };
    html! {
        <p class="about" role="status" data-testid="composer-aside">
            <span class="about-text">{ said }</span>
            <button
                type="button"
                class="button"
                data-testid="composer-undo"
                onclick={on_undo.reform(move |_: MouseEvent| aside)}
            >
                { "Go on" }
            </button>
        </p>
    }
}

/// Moves the focus into the composer, unless the person is writing in another field: the room on
/// the screen can also change because the server says so.
fn focus(node: &NodeRef) {
    let focused = web_sys::window()
        .and_then(|window| window.document())
        .and_then(|document| document.active_element());
    let writes_elsewhere = focused.is_some_and(|element| {
        let is = |selector: &str| element.matches(selector).unwrap_or(false);
        // A field in a dialog that is about to close belongs to what the person has just done.
        is("input, select, textarea, [contenteditable]") && !is("dialog *")
    });
    if let Some(area) = node
        .cast::<HtmlTextAreaElement>()
        .filter(|_| !writes_elsewhere)
    {
        let _ = area.focus();
    }
}
