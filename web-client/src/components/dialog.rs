//! A modal dialog on `<dialog>`, which keeps the focus inside, closes on Esc and returns the focus
//! afterwards.

use wasm_bindgen::JsCast;
use web_sys::{HtmlDialogElement, HtmlElement};
use yew::prelude::*;

use super::icons::{Icon, icon};

/// Props of [`Dialog`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct DialogProps {
    /// The dialog is shown.
    pub open: bool,
    /// Called when the person wants it closed.
    pub on_close: Callback<()>,
    /// The heading, which also names the dialog for screen readers.
    pub title: AttrValue,
    /// The id, unique in the document; also the `data-testid`.
    pub id: AttrValue,
    /// The browser may translate the text.
    #[prop_or_default]
    pub translated: bool,
    /// The content, rendered only while the dialog is shown.
    pub children: Html,
}

/// A modal dialog.
#[component(Dialog)]
pub fn dialog(props: &DialogProps) -> Html {
    let node = use_node_ref();
    let heading = use_node_ref();
    // The browser opens and closes a modal dialog by methods only; an attribute would not make it
    // modal.
    use_effect_with(props.open, {
        let node = node.clone();
        move |&open| {
            let Some(dialog) = node.cast::<HtmlDialogElement>() else {
                return;
            };
            if open && !dialog.open() {
                // Fails only if the element is not in the document any more.
                let _ = dialog.show_modal();
            } else if !open && dialog.open() {
                dialog.close();
            }
        }
    });
    // The focus begins at the field that the content names (`autofocus`), else at the heading, so
    // that no answer is a default. The content may change under an open dialog, which begins anew.
    use_effect_with((props.open, props.title.clone()), {
        let (node, heading) = (node.clone(), heading.clone());
        move |(open, _)| {
            let dialog = node.cast::<HtmlElement>().filter(|_| *open);
            let named = dialog.and_then(|it| it.query_selector("[autofocus]").ok()?);
            let named = named.and_then(|it| it.dyn_into::<HtmlElement>().ok());
            if let Some(first) = named.or_else(|| heading.cast().filter(|_| *open)) {
                let _ = first.focus();
            }
        }
    });
    // `close` and not `cancel`: it comes for every way in which a dialog can close.
    let onclose = props.on_close.reform(|_: Event| ());
    let on_button = props.on_close.reform(|_: MouseEvent| ());
    let on_backdrop = {
        let on_close = props.on_close.clone();
        let node = node.clone();
        Callback::from(move |event: MouseEvent| {
            // A click beside the content hits the dialog element itself.
            if event.target() == node.get().map(Into::into) {
                on_close.emit(());
            }
        })
    };
    let title_id = format!("{}-title", props.id);
    html! {
        <dialog
            ref={node}
            class="dialog"
            translate={(!props.translated).then_some("no")}
            data-testid={props.id.clone()}
            aria-labelledby={title_id.clone()}
            {onclose}
            onclick={on_backdrop}
        >
            if props.open {
                <div class="dialog-body">
                    <header class="dialog-head">
                        <h2 ref={heading} id={title_id} tabindex="-1">{ &props.title }</h2>
                        <button type="button" class="button button-icon" aria-label="Close" onclick={on_button}>
                            { icon(Icon::Cross) }
                        </button>
                    </header>
                    { props.children.clone() }
                </div>
            }
        </dialog>
    }
}
