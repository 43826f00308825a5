//! The pins of all servers, and the text that a `known_servers` file holds.
//!
//! Each server has one line; what people write into the file stays in it:
//!
//! ```text
//! # the one in the cellar
//! chat.example:5000 SHA256:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0 first_seen=1767225600 last_seen=1767225600 highest=v2
//! ```
//!
//! A key that was compared has the time of that as `words=` or `link=` ([`Way`]).
//!
//! A line that cannot be read is an error and never skipped: its pin would be lost, and with it the
//! protection. A field that this version does not know is kept as it stands.

use std::collections::BTreeMap;
use std::fmt;

use thiserror::Error;

use super::pin::{Compared, Pin, UnixTime, Way};
use crate::connection::Version;
use crate::identity::{Fingerprint, InvalidFingerprint};

// The names of the fields, in the order in which they are written.
const FIRST_SEEN: &str = "first_seen";
const LAST_SEEN: &str = "last_seen";
const HIGHEST: &str = "highest";
// One of them, with the time of the comparison, if the key was compared.
const WORDS: &str = "words";
const LINK: &str = "link";

/// The pins by the address of their server.
///
/// An address is compared letter by letter: the driver decides on one form for each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pins {
    lines: Vec<Line>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Line {
    /// A comment or an empty line, as it stands.
    Other(String),
    Server(Server),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Server {
    address: String,
    pin: Pin,
    /// The fields that this version does not know, as they stand.
    unknown: Vec<String>,
}

impl Pins {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// [`PinsError`] for the first line that cannot be read.
    pub fn parse(text: &str) -> Result<Self, PinsError> {
        let mut seen = BTreeMap::new();
        let mut lines = Vec::new();
        for (line, text) in (1..).zip(text.lines()) {
            let parsed = Line::parse(text).map_err(|cause| PinsError { line, cause })?;
            if let Line::Server(server) = &parsed
                && let Some(first) = seen.insert(server.address.clone(), line)
            {
                // Which of two pins holds would depend on the reader, so neither does.
                let cause = PinsErrorCause::DuplicateAddress { first };
                return Err(PinsError { line, cause });
            }
            lines.push(parsed);
        }
        Ok(Self { lines })
    }

    /// Returns the text for a file; [`Self::parse`] reads it back.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for line in &self.lines {
            match line {
                Line::Other(other) => text.push_str(other),
                Line::Server(server) => text.push_str(&server.to_string()),
            }
            text.push('\n');
        }
        text
    }

    /// Returns the pin of the server at `address`.
    pub fn get(&self, address: &str) -> Option<&Pin> {
        self.iter()
            .find_map(|(known, pin)| (known == address).then_some(pin))
    }

    /// Sets the pin of `address`, and returns the pin that it had before.
    ///
    /// # Errors
    /// [`InvalidAddress`] if the address cannot stand in a line.
    pub fn insert(&mut self, address: &str, pin: Pin) -> Result<Option<Pin>, InvalidAddress> {
        // A newline in an address would write a line, and with it a pin, of its own.
        if !is_address(address) {
            return Err(InvalidAddress);
        }
        for line in &mut self.lines {
            if let Line::Server(server) = line
                && server.address == address
            {
                return Ok(Some(std::mem::replace(&mut server.pin, pin)));
            }
        }
        self.lines.push(Line::Server(Server {
            address: address.to_owned(),
            pin,
            unknown: Vec::new(),
        }));
        Ok(None)
    }

    /// Removes the pin of `address`, and returns it.
    pub fn remove(&mut self, address: &str) -> Option<Pin> {
        let place = self
            .lines
            .iter()
            .position(|line| matches!(line, Line::Server(server) if server.address == address))?;
        match self.lines.remove(place) {
            Line::Server(server) => Some(server.pin),
            Line::Other(_) => None,
        }
    }

    /// Returns all pins with their addresses, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Pin)> {
        self.lines.iter().filter_map(|line| match line {
            Line::Server(server) => Some((server.address.as_str(), &server.pin)),
            Line::Other(_) => None,
        })
    }

    /// Returns the number of pinned servers.
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Returns `true` if no server is pinned.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Returns `true` if `text` can stand as an address in a line.
fn is_address(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with('#')
        && !text.contains(|c: char| c.is_whitespace() || c.is_control())
}

impl Line {
    fn parse(text: &str) -> Result<Self, PinsErrorCause> {
        // Tabs may separate fields. Any other control character is no text of people's, and would
        // reach the terminal of whoever lists the pins.
        if text.contains(|c: char| c.is_control() && c != '\t') {
            return Err(PinsErrorCause::ControlCharacter);
        }
        let trimmed = text.trim_start();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            return Ok(Self::Other(text.to_owned()));
        }
        Server::parse(text).map(Self::Server)
    }
}

impl Server {
    fn parse(text: &str) -> Result<Self, PinsErrorCause> {
        let mut words = text.split_whitespace();
        let address = words.next().unwrap_or_default();
        let fingerprint = words
            .next()
            .ok_or(PinsErrorCause::Missing("fingerprint"))?
            .parse::<Fingerprint>()
            .map_err(PinsErrorCause::Fingerprint)?;
        let mut fields = Fields::default();
        for word in words {
            fields.take(word)?;
        }
        Ok(Self {
            address: address.to_owned(),
            pin: Pin {
                fingerprint,
                first_seen: fields
                    .first_seen
                    .ok_or(PinsErrorCause::Missing(FIRST_SEEN))?,
                last_seen: fields.last_seen.ok_or(PinsErrorCause::Missing(LAST_SEEN))?,
                highest: fields.highest.ok_or(PinsErrorCause::Missing(HIGHEST))?,
                compared: fields.compared,
            },
            unknown: fields.unknown,
        })
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            address,
            pin,
            unknown,
        } = self;
        write!(
            f,
            "{address} {} {FIRST_SEEN}={} {LAST_SEEN}={} {HIGHEST}={}",
            pin.fingerprint, pin.first_seen, pin.last_seen, pin.highest
        )?;
        match pin.compared {
            Some(Compared { at, by: Way::Words }) => write!(f, " {WORDS}={at}")?,
            Some(Compared { at, by: Way::Link }) => write!(f, " {LINK}={at}")?,
            None => {}
        }
        for field in unknown {
            write!(f, " {field}")?;
        }
        Ok(())
    }
}

/// The fields of a line, as far as it is read.
#[derive(Default)]
struct Fields {
    first_seen: Option<UnixTime>,
    last_seen: Option<UnixTime>,
    highest: Option<Version>,
    compared: Option<Compared>,
    unknown: Vec<String>,
}

impl Fields {
    fn take(&mut self, word: &str) -> Result<(), PinsErrorCause> {
        let (name, value) = word
            .split_once('=')
            .filter(|(name, _)| !name.is_empty())
            .ok_or_else(|| PinsErrorCause::NotAField(word.to_owned()))?;
        match name {
            FIRST_SEEN => set(&mut self.first_seen, FIRST_SEEN, time(FIRST_SEEN, value)?),
            LAST_SEEN => set(&mut self.last_seen, LAST_SEEN, time(LAST_SEEN, value)?),
            HIGHEST => {
                let version = value
                    .parse()
                    .map_err(|_| PinsErrorCause::Version(value.to_owned()))?;
                set(&mut self.highest, HIGHEST, version)
            }
            WORDS | LINK => {
                let (name, by) = if name == WORDS {
                    (WORDS, Way::Words)
                } else {
                    (LINK, Way::Link)
                };
                let at = time(name, value)?;
                set(&mut self.compared, name, Compared { at, by })
            }
            // A later version may have written it, and an older one must not take it away.
            _ => {
                self.unknown.push(word.to_owned());
                Ok(())
            }
        }
    }
}

fn set<T>(field: &mut Option<T>, name: &'static str, value: T) -> Result<(), PinsErrorCause> {
    match field.replace(value) {
        None => Ok(()),
        // Neither of two values may win silently, least of all one of `highest`.
        Some(_) => Err(PinsErrorCause::Repeated(name)),
    }
}

fn time(name: &'static str, value: &str) -> Result<UnixTime, PinsErrorCause> {
    value
        .parse()
        .map(UnixTime)
        .map_err(|_| PinsErrorCause::Time(name))
}

/// An error: the address is empty, starts with `#`, or has white space or control characters in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("an address is not empty, has no white space in it, and does not start with #")]
pub struct InvalidAddress;

/// An error: a line that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line}: {cause}")]
pub struct PinsError {
    /// The line's number, counted from 1.
    pub line: usize,
    /// The reason why the line cannot be read.
    #[source]
    pub cause: PinsErrorCause,
}

/// The reason why a line cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PinsErrorCause {
    /// The line has a control character in it: it is no text.
    #[error("it has control characters in it")]
    ControlCharacter,
    /// The second word is no fingerprint.
    #[error("its second word is no fingerprint: {0}")]
    Fingerprint(#[source] InvalidFingerprint),
    /// The named part is not there.
    #[error("it has no {0}")]
    Missing(&'static str),
    /// The named field is there twice.
    #[error("it has {0} twice")]
    Repeated(&'static str),
    /// The named field is no number of seconds.
    #[error("its {0} is no number of seconds")]
    Time(&'static str),
    /// `highest` is no version that this program knows.
    #[error("its {HIGHEST} is {0:?}, which this program does not know")]
    Version(String),
    /// A word is not of the form `name=value`.
    #[error("{0:?} is not of the form name=value")]
    NotAField(String),
    /// The address was there before.
    #[error("its address stands in line {first} already")]
    DuplicateAddress {
        /// The number of the line that has the address first, counted from 1.
        first: usize,
    },
}
