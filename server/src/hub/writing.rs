//! What somebody writes into a room: messages, and what is done to messages that are there. Looks
//! whether they may, appends, and acks.

use shared::chat::{
    ChatErrorCode, Emoji, Entry, Event, Keep, MessageId, RoomId, Seq, ServerMessage, Text, UserId,
};

use super::requests::Refused;
use super::session::Session;
use crate::store::{Appended, NewEntry, StoreError};

/// What somebody wants to do to an entry that is there.
pub(super) enum Upon {
    Edit(Text),
    Delete,
    React(Emoji, bool),
}

/// A message to which something is to be done.
struct Target {
    writer: UserId,
    deleted: bool,
}

impl Target {
    /// Nothing, if the entry is no message.
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

impl Session<'_> {
    pub(super) fn send(
        &mut self,
        room: RoomId,
        id: MessageId,
        text: Text,
        reply_to: Option<Seq>,
    ) -> Result<(), Refused> {
        let head = self.joined(&room, &id)?;
        self.fits(&text, id)?;
        if reply_to.is_some_and(|seq| seq == 0 || seq > head) {
            let message = "There is no such message to answer.";
            return Err(Refused::new(ChatErrorCode::NoSuchEntry, message, &id));
        }
        let event = Event::Message {
            text: Some(text),
            reply_to,
        };
        self.append(room, id, event);
        Ok(())
    }

    fn fits(&self, text: &Text, id: MessageId) -> Result<(), Refused> {
        let (bytes, limit) = (text.as_str().len(), self.hub.text_bytes);
        if bytes <= limit {
            return Ok(());
        }
        let message = format!("A message has at most {limit} bytes; this has {bytes}.");
        Err(Refused::new(ChatErrorCode::Malformed, message, &id))
    }

    fn append(&mut self, room: RoomId, id: MessageId, event: Event) {
        let entry = self.new_entry(id, event);
        let stored = self.hub.append(room.clone(), entry);
        self.after(stored, move |session, stored| {
            session.appended(room, id, stored);
        });
    }

    fn new_entry(&self, id: MessageId, event: Event) -> NewEntry {
        NewEntry {
            id,
            from: self.user,
            name: self.hub.lock().name_of(self.user),
            event,
        }
    }

    fn appended(&mut self, room: RoomId, id: MessageId, stored: Result<Appended, StoreError>) {
        match stored {
            Ok(Appended { seq, at, .. }) => self.reply(&ServerMessage::Ack { id, room, seq, at }),
            Err(error) => self.refuse_stored(&error, Some(id.to_string())),
        }
    }

    /// Changes, deletes or reacts to an entry, which is looked at first.
    pub(super) fn upon(
        &mut self,
        room: RoomId,
        id: MessageId,
        of: Seq,
        what: Upon,
    ) -> Result<(), Refused> {
        let head = self.joined(&room, &id)?;
        if let Upon::Edit(text) = &what {
            self.fits(text, id)?;
        }
        if let Upon::React(emoji, _) = &what
            && !emoji.is_one()
        {
            let message = "A reaction is one emoji.";
            return Err(Refused::new(ChatErrorCode::Malformed, message, &id));
        }
        if of == 0 || of > head {
            return Err(no_such_message(id));
        }
        let hub = self.hub;
        let state = hub.lock();
        let fleeting = state.rooms.get(&room);
        if let Some(known) = fleeting.filter(|known| known.keep == Keep::Nothing) {
            let target = known.fleeting.writer(of).map(|writer| Target {
                writer,
                deleted: false,
            });
            drop(state);
            let event = self.judge(target, of, what, id)?;
            self.append(room, id, event);
            return Ok(());
        }
        drop(state);
        let found = self.hub.store.entry(room.clone(), of);
        self.after(found, move |session, found| {
            let event = match found {
                Ok(entry) => session.judge(entry.and_then(Target::of), of, what, id),
                Err(error) => return session.refuse_stored(&error, Some(id.to_string())),
            };
            match event {
                Ok(event) => session.append(room, id, event),
                Err(refused) => session.refuse_with(refused),
            }
        });
        Ok(())
    }

    /// Whether this person may do that to this entry.
    fn judge(
        &self,
        target: Option<Target>,
        of: Seq,
        what: Upon,
        id: MessageId,
    ) -> Result<Event, Refused> {
        let target = target.ok_or_else(|| no_such_message(id))?;
        let own = target.writer == self.user;
        let operator = self.hub.lock().operators.contains(&self.user);
        match what {
            Upon::Delete if own || operator => Ok(Event::Deleted { of }),
            // What is done to it again with the same id is known to the store, and answered there.
            Upon::Edit(_) | Upon::React(..) if target.deleted => Err(no_such_message(id)),
            Upon::Edit(text) if own => Ok(Event::Edited {
                of,
                text: Some(text),
            }),
            Upon::React(emoji, on) => Ok(Event::Reacted { of, emoji, on }),
            Upon::Edit(_) | Upon::Delete => {
                let message = "This message is not yours.";
                Err(Refused::new(ChatErrorCode::Forbidden, message, &id))
            }
        }
    }
}

fn no_such_message(id: MessageId) -> Refused {
    let message = "There is no such message.";
    Refused::new(ChatErrorCode::NoSuchEntry, message, &id)
}
