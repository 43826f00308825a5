//! The rules that all stores share, so that no two can differ in them.

use std::collections::BTreeMap;

use shared::chat::{Event, Keep, Role, RoomId, Seq, Timestamp, UserId};

use super::PageSize;

/// The bytes that an entry counts for in [`PageSize::bytes`], beside its text.
const ENTRY_BYTES: usize = 200;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Returns the last entry that counts as seen by somebody who enters a room with this head. Earlier
/// entries are no news, but those of a room of two were meant for the person.
pub(crate) fn seen_at_entry(room: &RoomId, head: Seq) -> Seq {
    match room {
        RoomId::Direct(_) => 0,
        RoomId::Named(_) => head,
    }
}

/// Returns `true` if an entry that is sent again is the one that was stored. A text that was
/// deleted since cannot be compared, because nothing is kept of it, not even a hash.
pub(super) fn is_the_same(stored: &Event, sent: &Event) -> bool {
    match (stored, sent) {
        (
            Event::Message {
                text: None,
                reply_to: stored,
            },
            Event::Message { reply_to: sent, .. },
        ) => stored == sent,
        (
            Event::Edited {
                text: None,
                of: stored,
            },
            Event::Edited { of: sent, .. },
        ) => stored == sent,
        _ => stored == sent,
    }
}

/// Most edits of one message. Its deletion takes the texts of all of them away in one step, for which
/// every other write waits.
pub(super) const MAX_EDITS: usize = 500;

/// Most different reactions of one person to one message. One person put 260 on a message, which
/// hid the others; nobody says more than a few things with them.
pub(crate) const MAX_OWN_REACTIONS: usize = 12;

/// Most different reactions to one message, whoever they are from: some rows of them on a telephone.
/// Without it minted keys do together what one may not. Any number of people may share one of them.
pub(crate) const MAX_REACTIONS: usize = 40;

/// A difference of two times that no delay explains: one of them is from a clock that was wrong.
pub(super) const IMPLAUSIBLE_MS: i64 = 60 * 60 * 1000;

/// Returns `true` if a time is so far ahead that the clock was wrong when it was taken.
pub(super) fn is_ahead(at: Timestamp, now: Timestamp) -> bool {
    at.unix_millis().saturating_sub(now.unix_millis()) > IMPLAUSIBLE_MS
}

/// Returns the time of an entry: now, but not before the last one's. A last time from a clock that
/// was far ahead does not count: it would stamp everything after it for years.
pub(crate) fn not_before(last: Option<Timestamp>, now: Timestamp) -> Timestamp {
    let last = last.filter(|last| !is_ahead(*last, now));
    last.map_or(now, |last| last.max(now))
}

/// Returns `true` if retention removes an entry of a room with this head, and those before it.
pub(super) fn goes(keep: Keep, seq: Seq, at: Timestamp, head: Seq, now: Timestamp) -> bool {
    match keep {
        Keep::Forever => false,
        Keep::Days(days) => {
            let age = now.unix_millis().saturating_sub(at.unix_millis());
            age >= i64::from(days.get()) * DAY_MS
        }
        Keep::Entries(number) => head.saturating_sub(seq) >= u64::from(number.get()),
        // Such a room stores nothing new, so that its stored entries are older than the rule.
        Keep::Nothing => true,
    }
}

/// A page that is being filled.
#[derive(Debug)]
pub(super) struct Filling {
    size: PageSize,
    entries: u32,
    bytes: usize,
}

impl Filling {
    pub(super) fn new(size: PageSize) -> Self {
        Self {
            size,
            entries: 0,
            bytes: 0,
        }
    }

    /// Returns `true` if another entry is part of the page. The first always is: a page without any
    /// would stop a client that turns pages.
    pub(super) fn takes(&mut self, event: &Event) -> bool {
        let bytes = self.bytes + bytes_of(event);
        let fits = self.entries < self.size.entries && bytes <= self.size.bytes;
        let taken = fits || self.entries == 0;
        self.entries += 1;
        self.bytes = bytes;
        taken
    }
}

fn bytes_of(event: &Event) -> usize {
    ENTRY_BYTES + event.text().map_or(0, |text| text.as_str().len())
}

/// Removes the text of an event, if it is the message with number `of` or one of its edits.
pub(super) fn scrub(seq: Seq, event: &mut Event, of: Seq) {
    match event {
        Event::Message { text, .. } if seq == of => *text = None,
        Event::Edited { text, of: edited } if *edited == of => *text = None,
        _ => {}
    }
}

/// Gives a member a role, among those of a room that are above a member's.
///
/// Only a new owner takes the role of an owner away: a room without one would count for nobody.
pub(super) fn give_role(roles: &mut BTreeMap<UserId, Role>, user: UserId, role: Role) {
    if role != Role::Owner && roles.get(&user) == Some(&Role::Owner) {
        return;
    }
    if role == Role::Owner {
        for former in roles.values_mut().filter(|role| **role == Role::Owner) {
            *former = Role::Moderator;
        }
    }
    // No entry for a plain member: thousands of members mostly have no other role.
    if role.is_member() {
        roles.remove(&user);
    } else {
        roles.insert(user, role);
    }
}

#[cfg(test)]
mod tests {
    use shared::chat::Text;

    use super::*;

    fn message(text: Option<&str>, reply_to: Option<Seq>) -> Event {
        Event::Message {
            text: text.map(|text| Text::parse(text).unwrap()),
            reply_to,
        }
    }

    #[test]
    fn a_deleted_text_is_not_compared_but_everything_else_is() {
        let stored = message(None, Some(1));
        assert!(is_the_same(&stored, &message(Some("a"), Some(1))));
        assert!(!is_the_same(&stored, &message(Some("a"), None)));
        assert!(!is_the_same(&stored, &Event::Deleted { of: 1 }));
        let edited = Event::Edited { of: 1, text: None };
        assert!(is_the_same(&edited, &edited));
        assert!(!is_the_same(&edited, &Event::Edited { of: 2, text: None }));
        let kept = message(Some("a"), None);
        assert!(!is_the_same(&kept, &message(Some("b"), None)));
        assert!(!is_the_same(&kept, &message(None, None)));
    }
}
