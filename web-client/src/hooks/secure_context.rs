//! The hook that tells a component whether the page is a secure context (Secure Contexts §3.1).

use yew::prelude::*;

use crate::engine::page;

/// Returns whether the page came in a way in which nobody could have changed it.
#[hook]
pub fn use_secure_context() -> bool {
    // Never changes while a page is there.
    *use_memo((), |()| page::is_secure_context())
}
