//! Sums that begin anew each day, one for each key or network.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Most sums that are counted: keys and networks are cheap to make. At more, the smallest are
/// forgotten; their day begins again.
pub(super) const COUNTED: usize = 100_000;

pub(super) const DAY: Duration = Duration::from_hours(24);

/// The sums of a day. The first day begins with the server.
#[derive(Debug)]
pub(super) struct Daily<K>(Mutex<Day<K>>);

#[derive(Debug)]
struct Day<K> {
    began: Instant,
    sums: HashMap<K, u64>,
}

impl<K: Hash + Eq> Daily<K> {
    pub(super) fn new() -> Self {
        let (began, sums) = (Instant::now(), HashMap::new());
        Self(Mutex::new(Day { began, sums }))
    }

    /// Adds to a sum. Returns `false`, and adds nothing, if it would be more than `most`.
    pub(super) fn charge(&self, now: Instant, key: K, amount: u64, most: u64) -> bool {
        let mut day = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if now.saturating_duration_since(day.began) >= DAY {
            day.began = now;
            day.sums.clear();
        }
        if day.sums.len() >= COUNTED && !day.sums.contains_key(&key) {
            let mut all: Vec<_> = day.sums.values().copied().collect();
            // Half of the sums go at once, so that this walk comes only after as many new ones again.
            let (_, median, _) = all.select_nth_unstable(COUNTED / 2);
            let median = *median;
            day.sums.retain(|_, sum| *sum > median);
        }
        let sum = day.sums.entry(key).or_default();
        let after = sum.saturating_add(amount);
        if after > most {
            return false;
        }
        *sum = after;
        true
    }

    /// Takes back what was added for nothing.
    pub(super) fn refund(&self, key: &K, amount: u64) {
        let mut day = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sum) = day.sums.get_mut(key) {
            *sum = sum.saturating_sub(amount);
        }
    }

    /// Returns a sum.
    #[cfg(test)]
    pub(super) fn sum(&self, key: &K) -> u64 {
        let day = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        day.sums.get(key).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The attack: so many keys or networks that their sums fill the memory.
    #[test]
    fn sums_take_bounded_memory_and_begin_anew_each_day() {
        let daily = Daily::new();
        let now = Instant::now();
        assert!(daily.charge(now, 0, 9, 9));
        for key in 1..=2 * COUNTED {
            assert!(daily.charge(now, key, 1, 9));
        }
        assert!(daily.0.lock().unwrap().sums.len() <= COUNTED);
        assert!(!daily.charge(now, 0, 1, 9), "the largest is not forgotten");
        assert!(daily.charge(now + DAY, 0, 1, 9));
    }
}
