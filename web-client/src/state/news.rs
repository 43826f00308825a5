//! The news of all rooms together, for a person who looks at something else.
//!
//! Pure.

use client::Chat;

/// The unread messages of a chat.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct News {
    /// The number of unread messages.
    pub unread: u64,
    /// The number of unread messages that mention the person.
    pub meant: u64,
    /// The writer and the room of the latest mention.
    pub latest: String,
}

impl News {
    /// Returns the news of a chat.
    pub fn of(chat: &Chat) -> Self {
        // Before the server's welcome it is not known which messages are the person's own.
        let Some(me) = &chat.me else {
            return Self::default();
        };
        let mut news = Self::default();
        let mut latest = None;
        for room in chat.rooms.values().filter(|room| room.is_joined()) {
            news.unread += room.unread(Some(me.id));
            news.meant += room.mentions(me);
            if let Some(message) = room.latest_mention(me)
                && latest.is_none_or(|at| message.at > at)
            {
                latest = Some(message.at);
                news.latest = if room.is_direct() {
                    format!("{} writes to you", message.from.name)
                } else {
                    format!("{} mentions you in {}", message.from.name, room.title())
                };
            }
        }
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use client::room::{Room, Standing};
    use client::testing::{author, says};
    use shared::chat::RoomId;
    use std::rc::Rc;

    #[test]
    fn it_is_counted_over_our_rooms_and_the_latest_who_means_us_is_named() {
        let mut chat = Chat::default();
        chat.me = Some(author("ada"));
        for (name, standing, text) in [
            ("a", Standing::Live, "hi"),
            ("b", Standing::Live, "@ada, look"),
            ("c", Standing::Outside, "@ada"),
        ] {
            let id = RoomId::parse(name).unwrap();
            let mut room = Room::new(id.clone());
            room.standing = standing;
            room.log.append(says(1, "bob", text)).unwrap();
            chat.rooms.insert(id, Rc::new(room));
        }
        let expected = News {
            unread: 2,
            meant: 1,
            latest: "bob mentions you in b".into(),
        };
        assert_eq!(News::of(&chat), expected);
        chat.me = None;
        assert_eq!(News::of(&chat), News::default());
    }
}
