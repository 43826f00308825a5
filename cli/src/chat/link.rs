//! Keeps a session with the server: connects, and reconnects as long as that can help. Knows no
//! screen and no chat.

use std::sync::Arc;
use std::time::Duration;

use client::backoff;
use shared::connection::{CloseReason, Event, Plaintext, SessionId, Version};
use shared::error::ErrorCode;
use shared::identity::{Fingerprint, PrivateKey};
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

use crate::advice;
use crate::contact::{self, Contact, Unattended};
use crate::exit::{Code, Failure};
use crate::known_servers::KnownServers;
use crate::session::{self, Ending, Happening, Outcome, Outgoing, Wiring};
use crate::wish::Wish;

/// The most messages that wait to be sealed, and the most events that wait to be shown.
pub(crate) const CHANNEL_PLACES: usize = 256;

/// The time that the goodbye to a server may take before the next connection that the person asked
/// for.
const GOODBYE: Duration = Duration::from_millis(200);

/// An event of the link.
#[derive(Debug)]
pub(crate) enum News {
    /// An attempt begins.
    Connecting,
    /// A session is established.
    Up(Session),
    /// The server sent a plaintext.
    Heard(Plaintext),
    /// A problem that does not end the session, as a sentence.
    Trouble(String),
    /// The session is over, or an attempt failed.
    Down {
        /// The reason, in one sentence.
        why: String,
        /// The time of the next attempt.
        retry_at: Instant,
    },
    /// No further attempt helps, for this reason.
    Stopped(Failure),
}

/// An established session.
#[derive(Debug)]
pub(crate) struct Session {
    /// Takes the messages to send.
    pub(crate) outgoing: mpsc::Sender<Outgoing>,
    /// The version that is spoken.
    pub(crate) version: Version,
    /// The server's key.
    pub(crate) server: Fingerprint,
    /// The session's id, which both sides can compare in v2.
    pub(crate) id: Option<SessionId>,
}

/// A link to a server, which reconnects as long as that can help.
pub(crate) struct Link {
    /// The server, and the way to connect to it.
    pub(crate) wish: Wish,
    /// The pins of the servers that are trusted.
    pub(crate) known: KnownServers,
    /// The person's own key.
    pub(crate) key: PrivateKey,
    /// Takes the link's events.
    pub(crate) news: mpsc::Sender<News>,
    /// Begins the next attempt now, also in the middle of a session.
    pub(crate) retry: Arc<Notify>,
    /// Ends the session, and the link.
    pub(crate) leave: Arc<Notify>,
}

impl Link {
    /// Keeps the link until it is told to leave. `first` is a server that was reached already.
    pub(crate) async fn keep(self, first: Contact) {
        let mut first = Some(first);
        let mut failures = 0;
        loop {
            self.tell(News::Connecting).await;
            let contact = if let Some(contact) = first.take() {
                Ok(contact)
            } else {
                tokio::select! {
                    contact = self.dial() => contact,
                    // An attempt that hangs, in a network that is gone, is begun anew.
                    () = self.retry.notified() => continue,
                    () = self.leave.notified() => return,
                }
            };
            let (failure, again) = match contact {
                Ok(contact) => {
                    let Some(outcome) = self.session(contact).await else {
                        self.tell(News::Down {
                            why: "connecting again, as you asked".to_owned(),
                            retry_at: Instant::now(),
                        })
                        .await;
                        continue;
                    };
                    if matches!(outcome.ending, Ending::Interrupted) {
                        return;
                    }
                    // Only a session that was established resets the count: otherwise a server that
                    // accepts connections and refuses sessions would be tried at the shortest
                    // interval for ever.
                    if outcome.established {
                        failures = 0;
                    }
                    (self.sentence(&outcome), may_help(&outcome.ending))
                }
                Err(failure) => {
                    // A failure of trust is not tried again: another attempt would meet the same
                    // key, and the person has to decide.
                    let again = failure.code == Code::CannotConnect;
                    (failure, again)
                }
            };
            if !again {
                self.tell(News::Stopped(failure)).await;
                // The link idles, but the person may still read.
                tokio::select! {
                    () = self.retry.notified() => continue,
                    () = self.leave.notified() => return,
                }
            }
            failures += 1;
            let delay = backoff::delay_ms(failures, jitter());
            let retry_at = Instant::now() + Duration::from_millis(delay);
            let why = failure.text.lines().next().unwrap_or_default().to_owned();
            self.tell(News::Down { why, retry_at }).await;
            tokio::select! {
                () = tokio::time::sleep_until(retry_at) => {}
                () = self.retry.notified() => {}
                () = self.leave.notified() => return,
            }
        }
    }

    async fn dial(&self) -> Result<Contact, Failure> {
        // No person is asked in the middle of a chat: only a server that was trusted before is
        // connected to.
        let mut nobody = Unattended { accept_new: false };
        contact::make(self.wish.clone(), &self.known, &self.key, &mut nobody).await
    }

    /// Runs a session to its end; `None` if the person asked for another connection instead.
    async fn session(&self, contact: Contact) -> Option<Outcome> {
        let interrupt = Arc::new(Notify::new());
        let mut witness = contact.witness(&self.known);
        let (sender, outgoing) = mpsc::channel(CHANNEL_PLACES);
        let (happenings, mut happened) = mpsc::channel(CHANNEL_PLACES);
        let wiring = Wiring {
            outgoing,
            happenings,
            interrupt: Arc::clone(&interrupt),
            chat: session::Chat::Json,
        };
        let mut sender = Some(sender);
        let showing = async {
            while let Some(happening) = happened.recv().await {
                let event = match happening {
                    Happening::Event(event) => event,
                    Happening::Probed => continue,
                    Happening::CaptureEnded(reason) => {
                        self.tell(News::Trouble(reason)).await;
                        continue;
                    }
                    Happening::NotSent(bytes, error) => {
                        let text = format!("a message of {bytes} bytes was not sent: {error}");
                        self.tell(News::Trouble(text)).await;
                        continue;
                    }
                };
                if let Err(error) = witness.see(&event) {
                    let text = format!("the pin was not updated: {error}");
                    self.tell(News::Trouble(text)).await;
                }
                match event {
                    Event::Message(message) => self.tell(News::Heard(message)).await,
                    Event::Established {
                        version,
                        peer,
                        session_id,
                    } => {
                        if let Some(outgoing) = sender.take() {
                            let session = Session {
                                outgoing,
                                version,
                                server: peer.fingerprint(),
                                id: session_id,
                            };
                            self.tell(News::Up(session)).await;
                        }
                    }
                    _ => {}
                }
            }
        };
        // The session drops its end of the channel when it is over, so both futures end together.
        let mut both = std::pin::pin!(async {
            let (outcome, ()) = tokio::join!(contact.run(&self.key, wiring), showing);
            outcome
        });
        tokio::select! {
            outcome = &mut both => return Some(outcome),
            () = self.retry.notified() => {}
            () = self.leave.notified() => {
                interrupt.notify_one();
                return Some(both.await);
            }
        }
        interrupt.notify_one();
        // The connection may be dead: a goodbye that does not get through is not waited for.
        let _ = tokio::time::timeout(GOODBYE, both).await;
        None
    }

    fn sentence(&self, outcome: &Outcome) -> Failure {
        let pins = self.known.load().unwrap_or_default();
        let pin = pins.get(&self.wish.address.to_string());
        match advice::of_outcome(&self.wish, pin, outcome) {
            Err(failure) => failure,
            Ok(()) => Failure::new(Code::Lost, "the server ended the session"),
        }
    }

    async fn tell(&self, news: News) {
        // The receiver is gone only when the program ends.
        let _ = self.news.send(news).await;
    }
}

/// Returns `true` if the next attempt can go better than the one that ended like this.
fn may_help(ending: &Ending) -> bool {
    match ending {
        // A network can recover, and a full or stopping server gets room or comes back. Everything
        // else (a changed key, a ban, another protocol) ends the next attempt in the same way.
        Ending::Stream(_)
        | Ending::Silent
        | Ending::Protocol(CloseReason::PeerClosed | CloseReason::Truncated) => true,
        Ending::Protocol(CloseReason::Reported { code, .. }) => matches!(
            code,
            ErrorCode::Timeout
                | ErrorCode::ServerStopping
                | ErrorCode::TooManyConnections
                | ErrorCode::SlowConsumer
        ),
        Ending::Protocol(_)
        | Ending::WebServer
        | Ending::Tls
        | Ending::Unwatched
        | Ending::Interrupted => false,
    }
}

/// Returns a number in 0..1. Without randomness all clients wait the same time, which harms nobody
/// here.
fn jitter() -> f64 {
    let mut bytes = [0; 2];
    let random = native::random().fill(&mut bytes);
    random.map_or(0.5, |()| f64::from(u16::from_be_bytes(bytes)) / 65_536.0)
}
