//! The keys that took part in a connection's frames, as a tree of derivations.

use std::collections::BTreeMap;

use shared::connection::Direction;

use super::ring::Ring;

/// A key of the latest connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The key's name.
    pub name: &'static str,
    /// The label of its derivation.
    pub label: &'static str,
    /// The number of key updates before the last use.
    pub epoch: u64,
    /// The first and the last kept frame with the key.
    pub frames: (u64, u64),
    /// The number of kept frames with the key.
    pub uses: u64,
    /// The direction of the frames.
    pub direction: Direction,
    /// The sequence number of the last record that the key sealed, with its nonce.
    pub last: Option<(u64, Vec<u8>)>,
    /// The value at the last use, if the person has it recorded.
    pub value: Option<Vec<u8>>,
}

/// The keys with one origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// The name of the secret that the keys are derived from.
    pub origin: &'static str,
    /// The keys, by the first use.
    pub keys: Vec<Key>,
}

/// Returns the keys of the latest connection's kept frames, by what they were derived from.
pub fn tree(ring: &Ring) -> Vec<Branch> {
    let mut branches: Vec<Branch> = Vec::new();
    let mut places: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let here = ring.connection().number;
    for entry in ring.from(0).filter(|it| it.connection.number == here) {
        for used in &entry.frame.keys {
            let place = places.get(used.name).copied().unwrap_or_else(|| {
                // After an update a key comes from the one before, which has its name.
                let origin = if used.epoch == 0 {
                    used.derived_from
                } else {
                    ""
                };
                let branch = branches.iter().position(|it| it.origin == origin);
                let branch = branch.unwrap_or_else(|| {
                    branches.push(Branch {
                        origin,
                        keys: Vec::new(),
                    });
                    branches.len() - 1
                });
                branches[branch].keys.push(Key {
                    name: used.name,
                    label: used.label,
                    epoch: 0,
                    frames: (entry.id, entry.id),
                    uses: 0,
                    direction: entry.frame.direction,
                    last: None,
                    value: None,
                });
                (branch, branches[branch].keys.len() - 1)
            });
            places.insert(used.name, place);
            let key = &mut branches[place.0].keys[place.1];
            key.epoch = used.epoch;
            key.frames.1 = entry.id;
            key.uses += 1;
            key.value = used.value.as_ref().map(|value| value.to_vec());
            if let Some(seq) = used.seq {
                key.last = Some((seq, used.nonce.clone()));
            }
        }
    }
    branches
}
