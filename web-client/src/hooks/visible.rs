//! A hook that knows whether the person can see the page.

use gloo_events::EventListener;
use yew::prelude::*;

/// Returns `true` while the page is visible, and renders again when that changes.
#[hook]
pub fn use_visible() -> bool {
    let visible = use_state(is_visible);
    use_effect_with((), {
        let visible = visible.setter();
        move |()| {
            let document = web_sys::window().and_then(|window| window.document());
            let listener = document.map(|document| {
                EventListener::new(&document, "visibilitychange", move |_| {
                    visible.set(is_visible());
                })
            });
            move || drop(listener)
        }
    });
    *visible
}

fn is_visible() -> bool {
    let document = web_sys::window().and_then(|window| window.document());
    document.is_none_or(|document| !document.hidden())
}
