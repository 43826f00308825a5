//! The news of all rooms together, for a person who looks at something else.
//!
//! Pure.

use client::Chat;
use client::sorting;
use shared::chat::Seq;

/// The unread messages of a chat.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct News {
    /// The number of unread messages.
    pub unread: u64,
    /// The number of unread messages that mention the person.
    pub meant: u64,
    /// The latest mention of each room that has an unread one, latest first.
    mentions: Vec<Mention>,
}

/// An unread message that mentions the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// The number of the message's room.
    pub room: u64,
    /// The message's number in the room.
    pub seq: Seq,
    /// The writer and the room, for people.
    pub said: String,
    /// The time of the message.
    at: u64,
    /// The last entry of the room that the person has seen.
    read: Seq,
}

impl News {
    /// Returns the news of a chat.
    pub fn of(chat: &Chat) -> Self {
        // Before the server's welcome it is not known which messages are the person's own.
        let Some(me) = &chat.me else {
            return Self::default();
        };
        let mut news = Self::default();
        for room in chat.rooms.values().filter(|room| room.is_joined()) {
            let (unread, mentions) = chat.news(room);
            news.unread += unread;
            news.meant += mentions;
            if let Some(message) = room.latest_mention(me, chat.muted.has(&room.id)) {
                news.mentions.push(Mention {
                    room: room.number,
                    seq: message.seq,
                    said: if room.is_direct() {
                        format!("{} writes to you", message.from.name)
                    } else {
                        format!("{} mentions you in {}", message.from.name, room.title())
                    },
                    at: message.at,
                    read: room.read,
                });
            }
        }
        sorting::sort_by(&mut news.mentions, |a, b| b.at.cmp(&a.at));
        news
    }

    /// Returns the latest mention.
    pub fn latest(&self) -> Option<&Mention> {
        self.mentions.first()
    }

    /// Returns `true` if the person has not seen this mention: the number of its room, and its own.
    /// A deleted one counts as seen, because there is nothing to see any more.
    pub fn is_unseen(&self, (room, seq): (u64, Seq)) -> bool {
        let mut mentions = self.mentions.iter();
        mentions.any(|it| it.room == room && it.read < seq && seq <= it.seq)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use client::room::{Room, Standing};
    use client::testing::{author, says};
    use shared::chat::{Entry, RoomId};
    use std::rc::Rc;

    fn chat(rooms: &[(&str, Standing, Vec<Entry>)]) -> Chat {
        let mut chat = Chat::default();
        chat.me = Some(author("ada"));
        for (number, (name, standing, entries)) in (1..).zip(rooms) {
            let id = RoomId::parse(name).unwrap();
            let mut room = Room::new(id.clone());
            room.standing = *standing;
            room.number = number;
            for entry in entries {
                room.log.append(entry.clone()).unwrap();
            }
            chat.rooms.insert(id, Rc::new(room));
        }
        chat
    }

    #[test]
    fn it_is_counted_over_our_rooms_and_the_latest_who_means_us_is_named() {
        let mut chat = chat(&[
            ("a", Standing::Live, vec![says(1, "bob", "hi")]),
            ("b", Standing::Live, vec![says(1, "bob", "@ada, look")]),
            ("c", Standing::Outside, vec![says(1, "bob", "@ada")]),
        ]);
        let news = News::of(&chat);
        assert_eq!((news.unread, news.meant), (2, 1));
        let latest = news.latest().unwrap();
        assert_eq!((latest.room, latest.seq), (2, 1));
        assert_eq!(latest.said, "bob mentions you in b");
        chat.me = None;
        assert_eq!(News::of(&chat), News::default());
    }

    #[test]
    fn of_a_muted_room_only_mentions_are_news() {
        let entries = vec![says(1, "bob", "hi"), says(2, "bob", "hi")];
        let mut chat = chat(&[("a", Standing::Live, entries)]);
        let id = RoomId::parse("a").unwrap();
        chat.muted.set(id.clone(), true);
        assert_eq!(News::of(&chat), News::default());
        let room = chat.room_mut(&id).unwrap();
        room.log.append(says(3, "bob", "@ada, look")).unwrap();
        let news = News::of(&chat);
        assert_eq!((news.unread, news.meant), (1, 1));
        assert_eq!(news.latest().map(|it| it.seq), Some(3));
        chat.muted.set(id, false);
        assert_eq!(News::of(&chat).unread, 3);
    }

    #[test]
    fn a_mention_is_unseen_until_the_read_marker_passes_it() {
        let entries = ["@ada one", "@ada two", "hi"];
        let entries = (1..).zip(entries);
        let entries = entries.map(|(seq, text)| says(seq, "bob", text)).collect();
        let mut chat = chat(&[("a", Standing::Live, entries)]);
        let id = RoomId::parse("a").unwrap();
        let unseen = |chat: &Chat| [1, 2, 3].map(|seq| News::of(chat).is_unseen((1, seq)));
        assert_eq!(unseen(&chat), [true, true, false]);
        chat.room_mut(&id).unwrap().read = 1;
        assert_eq!(unseen(&chat), [false, true, false]);
        chat.room_mut(&id).unwrap().read = 2;
        assert_eq!(unseen(&chat), [false; 3]);
        assert!(!News::of(&chat).is_unseen((2, 1)), "another room's");
    }
}
