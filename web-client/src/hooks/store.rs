//! The reducer as a Yew hook, together with the engine and the memory that feed it and carry out its
//! wishes.

use yew::prelude::*;

use super::effects::use_effects;
use super::key_requests::{KeyRequest, use_key_requests};
use super::reducible::Store;
use crate::engine::memory::{Memory, MemoryEvent};
use crate::engine::{Engine, page};
use crate::state::{Action, State};

/// Returns the state, which is wired to an engine and a memory, the memory, and a callback for
/// requests about keys. To be used once, at the root.
#[hook]
pub fn use_store() -> (UseReducerHandle<Store>, Memory, Callback<KeyRequest>) {
    let store = use_reducer(|| {
        Store(State::opened_by(
            page::link(),
            page::claim(),
            page::invitation(),
        ))
    });
    let dispatcher = store.dispatcher();
    // Made once: a second engine would have a worker and a session of its own, and a second memory
    // a record of its own.
    let engine = use_memo((), {
        let dispatcher = dispatcher.clone();
        move |()| Engine::new(move |action| dispatcher.dispatch(action))
    });
    let memory = use_memo((), move |()| {
        Memory::open(move |event| {
            dispatcher.dispatch(match event {
                MemoryEvent::Left(lines) => Action::Remembered(lines),
                MemoryEvent::Keeps(keeps) => Action::Keeps(keeps),
            });
        })
    });
    use_effects(&store, &engine, &memory);
    let on_key = use_key_requests(&engine);
    (store, (*memory).clone(), on_key)
}
