//! Keeps the list of members up to date while it is shown.

use client::Chat;
use yew::prelude::*;

use crate::state::Action;

/// Asks for the members of the room on the screen whenever the shown list is out of date: a large
/// room announces only that its members have changed.
#[hook]
pub(super) fn use_fresh_members(chat: &Chat, shown: bool, act: &Callback<Action>) {
    let stale = chat.room().is_some_and(|room| room.needs_members());
    use_effect_with((stale && shown, chat.current.clone()), {
        let act = act.clone();
        move |(stale, room)| {
            if *stale {
                act.emit(Action::RefreshMembers(room.clone()));
            }
        }
    });
}
