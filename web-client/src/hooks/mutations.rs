//! Reports changes of an element's content before the browser paints them.

use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{Element, MutationObserver, MutationObserverInit};
use yew::prelude::*;

/// Calls `on_change` after every change of the content of `node`. An effect would not do: Yew may
/// run effects some frames after the change, and what the person scrolls in between would be taken
/// for a position in the new content.
#[hook]
pub fn use_mutations(node: NodeRef, on_change: impl Fn() + 'static) {
    use_effect_with((), move |()| {
        let changed = Closure::<dyn FnMut()>::new(on_change);
        let observer = MutationObserver::new(changed.as_ref().unchecked_ref()).ok();
        if let (Some(observer), Some(element)) = (&observer, node.cast::<Element>()) {
            let init = MutationObserverInit::new();
            init.set_child_list(true);
            init.set_subtree(true);
            init.set_character_data(true);
            let _ = observer.observe_with_options(&element, &init);
        }
        move || {
            if let Some(observer) = observer {
                observer.disconnect();
            }
            drop(changed);
        }
    });
}
