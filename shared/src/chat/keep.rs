//! How long a room's entries are kept.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

/// What becomes of a room's entries. Numbers go on whatever is gone: no number is given twice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// They stay.
    #[default]
    Forever,
    /// They go when they are so many days old.
    Days(NonZeroU32),
    /// They go when so many newer ones are there.
    Entries(NonZeroU32),
    /// They are told and not stored: an `ack` says only that who is connected is told.
    Nothing,
}

impl Keep {
    /// Whether this is the one that a room has unless it is told otherwise.
    pub fn is_forever(&self) -> bool {
        *self == Self::Forever
    }
}

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
    }
}
