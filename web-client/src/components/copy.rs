//! A button that copies a text and confirms it.

use gloo_timers::callback::Timeout;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use yew::prelude::*;

use super::icons::{Icon, icon};

/// The time for which the button confirms, in milliseconds.
const SAID_MS: u32 = 2_500;

/// Props of [`CopyButton`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct CopyButtonProps {
    /// The text that is copied.
    pub text: AttrValue,
    /// The button's label.
    pub label: AttrValue,
    /// The button's `data-testid`.
    #[prop_or_default]
    pub test_id: Option<AttrValue>,
}

/// A button that copies a text.
#[component(CopyButton)]
pub fn copy_button(props: &CopyButtonProps) -> Html {
    let done = use_state(|| None::<bool>);
    use_effect_with(*done, {
        let setter = done.setter();
        move |done| {
            let timer = done.map(|_| Timeout::new(SAID_MS, move || setter.set(None)));
            move || drop(timer)
        }
    });
    let onclick = {
        let text = props.text.clone();
        let setter = done.setter();
        Callback::from(move |_: MouseEvent| {
            let text = text.clone();
            let setter = setter.clone();
            spawn_local(async move { setter.set(Some(write(&text).await)) });
        })
    };
    let (shape, label) = match *done {
        None => (Icon::Copy, props.label.clone()),
        Some(true) => (Icon::Check, AttrValue::Static("Copied")),
        Some(false) => (
            Icon::Cross,
            AttrValue::Static("Not allowed: select and copy it"),
        ),
    };
    html! {
        <button type="button" class="button" data-testid={props.test_id.clone()} {onclick}>
            { icon(shape) }
            <span aria-live="polite">{ label }</span>
        </button>
    }
}

/// Writes to the clipboard, and returns whether it worked. The clipboard exists in secure contexts
/// only, so its presence is checked first.
async fn write(text: &str) -> bool {
    let Some(window) = web_sys::window() else {
        return false;
    };
    let navigator = window.navigator();
    let exists = js_sys::Reflect::get(&navigator, &"clipboard".into())
        .is_ok_and(|clipboard| clipboard.is_object());
    exists
        && JsFuture::from(navigator.clipboard().write_text(text))
            .await
            .is_ok()
}
