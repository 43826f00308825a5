//! Writing into rooms: messages, and amendments to earlier messages.

use std::sync::Arc;

use shared::chat::{
    ChatErrorCode, Emoji, Entry, Event, Keep, MessageId, RoomId, Seq, ServerMessage, Text, UserId,
};

use super::{Effect, Rejection};
use crate::hub::authorize::{Action, authorize};
use crate::hub::requester::Requester;
use crate::hub::room::Room;
use crate::store::{Appended, Change, Durable, NewEntry};

/// A change of an earlier message.
pub(super) enum Amendment {
    Edit(Text),
    Delete,
    React(Emoji, bool),
}

/// The message that an amendment refers to.
struct Target {
    writer: UserId,
    deleted: bool,
}

impl Target {
    /// Returns `None` if the entry is not a message.
    fn of(entry: Entry) -> Option<Self> {
        let Event::Message { text, .. } = entry.event else {
            return None;
        };
        Some(Self {
            writer: entry.from.id,
            deleted: text.is_none(),
        })
    }
}

/// Appends a message, and acknowledges it when it is durable and broadcast.
pub(super) async fn send(
    from: Arc<Requester>,
    room: RoomId,
    id: MessageId,
    text: Text,
    reply_to: Option<Seq>,
) -> Result<Effect, Rejection> {
    fits(&from, &text)?;
    let turn = from.writing.lock().await;
    let stored = {
        let known = from.hub.room(&room)?;
        let mut known = known.lock();
        // One lock from the decision to the queueing: the room that was judged does not change in
        // between.
        authorize(&from, &known, Action::Take)?;
        // The head is the last entry that was broadcast; no client can have seen a later one.
        if reply_to.is_some_and(|seq| seq == 0 || seq > known.head) {
            let message = "There is no such message to answer.";
            return Err(Rejection::new(ChatErrorCode::NoSuchEntry, message));
        }
        bring_back(&from, &known);
        let event = Event::Message {
            text: Some(text),
            reply_to,
        };
        append(&from, &mut known, id, event)?
    };
    drop(turn);
    acknowledge(&from, room, id, stored).await
}

/// Adds the other person of a room of two again, if they have left it: a message must reach
/// somebody.
fn bring_back(from: &Requester, room: &Room) {
    if let Some(other) = room.other(from.user())
        && room.is_direct()
        && !room.has(other)
    {
        // Queued before the message, and so durable before it; the message's answer tells a
        // failure.
        drop(from.hub.store.change(Change::Joined {
            room: room.id.clone(),
            user: other,
            by: Some(from.user()),
        }));
    }
}

fn fits(from: &Requester, text: &Text) -> Result<(), Rejection> {
    let (bytes, limit) = (text.as_str().len(), from.hub.settings().text_bytes);
    if bytes <= limit {
        return Ok(());
    }
    let message = format!("A message has at most {limit} bytes; this has {bytes}.");
    Err(Rejection::new(ChatErrorCode::Malformed, message))
}

/// Queues an entry.
///
/// # Errors
/// A [`Rejection`] while the person is being banned: nothing of theirs may come behind the ban's
/// answer, also of requests that began before it.
fn append(
    from: &Requester,
    room: &mut Room,
    id: MessageId,
    event: Event,
) -> Result<Durable<Appended>, Rejection> {
    if from.hold.is_set() {
        return Err(Rejection::forbidden(
            "An operator has ended this connection.",
        ));
    }
    let entry = NewEntry {
        id,
        from: from.user(),
        // Stored with the entry: a later name does not change who wrote it then.
        name: from.person.name(),
        event,
    };
    Ok(from.hub.append(room, entry))
}

async fn acknowledge(
    from: &Requester,
    room: RoomId,
    id: MessageId,
    stored: Durable<Appended>,
) -> Result<Effect, Rejection> {
    let Appended { seq, at, .. } = stored.await?;
    from.reply(&ServerMessage::Ack { id, room, seq, at });
    Ok(Effect::None)
}

/// Edits, deletes or reacts to a message, which is looked at first.
pub(super) async fn amend(
    from: Arc<Requester>,
    room: RoomId,
    id: MessageId,
    of: Seq,
    what: Amendment,
) -> Result<Effect, Rejection> {
    match &what {
        Amendment::Edit(text) => fits(&from, text)?,
        Amendment::React(emoji, _) if !emoji.is_one() => {
            let message = "A reaction is one emoji.";
            return Err(Rejection::new(ChatErrorCode::Malformed, message));
        }
        _ => {}
    }
    let turn = from.writing.lock().await;
    let known = from.hub.room(&room)?;
    let stored = {
        let mut known = known.lock();
        let action = match &what {
            // Whose message it is, only the store knows; this is what every member may do.
            Amendment::Delete => Action::DeleteMessage(from.user()),
            _ => Action::Take,
        };
        authorize(&from, &known, action)?;
        // An ack comes when its entry is applied. Before that, 12 to 113 of 500 reactions to a
        // message just acknowledged were refused here.
        if of == 0 || of > known.head {
            return Err(Rejection::no_such_message());
        }
        if known.keep == Keep::Nothing {
            let target = known.unstored.writer(of).map(|writer| Target {
                writer,
                deleted: false,
            });
            let event = decide(&from, &known, target, of, what)?;
            Ok(append(&from, &mut known, id, event)?)
        } else {
            Err(what)
        }
    };
    let stored = match stored {
        Ok(stored) => stored,
        Err(what) => {
            // No lock is held while the store reads, so `decide` judges everything again: the
            // member may have been removed meanwhile.
            let target = from
                .hub
                .read(&known, |store, id| store.entry(id, of))
                .await?;
            let mut known = known.lock();
            let event = decide(&from, &known, target.and_then(Target::of), of, what)?;
            append(&from, &mut known, id, event)?
        }
    };
    drop(turn);
    acknowledge(&from, room, id, stored).await
}

/// Decides whether somebody may amend a message, and returns the event that does it.
fn decide(
    from: &Requester,
    room: &Room,
    target: Option<Target>,
    of: Seq,
    what: Amendment,
) -> Result<Event, Rejection> {
    let target = target.ok_or_else(Rejection::no_such_message)?;
    match what {
        Amendment::Delete => {
            authorize(from, room, Action::DeleteMessage(target.writer))?;
            Ok(Event::Deleted { of })
        }
        // The same id again is known to the store, and answered there.
        Amendment::Edit(_) | Amendment::React(..) if target.deleted => {
            Err(Rejection::no_such_message())
        }
        Amendment::Edit(text) => {
            authorize(from, room, Action::EditMessage(target.writer))?;
            let text = Some(text);
            Ok(Event::Edited { of, text })
        }
        Amendment::React(emoji, on) => {
            authorize(from, room, Action::Take)?;
            Ok(Event::Reacted { of, emoji, on })
        }
    }
}

/// Bytes of a text that cost as much as another message: 600 messages a minute of 16 KiB would
/// otherwise fill a disk.
const BYTES_PER_TOKEN: usize = 2 * 1024;

/// Returns the price of writing so many bytes into a room.
pub(in crate::hub) fn send_tokens(bytes: usize) -> u32 {
    u32::try_from(1 + bytes / BYTES_PER_TOKEN).unwrap_or(u32::MAX)
}
