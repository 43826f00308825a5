//! The rates at which people may do things: token buckets, one for each key and, ten times as
//! large, one for each address, so that many keys do not help one machine.

use std::fmt;
use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota};
use shared::chat::UserId;

use crate::admission::network_of;

/// People behind one address that may all do as much as one.
const PEOPLE_PER_ADDRESS: u32 = 10;

/// Checks after which the buckets that are full again are forgotten.
const TIDY_EVERY: u32 = 10_000;

/// Most tokens of writing that may be taken at once, whatever the rate: everybody in a room reads
/// what is written there, so that a burst of the longest texts makes all of them wait.
const WRITTEN_AT_ONCE: u32 = 120;

/// The rates of a server, a minute. A whole minute's worth may be done at once, of writing at
/// most [`WRITTEN_AT_ONCE`]; 0 is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PerMinute {
    /// Everything that is written into rooms: messages, edits, deletions, reactions.
    pub sends: u32,
    /// Rooms that are joined, left or opened for two, invitations, and names that are claimed.
    pub joins: u32,
    /// Rooms that are created.
    pub creates: u32,
    /// Everything that only reads or is forgotten: pages of history and of lists, searches, typing,
    /// read markers. Dear requests take several of it.
    pub asks: u32,
    /// Connections of one address: each costs the server an operation with its private key.
    pub handshakes: u32,
}

impl Default for PerMinute {
    /// Returns rates that no person comes near, nor a page that comes back into a hundred rooms.
    fn default() -> Self {
        Self {
            sends: 600,
            joins: 600,
            creates: 20,
            asks: 2400,
            handshakes: 1200,
        }
    }
}

impl PerMinute {
    /// No limits: for a server that is measured.
    pub const UNLIMITED: Self = Self {
        sends: 0,
        joins: 0,
        creates: 0,
        asks: 0,
        handshakes: 0,
    };
}

/// A kind of rate-limited requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RateClass {
    /// Messages and whatever else is written into rooms: see [`PerMinute::sends`].
    Send,
    /// Memberships, names and changes of rooms: see [`PerMinute::joins`].
    Join,
    /// New rooms: see [`PerMinute::creates`].
    Create,
    /// Requests that only read: see [`PerMinute::asks`].
    Ask,
}

/// The buckets of a server.
#[derive(Debug)]
pub struct Rates {
    sends: Limit,
    joins: Limit,
    creates: Limit,
    asks: Limit,
    handshakes: Option<Buckets<IpAddr>>,
}

impl Rates {
    /// Creates buckets of these sizes, all full.
    pub fn new(per_minute: PerMinute) -> Self {
        Self {
            sends: Limit::new(per_minute.sends, WRITTEN_AT_ONCE),
            joins: Limit::new(per_minute.joins, u32::MAX),
            creates: Limit::new(per_minute.creates, u32::MAX),
            asks: Limit::new(per_minute.asks, u32::MAX),
            handshakes: Buckets::new(per_minute.handshakes, u32::MAX),
        }
    }

    /// Takes tokens from the buckets of a person and of the address they come from.
    ///
    /// # Errors
    /// [`TooFast`], and nothing should be done.
    pub fn check(
        &self,
        class: RateClass,
        tokens: u32,
        user: UserId,
        address: IpAddr,
    ) -> Result<(), TooFast> {
        let limit = match class {
            RateClass::Send => &self.sends,
            RateClass::Join => &self.joins,
            RateClass::Create => &self.creates,
            RateClass::Ask => &self.asks,
        };
        // The person's bucket first: somebody who is too fast takes nothing from their neighbours'
        // address.
        check(limit.users.as_ref(), tokens, &user)?;
        check(limit.addresses.as_ref(), tokens, &network_of(address))
    }

    /// Takes a token for a new connection from the bucket of its address.
    ///
    /// # Errors
    /// [`TooFast`], and the connection should be refused.
    pub fn check_handshake(&self, address: IpAddr) -> Result<(), TooFast> {
        check(self.handshakes.as_ref(), 1, &network_of(address))
    }
}

fn check<K: Hash + Eq + Clone>(
    buckets: Option<&Buckets<K>>,
    tokens: u32,
    key: &K,
) -> Result<(), TooFast> {
    buckets.map_or(Ok(()), |buckets| buckets.check(tokens, key))
}

/// A request for more tokens than its bucket has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooFast {
    /// Time after which the request may be made again.
    pub retry_after: Duration,
}

impl fmt::Display for TooFast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Never "0.0 s", which would be tried again at once.
        let seconds = self.retry_after.as_secs_f64().max(0.1);
        write!(f, "This is too fast. Try again in {seconds:.1} s.")
    }
}

#[derive(Debug)]
struct Limit {
    users: Option<Buckets<UserId>>,
    addresses: Option<Buckets<IpAddr>>,
}

impl Limit {
    fn new(per_minute: u32, at_once: u32) -> Self {
        let people = PEOPLE_PER_ADDRESS;
        Self {
            users: Buckets::new(per_minute, at_once),
            addresses: Buckets::new(
                per_minute.saturating_mul(people),
                at_once.saturating_mul(people),
            ),
        }
    }
}

/// A token bucket for each key of a kind.
struct Buckets<K: Hash + Eq + Clone> {
    limiter: DefaultKeyedRateLimiter<K>,
    clock: DefaultClock,
    /// Tokens of a full bucket.
    size: u32,
    checks: AtomicU32,
}

impl<K: Hash + Eq + Clone> fmt::Debug for Buckets<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Buckets({})", self.limiter.len())
    }
}

impl<K: Hash + Eq + Clone> Buckets<K> {
    fn new(per_minute: u32, at_once: u32) -> Option<Self> {
        // A rate of 0 has no buckets at all: it is no limit.
        let size = NonZeroU32::new(per_minute.min(at_once))?;
        let quota = Quota::per_minute(NonZeroU32::new(per_minute)?).allow_burst(size);
        Some(Self {
            limiter: DefaultKeyedRateLimiter::keyed(quota),
            clock: DefaultClock::default(),
            size: size.get(),
            checks: AtomicU32::new(0),
        })
    }

    fn check(&self, tokens: u32, key: &K) -> Result<(), TooFast> {
        // Keys and addresses are cheap to come by: those that did nothing lately are forgotten.
        if self.checks.fetch_add(1, Ordering::Relaxed) % TIDY_EVERY == TIDY_EVERY - 1 {
            self.limiter.retain_recent();
            self.limiter.shrink_to_fit();
        }
        // A price above the bucket's size takes the whole bucket: a small configured rate must slow
        // dear requests down, not forbid them.
        let tokens = NonZeroU32::new(tokens.min(self.size)).unwrap_or(NonZeroU32::MIN);
        match self.limiter.check_key_n(key, tokens) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(until)) => Err(TooFast {
                retry_after: until.wait_time_from(self.clock.now()),
            }),
            // Never: the price is at most the size.
            Err(_) => Err(TooFast {
                retry_after: Duration::from_mins(1),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::identity::Fingerprint;

    fn user(seed: u8) -> UserId {
        UserId(Fingerprint::of_spki(&[seed]))
    }

    fn address(last: u8) -> IpAddr {
        [192, 0, 2, last].into()
    }

    fn rates(sends: u32) -> Rates {
        Rates::new(PerMinute {
            sends,
            ..PerMinute::default()
        })
    }

    #[test]
    fn a_flood_is_stopped_and_told_when_to_go_on() {
        let rates = rates(5);
        let send = || rates.check(RateClass::Send, 1, user(1), address(1));
        for _ in 0..5 {
            send().unwrap();
        }
        let TooFast { retry_after } = send().unwrap_err();
        assert!(retry_after > Duration::ZERO && retry_after <= Duration::from_secs(12));
        rates
            .check(RateClass::Send, 1, user(2), address(1))
            .unwrap();
        rates
            .check(RateClass::Join, 1, user(1), address(1))
            .unwrap();
    }

    // The attack: a whole minute's texts of the longest kind at once.
    #[test]
    fn a_burst_of_long_texts_does_not_make_a_room_wait() {
        let rates = rates(600);
        let send = |tokens| rates.check(RateClass::Send, tokens, user(1), address(1));
        send(WRITTEN_AT_ONCE).unwrap();
        let TooFast { retry_after } = send(9).unwrap_err();
        assert!(retry_after <= Duration::from_millis(900), "{retry_after:?}");
    }

    // The attack: a hundred keys behind one address.
    #[test]
    fn many_keys_do_not_help_one_address() {
        let rates = rates(1);
        let mut taken = 0;
        for seed in 0..100 {
            if rates
                .check(RateClass::Send, 1, user(seed), address(1))
                .is_ok()
            {
                taken += 1;
            }
        }
        assert_eq!(taken, PEOPLE_PER_ADDRESS);
        rates
            .check(RateClass::Send, 1, user(200), address(2))
            .unwrap();
    }

    #[test]
    fn nothing_is_limited_where_nothing_should_be() {
        let rates = Rates::new(PerMinute::UNLIMITED);
        for _ in 0..100_000 {
            rates
                .check(RateClass::Create, 1, user(1), address(1))
                .unwrap();
            rates.check_handshake(address(1)).unwrap();
        }
    }

    // The attack: a bucket for each of many minted keys.
    #[test]
    fn a_stream_of_new_keys_does_not_fill_the_memory() {
        let buckets = Buckets::<u32>::new(6_000_000, u32::MAX).unwrap();
        for key in 0..50_000 {
            let _ = buckets.check(1, &key);
        }
        assert!(buckets.limiter.len() < 50_000, "{}", buckets.limiter.len());
    }
}
