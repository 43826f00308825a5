//! The pins of this browser: the key that each server must have, and the form in which a pin is
//! stored.
//!
//! Pure: it reads and writes the text of a record, and must not know where records are kept.

use client::sorted::SortedMap;
use serde::{Deserialize, Serialize};
use shared::json;
use shared::trust::{Compared, Pin, UnixTime, Way};

/// The records of this browser about servers, by their address ([`Server::address`]).
///
/// [`Server::address`]: super::address::Server::address
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Pins {
    /// The records were not read yet.
    #[default]
    Loading,
    /// The records at the last reading or writing.
    Loaded(SortedMap<String, Record>),
    /// The browser does not give the records out, for this reason.
    Unavailable(String),
}

/// The record of one server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// A pin that can be read.
    Pin(Pin),
    /// A record that is no pin, for this reason. It still stands for a server that was pinned once:
    /// to treat that as an unknown one would throw the protection away.
    Damaged(String),
}

impl Pins {
    /// Returns the record of the server at `address`.
    pub fn get(&self, address: &str) -> Option<&Record> {
        match self {
            Self::Loaded(records) => records.get(address),
            Self::Loading | Self::Unavailable(_) => None,
        }
    }

    /// Returns the pin of the server at `address`.
    pub fn pin(&self, address: &str) -> Option<&Pin> {
        match self.get(address) {
            Some(Record::Pin(pin)) => Some(pin),
            _ => None,
        }
    }
}

/// A record as JSON, the form in which it is stored. Times are seconds since 1970.
#[derive(Serialize, Deserialize)]
struct Stored {
    fingerprint: String,
    first_seen: u64,
    last_seen: u64,
    highest: String,
    /// The comparison of the key; records of older pages have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    compared: Option<StoredComparison>,
}

#[derive(Serialize, Deserialize)]
struct StoredComparison {
    at: u64,
    by: StoredWay,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredWay {
    Words,
    Link,
}

impl Record {
    /// Parses a stored record.
    pub fn from_json(json: &str) -> Self {
        match parse(json) {
            Ok(pin) => Self::Pin(pin),
            Err(why) => Self::Damaged(why),
        }
    }
}

/// Returns `pin` in the stored form.
///
/// # Errors
/// Never for a pin; the reason is the serializer's.
pub fn to_json(pin: &Pin) -> Result<String, serde_json::Error> {
    serde_json::to_string(&Stored {
        fingerprint: pin.fingerprint.to_string(),
        first_seen: pin.first_seen.0,
        last_seen: pin.last_seen.0,
        highest: pin.highest.to_string(),
        compared: pin.compared.map(|Compared { at, by }| StoredComparison {
            at: at.0,
            by: match by {
                Way::Words => StoredWay::Words,
                Way::Link => StoredWay::Link,
            },
        }),
    })
}

fn parse(json: &str) -> Result<Pin, String> {
    let stored: Stored = json::read(json).map_err(|error| error.to_string())?;
    Ok(Pin {
        fingerprint: stored.fingerprint.parse().map_err(|error| {
            let error: shared::identity::InvalidFingerprint = error;
            error.to_string()
        })?,
        first_seen: UnixTime(stored.first_seen),
        last_seen: UnixTime(stored.last_seen),
        highest: stored.highest.parse().map_err(|error| {
            let error: shared::connection::UnknownVersion = error;
            error.to_string()
        })?,
        compared: stored.compared.map(|StoredComparison { at, by }| Compared {
            at: UnixTime(at),
            by: match by {
                StoredWay::Words => Way::Words,
                StoredWay::Link => Way::Link,
            },
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::connection::Version;
    use shared::identity::Fingerprint;

    fn pin() -> Pin {
        let fingerprint = Fingerprint::of_spki(b"abc");
        Pin::new(fingerprint, UnixTime(1_767_225_600), Version::V2)
    }

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let json = to_json(&pin()).unwrap();
        assert_eq!(Record::from_json(&json), Record::Pin(pin()));
        let fields: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(fields["highest"], "v2");
        assert_eq!(fields["first_seen"], 1_767_225_600);
        assert_eq!(fields.get("compared"), None);
        for by in [Way::Words, Way::Link] {
            let compared = pin().compared(UnixTime(7), by);
            let json = to_json(&compared).unwrap();
            assert_eq!(Record::from_json(&json), Record::Pin(compared));
        }
    }

    #[test]
    fn a_damaged_record_is_never_taken_for_a_pin_or_for_none() {
        // Taken for none, a record would lead to a first contact with a server that was pinned.
        let good = to_json(&pin()).unwrap();
        for json in [
            "",
            "null",
            "{}",
            "[]",
            "\"SHA256:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0\"",
            &good.replace("SHA256:", "MD5:"),
            &good.replace("\"v2\"", "\"v3\""),
            &good.replace("\"highest\"", "\"lowest\""),
            &good.replace("1767225600", "-1"),
            &good.replace("1767225600", "\"yesterday\""),
            &good.replace('}', ",\"compared\":{\"at\":1,\"by\":\"hearsay\"}}"),
            &good[..good.len() - 1],
        ] {
            match Record::from_json(json) {
                Record::Damaged(why) => assert!(!why.is_empty()),
                Record::Pin(pin) => panic!("{json} is read as {pin:?}"),
            }
        }
    }

    #[test]
    fn what_is_not_loaded_knows_nobody() {
        let known = [("ws://a/ws".to_owned(), Record::Pin(pin()))].into();
        assert_eq!(Pins::Loaded(known).pin("ws://a/ws"), Some(&pin()));
        assert_eq!(Pins::Loading.get("ws://a/ws"), None);
        let damaged = [("ws://a/ws".to_owned(), Record::Damaged(String::new()))].into();
        assert_eq!(Pins::Loaded(damaged).pin("ws://a/ws"), None);
    }
}
