//! The items of a log as they stand one under the other: messages, and between them days, notices
//! and the mark before the new messages.
//!
//! The module is pure.

use std::ops::Range;
use std::rc::Rc;

use shared::chat::Author;

use crate::log::Message;
use crate::room::{Notice, Room};

/// The time within which messages of one sender belong together, in milliseconds.
const GROUP_MS: u64 = 5 * 60 * 1000;

/// One item of a log on the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// The heading of a day.
    Day {
        /// A moment of that day, in milliseconds since 1970.
        at: u64,
    },
    /// The mark before the new messages.
    New,
    /// A line that no person wrote.
    Notice(Rc<Notice>),
    /// A message of the room.
    Message {
        /// The message as it looks now.
        message: Rc<Message>,
        /// The message begins a group of its sender.
        head: bool,
    },
}

/// Returns the items of a room's log for the messages of `shown`. `day` returns the number of the
/// day that a moment falls on, in the person's time zone.
pub fn items(room: &Room, shown: Range<usize>, day: impl Fn(u64) -> i64) -> Vec<Item> {
    let all = room.log.messages();
    let to_end = shown.end == all.len();
    let messages = all.get(shown.clone()).unwrap_or_default();
    // Notices before the shown part are left out: they stand with the messages there.
    let from = match shown.start.checked_sub(1).and_then(|at| all.get(at)) {
        Some(before) => before.seq,
        None => 0,
    };
    let mut notices = room.notices.iter().filter(|it| it.after >= from).peekable();
    let mut items = Vec::with_capacity(messages.len() + 8);
    let mut previous: Option<&Rc<Message>> = None;
    let mut divider = room.divider;
    for message in messages {
        // The first message on the screen shows its sender, whatever came before it.
        let mut alone = previous.is_none();
        while let Some(notice) = notices.next_if(|it| it.after < message.seq) {
            items.push(Item::Notice(Rc::clone(notice)));
            alone = true;
        }
        if previous.is_none_or(|previous| day(previous.at) != day(message.at)) {
            items.push(Item::Day { at: message.at });
            alone = true;
        }
        if divider.is_some_and(|read| message.seq > read) {
            divider = None;
            items.push(Item::New);
            alone = true;
        }
        let head = alone || !previous.is_some_and(|previous| continues(previous, message));
        items.push(Item::Message {
            message: Rc::clone(message),
            head,
        });
        previous = Some(message);
    }
    // Notices at the end of the log are below its last message only.
    if to_end {
        items.extend(notices.map(|notice| Item::Notice(Rc::clone(notice))));
    }
    items
}

/// Returns `true` if `message` belongs to the group of `previous`: it has the same sender and came
/// soon after.
fn continues(previous: &Message, message: &Message) -> bool {
    previous.from == message.from
        // A reply shows the message that it answers above itself, so it needs a head.
        && message.reply_to.is_none()
        && message.at.saturating_sub(previous.at) < GROUP_MS
}

/// Returns `true` if a message that `sender` wrote at `at`, in milliseconds since 1970, and that answers
/// no other, will belong to the group at the end of the log.
pub fn will_continue(room: &Room, sender: &Author, at: u64) -> bool {
    room.log.messages().last().is_some_and(|last| {
        last.from == *sender
            && at.saturating_sub(last.at) < GROUP_MS
            && room.notices.iter().all(|notice| notice.after < last.seq)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::says;
    use shared::chat::{RoomName, Timestamp};

    const HOUR: i64 = 3_600_000;

    fn room(said: &[(&str, i64)]) -> Room {
        let mut room = Room::new(RoomName::lobby().into());
        for (number, (from, at)) in said.iter().enumerate() {
            let mut entry = says(number as u64 + 1, from, "x");
            entry.at = Timestamp::from_unix_millis(*at).unwrap();
            room.log.append(entry).unwrap();
        }
        room
    }

    fn shown(room: &Room, range: Range<usize>) -> String {
        let day = |at: u64| i64::try_from(at).unwrap() / (24 * HOUR);
        let letter = |item: &Item| match item {
            Item::Day { .. } => 'd',
            Item::New => 'n',
            Item::Notice(_) => '*',
            Item::Message { head: true, .. } => 'M',
            Item::Message { head: false, .. } => 'm',
        };
        items(room, range, day).iter().map(letter).collect()
    }

    #[test]
    fn messages_are_grouped_by_sender_time_and_day() {
        let room = room(&[
            ("ada", 0),
            ("ada", 1000),
            ("bob", 2000),
            ("bob", HOUR),
            ("bob", 23 * HOUR + 3_599_000),
            ("bob", 24 * HOUR),
        ]);
        assert_eq!(shown(&room, 0..6), "dMmMMMdM");
        assert_eq!(shown(&room, 1..3), "dMM", "a part begins anew");
    }

    #[test]
    fn a_message_on_its_way_stands_as_it_will_when_it_has_arrived() {
        let ada = says(1, "ada", "x").from;
        assert!(!will_continue(&room(&[]), &ada, 0));
        assert!(!will_continue(&room(&[("bob", 0)]), &ada, 1));
        let mut room = room(&[("bob", 0), ("ada", 1000)]);
        assert!(will_continue(&room, &ada, 1001 + 60_000));
        assert!(!will_continue(&room, &ada, 1000 + GROUP_MS));
        assert!(will_continue(&room, &ada, 0), "this clock may be behind");
        room.notice("at the end".into(), 3);
        assert!(!will_continue(&room, &ada, 1001));
    }

    #[test]
    fn notices_and_what_is_new_stand_where_they_belong() {
        let mut room = room(&[("ada", 0), ("ada", 1), ("ada", 2)]);
        room.divider = Some(1);
        room.notice("at the end".into(), 3);
        assert_eq!(shown(&room, 0..3), "dMnMm*");
        let entry = says(4, "ada", "x");
        room.log.append(entry).unwrap();
        assert_eq!(shown(&room, 0..4), "dMnMm*M");
        assert_eq!(
            shown(&room, 0..3),
            "dMnMm",
            "it is not shown before its place"
        );
        room.divider = Some(9);
        assert_eq!(shown(&room, 3..4), "*dM");
    }
}
