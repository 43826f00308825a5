//! A button that copies a text and confirms it.

use gloo_timers::callback::Timeout;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::HtmlInputElement;
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
    /// The text stands nowhere on the page. Where the clipboard is not allowed, it is shown to be
    /// copied by hand.
    #[prop_or_default]
    pub unseen: bool,
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
    let by_hand = use_state(|| false);
    let field = use_node_ref();
    use_effect_with(*by_hand, {
        let field = field.clone();
        move |_| {
            if let Some(field) = field.cast::<HtmlInputElement>() {
                // Selects its text, too.
                field.select();
            }
        }
    });
    let onclick = {
        let (text, unseen) = (props.text.clone(), props.unseen);
        let (setter, by_hand) = (done.setter(), by_hand.setter());
        Callback::from(move |_: MouseEvent| {
            let text = text.clone();
            let (setter, by_hand) = (setter.clone(), by_hand.clone());
            spawn_local(async move {
                let copied = write(&text).await;
                setter.set(Some(copied));
                by_hand.set(unseen && !copied);
            });
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
        <>
            <button type="button" class="button" data-testid={props.test_id.clone()} {onclick}>
                { icon(shape) }
                <span aria-live="polite">{ label }</span>
            </button>
            if *by_hand {
                <div class="field by-hand">
                    <input
                        ref={field}
                        type="text"
                        readonly=true
                        aria-label="To copy by hand"
                        data-testid="copy-by-hand"
                        value={props.text.clone()}
                    />
                </div>
            }
        </>
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
