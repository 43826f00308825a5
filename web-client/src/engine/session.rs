//! One attempt to connect and the session that it leads to: carries bytes between the socket and
//! `shared`, takes key operations to the vault, and reports events as [`SessionEvent`]s.
//!
//! It decides nothing: the reducer knows what an ending means for the next attempt.

mod closing;
mod liveness;

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use gloo_timers::callback::Timeout;
use shared::connection::{
    ClientConfig, ClientConnection, Event, Observe, PrivateKeyRequest, PrivateKeyResponse,
    SendError, Trust, Verdict, Version,
};
use shared::identity::PublicKey;
use shared::random::{Random, RandomUnavailable};
use zeroize::Zeroizing;

use self::liveness::Watch;
use super::clock;
use super::socket::{Encoding, Socket, SocketEvent};
use super::worker_client::WorkerClient;
use crate::state::SessionEvent;
use crate::state::connection::Target;
use crate::state::ending::Ending;
use crate::state::frame::Frame;
use crate::state::handshake_report::ServerKey;
use crate::state::inspection::Inspection;
use crate::vault::messages::{Answer, Call, Failure, Profile};

/// The parts of the page that a session uses.
pub(super) struct Surroundings {
    /// The vault, which performs the operations with the private key.
    pub vault: WorkerClient,
    /// Takes the session's frames.
    pub inspection: Inspection,
    /// Takes the session's events.
    pub notify: Box<dyn Fn(SessionEvent)>,
    /// Returns `true` if the browser has reported that the page's policy blocked a connection.
    pub was_blocked: Box<dyn Fn() -> bool>,
}

/// The outcome of sending a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendOutcome {
    /// The socket has taken the text.
    Sent,
    /// There is no session for the text at present.
    NotNow,
    /// The text cannot be sent at all, for this reason.
    Refused(String),
}

/// A session; dropping the last clone closes its socket without a close of the protocol.
#[derive(Clone)]
pub(super) struct Session(Rc<RefCell<Inner>>);

struct Inner {
    surroundings: Rc<Surroundings>,
    target: Target,
    fingerprint: String,
    connection: ClientConnection,
    socket: Option<Socket>,
    timer: Option<Timeout>,
    /// The watch over the server, once the session is established.
    watch: Option<Watch>,
    phase: Phase,
    /// The reason for which the person's key could not be used.
    key_failure: Option<Failure>,
}

/// The progress of the socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The socket is being opened.
    Opening,
    /// The socket did not open, and the reason is being looked for.
    Unreachable,
    /// The socket is or was open.
    Open,
    /// The ending was reported; nothing is reported after it.
    Ended,
}

impl Session {
    /// Begins to connect.
    pub(super) fn open(
        target: &Target,
        trust: Trust,
        profile: &Profile,
        surroundings: Surroundings,
    ) -> Option<Self> {
        let now = clock::now();
        let surroundings = Rc::new(surroundings);
        let version = target.version;
        let mut ring = surroundings.inspection.0.borrow_mut();
        ring.begin(now.as_micros(), version);
        let observe = if ring.with_secrets {
            Observe::WithSecrets
        } else {
            Observe::Frames
        };
        drop(ring);
        (surroundings.notify)(SessionEvent::Began {
            now: now.as_micros(),
            version,
        });
        let Ok(identity) = PublicKey::from_pem(&profile.public_pem) else {
            // The vault has read this key from the store, so it is the store that is damaged.
            let failure = Failure::StoredKeyUnreadable.to_string();
            (surroundings.notify)(ended(Ending::KeyFailed(failure)));
            return None;
        };
        let config = ClientConfig {
            observe,
            ..ClientConfig::new(identity, version, trust)
        };
        let random = Random::new(|bytes| getrandom::fill(bytes).map_err(|_| RandomUnavailable));
        let session = Self(Rc::new(RefCell::new(Inner {
            surroundings,
            fingerprint: profile.fingerprint.clone(),
            connection: ClientConnection::new(config, random, now),
            socket: None,
            timer: None,
            watch: None,
            phase: Phase::Opening,
            key_failure: None,
            target: target.clone(),
        })));
        session.open_socket();
        // The time of the handshake runs from here, so that a server whose socket does not even
        // open is given up as well: browsers wait for minutes.
        session.arm_timer();
        Some(session)
    }

    fn open_socket(&self) {
        let weak = Rc::downgrade(&self.0);
        let (url, encoding) = {
            let target = &self.0.borrow().target;
            let encoding = match target.version {
                // Text shows the frames readable in the developer tools; v2's bytes are no text.
                Version::V1 => Encoding::Text,
                Version::V2 => Encoding::Binary,
            };
            (target.server.tunnel(target.version), encoding)
        };
        match Socket::open(&url, encoding, move |event| {
            Self::with(&weak, |this| this.socket(event));
        }) {
            Ok(socket) => self.0.borrow_mut().socket = Some(socket),
            Err(_) => self.unreachable(),
        }
    }

    /// Seals `text` and hands it to the socket.
    pub(super) fn send(&self, text: &str) -> SendOutcome {
        let sent = self
            .0
            .borrow_mut()
            .connection
            .send(text.as_bytes(), clock::now());
        match sent {
            Ok(()) => {}
            Err(SendError::TooLarge { .. }) => {
                return SendOutcome::Refused("This message is too long.".to_owned());
            }
            Err(_) => return SendOutcome::NotNow,
        }
        self.pump();
        SendOutcome::Sent
    }

    fn with(weak: &Weak<RefCell<Inner>>, then: impl FnOnce(&Self)) {
        // A late callback of the browser finds nothing once the session is dropped.
        if let Some(inner) = weak.upgrade() {
            then(&Self(inner));
        }
    }

    fn notify(&self, event: SessionEvent) {
        // No borrow may be open here: the reducer can call back into this session at once.
        let surroundings = self.0.borrow().surroundings.clone();
        (surroundings.notify)(event);
    }

    fn socket(&self, event: SocketEvent) {
        let now = clock::now();
        match event {
            SocketEvent::Opened => {
                self.0.borrow_mut().phase = Phase::Open;
                self.notify(SessionEvent::Opened(now.as_micros()));
                self.pump();
            }
            SocketEvent::Bytes(bytes) => {
                self.heard();
                self.0.borrow_mut().connection.handle_bytes(&bytes, now);
                self.pump();
            }
            SocketEvent::Closed { code, reason } => {
                // The bytes before the close may hold an error frame, which says more than the
                // close code.
                let opened = self.0.borrow().phase == Phase::Open;
                // 1005 and 1006 come from the browser itself: a close without a code, and a
                // connection that was lost (RFC 6455 §7.4.1). For the protocol all three are just
                // the end of the stream.
                if opened && matches!(code, 1000 | 1005 | 1006) {
                    self.0.borrow_mut().connection.handle_eof();
                    self.pump();
                } else if opened {
                    self.end(Ending::ClosedByTunnel { code, reason });
                } else {
                    self.unreachable();
                }
            }
            SocketEvent::Failed => self.unreachable(),
        }
    }

    /// Announces the end to the server, and ends the session. Nothing more is reported to the page.
    pub(super) fn leave(&self) {
        self.0.borrow_mut().end();
    }

    /// Announces the end to the server, and waits for its close: the page may be about to go, or it
    /// may come back.
    pub(super) fn say_goodbye(&self) {
        self.0.borrow_mut().connection.finish(clock::now());
        self.pump();
    }

    /// Carries out everything that the connection asks for.
    fn pump(&self) {
        let events = self.0.borrow_mut().drain();
        for event in events {
            self.event(event);
        }
        self.arm_timer();
    }

    fn event(&self, event: Event) {
        match event {
            Event::ServerKey { key, proven } => self.notify(SessionEvent::ServerKey(ServerKey {
                fingerprint: key.fingerprint(),
                bits: key.bits(),
                proven,
            })),
            Event::Established { session_id, .. } => {
                self.watch();
                self.notify(SessionEvent::Established {
                    session_id: session_id.map(|id| id.to_string()),
                });
            }
            Event::Rekeyed(direction) => self.notify(SessionEvent::Rekeyed(direction)),
            Event::PrivateKey(request) => self.ask_vault(request),
            Event::Message(plaintext) => {
                let text = String::from_utf8_lossy(&plaintext).into_owned();
                self.notify(SessionEvent::Text {
                    text,
                    at: clock::epoch_ms(),
                });
            }
            Event::Frame(seen) => {
                let at = seen.at.as_micros();
                let accepted = seen.verdict == Verdict::Accepted;
                let frame = Frame::new(seen.direction, seen.kind, &seen.wire, at);
                let inspection = self.0.borrow().surroundings.inspection.clone();
                inspection.0.borrow_mut().push(*seen);
                // A frame that was refused completes no step; the end of the session follows it.
                if accepted {
                    self.notify(SessionEvent::Frame(frame));
                }
            }
            Event::Closed(reason) => self.closed(reason),
            // Events of a later version of the protocol.
            _ => {}
        }
    }

    fn ask_vault(&self, request: PrivateKeyRequest) {
        // The worker answers later: RSA takes 25 to 40 ms in wasm, too long for the page's own
        // thread.
        self.notify(SessionEvent::SignAsked(clock::now().as_micros()));
        let (vault, fingerprint) = {
            let inner = self.0.borrow();
            (inner.surroundings.vault.clone(), inner.fingerprint.clone())
        };
        let call = match &request {
            PrivateKeyRequest::Sign { message } => Call::Sign {
                fingerprint,
                message: BASE64_STANDARD.encode(message),
            },
            PrivateKeyRequest::Decrypt { ciphertext } => Call::Decrypt {
                fingerprint,
                ciphertext: BASE64_STANDARD.encode(ciphertext),
            },
        };
        let weak = Rc::downgrade(&self.0);
        // The worker may answer after the session was dropped.
        vault.call(call, None, move |outcome| {
            Self::with(&weak, |this| this.vault_answered(&request, outcome));
        });
    }

    fn vault_answered(&self, request: &PrivateKeyRequest, outcome: Result<Answer, Failure>) {
        let now = clock::now();
        let answer = outcome.and_then(|answer| match answer {
            Answer::Bytes { bytes, micros } => {
                // JSON has no bytes.
                let bytes = BASE64_STANDARD
                    .decode(bytes)
                    .map_err(|_| Failure::Operation)?;
                Ok((bytes, micros))
            }
            _ => Err(Failure::Operation),
        });
        let response = match answer {
            Ok((bytes, took)) => {
                self.notify(SessionEvent::Signed {
                    now: now.as_micros(),
                    took,
                });
                match request {
                    PrivateKeyRequest::Sign { .. } => PrivateKeyResponse::Signed(Ok(bytes)),
                    PrivateKeyRequest::Decrypt { .. } => {
                        PrivateKeyResponse::Decrypted(Ok(Zeroizing::new(bytes)))
                    }
                }
            }
            Err(failure) => {
                self.0.borrow_mut().key_failure = Some(failure);
                request.refuse()
            }
        };
        self.0
            .borrow_mut()
            .connection
            .handle_private_key(response, now);
        self.pump();
    }

    fn arm_timer(&self) {
        let mut inner = self.0.borrow_mut();
        inner.timer = inner
            .connection
            .poll_timeout()
            .filter(|_| inner.phase != Phase::Ended)
            .map(|at| {
                let wait = at.saturating_since(clock::now()).as_millis();
                let weak = Rc::downgrade(&self.0);
                // One millisecond more, because the browser's timers may fire a moment early.
                Timeout::new(
                    u32::try_from(wait).unwrap_or(u32::MAX).saturating_add(1),
                    move || {
                        Self::with(&weak, |this| {
                            this.0.borrow_mut().connection.handle_timeout(clock::now());
                            this.pump();
                        });
                    },
                )
            });
    }

    fn end(&self, ending: Ending) {
        if self.0.borrow_mut().end() {
            self.notify(ended(ending));
        }
    }
}

impl Inner {
    /// Writes the connection's bytes; returns its events.
    fn drain(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        loop {
            let before = events.len();
            events.extend(std::iter::from_fn(|| self.connection.poll_event()));
            // A client of v2 has its first bytes ready before the socket takes any.
            let wrote = self.phase == Phase::Open && self.write();
            // Written bytes may lead to events, too.
            if events.len() == before && !wrote {
                return events;
            }
        }
    }

    fn write(&mut self) -> bool {
        let Some(bytes) = self.connection.poll_transmit() else {
            return false;
        };
        // A socket that closes meanwhile reports that by its close event.
        if let Some(socket) = &self.socket {
            let _ = socket.send(&bytes);
        }
        true
    }

    /// Ends the session, and announces that to the server; `false` if it has ended before.
    fn end(&mut self) -> bool {
        if self.phase == Phase::Ended {
            return false;
        }
        self.connection.finish(clock::now());
        // Before the phase changes, because only an open socket is written to.
        self.drain();
        self.phase = Phase::Ended;
        self.timer = None;
        // This may run inside one of these listeners: they are dropped after that has returned.
        let ended = (self.socket.take(), self.watch.take());
        Timeout::new(0, move || drop(ended)).forget();
        true
    }
}

fn ended(ending: Ending) -> SessionEvent {
    SessionEvent::Ended {
        ending,
        at: clock::epoch_ms(),
        jitter: clock::jitter(),
    }
}
