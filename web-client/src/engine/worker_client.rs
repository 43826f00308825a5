//! The page's side of the vault: starts the worker, sends it requests, and notices when it dies.
//!
//! It must not know what the answers are for.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use gloo_events::EventListener;
use gloo_timers::callback::Timeout;
use js_sys::Array;
use shared::json;
use wasm_bindgen::JsCast;
use web_sys::{ErrorEvent, File, MessageEvent, Worker, WorkerOptions, WorkerType};

use crate::vault::messages::{Answer, Call, Failure, Report, Request};

/// The script that the worker runs first; it receives [`program`].
const STARTER: &str = "./vault-start.js";

/// The time that the worker's program may take to load and start, in milliseconds. It is downloaded
/// on a first visit, by whatever line the person has.
const START_MS: u32 = 60_000;

/// Returns the time that the worker may take for a call, in milliseconds.
fn patience_ms(call: &Call) -> u32 {
    /// A use of the key takes some 40 ms. Less than the time that a handshake may take, so that the
    /// next attempt has a worker that lives.
    const USE: u32 = 8_000;
    /// A key that is made takes seconds, and a passphrase a second by intention; on a slow phone ten
    /// times as long.
    const SLOW: u32 = 120_000;
    match call {
        Call::Sign { .. } | Call::Decrypt { .. } | Call::Delete => USE,
        Call::Open | Call::Import { .. } | Call::Export { .. } => SLOW,
    }
}

/// Returns the address of the worker's program, as the page's document gives it. Its name changes
/// with its content in a shipped page, so that browsers may keep it for good.
fn program() -> Option<String> {
    web_sys::window()?
        .document()?
        .query_selector("meta[name=vault]")
        .ok()??
        .get_attribute("content")
}

type Done = Box<dyn FnOnce(Result<Answer, Failure>)>;

/// A call that is not answered yet.
struct Open {
    done: Done,
    /// Gives the worker up. A worker that the browser has ended reports nothing.
    _deadline: Timeout,
}

/// An event of the vault that answers no call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum VaultEvent {
    /// There was no key, and one is being generated.
    Creating,
    /// The worker is gone; all open calls were answered with a failure.
    Stopped(Failure),
}

/// A running, starting or dead worker; clones share one.
#[derive(Clone)]
pub(super) struct WorkerClient(Rc<Inner>);

struct Inner {
    notify: Box<dyn Fn(VaultEvent)>,
    running: RefCell<Option<Running>>,
    pending: RefCell<Pending>,
}

struct Running {
    worker: Worker,
    started: bool,
    _listeners: [EventListener; 2],
    _deadline: Timeout,
}

#[derive(Default)]
struct Pending {
    last_id: u32,
    done: HashMap<u32, Open>,
    /// The calls that were made before the program was ready for them.
    unsent: Vec<Array>,
}

impl WorkerClient {
    /// Creates a client whose worker starts with the first call.
    pub(super) fn new(notify: impl Fn(VaultEvent) + 'static) -> Self {
        Self(Rc::new(Inner {
            notify: Box::new(notify),
            running: RefCell::default(),
            pending: RefCell::default(),
        }))
    }

    /// Asks the vault; `done` gets the answer, or the reason for which there is none.
    pub(super) fn call(
        &self,
        call: Call,
        file: Option<&File>,
        done: impl FnOnce(Result<Answer, Failure>) + 'static,
    ) {
        // The borrow ends here, because `start` borrows the same cell again.
        let stopped = self.0.running.borrow().is_none();
        if stopped && let Err(failure) = self.start() {
            done(Err(failure));
            return;
        }
        let message = {
            let mut pending = self.0.pending.borrow_mut();
            pending.last_id += 1;
            let id = pending.last_id;
            let this = self.clone();
            let open = Open {
                done: Box::new(done),
                _deadline: Timeout::new(patience_ms(&call), move || {
                    this.fail("it does not answer".into());
                }),
            };
            pending.done.insert(id, open);
            let json = serde_json::to_string(&Request { id, call }).unwrap_or_default();
            let message = Array::of1(&json.into());
            if let Some(file) = file {
                message.push(file);
            }
            message
        };
        match &*self.0.running.borrow() {
            Some(Running {
                worker,
                started: true,
                ..
            }) => {
                // Fails only for values that cannot be cloned, and texts and files can be.
                let _ = worker.post_message(&message);
            }
            // A message to a worker whose program is still loading would be lost: nothing listens
            // yet.
            _ => self.0.pending.borrow_mut().unsent.push(message),
        }
    }

    /// Ends the worker, if there is one; the next call starts another.
    pub(super) fn restart(&self) {
        self.stop("it was restarted");
    }

    fn start(&self) -> Result<(), Failure> {
        let program =
            program().ok_or_else(|| Failure::Stopped("the page does not name it".into()))?;
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let worker = Worker::new_with_options(STARTER, &options)
            .and_then(|worker| worker.post_message(&program.into()).map(|()| worker))
            .map_err(|_| Failure::Stopped("the browser did not start it".into()))?;
        let this = self.clone();
        let on_message = EventListener::new(&worker, "message", move |event| {
            let json = event
                .dyn_ref::<MessageEvent>()
                .and_then(|event| event.data().as_string());
            if let Some(report) = json.and_then(|json| json::read(&json).ok()) {
                this.report(report);
            }
        });
        let this = self.clone();
        let on_error = EventListener::new(&worker, "error", move |event| {
            let detail = event.dyn_ref::<ErrorEvent>().map(ErrorEvent::message);
            let detail = detail.filter(|detail| !detail.is_empty());
            this.fail(detail.unwrap_or_else(|| "its program could not be loaded".into()));
        });
        let this = self.clone();
        // A program that loads for ever causes no error event.
        let deadline = Timeout::new(START_MS, move || {
            let started = this
                .0
                .running
                .borrow()
                .as_ref()
                .is_none_or(|running| running.started);
            if !started {
                this.fail("it did not start in time".into());
            }
        });
        *self.0.running.borrow_mut() = Some(Running {
            worker,
            started: false,
            _listeners: [on_message, on_error],
            _deadline: deadline,
        });
        Ok(())
    }

    fn report(&self, report: Report) {
        match report {
            Report::Started => self.started(),
            Report::Creating => (self.0.notify)(VaultEvent::Creating),
            Report::Reply { id, outcome } => {
                let open = self.0.pending.borrow_mut().done.remove(&id);
                if let Some(open) = open {
                    (open.done)(outcome);
                }
            }
            Report::Crashed(detail) => self.fail(detail),
        }
    }

    fn started(&self) {
        let unsent = std::mem::take(&mut self.0.pending.borrow_mut().unsent);
        if let Some(running) = &mut *self.0.running.borrow_mut() {
            running.started = true;
            for message in unsent {
                let _ = running.worker.post_message(&message);
            }
        }
    }

    fn fail(&self, detail: String) {
        self.stop(&detail);
        (self.0.notify)(VaultEvent::Stopped(Failure::Stopped(detail)));
    }

    fn stop(&self, detail: &str) {
        let running = self.0.running.borrow_mut().take();
        if let Some(running) = running {
            running.worker.terminate();
            // This may run inside one of the worker's listeners: they are dropped after that has
            // returned.
            Timeout::new(0, move || drop(running)).forget();
        }
        // Taken out first: a callback may make the next call at once.
        let pending = std::mem::take(&mut self.0.pending.borrow_mut().done);
        self.0.pending.borrow_mut().unsent.clear();
        for open in pending.into_values() {
            (open.done)(Err(Failure::Stopped(detail.to_owned())));
        }
    }
}
