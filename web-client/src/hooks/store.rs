//! The reducer as a Yew hook, together with the engine that feeds it and carries out its wishes.

use yew::prelude::*;

use super::effects::use_effects;
use super::key_requests::{KeyRequest, use_key_requests};
use super::reducible::Store;
use crate::engine::{Engine, page, storage};
use crate::state::State;
use client::outbox::Outbox;

/// Returns the state, which is wired to an engine, and a callback for requests about keys. To be
/// used once, at the root.
#[hook]
pub fn use_store() -> (UseReducerHandle<Store>, Callback<KeyRequest>) {
    let store = use_reducer(|| {
        let outbox = Outbox::restore(storage::load_outbox());
        Store(State::restore(
            outbox,
            page::link(),
            page::claim(),
            page::invitation(),
        ))
    });
    let dispatcher = store.dispatcher();
    // Made once: a second engine would have a worker and a session of its own.
    let engine = use_memo((), move |()| {
        Engine::new(move |action| dispatcher.dispatch(action))
    });
    use_effects(&store, &engine);
    let on_key = use_key_requests(&engine);
    (store, on_key)
}
