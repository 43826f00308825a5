//! Who gets a place: at most so many connections in all, and from one address.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use shared::error::ErrorCode;

/// Counts connections, in all and per address.
#[derive(Debug, Clone)]
pub struct Admission(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    max_in_all: usize,
    max_per_address: usize,
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    in_all: usize,
    per_address: HashMap<IpAddr, usize>,
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotAdmitted {
    /// The server is full.
    InAll,
    /// This address has all the places that one address may have.
    Address,
    /// This address comes too often.
    TooOften,
    /// An operator keeps the address out.
    Banned,
}

impl NotAdmitted {
    /// What the client is told.
    pub fn code(self) -> ErrorCode {
        match self {
            Self::Banned => ErrorCode::Kicked,
            Self::InAll | Self::Address | Self::TooOften => ErrorCode::TooManyConnections,
        }
    }
}

/// A place; given back when it is dropped.
#[derive(Debug)]
pub struct Permit {
    admission: Admission,
    address: IpAddr,
}

impl Admission {
    /// Room for this many.
    pub fn new(max_in_all: usize, max_per_address: usize) -> Self {
        let counts = Mutex::default();
        Self(Arc::new(Inner {
            max_in_all,
            max_per_address,
            counts,
        }))
    }

    /// Takes a place for a connection from `address`.
    ///
    /// # Errors
    /// [`NotAdmitted`] if there is none.
    pub fn admit(&self, address: IpAddr) -> Result<Permit, NotAdmitted> {
        let address = network_of(address);
        let mut counts = self.0.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.in_all >= self.0.max_in_all {
            return Err(NotAdmitted::InAll);
        }
        let held = counts.per_address.entry(address).or_default();
        if *held >= self.0.max_per_address {
            return Err(NotAdmitted::Address);
        }
        *held += 1;
        counts.in_all += 1;
        Ok(Permit {
            admission: self.clone(),
            address,
        })
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut counts = self
            .admission
            .0
            .counts
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        counts.in_all -= 1;
        if let Some(held) = counts.per_address.get_mut(&self.address) {
            *held -= 1;
            if *held == 0 {
                counts.per_address.remove(&self.address);
            }
        }
    }
}

/// Who shares a count: an IPv4 address, or the /64 that one IPv6 customer has.
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
    use super::*;

    #[test]
    fn places_are_bounded_per_address_and_in_all_and_come_back() {
        let admission = Admission::new(3, 2);
        let here: IpAddr = "192.0.2.1".parse().unwrap();
        let there: IpAddr = "192.0.2.2".parse().unwrap();
        let first = admission.admit(here).unwrap();
        let _second = admission.admit(here).unwrap();
        assert_eq!(admission.admit(here).unwrap_err(), NotAdmitted::Address);
        let _third = admission.admit(there).unwrap();
        assert_eq!(admission.admit(there).unwrap_err(), NotAdmitted::InAll);
        drop(first);
        assert!(admission.admit(here).is_ok());
    }

    #[test]
    fn one_ipv6_customer_cannot_take_places_from_every_address_it_has() {
        let admission = Admission::new(10, 1);
        let _place = admission.admit("2001:db8::1".parse().unwrap()).unwrap();
        assert!(admission.admit("2001:db8::2".parse().unwrap()).is_err());
        assert!(admission.admit("2001:db8:0:1::1".parse().unwrap()).is_ok());
        let _place = admission
            .admit("::ffff:192.0.2.1".parse().unwrap())
            .unwrap();
        assert!(admission.admit("192.0.2.1".parse().unwrap()).is_err());
    }
}
