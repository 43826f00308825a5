//! Carries out the wishes of the state: sessions, the vault, storage. Every effect outside of the
//! screen happens here; every decision is made in the reducer.

pub mod clock;
pub mod memory;
mod memory_store;
pub mod page;
mod pins_store;
mod probe;
mod served_page;
mod session;
mod socket;
pub mod storage;
mod tab_lock;
mod worker_client;

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use gloo_events::EventListener;
use shared::connection::{Trust, Version};
use shared::identity::Fingerprint;
use wasm_bindgen_futures::spawn_local;
use web_sys::File;

use crate::state::connection::Target;
use crate::state::identity::Identity;
use crate::state::inspection::Inspection;
use crate::state::pins::Pins;
use crate::state::{Action, Met, SessionEvent};
use crate::vault::messages::{Answer, Call, Failure, Profile};
pub use session::SendOutcome;
use session::{Session, Surroundings};
use worker_client::{VaultEvent, WorkerClient};

/// The engine; clones share one.
#[derive(Clone)]
pub struct Engine(Rc<Inner>);

type Dispatch = Rc<dyn Fn(Action)>;

/// The channel of events to the state. It buffers them until there is a state: the engine starts
/// first.
#[derive(Clone, Default)]
struct Outlet(Rc<RefCell<Outgoing>>);

#[derive(Default)]
struct Outgoing {
    to: Option<Dispatch>,
    /// Events from before there was a state: a few of the vault and the pins.
    waiting: Vec<Action>,
}

impl Outlet {
    fn dispatch(&self, action: Action) {
        let to = self.0.borrow().to.clone();
        // Nothing is borrowed any more: the state may call back into the engine at once.
        match to {
            Some(to) => to(action),
            None => self.0.borrow_mut().waiting.push(action),
        }
    }
}

struct Inner {
    outlet: Outlet,
    vault: WorkerClient,
    session: RefCell<Option<Session>>,
    inspection: Inspection,
    blocked: Rc<Cell<bool>>,
    _policy: Option<EventListener>,
    _leaving: Option<EventListener>,
}

impl PartialEq for Engine {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl Engine {
    /// Starts what other threads do: the vault, and the reading of the pins, after which `pinned` is
    /// called.
    pub fn start(&self, pinned: impl FnOnce() + 'static) {
        self.start_vault();
        let this = self.clone();
        spawn_local(async move {
            this.read_pins().await;
            pinned();
        });
    }

    /// Reports events to `dispatch` from now on, and those that have come before.
    pub fn report_to(&self, dispatch: impl Fn(Action) + 'static) {
        let dispatch: Dispatch = Rc::new(dispatch);
        let mut outgoing = self.0.outlet.0.borrow_mut();
        outgoing.to = Some(dispatch.clone());
        let waiting = std::mem::take(&mut outgoing.waiting);
        drop(outgoing);
        for action in waiting {
            dispatch(action);
        }
    }

    /// Creates an engine that has not started anything.
    #[expect(clippy::new_without_default, reason = "it listens to the document")]
    pub fn new() -> Self {
        let outlet = Outlet::default();
        let notify = outlet.clone();
        let vault = WorkerClient::new(move |event| {
            notify.dispatch(Action::Identity(match event {
                VaultEvent::Creating => Identity::Creating {
                    since: clock::epoch_ms(),
                },
                VaultEvent::Stopped(failure) => Identity::Failed(failure),
            }));
        });
        let blocked = Rc::new(Cell::new(false));
        let seen = blocked.clone();
        // A blocked connection looks like an unreachable server; only this event tells them apart.
        let policy = web_sys::window()
            .and_then(|window| window.document())
            .map(|document| {
                EventListener::new(&document, "securitypolicyviolation", move |_| {
                    seen.set(true);
                })
            });
        // A weak reference, because the listener is a part of the engine and would keep it alive
        // for ever.
        Self(Rc::new_cyclic(|this: &Weak<Inner>| {
            let this = this.clone();
            let leaving = web_sys::window().map(|window| {
                // `pagehide` and not `unload`: it also comes when the page goes into the browser's
                // cache.
                EventListener::new(&window, "pagehide", move |_| {
                    let session = this.upgrade().and_then(|it| it.session.borrow().clone());
                    if let Some(session) = session {
                        session.say_goodbye();
                    }
                })
            });
            Inner {
                outlet,
                vault,
                session: RefCell::default(),
                inspection: Inspection::default(),
                blocked,
                _policy: policy,
                _leaving: leaving,
            }
        }))
    }

    /// Loads the key after a failure, or has one generated if there is none.
    pub fn open_identity(&self) {
        self.dispatch(Action::Identity(Identity::Loading));
        self.start_vault();
    }

    /// Starts the vault, and has it load the key, or generate one if there is none.
    fn start_vault(&self) {
        let this = self.clone();
        self.0.vault.call(Call::Open, None, move |outcome| {
            this.dispatch(Action::Identity(match outcome {
                Ok(Answer::Identity(profile)) => Identity::Ready(profile),
                Ok(_) => Identity::Failed(Failure::Operation),
                Err(failure) => Identity::Failed(failure),
            }));
        });
    }

    /// Starts the vault's worker anew and loads the key.
    pub fn restart_vault(&self) {
        self.0.vault.restart();
        self.open_identity();
    }

    /// Encrypts the key with `passphrase`; `done` gets the PEM.
    pub fn export(&self, passphrase: String, done: impl FnOnce(Result<String, Failure>) + 'static) {
        self.0
            .vault
            .call(Call::Export { passphrase }, None, move |outcome| {
                done(outcome.and_then(|answer| match answer {
                    Answer::Exported(pem) => Ok(pem),
                    _ => Err(Failure::Operation),
                }));
            });
    }

    /// Replaces the key with the one in `file`, which the page itself does not read.
    pub fn import(
        &self,
        file: &File,
        passphrase: String,
        done: impl FnOnce(Result<(), Failure>) + 'static,
    ) {
        let this = self.clone();
        self.0
            .vault
            .call(Call::Import { passphrase }, Some(file), move |outcome| {
                done(outcome.and_then(|answer| match answer {
                    Answer::Identity(profile) => {
                        this.dispatch(Action::Identity(Identity::Ready(profile)));
                        Ok(())
                    }
                    _ => Err(Failure::Operation),
                }));
            });
    }

    /// Deletes the key for good.
    pub fn delete(&self, done: impl FnOnce(Result<(), Failure>) + 'static) {
        let this = self.clone();
        self.0.vault.call(Call::Delete, None, move |outcome| {
            done(outcome.map(|_| this.dispatch(Action::Identity(Identity::Absent))));
        });
    }

    /// Reads the pins.
    pub fn load_pins(&self) {
        let this = self.clone();
        spawn_local(async move { this.read_pins().await });
    }

    async fn read_pins(&self) {
        self.dispatch(Action::Pins(match pins_store::all().await {
            Ok(records) => Pins::Loaded(records),
            Err(error) => Pins::Unavailable(error.to_string()),
        }));
    }

    /// Pins `fingerprint` for the server at `address`, as a person has decided, and connects to it.
    /// If another tab has pinned another key meanwhile, that one stays, and blocks.
    pub fn trust(
        &self,
        address: String,
        fingerprint: Fingerprint,
        version: Version,
        compared: bool,
        failed: impl FnOnce(String) + 'static,
    ) {
        let this = self.clone();
        spawn_local(async move {
            match pins_store::add(&address, fingerprint, version, compared).await {
                Ok(()) => this.dispatch(Action::Retry),
                Err(error) => failed(error.to_string()),
            }
        });
    }

    /// Records that the person has compared the key of the server at `address`.
    pub fn compared(
        &self,
        address: String,
        fingerprint: Fingerprint,
        done: impl FnOnce(Result<(), String>) + 'static,
    ) {
        let this = self.clone();
        spawn_local(async move {
            let stored = pins_store::compared(&address, fingerprint).await;
            this.load_pins();
            done(stored.map_err(|error| error.to_string()));
        });
    }

    /// Records that a server has proven its key in a session.
    pub fn met(&self, met: Met) {
        let this = self.clone();
        spawn_local(async move {
            // If this fails, the old pin stays, which is as safe; the list shows what is stored.
            let _ = pins_store::met(&met.address, met.fingerprint, met.version, met.by_link).await;
            this.load_pins();
        });
    }

    /// Removes the record of the server at `address`.
    pub fn remove_pin(&self, address: String, done: impl FnOnce(Result<(), String>) + 'static) {
        let this = self.clone();
        spawn_local(async move {
            let removed = pins_store::remove(&address).await;
            this.load_pins();
            done(removed.map_err(|error| error.to_string()));
        });
    }

    /// Asks whether the server that this page came from gives out another page by now.
    pub fn ask_for_page(&self) {
        let this = self.clone();
        spawn_local(async move {
            if let Some(is_another) = served_page::is_another().await {
                this.dispatch(Action::PageIsAnother(is_another));
            }
        });
    }

    /// Begins attempt number `attempt`; an earlier session ends.
    pub fn open_session(&self, attempt: u32, target: &Target, trust: Trust, profile: &Profile) {
        self.close_session();
        // A report about an earlier attempt says nothing about this one.
        self.0.blocked.set(false);
        let this = self.clone();
        let blocked = self.0.blocked.clone();
        let surroundings = Surroundings {
            vault: self.0.vault.clone(),
            inspection: self.0.inspection.clone(),
            notify: Box::new(move |event: SessionEvent| {
                this.dispatch(Action::Session { attempt, event });
            }),
            was_blocked: Box::new(move || blocked.get()),
        };
        let session = Session::open(target, trust, profile, surroundings);
        *self.0.session.borrow_mut() = session;
    }

    /// Returns the frames of all sessions.
    pub fn inspection(&self) -> Inspection {
        self.0.inspection.clone()
    }

    /// Ends the session, if there is one, and announces that to the server.
    pub fn close_session(&self) {
        let session = self.0.session.borrow_mut().take();
        if let Some(session) = session {
            session.leave();
        }
    }

    /// Seals `text` and hands it to the socket.
    pub fn send(&self, text: &str) -> SendOutcome {
        // Cloned first: the session may dispatch an action that borrows the engine again.
        let session = self.0.session.borrow().clone();
        session.map_or(SendOutcome::NotNow, |session| session.send(text))
    }

    fn dispatch(&self, action: Action) {
        self.0.outlet.dispatch(action);
    }
}
