//! The names of rooms.

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::InvalidRoom;
use crate::chat::as_text::serde_as_text;
use crate::chat::limits::ROOM_NAME_CHARACTERS;
use crate::chat::name::{MARKS_PER_LETTER, folded_skeleton, has_piled_marks, speaks_for_others};
use crate::chat::normal::{is_combining_mark, lowercase_each, nfc};
use crate::chat::visible::is_ignorable;

/// The name of the room that everybody is in.
const LOBBY: &str = "lobby";

/// The name of a room: 1 to 64 lower-case letters and digits of one script, and `-`, `_` and `.`
/// between them, in NFC.
///
/// ```
/// use shared::chat::RoomName;
///
/// let (one, other) = (RoomName::parse("cap")?, RoomName::parse("сар")?);
/// assert_eq!(one.skeleton(), other.skeleton(), "the second is Cyrillic");
/// assert!(RoomName::parse("lоbby").is_err(), "two scripts");
/// # Ok::<(), shared::chat::room::InvalidRoom>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoomName(Box<str>);

impl RoomName {
    /// Checks the name of a new room. Upper-case letters become lower-case: `General` and `general`
    /// are one room.
    ///
    /// # Errors
    /// [`InvalidRoom`] says what is wrong.
    pub fn parse(text: &str) -> Result<Self, InvalidRoom> {
        let name = Self::from_stored(text)?;
        name.check_new()?;
        Ok(name)
    }

    /// Checks what a new room's name needs beyond [`Self::from_stored`]: characters that can be seen
    /// and identify (UTS 39 §3.1), few marks, one script, and no confusion with the lobby.
    ///
    /// The page checks less, to do without the tables of scripts and confusables.
    ///
    /// # Errors
    /// [`InvalidRoom`] says what is wrong.
    pub fn check_new(&self) -> Result<(), InvalidRoom> {
        let name = &*self.0;
        // A character that cannot be seen would give two rooms the same look.
        if let Some(character) = name.chars().find(|c| is_ignorable(*c)) {
            return Err(InvalidRoom::Character(character));
        }
        if has_piled_marks(name, MARKS_PER_LETTER, ROOM_NAME_CHARACTERS / 2) {
            return Err(InvalidRoom::Marks);
        }
        #[cfg(not(target_arch = "wasm32"))]
        {
            use unicode_security::{GeneralSecurityProfile, MixedScript};

            let allowed = |c: char| "-_.".contains(c) || c.identifier_allowed();
            if let Some(character) = name.chars().find(|c| !allowed(*c)) {
                return Err(InvalidRoom::Character(character));
            }
            // A Cyrillic `о` in a Latin name would pass for another room's name (UTS 39 §5.1).
            if !name.is_single_script() {
                return Err(InvalidRoom::MixedScripts);
            }
            // The lobby's own name passes, because it is no other room.
            let lobby = Self::lobby();
            if *self != lobby && self.skeleton() == lobby.skeleton() {
                return Err(InvalidRoom::Reserved);
            }
        }
        Ok(())
    }

    /// Returns `true` for names that speak for the server, its operators, everybody or a guest. Such a
    /// room is for operators to make.
    pub fn is_reserved(&self) -> bool {
        !self.is_lobby() && speaks_for_others(&self.0)
    }

    /// Returns UTS 39 §4's skeleton: the same for all names that a person could confuse. Names are
    /// lower-case, so that one skeleton is enough.
    pub fn skeleton(&self) -> String {
        folded_skeleton(&self.0)
    }

    /// Reads the name of a room that exists, which may be older than the rules for new ones.
    ///
    /// # Errors
    /// [`InvalidRoom`], if no version can have accepted it.
    pub fn from_stored(text: &str) -> Result<Self, InvalidRoom> {
        // Lower-casing does not preserve NFC, so the name is normalized again: one name must have
        // one form.
        let name: String = if text.is_ascii() {
            // The same without the tables: every request names its room.
            text.to_ascii_lowercase()
        } else {
            nfc(&lowercase_each(&nfc(text)))
        };
        if name.is_empty() {
            return Err(InvalidRoom::Empty);
        }
        // Counted in the final form, because lower-casing can change the number of characters.
        if name.chars().count() > ROOM_NAME_CHARACTERS {
            return Err(InvalidRoom::TooLong);
        }
        let allowed = |c: char| c.is_alphanumeric() || is_combining_mark(c) || "-_.".contains(c);
        if let Some(character) = name.chars().find(|c| !allowed(*c)) {
            return Err(InvalidRoom::Character(character));
        }
        // A mark may end a name, because it belongs to the letter before it.
        let ends = [name.chars().next(), name.chars().next_back()];
        if ends[0].is_none_or(|c| !c.is_alphanumeric())
            || ends[1].is_none_or(|c| !c.is_alphanumeric() && !is_combining_mark(c))
        {
            return Err(InvalidRoom::Ends);
        }
        Ok(Self(name.into()))
    }

    /// Returns the room that everybody is in, and the only one of plain-text clients.
    pub fn lobby() -> Self {
        Self(LOBBY.into())
    }

    /// Returns `true` for the name of the room that everybody is in.
    pub(super) fn is_lobby(&self) -> bool {
        &*self.0 == LOBBY
    }

    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

// Only `create` and `rename` name new rooms, and both check the name by `new_name`.
serde_as_text!(RoomName, RoomName::from_stored);

/// Deserializes the name of a new room, by the stricter rules.
pub(in crate::chat) fn new_name<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<RoomName, D::Error> {
    let name = RoomName::deserialize(deserializer)?;
    name.check_new().map_err(D::Error::custom)?;
    Ok(name)
}

impl fmt::Display for RoomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
