//! Carries out the wishes of the state: opens and closes sessions, waits for the next attempt,
//! hands the outbox to the session, keeps it in storage, watches the network.
//!
//! Each effect depends on exactly the part of the state that asks for it.

use std::collections::HashSet;

use gloo_events::EventListener;
use gloo_timers::callback::Timeout;
use shared::chat::{ClientMessage, MessageId};
use yew::prelude::*;

use super::address::use_address;
use super::muted::use_muted;
use super::reducible::Store;
use crate::engine::storage::{self, Setting};
use crate::engine::{Engine, SendOutcome, clock, page};
use crate::state::Action;
use crate::state::connection::Connection;
use crate::state::identity::Identity;
use crate::state::link::Link;

#[hook]
pub(super) fn use_effects(store: &UseReducerHandle<Store>, engine: &Engine) {
    use_identity(store, engine);
    use_page_version(store, engine);
    use_network(store);
    use_link(store);
    use_pins(store, engine);
    use_session(store, engine);
    use_retry(store);
    use_requests(store, engine);
    use_outbox(store, engine);
    use_address(store);
    use_entered(store);
    use_muted(store);
}

/// Starts the vault anew when an attempt needs that, and remembers the public side of the key for
/// the next time that the page is loaded.
#[hook]
fn use_identity(store: &UseReducerHandle<Store>, engine: &Engine) {
    let engine = engine.clone();
    use_effect_with(store.0.vault_starts, move |starts| {
        if *starts > 0 {
            engine.restart_vault();
        }
    });
    use_effect_with(store.0.identity.clone(), |identity| match identity {
        Identity::Ready(profile) => storage::save(Setting::PublicKey, &profile.public_pem),
        Identity::Absent => storage::save(Setting::PublicKey, ""),
        _ => {}
    });
}

/// Asks, whenever there is a reason to, whether the server gives out another page by now.
#[hook]
fn use_page_version(store: &UseReducerHandle<Store>, engine: &Engine) {
    let engine = engine.clone();
    use_effect_with(store.0.version.doubts, move |doubts| {
        if *doubts > 0 {
            engine.ask_for_page();
        }
    });
}

#[hook]
fn use_network(store: &UseReducerHandle<Store>) {
    let dispatcher = store.dispatcher();
    use_effect_with((), move |()| {
        let listeners = web_sys::window().map(|window| {
            let back = dispatcher.clone();
            [
                EventListener::new(&window, "online", move |_| {
                    back.dispatch(Action::NetworkBack);
                }),
                EventListener::new(&window, "offline", move |_| {
                    dispatcher.dispatch(Action::NetworkLost);
                }),
            ]
        });
        move || drop(listeners)
    });
}

/// Watches the page's address for a link, and removes a used one from it. A link can be opened in a
/// page that is already loaded.
#[hook]
fn use_link(store: &UseReducerHandle<Store>) {
    let dispatcher = store.dispatcher();
    // What the address said when it was looked at last.
    let seen = use_mut_ref(page::fragment);
    use_effect_with((), {
        let seen = seen.clone();
        move |()| {
            let listener = web_sys::window().map(|window| {
                EventListener::new(&window, "hashchange", move |_| {
                    *seen.borrow_mut() = page::fragment();
                    if let Some(link) = page::link() {
                        dispatcher.dispatch(Action::Link(link));
                    }
                    if let Some(code) = page::invitation() {
                        dispatcher.dispatch(Action::Invitation(code));
                    }
                    if let Some(code) = page::claim() {
                        dispatcher.dispatch(Action::Claim(code));
                    }
                })
            });
            move || drop(listener)
        }
    });
    // A code is used once; until then a reload must not lose it. After every render, because a link
    // may bring the next code when nothing else changes. A code that is not seen yet stays: a render
    // can come before the browser reports the new address.
    let used = !store.0.has_code();
    use_effect(move || {
        if used && *seen.borrow() == page::fragment() {
            page::remove_code();
        }
    });
    use_effect_with(store.0.link, |link| {
        // A link that cannot be read is shown as long as this page lives, and helps nobody after
        // that.
        if !matches!(link, Some(Link::Pin(_))) {
            page::remove_link();
        }
    });
}

/// Remembers whether the person is in the chat and under which name, for the next time that the page
/// is loaded.
#[hook]
fn use_entered(store: &UseReducerHandle<Store>) {
    use_effect_with(store.0.is_in(), |is_in| match is_in {
        Some(true) => storage::save(Setting::Entered, "yes"),
        Some(false) => storage::save(Setting::Entered, ""),
        None => {}
    });
    // The name may have been changed in the chat: the former one would be claimed again, and perhaps
    // be somebody else's.
    use_effect_with(store.0.name_to_remember(), |name| {
        if let Some(name) = name {
            storage::save(Setting::Name, name);
        }
    });
}

/// Reads the pins for every attempt, and records the server's proof in them.
#[hook]
fn use_pins(store: &UseReducerHandle<Store>, engine: &Engine) {
    // Read anew for every attempt: another tab may have pinned the server or removed its pin.
    let wanted = store.0.connection == Connection::WaitingForPins;
    let loader = engine.clone();
    use_effect_with((store.0.attempt, wanted), move |&(_, wanted)| {
        if wanted {
            loader.load_pins();
        }
    });
    let met = store.0.met();
    let engine = engine.clone();
    use_effect_with((store.0.attempt, met), move |(_, met)| {
        if let Some(met) = met.clone() {
            engine.met(met);
        }
    });
}

/// Opens a session for every new attempt, and closes it when it is not wanted any more.
#[hook]
fn use_session(store: &UseReducerHandle<Store>, engine: &Engine) {
    let live = store.0.connection.is_live();
    let engine = engine.clone();
    let target = store.0.target.clone();
    let trust = store.0.accepts;
    let profile = store.0.identity.profile().cloned();
    use_effect_with((store.0.attempt, live), move |&(attempt, live)| {
        match (live, target, trust, profile) {
            (true, Some(target), Some(trust), Some(profile)) => {
                engine.open_session(attempt, &target, trust, &profile);
            }
            // The attempt is over or was cancelled: its socket must not outlive it.
            _ => engine.close_session(),
        }
    });
}

#[hook]
fn use_retry(store: &UseReducerHandle<Store>) {
    let dispatcher = store.dispatcher();
    let retry_at = match store.0.connection {
        Connection::Waiting { retry_at, .. } => Some(retry_at),
        _ => None,
    };
    use_effect_with(retry_at, move |retry_at| {
        // Dropping the timer cancels it: an attempt that the person begins makes the planned one
        // needless.
        let timer = retry_at.map(|at| {
            let wait = u32::try_from(at.saturating_sub(clock::epoch_ms())).unwrap_or(u32::MAX);
            Timeout::new(wait, move || dispatcher.dispatch(Action::Retry))
        });
        move || drop(timer)
    });
}

/// Hands waiting requests to the session.
#[hook]
fn use_requests(store: &UseReducerHandle<Store>, engine: &Engine) {
    // The numbers only rise: a request that was handed over is not handed over again, whatever
    // renders lie between.
    let handed = use_mut_ref(|| 0_u64);
    // `hello` goes out as soon as the session is established, before anything was received: a
    // server greets a client that is silent for a second as one of plain text.
    let ready = store.0.connection.is_live() && store.0.handshake.established;
    let waiting = store.0.chat.requests.waiting().to_vec();
    let dispatcher = store.dispatcher();
    let engine = engine.clone();
    use_effect_with((ready, waiting), move |(ready, waiting)| {
        for (number, message) in waiting.iter().filter(|_| *ready) {
            if *number <= *handed.borrow() {
                continue;
            }
            // If the request is not sent, the connection is about to end, and the next one asks
            // anew.
            let _ = send(&engine, message);
            *handed.borrow_mut() = *number;
            dispatcher.dispatch(Action::Asked(*number));
        }
    });
}

fn send(engine: &Engine, message: &ClientMessage) -> SendOutcome {
    match serde_json::to_string(message) {
        Ok(json) => engine.send(&json),
        Err(error) => SendOutcome::Refused(error.to_string()),
    }
}

/// Hands the queued entries to the session, in order.
#[hook]
fn use_outbox(store: &UseReducerHandle<Store>, engine: &Engine) {
    // The entries that this attempt was handed: none is handed over twice, whatever renders lie
    // between.
    let handed = use_mut_ref(|| (0_u32, HashSet::<MessageId>::new()));
    // Only after the server's first message, which proves that it can open the session.
    let ready = store.0.connection == Connection::Ready;
    let attempt = store.0.attempt;
    let queued = store.0.chat.queued(&store.0.sender());
    let dispatcher = store.dispatcher();
    let engine = engine.clone();
    use_effect_with((ready, attempt, queued), move |(ready, attempt, queued)| {
        if !ready {
            return;
        }
        // Another session knows nothing of what the former one was handed.
        if handed.borrow().0 != *attempt {
            *handed.borrow_mut() = (*attempt, HashSet::new());
        }
        // An entry that is not queued any more may be queued again, if the person sends it again.
        let queues = |id: &MessageId| queued.iter().any(|line| line.id == *id);
        handed.borrow_mut().1.retain(queues);
        for line in queued {
            let id = line.id;
            if handed.borrow().1.contains(&id) {
                continue;
            }
            let action = match send(&engine, &line.request()) {
                SendOutcome::Sent => Action::Sent(id),
                SendOutcome::Refused(reason) => Action::Refused { id, reason },
                // The entry stays queued for the next session.
                SendOutcome::NotNow => break,
            };
            handed.borrow_mut().1.insert(id);
            dispatcher.dispatch(action);
        }
    });
}
