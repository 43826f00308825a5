//! Callbacks, and what they do, that many components have alike.

use wasm_bindgen::JsCast;
use web_sys::HtmlElement;
use yew::prelude::*;

/// Returns the callback that stores what it is called with.
pub fn set<T: 'static>(state: &UseStateHandle<T>) -> Callback<T> {
    let setter = state.setter();
    Callback::from(move |value| setter.set(value))
}

/// Returns the callback that stores `value`.
pub fn set_to<T: Clone + 'static>(state: &UseStateHandle<T>, value: T) -> Callback<()> {
    set(state).reform(move |()| value.clone())
}

/// Returns the callback for keys that closes what has the focus when Esc is pressed.
pub fn on_escape(close: Callback<()>) -> Callback<KeyboardEvent> {
    Callback::from(move |event: KeyboardEvent| {
        if event.key() == "Escape" {
            close.emit(());
        }
    })
}

/// Hides the popover with this id, if it is shown. The focus goes back to the button that showed
/// it.
pub fn hide_popover(id: &str) {
    if let Some(popover) = by_id(id) {
        // Fails only if it is not in the document any more.
        let _ = popover.hide_popover();
    }
}

/// Gives the focus to the element with this id.
pub fn focus_on(id: &str) {
    if let Some(element) = by_id(id) {
        // As above.
        let _ = element.focus();
    }
}

fn by_id(id: &str) -> Option<HtmlElement> {
    let document = web_sys::window()?.document()?;
    document.get_element_by_id(id)?.dyn_into().ok()
}
