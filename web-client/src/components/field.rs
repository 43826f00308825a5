//! One labelled input with its hint and its error beside it.

use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::text;

/// Props of [`Field`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct FieldProps {
    /// Unique in the document; also its `data-testid`.
    pub id: AttrValue,
    /// What to enter.
    pub label: AttrValue,
    /// What is in it.
    pub value: AttrValue,
    /// Hears what is typed.
    pub on_input: Callback<String>,
    /// `text`, `password`, …
    #[prop_or(AttrValue::Static("text"))]
    pub kind: AttrValue,
    /// For the browser's own help.
    #[prop_or(AttrValue::Static("off"))]
    pub autocomplete: AttrValue,
    /// Shown while it is empty.
    #[prop_or_default]
    pub placeholder: AttrValue,
    /// What helps to fill it in.
    #[prop_or_default]
    pub hint: Html,
    /// What is wrong with it.
    #[prop_or_default]
    pub error: Option<AttrValue>,
    /// It cannot be changed now.
    #[prop_or_default]
    pub disabled: bool,
}

/// A labelled input.
#[component(Field)]
pub fn field(props: &FieldProps) -> Html {
    let id = &props.id;
    let hint_id = format!("{id}-hint");
    let error_id = format!("{id}-error");
    let on_input = props.on_input.reform(|event: InputEvent| {
        event
            .target_dyn_into::<HtmlInputElement>()
            .map(|input| input.value())
            .unwrap_or_default()
    });
    html! {
        <div class="field">
            <label for={id.clone()}>{ &props.label }</label>
            <input
                id={id.clone()}
                data-testid={id.clone()}
                type={props.kind.clone()}
                value={props.value.clone()}
                placeholder={props.placeholder.clone()}
                autocomplete={props.autocomplete.clone()}
                autocapitalize="none"
                spellcheck="false"
                disabled={props.disabled}
                aria-invalid={props.error.is_some().then_some("true")}
                aria-describedby={format!("{hint_id} {error_id}")}
                oninput={on_input}
            />
            <p class="hint" id={hint_id}>{ props.hint.clone() }</p>
            <p class="error" id={error_id.clone()} data-testid={error_id} aria-live="polite">
                { text::sentence(props.error.as_deref().unwrap_or_default()) }
            </p>
        </div>
    }
}
