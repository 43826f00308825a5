//! Which key has which name. A name belongs to the first key that claims it, and so does every name
//! that looks like it. Knows nothing of the store that keeps them.

use std::collections::HashMap;

use shared::chat::UserId;
use shared::chat::entry::DisplayName;
use shared::chat::name::Name;
use shared::identity::Fingerprint;

/// Most names that are remembered: a stranger with a script must not fill the memory.
const MAX_NAMES: usize = 100_000;

#[derive(Debug, Default)]
pub(super) struct Names {
    by_key: HashMap<Fingerprint, Name>,
    by_skeleton: HashMap<String, Fingerprint>,
}

/// Why a name is not given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NotGiven {
    /// Another key has it, or one that looks the same; holds free names like it.
    Taken(Vec<Name>),
    /// It is the name of a guest, and not this key's.
    Guest,
    /// No more names are remembered.
    Full,
}

const GUEST_PREFIX: &str = "guest-";

impl Names {
    /// What somebody is called.
    pub(super) fn display(&self, user: UserId) -> DisplayName {
        self.by_key
            .get(&user.0)
            .map_or_else(|| DisplayName::guest(user), DisplayName::from)
    }

    /// The name that a key has claimed.
    pub(super) fn claimed(&self, key: &Fingerprint) -> Option<Name> {
        self.by_key.get(key).cloned()
    }

    pub(super) fn has_name(&self, user: UserId) -> bool {
        self.by_key.contains_key(&user.0)
    }

    /// Takes over a name that was stored.
    pub(super) fn restore(&mut self, key: Fingerprint, name: Name) {
        self.by_skeleton.insert(name.skeleton(), key);
        self.by_key.insert(key, name);
    }

    /// Undoes a claim that could not be stored: the key has its former name again.
    pub(super) fn give_back(&mut self, key: Fingerprint, former: Option<Name>) {
        if let Some(name) = self.by_key.remove(&key) {
            self.by_skeleton.remove(&name.skeleton());
        }
        // Nobody else can have taken it in the meantime but by its being free for a moment.
        if let Some(former) = former
            && !self.by_skeleton.contains_key(&former.skeleton())
        {
            self.restore(key, former);
        }
    }

    /// Gives `name` to `key`, which gives its old one back.
    pub(super) fn claim(&mut self, key: Fingerprint, name: Name) -> Result<(), NotGiven> {
        let skeleton = name.skeleton();
        if skeleton.starts_with(GUEST_PREFIX) {
            return Err(NotGiven::Guest);
        }
        match self.by_skeleton.get(&skeleton) {
            Some(owner) if *owner != key => return Err(NotGiven::Taken(self.free_like(&name))),
            None if self.by_skeleton.len() >= MAX_NAMES => return Err(NotGiven::Full),
            _ => {}
        }
        if let Some(old) = self.by_key.insert(key, name) {
            self.by_skeleton.remove(&old.skeleton());
        }
        self.by_skeleton.insert(skeleton, key);
        Ok(())
    }

    fn free_like(&self, name: &Name) -> Vec<Name> {
        (2..100)
            .filter_map(|number| Name::parse(&format!("{name}-{number}")).ok())
            .filter(|name| !self.by_skeleton.contains_key(&name.skeleton()))
            .take(3)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(seed: u8) -> Fingerprint {
        Fingerprint::of_spki(&[seed])
    }

    fn shown(names: &Names, seed: u8) -> String {
        names.display(UserId(key(seed))).to_string()
    }

    fn name(text: &str) -> Name {
        Name::parse(text).unwrap()
    }

    #[test]
    fn a_name_stays_with_its_first_key() {
        let mut names = Names::default();
        assert_eq!(
            shown(&names, 1),
            DisplayName::guest(UserId(key(1))).to_string()
        );
        names.claim(key(1), name("anna")).unwrap();
        names.claim(key(1), name("anna")).unwrap();
        let suggestions = ["anna-2", "anna-3", "anna-4"].map(name).to_vec();
        assert_eq!(
            names.claim(key(2), name("anna")),
            Err(NotGiven::Taken(suggestions))
        );
        assert_eq!(shown(&names, 1), "anna");
    }

    #[test]
    fn a_name_that_looks_taken_is_taken() {
        let mut names = Names::default();
        names.claim(key(1), name("cap")).unwrap();
        // All Cyrillic.
        assert!(matches!(
            names.claim(key(2), name("сар")),
            Err(NotGiven::Taken(_))
        ));
        assert!(matches!(
            names.claim(key(2), name("CAP")),
            Err(NotGiven::Taken(_))
        ));
        names.claim(key(1), name("Cap")).unwrap();
        assert_eq!(shown(&names, 1), "Cap");
    }

    #[test]
    fn a_name_that_is_given_up_is_free() {
        let mut names = Names::default();
        names.claim(key(1), name("anna")).unwrap();
        names.claim(key(1), name("bert")).unwrap();
        names.claim(key(2), name("anna")).unwrap();
        assert_eq!(shown(&names, 2), "anna");
    }

    #[test]
    fn nobody_takes_a_guests_name() {
        let mut names = Names::default();
        assert_eq!(
            names.claim(key(1), name("Guest-12345678")),
            Err(NotGiven::Guest)
        );
    }
}
