//! The rule by which a server admits keys that it does not know, and what comes of it: applicants
//! and invitations.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::entry::DisplayName;
use super::id::UserId;
use super::timestamp::Timestamp;

/// The rule by which a server admits keys that it does not know.
///
/// A ban of a key alone keeps nobody out of an open server: a new key costs a tenth of a second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdmissionMode {
    /// Every key is admitted.
    #[default]
    Open,
    /// A new key needs the code of an invitation link.
    Invitation,
    /// A new key waits until an operator admits it. An invitation serves as well.
    Approval,
}

impl fmt::Display for AdmissionMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Open => "open",
            Self::Invitation => "invitation",
            Self::Approval => "approval",
        })
    }
}

/// A text that is no admission mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("an admission mode is open, invitation or approval")]
pub struct InvalidAdmissionMode;

impl FromStr for AdmissionMode {
    type Err = InvalidAdmissionMode;

    fn from_str(text: &str) -> Result<Self, InvalidAdmissionMode> {
        let modes = [Self::Open, Self::Invitation, Self::Approval];
        let found = modes.into_iter().find(|mode| mode.to_string() == text);
        found.ok_or(InvalidAdmissionMode)
    }
}

/// A key that waits for an operator's approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applicant {
    /// The key.
    pub id: UserId,
    /// The name that the person asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<DisplayName>,
    /// The address that the key came from last, without its port.
    pub address: String,
    /// The time of its first `hello`.
    pub since: Timestamp,
}

/// An invitation to the server. Its code is known only to those who have the link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// The invitation's number on this server.
    pub number: u32,
    /// The number of keys that it still admits.
    pub uses: u32,
    /// The time from which it is worth nothing.
    pub expires: Timestamp,
    /// The operator who made it.
    pub by: UserId,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::portable_test;

    portable_test! {
        fn a_mode_is_written_as_it_is_read() {
            for mode in [AdmissionMode::Open, AdmissionMode::Invitation, AdmissionMode::Approval] {
                assert_eq!(mode.to_string().parse(), Ok(mode));
                assert_eq!(serde_json::to_string(&mode).unwrap(), format!("\"{mode}\""));
            }
            assert_eq!("Open".parse::<AdmissionMode>(), Err(InvalidAdmissionMode));
        }
    }
}
