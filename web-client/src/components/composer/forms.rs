//! The bar of forms above the composer, and the preview of what is written.

use client::formatting::{self, Form};
use web_sys::HtmlTextAreaElement;
use yew::prelude::*;

use super::field;
use crate::components::icons::{Icon, icon};
use crate::components::said;

/// The forms with their test ids and names.
const FORMS: [(Form, &str, &str, Icon); 7] = [
    (Form::Bold, "form-bold", "Bold", Icon::Bold),
    (Form::Italic, "form-italic", "Italic", Icon::Italic),
    (Form::Struck, "form-struck", "Strike through", Icon::Struck),
    (Form::Code, "form-code", "Code", Icon::Code),
    (Form::Link, "form-link", "Link", Icon::Link),
    (Form::Quote, "form-quote", "Quote", Icon::Quote),
    (Form::List, "form-list", "List", Icon::Steps),
];

/// The id of the bar.
const BAR_ID: &str = "composer-forms";

/// The state of the bar.
#[derive(Clone)]
pub(super) struct Forms {
    node: NodeRef,
    open: UseStateHandle<bool>,
    preview: UseStateHandle<bool>,
}

/// Returns the state of the bar over the field `node`.
#[hook]
pub(super) fn use_forms(node: &NodeRef) -> Forms {
    Forms {
        node: node.clone(),
        open: use_state(|| false),
        preview: use_state(|| false),
    }
}

impl Forms {
    /// Shows the button that opens and closes the bar.
    pub(super) fn button(&self) -> Html {
        let open = self.open.clone();
        html! {
            <button
                type="button"
                class="button button-icon composer-tool"
                data-testid="forms-toggle"
                aria-expanded={open.to_string()}
                aria-controls={BAR_ID}
                aria-label="Formatting"
                title="Formatting"
                onmousedown={keep_focus()}
                onclick={Callback::from(move |_: MouseEvent| open.set(!*open))}
            >
                { icon(Icon::Letters) }
            </button>
        }
    }

    /// Shows the bar, if it is open, and the preview of `text`.
    pub(super) fn bar(&self, text: &str) -> Html {
        if !*self.open {
            return Html::default();
        }
        let preview = self.preview.clone();
        let buttons = FORMS.iter().map(|(form, id, name, shape)| {
            let (node, form) = (self.node.clone(), *form);
            let onclick = Callback::from(move |_: MouseEvent| toggle(&node, form));
            html! {
                <button type="button" class="tool-button" data-testid={*id} aria-label={*name} title={*name} onmousedown={keep_focus()} {onclick}>
                    { icon(*shape) }
                </button>
            }
        });
        html! {
            <div class="forms" id={BAR_ID} data-testid="forms">
                <div class="forms-bar" role="group" aria-label="Formatting">
                    { for buttons }
                    <button
                        type="button"
                        class="tool-button forms-preview"
                        data-testid="preview-toggle"
                        aria-pressed={preview.to_string()}
                        onmousedown={keep_focus()}
                        onclick={Callback::from(move |_: MouseEvent| preview.set(!*preview))}
                    >
                        { "Preview" }
                    </button>
                </div>
                if *self.preview {
                    <div class="bubble preview" role="group" aria-label="Preview" data-testid="preview">
                        if text.trim().is_empty() {
                            <p class="hint">{ "What you write is shown here as others will see it." }</p>
                        } else {
                            <div key={said::key(text, None)}>{ said::said(text, None) }</div>
                        }
                    </div>
                }
            </div>
        }
    }
}

/// Keeps the focus, and the selection, in the field while a button is pressed.
fn keep_focus() -> Callback<MouseEvent> {
    Callback::from(|event: MouseEvent| event.prevent_default())
}

/// Gives a form to what is selected in the field, or takes it away.
pub(super) fn toggle(node: &NodeRef, form: Form) {
    let text = node.cast::<HtmlTextAreaElement>().map(|area| area.value());
    let change = text
        .zip(field::selection(node))
        .and_then(|(text, selected)| formatting::toggle(&text, &selected, form));
    if let Some(change) = change {
        field::replace(node, &change.part, &change.with, &change.selected);
    }
}
