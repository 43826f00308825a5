//! Moves the drafts under a room's name when the room is renamed.

use yew::prelude::*;

use super::draft::Place;
use client::{Chat, Renaming};

/// Moves the drafts of renamed rooms. A memo and not an effect: the composer reads the draft of a
/// room in an effect of its own, and effects of inner components run first.
#[hook]
pub fn use_renamings(chat: &Chat, place: &Place) {
    let moved = use_mut_ref(|| 0_u64);
    let new: Vec<Renaming> = chat.renamings(*moved.borrow()).cloned().collect();
    let (memory, account) = (place.memory.clone(), place.account.clone());
    use_memo(new, move |new| {
        for Renaming { number, from, to } in new {
            memory.renamed(&account, from, to);
            *moved.borrow_mut() = *number;
        }
    });
}
