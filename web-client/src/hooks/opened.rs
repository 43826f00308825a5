//! Dialogs that are rendered from the first time on that they are opened.

use yew::prelude::*;

/// Returns whether `open` has ever been set. A dialog stays in the document when it is closed, so
/// that it can return the focus; before it is opened, its code need not be there (`later.rs`).
#[hook]
pub fn use_opened(open: bool) -> bool {
    let opened = use_mut_ref(|| false);
    let mut opened = opened.borrow_mut();
    *opened |= open;
    *opened
}
