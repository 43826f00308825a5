//! The unread messages of a room: how many there are, where they begin, and which are mentions.

use std::rc::Rc;

use shared::chat::{Author, Seq, UserId};

use super::Room;
use crate::log::Message;
use crate::mention;

impl Room {
    /// Returns the later of this client's read marker and the server's. A marker behind the head is of
    /// a log that is no more, because the server was set back or the room made anew.
    pub(crate) fn later_marker(&self, read: Seq) -> Seq {
        if self.read > self.head {
            read
        } else {
            self.read.max(read)
        }
    }

    /// Sets the read marker back, and keeps what is in view from becoming read.
    pub(crate) fn keep_unread(&mut self, read: Seq) {
        self.read = read;
        self.kept_unread = true;
    }

    /// Returns the number of unread messages of other people. While some of these messages are not
    /// held here, all unread entries count: their numbers are all that is known.
    pub fn unread(&self, me: Option<UserId>) -> u64 {
        if !self.is_joined() {
            return 0;
        }
        let read = self.read.max(self.gone);
        if self.log.first().is_some_and(|first| first <= read + 1) {
            self.new_messages(me).count() as u64
        } else {
            self.head.saturating_sub(read)
        }
    }

    /// Returns the first unread message of somebody else, or the first unread entry if it is not held
    /// here.
    pub fn first_unread(&self, me: Option<UserId>) -> Option<Seq> {
        let read = self.read.max(self.gone);
        if self.log.first().is_none_or(|first| first > read + 1) {
            return (self.is_joined() && self.head > read).then_some(read + 1);
        }
        self.new_messages(me).last().map(|message| message.seq)
    }

    /// Puts the mark of the new messages before the first unread one, if there is one.
    pub(crate) fn mark_new(&mut self, me: Option<UserId>) {
        // Not behind the read marker: what the person has written since needs no mark.
        let first = self.first_unread(me);
        self.divider = first.map(|first| first.saturating_sub(1));
    }

    /// Returns the number of unread messages that mention the person, or are for the person alone.
    /// In a `muted` room the latter count only if they have the person's name.
    pub fn mentions(&self, me: &Author, muted: bool) -> u64 {
        self.new_mentions(me, muted).count() as u64
    }

    /// Returns the latest unread message that mentions the person.
    pub fn latest_mention(&self, me: &Author, muted: bool) -> Option<&Rc<Message>> {
        self.new_mentions(me, muted).next()
    }

    /// Returns the unread messages that mention the person, latest first.
    fn new_mentions(&self, me: &Author, muted: bool) -> impl Iterator<Item = &Rc<Message>> {
        let new = self.new_messages(Some(me.id));
        new.filter(move |message| {
            let text = message.text.as_deref().unwrap_or_default();
            self.is_direct() && !muted || mention::is_in_message(text, me.name.as_str())
        })
    }

    fn new_messages(&self, me: Option<UserId>) -> impl Iterator<Item = &Rc<Message>> {
        let new = self.log.messages().iter().rev();
        new.take_while(|message| message.seq > self.read)
            .filter(move |message| message.text.is_some() && Some(message.from.id) != me)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::room::Standing;
    use crate::testing::{author, says};
    use shared::chat::{RoomId, RoomName};

    fn room(entries: Vec<shared::chat::Entry>) -> Room {
        let mut room = Room::new(RoomName::lobby().into());
        room.standing = Standing::Member;
        for entry in entries {
            room.head = entry.seq;
            room.log.append(entry).unwrap();
        }
        room
    }

    #[test]
    fn the_mark_of_new_messages_is_not_before_ones_own() {
        let me = author("ada");
        let mut room = Room::new(RoomName::lobby().into());
        room.standing = Standing::Live;
        for (seq, name) in [(1, "bob"), (2, "ada"), (3, "bob")] {
            room.log.append(says(seq, name, "hi")).unwrap();
        }
        (room.head, room.read) = (3, 1);
        room.mark_new(Some(me.id));
        assert_eq!(room.divider, Some(2));
        room.read = 3;
        room.mark_new(Some(me.id));
        assert_eq!(room.divider, None);
    }

    #[test]
    fn unread_are_others_messages_and_mentions_say_our_name() {
        let me = author("ada");
        let mut room = room(vec![
            says(1, "bob", "hi"),
            says(2, "ada", "hi"),
            says(3, "bob", "@ada look"),
            says(4, "bob", "@adam, too"),
        ]);
        assert_eq!(
            (room.unread(Some(me.id)), room.mentions(&me, false)),
            (3, 1)
        );
        room.read = 3;
        assert_eq!(
            (room.unread(Some(me.id)), room.mentions(&me, false)),
            (1, 0)
        );
        room.id =
            RoomId::Direct(shared::chat::DirectId::of(author("ada").id, author("bob").id).unwrap());
        assert_eq!(room.mentions(&me, false), 1, "whatever is said to us alone");
        assert_eq!(room.mentions(&me, true), 0, "unless that is muted");
        room.read = 2;
        assert_eq!(room.mentions(&me, true), 1, "the one with our name");
    }

    #[test]
    fn what_is_not_here_is_counted_by_its_numbers() {
        let mut room = room(vec![says(90, "bob", "hi")]);
        room.read = 40;
        assert_eq!(room.unread(None), 50);
        room.standing = Standing::Outside;
        assert_eq!(room.unread(None), 0);
    }
}
