//! The bytes that each key has written today: rates bound what comes at once, and this what is
//! stored for good.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use shared::chat::{Event, UserId};

use super::daily::Daily;

/// Bytes of an entry beside its text, in the database and its indexes.
const ENTRY_BYTES: u64 = 300;

/// Bytes that the index of words has, at most, for each byte of a text of other characters than
/// ASCII's: in scripts without spaces every pair of characters is a word of its own, and 1.6 MB of
/// such texts took 7.6 MB of the disk.
const INDEX_BYTES: u64 = 4;

/// Returns the bytes that a text takes in the database, in the entry and in the index of words.
fn stored_bytes(text: &str) -> u64 {
    let bytes = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    let others = text.bytes().filter(|byte| !byte.is_ascii()).count();
    bytes(text.len()).saturating_add(bytes(others).saturating_mul(INDEX_BYTES))
}

/// Counts the bytes that each key writes in a day. The first day begins with the server.
#[derive(Debug)]
pub(super) struct Written {
    /// Most bytes of one key; 0 is no limit.
    most: AtomicU64,
    keys: Daily<UserId>,
}

impl Written {
    pub(super) fn new(most: u64) -> Self {
        Self {
            most: most.into(),
            keys: Daily::new(),
        }
    }

    pub(super) fn set_most(&self, most: u64) {
        self.most.store(most, Ordering::Relaxed);
    }

    /// Counts an entry of a key. Returns the bytes that it counts for; `None` if the key has written
    /// as much as it may. Deletions may go on to twice as much: whoever has written too much must be
    /// able to take it back.
    pub(super) fn charge(&self, user: UserId, event: &Event) -> Option<u64> {
        self.charge_at(Instant::now(), user, event)
    }

    fn charge_at(&self, now: Instant, user: UserId, event: &Event) -> Option<u64> {
        let most = match (self.most.load(Ordering::Relaxed), event) {
            (0, _) => return Some(0),
            (most, Event::Deleted { .. }) => most.saturating_mul(2),
            (most, _) => most,
        };
        let text = event.text().map_or(0, |text| stored_bytes(text.as_str()));
        let bytes = text.saturating_add(ENTRY_BYTES);
        let fits = self.keys.charge(now, user, bytes, most);
        fits.then_some(bytes)
    }

    /// Takes an entry back that was not stored, or was stored before.
    pub(super) fn refund(&self, user: UserId, bytes: u64) {
        self.keys.refund(&user, bytes);
    }
}

#[cfg(test)]
mod tests {
    use shared::chat::Text;
    use shared::identity::Fingerprint;

    use super::*;
    use crate::hub::daily::{COUNTED, DAY};

    fn user(number: u32) -> UserId {
        UserId(Fingerprint::of_spki(&number.to_be_bytes()))
    }

    fn message(bytes: usize) -> Event {
        Event::Message {
            text: Some(Text::parse(&"x".repeat(bytes)).unwrap()),
            reply_to: None,
        }
    }

    // The attack: the longest texts, as fast as the rates allow, all day.
    #[test]
    fn a_key_that_writes_all_day_does_not_fill_the_disk() {
        let written = Written::new(1 << 20);
        let now = Instant::now();
        let mut taken = 0;
        while written.charge_at(now, user(1), &message(16_000)).is_some() {
            taken += 1;
        }
        assert_eq!(taken, (1 << 20) / 16_300);
        // What was refused or stored before counts for nothing.
        let bytes = written.charge_at(now, user(3), &message(16_000)).unwrap();
        written.refund(user(3), bytes);
        assert_eq!(written.keys.sum(&user(3)), 0);
        // What is there can be deleted, but not again and again without end.
        let deleted = Event::Deleted { of: 1 };
        let mut deletions = 0;
        while written.charge_at(now, user(1), &deleted).is_some() {
            deletions += 1;
        }
        assert!((3_000..4_000).contains(&deletions), "{deletions}");
        // Others can write, and so can the key tomorrow.
        written.charge_at(now, user(2), &message(16_000)).unwrap();
        let tomorrow = now + DAY;
        written
            .charge_at(tomorrow, user(1), &message(16_000))
            .unwrap();
    }

    // The attack: so many keys that the one which has written much is forgotten.
    #[test]
    fn many_keys_do_not_make_the_count_of_one_forgotten() {
        let written = Written::new(1 << 20);
        let now = Instant::now();
        while written.charge_at(now, user(0), &message(16_000)).is_some() {}
        for number in 1..=u32::try_from(COUNTED).unwrap() + 1 {
            written.charge_at(now, user(number), &message(1)).unwrap();
        }
        assert!(written.charge_at(now, user(0), &message(16_000)).is_none());
    }
}
