//! Moves the drafts under a room's name when the room is renamed.

use yew::prelude::*;

use crate::engine::storage;
use client::{Chat, Renaming};

/// Moves the drafts of renamed rooms. A memo and not an effect: the composer reads the draft of a
/// room in an effect of its own, and effects of inner components run first.
#[hook]
pub fn use_renamings(chat: &Chat) {
    let moved = use_mut_ref(|| 0_u64);
    let new: Vec<Renaming> = chat.renamings(*moved.borrow()).cloned().collect();
    use_memo(new, move |new| {
        for Renaming { number, from, to } in new {
            storage::move_draft(from, to);
            *moved.borrow_mut() = *number;
        }
    });
}
