//! A server's figures of the last minutes, for charts: made of its lists of connections.

use std::collections::VecDeque;

use shared::chat::operator::ConnectionInfo;

/// The most figures that are kept: five minutes, at one list each three seconds.
pub const FIGURES: usize = 100;

/// The figures of one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figure {
    /// The number of connections.
    pub connections: u64,
    /// The bytes of the protocol that came in, per second.
    pub bytes_in: u64,
    /// The bytes of the protocol that went out, per second.
    pub bytes_out: u64,
}

/// The latest figures, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Figures {
    latest: VecDeque<Figure>,
    /// The time of the last list, in milliseconds since 1970.
    last: Option<u64>,
}

impl Figures {
    /// Returns the latest figures, oldest first.
    pub fn latest(&self) -> impl ExactSizeIterator<Item = Figure> {
        self.latest.iter().copied()
    }

    /// Takes the list of connections at a time in milliseconds since 1970. `former` is the list
    /// before it. What a connection carried after the former list and before its own end is in
    /// neither, and not counted.
    pub(super) fn take(&mut self, former: &[ConnectionInfo], now: &[ConnectionInfo], at: u64) {
        let before = self.last.replace(at);
        // A clock that was set back says nothing about the time between.
        let Some(elapsed) = before.and_then(|before| at.checked_sub(before)) else {
            return;
        };
        if elapsed == 0 {
            return;
        }
        let carried = |bytes: fn(&ConnectionInfo) -> u64| {
            let of = |info: &ConnectionInfo| {
                // The lists are ordered by number.
                let same = former.binary_search_by_key(&info.connection, |it| it.connection);
                let earlier = same.ok().and_then(|at| former.get(at)).map_or(0, bytes);
                bytes(info).saturating_sub(earlier)
            };
            let sum = now.iter().map(of).fold(0, u64::saturating_add);
            sum.saturating_mul(1000) / elapsed
        };
        self.latest.push_back(Figure {
            connections: now.len() as u64,
            bytes_in: carried(|it| it.bytes_in),
            bytes_out: carried(|it| it.bytes_out),
        });
        if self.latest.len() > FIGURES {
            self.latest.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::connection;
    use super::*;

    fn carrying(number: u64, bytes_in: u64, bytes_out: u64) -> ConnectionInfo {
        ConnectionInfo {
            bytes_in,
            bytes_out,
            ..connection(number)
        }
    }

    #[test]
    fn a_rate_is_what_came_since_the_last_list() {
        let mut figures = Figures::default();
        let first = [carrying(1, 1000, 50), carrying(2, 7, 7)];
        figures.take(&[], &first, 10_000);
        assert_eq!(
            figures.latest().len(),
            0,
            "nothing is known of the time before"
        );
        // The second is gone, and a third has come.
        let second = [carrying(1, 3000, 50), carrying(3, 400, 0)];
        figures.take(&first, &second, 12_000);
        let expected = Figure {
            connections: 2,
            bytes_in: 1200,
            bytes_out: 0,
        };
        assert_eq!(figures.latest().collect::<Vec<_>>(), [expected]);
    }

    #[test]
    fn a_clock_that_is_set_back_and_counters_at_their_end_do_no_harm() {
        let mut figures = Figures::default();
        let all = [carrying(1, u64::MAX, 0), carrying(2, u64::MAX, 0)];
        figures.take(&[], &all, 5_000);
        figures.take(&all, &all, 4_000);
        figures.take(&[], &all, 4_000);
        assert_eq!(figures.latest().len(), 0);
        figures.take(&[], &all, 4_001);
        assert_eq!(figures.latest().next().unwrap().bytes_in, u64::MAX);
    }

    #[test]
    fn no_more_than_five_minutes_are_kept() {
        let mut figures = Figures::default();
        for at in 0..FIGURES as u64 + 20 {
            figures.take(&[], &[], at * 3000);
        }
        assert_eq!(figures.latest().len(), FIGURES);
    }
}
