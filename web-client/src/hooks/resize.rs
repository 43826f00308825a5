//! Notices when an element changes its size.

use wasm_bindgen::prelude::*;
use web_sys::{Element, ResizeObserver};
use yew::prelude::*;

/// Calls `changed` whenever the element behind `node` gets another size.
#[hook]
pub fn use_resize(node: NodeRef, changed: Callback<()>) {
    // The observer lives longer than a render, and must not call the callback of the first one.
    let latest = use_mut_ref(|| changed.clone());
    latest.borrow_mut().clone_from(&changed);
    use_effect_with(node, move |node| {
        let watch = node.cast::<Element>().and_then(|element| {
            let callback = Closure::<dyn FnMut()>::new(move || {
                let changed = latest.borrow().clone();
                changed.emit(());
            });
            let observer = ResizeObserver::new(callback.as_ref().unchecked_ref()).ok()?;
            observer.observe(&element);
            Some((observer, callback))
        });
        move || {
            if let Some((observer, callback)) = watch {
                observer.disconnect();
                drop(callback);
            }
        }
    });
}
