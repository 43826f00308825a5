//! Names and the keys that own them. A name belongs to the first key that claims it, and so does
//! every name that looks like it. Knows nothing of the store that keeps them.

use std::collections::HashMap;

use shared::chat::UserId;
use shared::chat::entry::DisplayName;
use shared::chat::name::Name;
use shared::identity::Fingerprint;

/// Most names that are remembered, and most guests: a stranger with a script must not fill the
/// memory.
const MAX_NAMES: usize = 100_000;

/// The bytes of a fingerprint that a guest's name shows.
const SHOWN_BYTES: usize = DisplayName::GUEST_DIGITS / 2;

/// The names of a server, and those whose claim is not durable yet.
#[derive(Debug, Default)]
pub(super) struct Names {
    by_key: HashMap<Fingerprint, Name>,
    by_skeleton: HashMap<String, Fingerprint>,
    /// Skeletons of names that somebody is claiming. They count as taken, so that two cannot have
    /// one name; they are nobody's until the claim is durable.
    reserved: HashMap<String, Fingerprint>,
    /// The first key with each beginning that a guest's name shows.
    guests: HashMap<[u8; SHOWN_BYTES], Fingerprint>,
}

/// The reason for which a name is not given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NotGiven {
    /// Another key has the name, or one that looks the same; holds free names like it.
    Taken(Vec<Name>),
    /// The name speaks for a guest, the server or its operators.
    Guest,
    /// No more names are remembered.
    Full,
}

impl Names {
    /// Returns the name under which somebody is shown.
    pub(super) fn display(&self, user: UserId) -> DisplayName {
        if let Some(name) = self.by_key.get(&user.0) {
            return name.into();
        }
        match self.guests.get(&shown(&user.0)) {
            // Somebody has searched long for a key that is shown as another one.
            Some(first) if *first != user.0 => DisplayName::long_guest(user),
            _ => DisplayName::guest(user),
        }
    }

    /// Remembers a key, so that no other is shown under the same guest's name.
    pub(super) fn meet(&mut self, key: Fingerprint) {
        if self.guests.len() < MAX_NAMES {
            self.guests.entry(shown(&key)).or_insert(key);
        }
    }

    pub(super) fn has_name(&self, user: UserId) -> bool {
        self.by_key.contains_key(&user.0)
    }

    /// Takes over a name that was stored.
    pub(super) fn restore(&mut self, key: Fingerprint, name: Name) {
        for skeleton in skeletons(&name) {
            // Two stored names can be alike by a newer table of confusables; the first keeps the
            // skeleton.
            self.by_skeleton.entry(skeleton).or_insert(key);
        }
        self.by_key.insert(key, name);
    }

    /// Reserves a name for a key until [`Self::release`].
    ///
    /// # Errors
    /// [`NotGiven`] if another key has, or is claiming, a name that looks like it.
    pub(super) fn reserve(&mut self, key: Fingerprint, name: &Name) -> Result<(), NotGiven> {
        let skeletons = skeletons(name);
        if name.is_reserved() {
            return Err(NotGiven::Guest);
        }
        if skeletons.iter().any(|it| self.belongs_to_another(it, key)) {
            return Err(NotGiven::Taken(self.free_like(name)));
        }
        // A key that has a name gives it up for the new one, which takes no more memory.
        if !self.by_key.contains_key(&key) && self.by_key.len() + self.reserved.len() >= MAX_NAMES {
            return Err(NotGiven::Full);
        }
        self.reserved
            .extend(skeletons.into_iter().map(|it| (it, key)));
        Ok(())
    }

    /// Returns `true` if no other key has, or is claiming, a name that looks like this one.
    pub(super) fn is_free_for(&self, key: Fingerprint, name: &Name) -> bool {
        let skeletons = skeletons(name);
        !skeletons.iter().any(|it| self.belongs_to_another(it, key))
    }

    /// Ends a reservation: the claim is applied, or could not be stored.
    pub(super) fn release(&mut self, key: Fingerprint, name: &Name) {
        for skeleton in skeletons(name) {
            if self.reserved.get(&skeleton) == Some(&key) {
                self.reserved.remove(&skeleton);
            }
        }
    }

    /// Gives a name to a key, which loses its former one.
    pub(super) fn apply(&mut self, key: Fingerprint, name: Name) {
        // Before the new name is entered, which may have a skeleton in common with the former one.
        self.forget(&key);
        self.restore(key, name);
    }

    /// Takes a key's name away.
    pub(super) fn forget(&mut self, key: &Fingerprint) {
        if let Some(name) = self.by_key.remove(key) {
            for skeleton in skeletons(&name) {
                // Another key may have the skeleton, see `restore`.
                if self.by_skeleton.get(&skeleton) == Some(key) {
                    self.by_skeleton.remove(&skeleton);
                }
            }
        }
    }

    fn belongs_to_another(&self, skeleton: &str, key: Fingerprint) -> bool {
        let owners = [self.by_skeleton.get(skeleton), self.reserved.get(skeleton)];
        owners.into_iter().flatten().any(|owner| *owner != key)
    }

    fn free_like(&self, name: &Name) -> Vec<Name> {
        let is_free = |name: &Name| {
            let taken =
                |it: &String| self.by_skeleton.contains_key(it) || self.reserved.contains_key(it);
            !skeletons(name).iter().any(taken)
        };
        // Bounded, because a stranger asks and each try is a name to be folded.
        (2..100)
            .filter_map(|number| Name::parse(&format!("{name}-{number}")).ok())
            .filter(is_free)
            .take(3)
            .collect()
    }
}

/// Returns the beginning of a key's fingerprint that a guest's name shows.
fn shown(key: &Fingerprint) -> [u8; SHOWN_BYTES] {
    let mut shown = [0; SHOWN_BYTES];
    for (to, from) in shown.iter_mut().zip(key.as_bytes()) {
        *to = *from;
    }
    shown
}

/// Returns the forms under which a name is reserved.
fn skeletons(name: &Name) -> Vec<String> {
    name.skeletons().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(seed: u8) -> Fingerprint {
        Fingerprint::of_spki(&[seed])
    }

    fn shown_as(names: &Names, seed: u8) -> String {
        names.display(UserId(key(seed))).to_string()
    }

    fn name(text: &str) -> Name {
        Name::parse(text).unwrap()
    }

    fn claim(names: &mut Names, seed: u8, text: &str) -> Result<(), NotGiven> {
        names.reserve(key(seed), &name(text))?;
        names.apply(key(seed), name(text));
        names.release(key(seed), &name(text));
        Ok(())
    }

    #[test]
    fn a_name_stays_with_its_first_key() {
        let mut names = Names::default();
        assert_eq!(
            shown_as(&names, 1),
            DisplayName::guest(UserId(key(1))).to_string()
        );
        claim(&mut names, 1, "anna").unwrap();
        claim(&mut names, 1, "anna").unwrap();
        let suggestions = ["anna-2", "anna-3", "anna-4"].map(name).to_vec();
        assert_eq!(
            claim(&mut names, 2, "anna"),
            Err(NotGiven::Taken(suggestions))
        );
        assert_eq!(shown_as(&names, 1), "anna");
    }

    // The attack: the name of somebody else in letters of another script, or in capitals.
    #[test]
    fn a_name_that_looks_taken_is_taken() {
        let mut names = Names::default();
        claim(&mut names, 1, "cap").unwrap();
        // All Cyrillic.
        assert!(matches!(
            claim(&mut names, 2, "сар"),
            Err(NotGiven::Taken(_))
        ));
        assert!(matches!(
            claim(&mut names, 2, "CAP"),
            Err(NotGiven::Taken(_))
        ));
        claim(&mut names, 1, "Cap").unwrap();
        assert_eq!(shown_as(&names, 1), "Cap");
    }

    #[test]
    fn a_name_that_is_given_up_is_free() {
        let mut names = Names::default();
        claim(&mut names, 1, "anna").unwrap();
        claim(&mut names, 1, "bert").unwrap();
        claim(&mut names, 2, "anna").unwrap();
        assert_eq!(shown_as(&names, 2), "anna");
    }

    // The attack: a capital I, or a digit, for a small l.
    #[test]
    fn a_name_that_looks_taken_in_one_case_only_is_taken() {
        let mut names = Names::default();
        claim(&mut names, 1, "Alice").unwrap();
        for text in ["AIice", "alice", "A1ice", "ALICE"] {
            let claimed = claim(&mut names, 2, text);
            assert!(matches!(claimed, Err(NotGiven::Taken(_))), "{text}");
        }
        claim(&mut names, 1, "bert").unwrap();
        claim(&mut names, 2, "AIice").unwrap();
        assert_eq!(shown_as(&names, 2), "AIice");
    }

    // The attack: a name that people take for a guest's, which shows a key.
    #[test]
    fn nobody_takes_a_guests_name() {
        let mut names = Names::default();
        let stored = Name::from_stored("Guest-12345678").unwrap();
        assert_eq!(names.reserve(key(1), &stored), Err(NotGiven::Guest));
    }

    // The attack: a key whose fingerprint begins like that of another guest.
    #[test]
    fn two_guests_are_never_shown_under_one_name() {
        let [first, second] = [1, 2].map(|last| {
            let mut bytes = [7; 32];
            bytes[31] = last;
            // They differ within what a longer name shows.
            bytes[SHOWN_BYTES] = last;
            Fingerprint::from_bytes(bytes)
        });
        let mut names = Names::default();
        names.meet(first);
        names.meet(second);
        let shown = [first, second].map(|key| names.display(UserId(key)).to_string());
        assert_eq!(shown[0], "guest-0707070707070707");
        assert_eq!(shown[1], "guest-07070707070707070207070707");
    }

    // The race: two keys claim one name before either claim is stored.
    #[test]
    fn of_two_claims_under_way_one_gets_the_name_and_a_failed_one_leaves_nothing() {
        let mut names = Names::default();
        names.reserve(key(1), &name("anna")).unwrap();
        assert!(names.reserve(key(2), &name("Anna")).is_err());
        names.release(key(1), &name("anna"));
        assert_eq!(claim(&mut names, 2, "Anna"), Ok(()));
        names.forget(&key(2));
        assert_eq!(claim(&mut names, 1, "anna"), Ok(()));
    }
}
