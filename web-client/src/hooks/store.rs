//! The reducer as a Yew hook, together with the engine that feeds it.

use yew::prelude::*;

use super::effects::use_effects;
use super::reducible::Store;
use crate::engine::{Engine, page, storage};
use crate::state::State;
use client::outbox::Outbox;

/// Returns the state and the engine, wired to each other. To be used once, at the root.
#[hook]
pub fn use_store() -> (UseReducerHandle<Store>, Engine) {
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
    let engine = Engine::clone(&engine);
    use_effects(&store, &engine);
    (store, engine)
}
