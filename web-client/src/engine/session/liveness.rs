//! Watches whether the server still answers: carries out the rule of [`client::liveness`] with the
//! browser's clock, timers and events.
//!
//! The page needs it because a browser tells a page nothing of a connection that is silent: not of
//! the pings of WebSocket itself, and of a dead network only after minutes.

use std::rc::Rc;

use client::liveness::{Due, Life, PING};
use gloo_events::EventListener;
use gloo_timers::callback::Timeout;

use super::{Session, clock};
use crate::state::SessionEvent;
use crate::state::ending::Ending;

/// The watch over a server; dropping it removes its timer and its listeners.
pub(super) struct Watch {
    life: Life,
    /// The wall clock when the server was heard last, in milliseconds since 1970, for people.
    heard_at: u64,
    timer: Option<Timeout>,
    _listeners: Vec<EventListener>,
}

impl Session {
    /// Begins to watch the server. Before the handshake is done the protocol has deadlines of its
    /// own.
    pub(super) fn watch(&self) {
        let listeners = self.listeners();
        self.0.borrow_mut().watch = Some(Watch {
            life: Life::start(clock::now(), clock::epoch_ms()),
            heard_at: clock::epoch_ms(),
            timer: None,
            _listeners: listeners,
        });
        self.arm_watch();
    }

    /// Returns the listeners for what suggests that the connection may be dead by now: the person
    /// comes back to the page, or the device to a network.
    fn listeners(&self) -> Vec<EventListener> {
        let Some(window) = web_sys::window() else {
            return Vec::new();
        };
        let weak = Rc::downgrade(&self.0);
        let online = EventListener::new(&window, "online", move |_| {
            Self::with(&weak, Self::ask);
        });
        let Some(document) = window.document() else {
            return vec![online];
        };
        let weak = Rc::downgrade(&self.0);
        let shown = document.clone();
        let visible = EventListener::new(&document, "visibilitychange", move |_| {
            if !shown.hidden() {
                Self::with(&weak, Self::ask);
            }
        });
        vec![online, visible]
    }

    /// Records that bytes came from the server.
    pub(super) fn heard(&self) {
        let doubted = self.0.borrow_mut().watch.as_mut().is_some_and(|watch| {
            watch.heard_at = clock::epoch_ms();
            watch.life.heard(clock::now())
        });
        if doubted {
            self.notify(SessionEvent::Answered);
        }
    }

    fn ask(&self) {
        let due = {
            let mut inner = self.0.borrow_mut();
            let Some(watch) = &mut inner.watch else {
                return;
            };
            watch.life.ask(clock::now())
        };
        self.carry_out(due);
    }

    fn arm_watch(&self) {
        let weak = Rc::downgrade(&self.0);
        if let Some(watch) = &mut self.0.borrow_mut().watch {
            let wait = watch.life.deadline().saturating_since(clock::now());
            // One millisecond more, because the browser's timers may fire a moment early.
            let wait = u32::try_from(wait.as_millis()).unwrap_or(u32::MAX);
            let wait = wait.saturating_add(1);
            watch.timer = Some(Timeout::new(wait, move || Self::with(&weak, Self::check)));
        }
    }

    fn check(&self) {
        let due = {
            let mut inner = self.0.borrow_mut();
            let Some(watch) = &mut inner.watch else {
                return;
            };
            watch.life.check(clock::now(), clock::epoch_ms())
        };
        self.carry_out(due);
    }

    fn carry_out(&self, due: Due) {
        match due {
            Due::Nothing => {}
            Due::Probe => {
                // Whatever keeps it from being sent is noticed by the missing answer.
                self.send(PING);
            }
            Due::Doubt => {
                let since = self.0.borrow().watch.as_ref().map(|watch| watch.heard_at);
                if let Some(since) = since {
                    self.notify(SessionEvent::Silent { since });
                }
            }
            Due::End => {
                let offline = self.0.borrow().is_offline();
                return self.end(if offline {
                    Ending::NoNetwork
                } else {
                    Ending::TimedOut
                });
            }
        }
        self.arm_watch();
    }
}
