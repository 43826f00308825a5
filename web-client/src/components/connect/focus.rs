//! Gives the keyboard's focus to a button after the focused element is gone.

use gloo_timers::callback::Timeout;
use web_sys::HtmlElement;
use yew::prelude::*;

/// Returns the node of an element that gets the focus when `wanted` becomes `true` and nothing else
/// has it.
#[hook]
pub(super) fn use_focus_when(wanted: bool) -> NodeRef {
    let node = use_node_ref();
    use_effect_with(wanted, {
        let node = node.clone();
        move |&wanted| {
            // Delayed until a dialog that closes now has returned the focus to its own element.
            let timer = wanted.then(|| Timeout::new(0, move || focus_if_lost(&node)));
            move || drop(timer)
        }
    });
    node
}

fn focus_if_lost(node: &NodeRef) {
    // Only if nothing has the focus: a person who is typing elsewhere must not lose it.
    let active = web_sys::window()
        .and_then(|window| window.document()?.active_element())
        .is_some_and(|element| element.tag_name() != "BODY");
    if let Some(element) = node.cast::<HtmlElement>().filter(|_| !active) {
        let _ = element.focus();
    }
}
