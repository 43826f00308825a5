//! One labelled input with its hint and its error beside it.

use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::text;

/// The properties of an input.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Field {
    /// Unique in the document; also its `data-testid`.
    pub id: &'static str,
    /// The label, which says what to enter.
    pub label: &'static str,
    /// The text in the input.
    pub value: AttrValue,
    /// Hears what is typed.
    pub on_input: Callback<String>,
    /// `password`, …; `text` if it is empty.
    pub kind: &'static str,
    /// For the browser's own help; none if it is empty.
    pub autocomplete: &'static str,
    /// Shown while it is empty.
    pub placeholder: AttrValue,
    /// A hint that helps to fill the input in.
    pub hint: Html,
    /// The error of the present text.
    pub error: Option<AttrValue>,
    /// It cannot be changed now.
    pub disabled: bool,
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
                autocapitalize="none"
                spellcheck="false"
                disabled={field.disabled}
                aria-invalid={field.error.is_some().then_some("true")}
                aria-describedby={format!("{hint_id} {error_id}")}
                oninput={on_input}
            />
            <p class="hint" id={hint_id}>{ field.hint }</p>
            <p class="error" id={error_id.clone()} data-testid={error_id} aria-live="polite">
                { text::sentence(field.error.as_deref().unwrap_or_default()) }
            </p>
        </div>
    }
}
