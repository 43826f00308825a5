//! The retention of a room's entries.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A room's retention rule. No number is given twice, whatever entries are gone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// All entries stay.
    #[default]
    Forever,
    /// Entries go when they are so many days old.
    Days(NonZeroU32),
    /// Entries go when so many newer ones are there.
    Entries(NonZeroU32),
    /// Entries are broadcast and not stored: an `ack` says only that the subscribers were sent the
    /// entry.
    Nothing,
}

impl Keep {
    /// Returns `true` for the rule that a room has without another one.
    pub fn is_forever(&self) -> bool {
        *self == Self::Forever
    }

    /// Returns `true` if this rule keeps nothing longer than `longest`, as far as that can be said.
    pub fn is_within(&self, longest: Self) -> bool {
        match (*self, longest) {
            (_, Self::Forever) | (Self::Nothing, _) => true,
            (Self::Days(days), Self::Days(most)) => days <= most,
            (Self::Entries(number), Self::Entries(most)) => number <= most,
            // Days and entries cannot be compared, so neither is within the other.
            _ => false,
        }
    }
}

/// Writes the rule for people: `everything`, `30 days`, `the last 1000 entries`, `nothing`.
impl fmt::Display for Keep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forever => f.write_str("everything"),
            Self::Days(days) if days.get() == 1 => f.write_str("one day"),
            Self::Days(days) => write!(f, "{days} days"),
            Self::Entries(number) if number.get() == 1 => f.write_str("the last entry"),
            Self::Entries(number) => write!(f, "the last {number} entries"),
            Self::Nothing => f.write_str("nothing"),
        }
    }
}

/// Reads `forever`, `30d`, `1000` or `nothing`, as in flags.
impl FromStr for Keep {
    type Err = InvalidKeep;

    fn from_str(text: &str) -> Result<Self, InvalidKeep> {
        match text {
            "forever" => return Ok(Self::Forever),
            "nothing" => return Ok(Self::Nothing),
            _ => {}
        }
        // Zero days or entries do not parse, because `nothing` is the rule that keeps none.
        let parsed = match text.strip_suffix('d') {
            Some(days) => days.parse().map(Self::Days),
            None => text.parse().map(Self::Entries),
        };
        parsed.map_err(|_| InvalidKeep)
    }
}

/// An error: the text is no retention rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("expected forever, a number of days like 30d, a number of entries, or nothing")]
pub struct InvalidKeep;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::portable_test;

    portable_test! {
        fn each_has_its_form_and_nothing_can_be_kept_for_zero_days() {
            let some = NonZeroU32::new(30).unwrap();
            for (keep, json) in [
                (Keep::Forever, r#""forever""#),
                (Keep::Days(some), r#"{"days":30}"#),
                (Keep::Entries(some), r#"{"entries":30}"#),
                (Keep::Nothing, r#""nothing""#),
            ] {
                assert_eq!(serde_json::to_string(&keep).unwrap(), json);
                assert_eq!(serde_json::from_str::<Keep>(json).unwrap(), keep);
            }
            for wrong in [r#"{"days":0}"#, r#"{"days":-1}"#, r#""days""#, "{}", "7"] {
                assert!(serde_json::from_str::<Keep>(wrong).is_err(), "{wrong}");
            }
        }

        fn flags_say_it_briefly() {
            for (text, keep, shown) in [
                ("forever", Keep::Forever, "everything"),
                ("30d", Keep::Days(NonZeroU32::new(30).unwrap()), "30 days"),
                ("1", Keep::Entries(NonZeroU32::MIN), "the last entry"),
                ("nothing", Keep::Nothing, "nothing"),
            ] {
                assert_eq!(text.parse(), Ok(keep));
                assert_eq!(keep.to_string(), shown);
            }
            for wrong in ["", "0", "0d", "d", "-1", "30 d", "Forever", "99999999999d"] {
                assert_eq!(wrong.parse::<Keep>(), Err(InvalidKeep), "{wrong}");
            }
        }

        fn nobody_keeps_longer_than_the_longest() {
            let days = |days| Keep::Days(NonZeroU32::new(days).unwrap());
            let entries = |number| Keep::Entries(NonZeroU32::new(number).unwrap());
            assert!(days(30).is_within(days(30)) && days(29).is_within(days(30)));
            assert!(!days(31).is_within(days(30)) && !Keep::Forever.is_within(days(30)));
            assert!(entries(1).is_within(entries(1)) && !entries(2).is_within(entries(1)));
            assert!(!entries(1).is_within(days(1)) && !days(1).is_within(Keep::Nothing));
            assert!(Keep::Nothing.is_within(days(1)) && Keep::Forever.is_within(Keep::Forever));
        }
    }
}
