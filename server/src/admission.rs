//! Permits for connections: a bounded number in all and from one address, and a few in reserve for
//! operators.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use shared::error::ErrorCode;
use tokio_util::sync::CancellationToken;

/// The permits beyond the limits that are kept for operators: the people who can do something about
/// a full server must get in when it is full.
pub const RESERVED: usize = 16;

/// The count of connections, in all and per address.
#[derive(Debug, Clone)]
pub struct Admission(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    max_in_all: AtomicUsize,
    max_per_address: AtomicUsize,
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    /// The connections within the limits.
    in_all: usize,
    per_address: HashMap<IpAddr, usize>,
    /// The operators' connections beyond the limits.
    reserved: usize,
    /// The connections beyond the limits whose key is not known yet, oldest first.
    unknown: VecDeque<(u64, CancellationToken)>,
    last_unknown: u64,
}

/// The limit or ban that keeps a connection out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotAdmitted {
    /// The server is full.
    InAll,
    /// The address has all permits that one address may have.
    Address,
    /// The address connects too often.
    TooOften,
    /// An operator has banned the address.
    Banned,
}

impl NotAdmitted {
    /// Returns the error code that the client is told.
    pub fn code(self) -> ErrorCode {
        match self {
            Self::Banned => ErrorCode::Kicked,
            Self::InAll | Self::Address | Self::TooOften => ErrorCode::TooManyConnections,
        }
    }
}

/// A slot that a connection holds until this is dropped.
#[derive(Debug)]
pub struct Permit {
    admission: Admission,
    address: IpAddr,
    kind: Mutex<Kind>,
    is_established: Arc<AtomicBool>,
}

#[derive(Debug, Clone)]
enum Kind {
    /// Within the limits.
    Ordinary,
    /// Within the limit of all, and counted for no address.
    Proxy,
    /// Beyond this limit, until the handshake shows whose connection it is.
    Unknown(u64, CancellationToken, NotAdmitted),
    /// An operator's, beyond the limits.
    Reserved,
    /// Refused; counted nowhere any more.
    Refused,
}

impl Admission {
    /// Creates an admission of at most `max_in_all` connections, `max_per_address` from one
    /// address.
    pub fn new(max_in_all: usize, max_per_address: usize) -> Self {
        let counts = Mutex::default();
        Self(Arc::new(Inner {
            max_in_all: max_in_all.into(),
            max_per_address: max_per_address.into(),
            counts,
        }))
    }

    /// Sets the limits for new connections. Permits that were given stay valid.
    pub fn set_limits(&self, max_in_all: usize, max_per_address: usize) {
        self.0.max_in_all.store(max_in_all, Ordering::Relaxed);
        let per_address = &self.0.max_per_address;
        per_address.store(max_per_address, Ordering::Relaxed);
    }

    /// Takes a permit within the limits for a connection from `address`.
    ///
    /// # Errors
    /// The limit that is reached.
    pub fn admit(&self, address: IpAddr) -> Result<Permit, NotAdmitted> {
        let address = network_of(address);
        self.counts().add(&self.0, address)?;
        Ok(self.permit(address, Kind::Ordinary))
    }

    /// Takes a permit for a connection of a proxy, whose address stands for all its clients: only the
    /// limit of all counts.
    ///
    /// # Errors
    /// The limit that is reached.
    pub fn admit_proxy(&self) -> Result<Permit, NotAdmitted> {
        let mut counts = self.counts();
        if counts.in_all >= self.0.max_in_all.load(Ordering::Relaxed) {
            return Err(NotAdmitted::InAll);
        }
        counts.in_all += 1;
        Ok(self.permit(IpAddr::V6(Ipv6Addr::UNSPECIFIED), Kind::Proxy))
    }

    /// Takes a permit as [`Self::admit`] does, else one of the [`RESERVED`] until the handshake
    /// shows whether the connection is an operator's.
    ///
    /// When connections without a finished handshake hold all of those, the oldest of them loses
    /// its permit. So strangers who connect and stay silent cannot occupy the reserve: an
    /// operator's handshake takes a fraction of a second.
    ///
    /// # Errors
    /// The limit that is reached, when operators hold the whole reserve.
    pub fn admit_or_reserve(&self, address: IpAddr) -> Result<Permit, NotAdmitted> {
        let address = network_of(address);
        // Held until the permit is made: two newcomers must not both get the last of the reserve.
        let mut counts = self.counts();
        let Err(limit) = counts.add(&self.0, address) else {
            return Ok(self.permit(address, Kind::Ordinary));
        };
        if counts.reserved >= RESERVED {
            return Err(limit);
        }
        while counts.unknown.len() + counts.reserved >= RESERVED {
            if let Some((_, oldest)) = counts.unknown.pop_front() {
                oldest.cancel();
            }
        }
        counts.last_unknown += 1;
        let (number, displaced) = (counts.last_unknown, CancellationToken::new());
        counts.unknown.push_back((number, displaced.clone()));
        Ok(self.permit(address, Kind::Unknown(number, displaced, limit)))
    }

    fn permit(&self, address: IpAddr, kind: Kind) -> Permit {
        Permit {
            admission: self.clone(),
            address,
            kind: Mutex::new(kind),
            is_established: Arc::default(),
        }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        // A poisoned lock is taken all the same: a panic in one connection must not shut out all
        // others.
        self.0.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    fn add(&mut self, limits: &Inner, address: IpAddr) -> Result<(), NotAdmitted> {
        if self.in_all >= limits.max_in_all.load(Ordering::Relaxed) {
            return Err(NotAdmitted::InAll);
        }
        let held = self.per_address.get(&address).copied().unwrap_or_default();
        if held >= limits.max_per_address.load(Ordering::Relaxed) {
            return Err(NotAdmitted::Address);
        }
        // Both limits are checked before either count rises, so that a refusal has nothing to give
        // back.
        self.per_address.insert(address, held + 1);
        self.in_all += 1;
        Ok(())
    }

    fn remove(&mut self, address: IpAddr) {
        self.in_all -= 1;
        if let Some(held) = self.per_address.get_mut(&address) {
            *held -= 1;
            // Otherwise the table would keep an entry for every address that was ever connected.
            if *held == 0 {
                self.per_address.remove(&address);
            }
        }
    }
}

impl Permit {
    /// Decides, after the handshake, whether the connection keeps its permit.
    ///
    /// # Errors
    /// The limit that is reached, if the connection is beyond one and not an operator's. The permit
    /// is then given back.
    pub fn establish(&self, is_operator: impl FnOnce() -> bool) -> Result<(), NotAdmitted> {
        let mut kind = self.kind.lock().unwrap_or_else(PoisonError::into_inner);
        if let Kind::Unknown(number, _, limit) = &*kind {
            let (number, limit) = (*number, *limit);
            // Asked before the lock of the counts is taken: the caller's answer takes a lock of its
            // own.
            let is_operator = is_operator();
            let mut counts = self.admission.counts();
            // From here on no newer connection can displace this one.
            counts.unknown.retain(|(other, _)| *other != number);
            *kind = if counts.add(&self.admission.0, self.address).is_ok() {
                // Another connection has ended meanwhile.
                Kind::Ordinary
            } else if is_operator && counts.unknown.len() + counts.reserved < RESERVED {
                counts.reserved += 1;
                Kind::Reserved
            } else {
                Kind::Refused
            };
            if matches!(*kind, Kind::Refused) {
                return Err(limit);
            }
        }
        // Relaxed, because the flag publishes nothing else: the tunnel reads it by itself.
        self.is_established.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Returns a flag that is set when the handshake is done and the connection has kept its
    /// permit.
    pub fn established(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.is_established)
    }

    /// Waits until a newer connection has taken this permit; for ever, if none can.
    pub async fn displaced(&self) {
        match self.displacement() {
            Some(displaced) => displaced.cancelled().await,
            None => std::future::pending().await,
        }
    }

    fn displacement(&self) -> Option<CancellationToken> {
        match &*self.kind.lock().unwrap_or_else(PoisonError::into_inner) {
            Kind::Unknown(_, displaced, _) => Some(displaced.clone()),
            Kind::Ordinary | Kind::Proxy | Kind::Reserved | Kind::Refused => None,
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let kind = self.kind.get_mut().unwrap_or_else(PoisonError::into_inner);
        let mut counts = self.admission.counts();
        match kind {
            Kind::Ordinary => counts.remove(self.address),
            Kind::Proxy => counts.in_all -= 1,
            Kind::Unknown(number, ..) => counts.unknown.retain(|(other, _)| other != number),
            Kind::Reserved => counts.reserved -= 1,
            Kind::Refused => {}
        }
    }
}

/// Returns the network that shares one count: an IPv4 address, or an IPv6 /64. One customer has a
/// whole /64, and could otherwise take a permit from each of its addresses.
pub(crate) fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn here() -> IpAddr {
        [192, 0, 2, 1].into()
    }

    #[test]
    fn permits_are_bounded_per_address_and_in_all_and_come_back() {
        let admission = Admission::new(3, 2);
        let there = [192, 0, 2, 2].into();
        let first = admission.admit(here()).unwrap();
        let _second = admission.admit(here()).unwrap();
        assert_eq!(admission.admit(here()).unwrap_err(), NotAdmitted::Address);
        let _third = admission.admit(there).unwrap();
        assert_eq!(admission.admit(there).unwrap_err(), NotAdmitted::InAll);
        drop(first);
        assert!(admission.admit(here()).is_ok());
    }

    #[test]
    fn a_proxy_is_bounded_by_the_limit_of_all_only() {
        let admission = Admission::new(3, 1);
        let permits: Vec<_> = (0..3).map(|_| admission.admit_proxy().unwrap()).collect();
        assert_eq!(admission.admit_proxy().unwrap_err(), NotAdmitted::InAll);
        assert_eq!(admission.admit(here()).unwrap_err(), NotAdmitted::InAll);
        drop(permits);
        let _own = admission.admit(here()).unwrap();
        assert_eq!(admission.counts().in_all, 1);
    }

    #[test]
    fn one_ipv6_customer_cannot_take_permits_from_every_address_it_has() {
        let admission = Admission::new(10, 1);
        let _permit = admission.admit("2001:db8::1".parse().unwrap()).unwrap();
        assert!(admission.admit("2001:db8::2".parse().unwrap()).is_err());
        assert!(admission.admit("2001:db8:0:1::1".parse().unwrap()).is_ok());
        let _permit = admission
            .admit("::ffff:192.0.2.1".parse().unwrap())
            .unwrap();
        assert!(admission.admit("192.0.2.1".parse().unwrap()).is_err());
    }

    #[test]
    fn a_full_server_admits_operators_and_nobody_else() {
        for admission in [Admission::new(2, 10), Admission::new(10, 2)] {
            let _full: Vec<_> = (0..2).map(|_| admission.admit(here()).unwrap()).collect();
            let stranger = admission.admit_or_reserve(here()).unwrap();
            assert!(stranger.establish(|| false).is_err());
            assert!(!stranger.established().load(Ordering::Relaxed));
            let operators: Vec<_> = (0..RESERVED)
                .map(|_| {
                    let permit = admission.admit_or_reserve(here()).unwrap();
                    permit.establish(|| true).unwrap();
                    permit
                })
                .collect();
            assert!(admission.admit_or_reserve(here()).is_err());
            drop((operators, stranger));
            let counts = admission.counts();
            assert_eq!((counts.reserved, counts.unknown.len()), (0, 0));
        }
    }

    #[test]
    fn silent_strangers_in_the_reserve_give_way_to_an_operator() {
        let admission = Admission::new(1, 1);
        let ordinary = admission.admit(here()).unwrap();
        let silent: Vec<_> = (0..RESERVED)
            .map(|_| admission.admit_or_reserve(here()).unwrap())
            .collect();
        assert!(silent[0].displaced().now_or_never().is_none());
        let operator = admission.admit_or_reserve(here()).unwrap();
        assert!(silent[0].displaced().now_or_never().is_some());
        assert!(silent[1].displaced().now_or_never().is_none());
        operator.establish(|| true).unwrap();
        // An operator's permit is never displaced.
        for _ in 0..2 * RESERVED {
            drop(admission.admit_or_reserve(here()).unwrap());
        }
        assert!(operator.displaced().now_or_never().is_none());
        // A connection that waits in the reserve gets the ordinary permit of one that ends.
        drop(ordinary);
        silent[RESERVED - 1].establish(|| false).unwrap();
        assert_eq!(admission.counts().in_all, 1);
    }
}
