//! Callbacks that many components make alike.

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
