//! A hook that knows whether the person looks at the page.

use gloo_events::EventListener;
use yew::prelude::*;

/// Returns `true` while the page is visible and its window has the focus, and renders again when
/// that changes. A visible window alone has no reader: it may stand beside the one that is used.
#[hook]
pub fn use_attention() -> bool {
    let attentive = use_state(is_attentive);
    use_effect_with((), {
        let attentive = attentive.setter();
        move |()| {
            let listeners = web_sys::window().and_then(|window| {
                let document = window.document()?;
                let changed = move || attentive.set(is_attentive());
                let (focused, blurred) = (changed.clone(), changed.clone());
                Some([
                    EventListener::new(&document, "visibilitychange", move |_| changed()),
                    EventListener::new(&window, "focus", move |_| focused()),
                    EventListener::new(&window, "blur", move |_| blurred()),
                ])
            });
            move || drop(listeners)
        }
    });
    *attentive
}

fn is_attentive() -> bool {
    let document = web_sys::window().and_then(|window| window.document());
    document.is_none_or(|document| !document.hidden() && document.has_focus().unwrap_or(true))
}
