//! The reducer as a Yew hook, together with the engine that feeds it.

use std::rc::Rc;

use yew::prelude::*;

use super::effects::use_effects;
use crate::engine::{Engine, page, storage};
use crate::state::{Action, State};
use client::outbox::Outbox;

/// The page's state in Yew's terms.
#[derive(Debug, PartialEq)]
pub struct Store(pub State);

impl Reducible for Store {
    type Action = Action;

    fn reduce(self: Rc<Self>, action: Action) -> Rc<Self> {
        Rc::new(Self(self.0.reduce(action)))
    }
}

/// The state and the engine, wired to each other. To be used once, at the root.
#[hook]
pub fn use_store() -> (UseReducerHandle<Store>, Engine) {
    let store = use_reducer(|| {
        let outbox = Outbox::restore(storage::load_outbox());
        Store(State::restore(outbox, page::link(), page::claim()))
    });
    let dispatcher = store.dispatcher();
    let engine = use_memo((), move |()| {
        Engine::new(move |action| dispatcher.dispatch(action))
    });
    let engine = Engine::clone(&engine);
    use_effects(&store, &engine);
    (store, engine)
}
