//! The people of another program.

use std::collections::HashMap;

use shared::chat::UserId;
use shared::chat::entry::DisplayName;
use shared::identity::Fingerprint;

use super::super::names::MarkedNames;

/// Stands before what the id of an imported person is the hash of. The DER of a key begins with
/// another byte, so that no key has such an id, short of a collision of SHA-256.
const LABEL: &[u8] = b"SC imported person\0";

/// The people of an export by their ids there.
#[derive(Debug, Default)]
pub(super) struct People {
    numbers: HashMap<String, usize>,
    known: Vec<Person>,
    names: MarkedNames,
}

/// Somebody who wrote in another program.
#[derive(Debug)]
pub(super) struct Person {
    pub(super) id: UserId,
    pub(super) name: DisplayName,
}

impl People {
    /// Adds a person of the program `source`, unless they were added before. Returns their number.
    pub(super) fn add(&mut self, source: &str, id: &str, called: &str) -> usize {
        if let Some(number) = self.numbers.get(id) {
            return *number;
        }
        let spelled = [LABEL, source.as_bytes(), b"\0", id.as_bytes()].concat();
        self.known.push(Person {
            id: UserId(Fingerprint::of_spki(&spelled)),
            name: self.names.give(called),
        });
        let number = self.known.len() - 1;
        self.numbers.insert(id.to_owned(), number);
        number
    }

    pub(super) fn get(&self, number: usize) -> Option<&Person> {
        self.known.get(number)
    }
}
