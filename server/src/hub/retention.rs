//! What becomes of a room's entries: where they are appended, and who may change that.
//!
//! A room that keeps nothing tells its entries itself, the store those of all others. When a room
//! changes from one to the other its numbers still go up, because every append is queued under the
//! hub's lock, and because each side tells all that it has before the other begins: numbers are
//! [granted](Hub::grant) behind everything that the store has told, and what the room itself has
//! said is told before what the store says next.

use std::future::Future;
use std::time::SystemTime;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use shared::chat::operator::OperatorAnswer;
use shared::chat::{ChatErrorCode, Keep, RoomId, Seq};
use tokio::sync::{mpsc, oneshot};

use super::Hub;
use super::fleeting::{self, BLOCK};
use super::requests::Refused;
use super::session::Session;
use crate::store::{Appended, Change, Commit, Durable, NewEntry, StoreError};
use crate::system;

/// What rooms that keep nothing have said, and the numbers that they have asked for.
#[derive(Debug)]
pub(super) struct Fleeting {
    tell: mpsc::UnboundedSender<Commit>,
    ask: mpsc::UnboundedSender<Asked>,
    listener: tokio::sync::Mutex<Listener>,
}

/// The other end.
#[derive(Debug)]
pub(super) struct Listener {
    /// What is to be told.
    pub(super) told: mpsc::UnboundedReceiver<Commit>,
    pub(super) grants: Grants,
}

/// The rooms that have asked for numbers.
#[derive(Debug)]
pub(super) struct Grants {
    asked: mpsc::UnboundedReceiver<Asked>,
    pending: FuturesUnordered<Granting>,
}

/// A room that has asked for numbers, and what the store says.
struct Asked {
    room: RoomId,
    /// For which beginning of keeping nothing.
    beginning: u64,
    reserved: Durable<Seq>,
}

impl std::fmt::Debug for Asked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Asked")
            .field("room", &self.room)
            .finish_non_exhaustive()
    }
}

/// What the store says to a room that has asked for numbers.
pub(super) type Granted = (RoomId, u64, Result<Seq, StoreError>);

type Granting = std::pin::Pin<Box<dyn Future<Output = Granted> + Send>>;

impl Default for Fleeting {
    fn default() -> Self {
        let (tell, told) = mpsc::unbounded_channel();
        let (ask, asked) = mpsc::unbounded_channel();
        let listener = Listener {
            told,
            grants: Grants {
                asked,
                pending: FuturesUnordered::new(),
            },
        };
        Self {
            tell,
            ask,
            listener: tokio::sync::Mutex::new(listener),
        }
    }
}

impl Fleeting {
    pub(super) async fn listen(&self) -> tokio::sync::MutexGuard<'_, Listener> {
        self.listener.lock().await
    }
}

impl Grants {
    /// Waits for an answer of the store to a room that has asked for numbers.
    ///
    /// Cancel safe.
    pub(super) async fn next(&mut self) -> Granted {
        loop {
            let waiting = !self.pending.is_empty();
            tokio::select! {
                Some(granted) = self.pending.next(), if waiting => return granted,
                Some(asked) = self.asked.recv() => {
                    let Asked { room, beginning, reserved } = asked;
                    self.pending
                        .push(Box::pin(async move { (room, beginning, reserved.await) }));
                }
                // Never: the other end is in the same hub.
                else => std::future::pending().await,
            }
        }
    }
}

impl Hub {
    /// Appends an entry where its room's entries go.
    pub(super) fn append(&self, room: RoomId, entry: NewEntry) -> Durable<Appended> {
        let mut state = self.lock();
        let known = state.rooms.get_mut(&room);
        let Some(known) = known.filter(|known| known.keep == Keep::Nothing) else {
            // Under the lock: a room must not begin to keep nothing in between.
            return self.store.append(room, entry);
        };
        let (reply, appended) = oneshot::channel();
        let now = system::timestamp(SystemTime::now());
        let told = known.fleeting.append(entry, now, reply);
        self.tell_fleeting(&room, told);
        self.provide(&room, &mut known.fleeting);
        Box::pin(async move {
            let ended = |_| Err(StoreError::Failed("nobody answers".into()));
            appended.await.unwrap_or_else(ended)
        })
    }

    /// In the order in which they come, so under the lock.
    fn tell_fleeting(&self, room: &RoomId, entries: impl IntoIterator<Item = shared::chat::Entry>) {
        for entry in entries {
            let room = room.clone();
            // The hub itself listens.
            let _ = self.fleeting.tell.send(Commit { room, entry });
        }
    }

    /// Asks for numbers, if the room needs more.
    fn provide(&self, room: &RoomId, fleeting: &mut fleeting::Fleeting) {
        if let Some(beginning) = fleeting.wants_numbers() {
            let asked = Asked {
                room: room.clone(),
                beginning,
                reserved: self.store.reserve(room.clone(), BLOCK),
            };
            let _ = self.fleeting.ask.send(asked);
        }
    }

    /// A room has got its numbers, or has not.
    pub(super) fn grant(&self, (id, beginning, granted): Granted) {
        let mut state = self.lock();
        let Some(room) = state.rooms.get_mut(&id) else {
            return;
        };
        match granted {
            Ok(last) => {
                let told = room.fleeting.granted(last, beginning, room.head);
                self.tell_fleeting(&id, told);
                if room.keep == Keep::Nothing || room.fleeting.is_waiting() {
                    self.provide(&id, &mut room.fleeting);
                }
            }
            Err(error) => {
                tracing::error!(%error, room = %id, "there are no numbers for what is not kept");
                room.fleeting.denied(&error, beginning);
            }
        }
    }
}

impl Session<'_> {
    /// What a new room is to keep, if this person may choose so.
    pub(super) fn keep_of_new(&self, room: &RoomId, keep: Option<Keep>) -> Result<Keep, Refused> {
        let longest = self.hub.keep;
        let keep = keep.unwrap_or(longest);
        let operator = self.hub.lock().operators.contains(&self.user);
        if operator || keep.is_within(longest) {
            return Ok(keep);
        }
        let message = format!("On this server a room keeps {longest}, or less.");
        Err(Refused::new(ChatErrorCode::Forbidden, message, room))
    }

    /// Changes what becomes of a room's entries; of an operator only.
    pub(super) fn set_keep(&mut self, id: RoomId, keep: Keep) -> Result<(), Refused> {
        let hub = self.hub;
        let mut state = hub.lock();
        let Some(room) = state.rooms.get_mut(&id) else {
            return Err(Refused::no_such_room(&id, &"operator"));
        };
        let before = std::mem::replace(&mut room.keep, keep);
        if before != keep && keep == Keep::Nothing {
            room.fleeting.begin();
            if room.fleeting.is_waiting() {
                hub.provide(&id, &mut room.fleeting);
            }
        }
        let stored = hub.store.change(Change::Kept {
            room: id.clone(),
            keep,
        });
        drop(state);
        self.after(stored, move |session, stored| match stored {
            Ok(()) => {
                session.hub.lock().tell_changed(&id);
                session.answer(OperatorAnswer::Done);
            }
            Err(error) => {
                if let Some(room) = session.hub.lock().rooms.get_mut(&id)
                    && room.keep == keep
                {
                    room.keep = before;
                }
                session.refuse_stored(&error, Some("operator".into()));
            }
        });
        Ok(())
    }
}
