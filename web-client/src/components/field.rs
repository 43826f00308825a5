//! A labelled input with its hint and its error.

use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::text;

/// The properties of an input.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Field {
    /// The id, unique in the document; also the `data-testid`.
    pub id: &'static str,
    /// The label, which names the expected text.
    pub label: &'static str,
    /// The text in the input.
    pub value: AttrValue,
    /// Called with the text at every change.
    pub on_input: Callback<String>,
    /// The type, such as `password`; `text` if empty.
    pub kind: &'static str,
    /// The hint for the browser's own completion; `off` if empty.
    pub autocomplete: &'static str,
    /// The text that is shown while the input is empty.
    pub placeholder: AttrValue,
    /// A hint that helps to fill the input in.
    pub hint: Html,
    /// The error of the present text.
    pub error: Option<AttrValue>,
    /// The input cannot be changed at present.
    pub disabled: bool,
    /// The focus of a dialog begins here.
    pub first: bool,
}

/// Shows a labelled input.
pub fn field(field: Field) -> Html {
    let Field {
        id, kind, value, ..
    } = field;
    let or = |text: &'static str, default: &'static str| {
        if text.is_empty() { default } else { text }
    };
    let hint_id = format!("{id}-hint");
    let error_id = format!("{id}-error");
    let on_input = field.on_input.reform(|event: InputEvent| {
        event
            .target_dyn_into::<HtmlInputElement>()
            .map(|input| input.value())
            .unwrap_or_default()
    });
    html! {
        <div class="field" key={id}>
            <label for={id}>{ field.label }</label>
            <input
                {id}
                data-testid={id}
                type={or(kind, "text")}
                {value}
                placeholder={field.placeholder}
                autocomplete={or(field.autocomplete, "off")}
                // Names, rooms and keys: a keyboard that corrects them makes them wrong.
                autocapitalize="none"
                spellcheck="false"
                disabled={field.disabled}
                autofocus={field.first}
                aria-invalid={field.error.is_some().then_some("true")}
                aria-describedby={format!("{hint_id} {error_id}")}
                oninput={on_input}
            />
            <p class="hint" id={hint_id}>{ field.hint }</p>
            // Always in the document: screen readers announce a change of a live region only if the
            // region was there before.
            <p class="error" translate="no" id={error_id.clone()} data-testid={error_id} aria-live="polite">
                { text::sentence(field.error.as_deref().unwrap_or_default()) }
            </p>
        </div>
    }
}
