//! The reducer as a Yew hook, together with the engine and the memory that feed it and carry out its
//! wishes.

use shared::connection::Version;
use shared::identity::PublicKey;
use yew::prelude::*;

use super::address::first_view;
use super::effects::use_effects;
use super::key_requests::{KeyRequest, use_key_requests};
use super::reducible::Store;
use crate::engine::memory::{Memory, MemoryEvent};
use crate::engine::storage::{self, Setting};
use crate::engine::{Engine, page};
use crate::state::connection::Target;
use crate::state::identity::Identity;
use crate::state::{Action, State, address};
use crate::vault::messages::Profile;

/// Returns the server of the last connection, if the person was in the chat when the page was left.
/// A link is about a decision that the person has not made yet, so nothing is done by itself then.
fn comes_back_to() -> Option<Target> {
    let was_in = storage::load(Setting::Entered) == "yes";
    let by_link = page::link().is_some() || page::claim().is_some() || page::invitation().is_some();
    if !was_in || by_link {
        return None;
    }
    let server = address::parse(&storage::load(Setting::Server), &page::origin()).ok()?;
    Some(Target {
        name: storage::load(Setting::Name),
        server,
        version: storage::load(Setting::Protocol)
            .parse()
            .unwrap_or(Version::V2),
    })
}

/// Returns the public side of the key that this browser had last.
fn remembered_key() -> Option<Profile> {
    let pem = storage::load(Setting::PublicKey);
    PublicKey::from_pem(&pem).ok().map(|key| Profile::of(&key))
}

/// Returns the state, which is wired to the engine and a memory, the memory, and a callback for
/// requests about keys. To be used once, at the root.
#[hook]
pub fn use_store(engine: &Engine) -> (UseReducerHandle<Store>, Memory, Callback<KeyRequest>) {
    let memory = use_memo((), |()| Memory::default());
    let store = use_reducer(|| {
        let state = State::opened_by(
            comes_back_to(),
            first_view(),
            page::link(),
            page::claim(),
            page::invitation(),
        );
        let state = match remembered_key() {
            Some(profile) => state.reduce(Action::Identity(Identity::Remembered(profile))),
            None => state,
        };
        Store(state, (*memory).clone())
    });
    let dispatcher = store.dispatcher();
    use_memo((), |()| {
        let dispatcher = dispatcher.clone();
        engine.report_to(move |action| dispatcher.dispatch(action));
    });
    use_memo((), {
        let memory = memory.clone();
        move |()| {
            memory.open(move |event| {
                dispatcher.dispatch(match event {
                    MemoryEvent::Left(lines) => Action::Remembered(lines),
                    MemoryEvent::Keeps(keeps) => Action::Keeps(keeps),
                });
            });
        }
    });
    use_effects(&store, engine);
    let on_key = use_key_requests(engine);
    (store, (*memory).clone(), on_key)
}
