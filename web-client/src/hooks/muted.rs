//! Keeps the rooms that the person has muted in the browser, for each account.

use client::outbox::Account;
use client::sorted::SortedSet;
use gloo_events::EventListener;
use shared::chat::RoomId;
use yew::prelude::*;

use super::reducible::Store;
use crate::engine::storage::{self, Setting};
use crate::state::{Action, muted};

#[hook]
pub(super) fn use_muted(store: &UseReducerHandle<Store>) {
    let account = store.0.sender();
    let dispatcher = store.dispatcher();
    use_effect_with(account.clone(), move |account| {
        let account = account.clone();
        let load = move || {
            let rooms = muted::of(&storage::load(Setting::Muted), &account);
            dispatcher.dispatch(Action::Muted(rooms));
        };
        load();
        // The event comes from other tabs only.
        let window = web_sys::window();
        let listener = window.map(|it| EventListener::new(&it, "storage", move |_| load()));
        move || drop(listener)
    });
    let rooms = store.0.chat.muted.rooms().clone();
    use_effect_with(store.0.chat.muted.changes(), move |changes| {
        if *changes > 0 {
            keep(&account, &rooms);
        }
    });
}

// A function of its own in the program, too: it is in the later part (`later.rs`).
#[inline(never)]
fn keep(account: &Account, rooms: &SortedSet<RoomId>) {
    let kept = storage::load(Setting::Muted);
    storage::save(Setting::Muted, &muted::with(&kept, account, rooms));
}
