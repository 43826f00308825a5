//! Limits on the log lines that one address can cause, and that one lasting failure can.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::admission::network_of;

/// The lines that one address may cause in one [`WINDOW`]: enough to see what an attacker tries, so
/// few that a thousand attackers fill a megabyte in a minute and not a disk.
pub const LINES_PER_WINDOW: u32 = 10;

/// The lines that the connections of one address which have shown a key may cause in one window: their
/// key may be minted all the same.
pub const VISITOR_LINES_PER_WINDOW: u32 = 120;

/// The time after which an address may cause lines again.
const WINDOW: Duration = Duration::from_mins(1);

/// The most addresses that are counted separately. All further ones share one count, so that an
/// attacker with many addresses takes neither more memory nor more of the log.
const MAX_ADDRESSES: usize = 4096;

/// The count of log lines, by the address that causes them.
#[derive(Debug)]
pub struct Throttle {
    /// Most lines of one address in one [`WINDOW`].
    lines: u32,
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    by_address: HashMap<IpAddr, Count>,
    others: Option<Count>,
}

#[derive(Debug, Clone, Copy)]
struct Count {
    since: Instant,
    lines: u32,
    suppressed: u64,
}

impl Count {
    fn new(now: Instant) -> Self {
        Self {
            since: now,
            lines: 0,
            suppressed: 0,
        }
    }

    fn take(&mut self, now: Instant, lines: u32) -> Option<u64> {
        if now.saturating_duration_since(self.since) >= WINDOW {
            self.since = now;
            self.lines = 0;
        }
        if self.lines >= lines {
            self.suppressed += 1;
            return None;
        }
        self.lines += 1;
        Some(std::mem::take(&mut self.suppressed))
    }
}

impl Throttle {
    /// Creates a throttle that lets each address cause `lines` in a minute.
    pub fn new(lines: u32) -> Self {
        Self {
            lines,
            counts: Mutex::default(),
        }
    }

    /// Takes one line of `address`. Returns the number of its lines that were suppressed since the
    /// last one, which belongs into the line; `None` if this line must be suppressed too.
    pub fn take(&self, address: IpAddr) -> Option<u64> {
        self.take_at(address, Instant::now())
    }

    fn take_at(&self, address: IpAddr, now: Instant) -> Option<u64> {
        let address = network_of(address);
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let Counts { by_address, others } = &mut *counts;
        if let Some(count) = by_address.get_mut(&address) {
            return count.take(now, self.lines);
        }
        // Old counts are removed only when the table is full: that costs a walk through it, but not
        // for each line.
        if by_address.len() >= MAX_ADDRESSES {
            by_address.retain(|_, count| now.saturating_duration_since(count.since) < WINDOW);
        }
        if by_address.len() >= MAX_ADDRESSES {
            let others = others.get_or_insert_with(|| Count::new(now));
            return others.take(now, self.lines);
        }
        let mut count = Count::new(now);
        let first = count.take(now, self.lines);
        by_address.insert(address, count);
        first
    }
}

/// The count of the lines of one failure, such as a full disk, which every request meets again.
#[derive(Debug, Default)]
pub struct Repeated(Mutex<Option<Count>>);

impl Repeated {
    /// Creates a count of no lines.
    pub const fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// Takes one line. Returns the number of lines that were suppressed since the last one, which
    /// belongs into the line; `None` if this line must be suppressed too.
    pub fn take(&self) -> Option<u64> {
        self.take_at(Instant::now())
    }

    fn take_at(&self, now: Instant) -> Option<u64> {
        let mut count = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = count.get_or_insert_with(|| Count::new(now));
        count.take(now, LINES_PER_WINDOW)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_silenced_and_the_next_window_says_how_much_it_missed() {
        let throttle = Throttle::new(LINES_PER_WINDOW);
        let (noisy, quiet) = ([192, 0, 2, 1].into(), [192, 0, 2, 2].into());
        let start = Instant::now();
        for _ in 0..LINES_PER_WINDOW {
            assert_eq!(throttle.take_at(noisy, start), Some(0));
        }
        for _ in 0..500 {
            assert_eq!(throttle.take_at(noisy, start), None);
        }
        assert_eq!(throttle.take_at(quiet, start), Some(0));
        assert_eq!(throttle.take_at(noisy, start + WINDOW), Some(500));
        assert_eq!(throttle.take_at(noisy, start + WINDOW), Some(0));
    }

    // The attack: messages to a server whose disk is full.
    #[test]
    fn a_failure_of_every_request_is_a_few_lines_and_a_number() {
        let repeated = Repeated::new();
        let start = Instant::now();
        let lines = (0..100_000).filter_map(|_| repeated.take_at(start)).count();
        assert_eq!(lines, LINES_PER_WINDOW as usize);
        assert_eq!(repeated.take_at(start + WINDOW), Some(99_990));
    }

    #[test]
    fn many_addresses_take_neither_memory_nor_the_log() {
        let throttle = Throttle::new(LINES_PER_WINDOW);
        let start = Instant::now();
        let lines = (0..100_000_u32)
            .filter(|&n| {
                let address = IpAddr::from((0x0a00_0000 + n).to_be_bytes());
                throttle.take_at(address, start).is_some()
            })
            .count();
        assert_eq!(lines, MAX_ADDRESSES + LINES_PER_WINDOW as usize);
        let counts = throttle.counts.lock().unwrap();
        assert_eq!(counts.by_address.len(), MAX_ADDRESSES);
    }
}
