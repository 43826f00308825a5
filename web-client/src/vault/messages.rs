//! The messages between the page and the vault's worker: JSON over `postMessage`.
//!
//! No message can carry a private key in clear: an exported one is encrypted before it leaves the
//! worker, and a file to import goes to the worker as a file, unread by the page.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Shortest passphrase that an exported key is encrypted with, in characters.
pub const PASSPHRASE_MIN_CHARS: usize = 12;

/// Page → worker: one thing to do. Requests are answered one at a time, in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Chosen by the page; the reply carries it back.
    pub id: u32,
    /// The operation to carry out.
    pub call: Call,
}

/// An operation that the page may ask of the vault.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Call {
    /// Load the key, or make one if there is none.
    Open,
    /// Sign with RSA-PSS.
    Sign {
        /// The key that must sign: another page may have replaced the stored one meanwhile.
        fingerprint: String,
        /// The bytes to sign, base64.
        message: String,
    },
    /// Decrypt with RSA-OAEP.
    Decrypt {
        /// As in [`Call::Sign`].
        fingerprint: String,
        /// The ciphertext, base64.
        ciphertext: String,
    },
    /// Encrypt the key with a passphrase, as PKCS#8 PEM.
    Export {
        /// At least [`PASSPHRASE_MIN_CHARS`] characters.
        passphrase: String,
    },
    /// Replace the key with the one in the file that is attached to this request.
    Import {
        /// Ignored if the file is not encrypted.
        passphrase: String,
    },
    /// Delete the key for good.
    Delete,
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Open => "Open",
            Self::Sign { .. } => "Sign(..)",
            Self::Decrypt { .. } => "Decrypt(..)",
            Self::Export { .. } => "Export(..)",
            Self::Import { .. } => "Import(..)",
            Self::Delete => "Delete",
        })
    }
}

/// Worker → page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Report {
    /// The worker's program has started and takes requests.
    Started,
    /// There was no key, and one is being made: this takes seconds.
    Creating,
    /// The answer to the request with this id.
    Reply {
        /// The request's id.
        id: u32,
        /// How it went.
        outcome: Result<Answer, Failure>,
    },
    /// The worker's program has ended with a bug; it takes no more requests.
    Crashed(String),
}

/// An answer of the vault.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// To [`Call::Open`] and [`Call::Import`].
    Identity(Profile),
    /// To [`Call::Sign`] and [`Call::Decrypt`].
    Bytes {
        /// The result, base64.
        bytes: String,
        /// Time of the RSA operation alone, in microseconds.
        micros: u64,
    },
    /// To [`Call::Export`]: an encrypted PKCS#8 PEM.
    Exported(String),
    /// The answer to [`Call::Delete`].
    Deleted,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Identity(profile) => f.debug_tuple("Identity").field(profile).finish(),
            Self::Bytes { micros, .. } => write!(f, "Bytes(.., {micros} µs)"),
            Self::Exported(_) => f.write_str("Exported(..)"),
            Self::Deleted => f.write_str("Deleted"),
        }
    }
}

/// The public side of the stored key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// `SHA256:` and the base64 of the hash of the public key.
    pub fingerprint: String,
    /// Eight hex digits of it, for people.
    pub short: String,
    /// The public key as `SubjectPublicKeyInfo` PEM.
    pub public_pem: String,
    /// Size of the modulus.
    pub bits: usize,
}

/// Why the vault could not do it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Failure {
    /// The browser does not let us store anything.
    Storage(String),
    /// The stored value is not a key that we can read.
    StoredKeyUnreadable,
    /// There is no key (another page may have deleted it).
    NoKey,
    /// The stored key is another one (another page has replaced it).
    KeyChanged,
    /// The file is not a private key, or the passphrase is wrong.
    ImportRefused(String),
    /// The passphrase is too short.
    PassphraseTooShort,
    /// The key operation itself failed.
    Operation,
    /// The worker does not run; said by the page, not by the worker.
    Stopped(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Storage(detail) => write!(
                f,
                "This browser does not let the page store your key ({detail}). Private windows and \
                 strict privacy settings can be the cause."
            ),
            Self::StoredKeyUnreadable => f.write_str(
                "The key stored in this browser is damaged. Import your backup, or delete it and \
                 make a new one.",
            ),
            Self::NoKey => f.write_str("There is no key in this browser."),
            Self::KeyChanged => f.write_str(
                "Your key was replaced in another tab. Reload this page to use the new one.",
            ),
            Self::ImportRefused(reason) => f.write_str(reason),
            Self::PassphraseTooShort => {
                write!(f, "Use at least {PASSPHRASE_MIN_CHARS} characters.")
            }
            Self::Operation => f.write_str("The operation with your key failed."),
            Self::Stopped(detail) => {
                write!(
                    f,
                    "The part of this page that keeps your key has stopped: {detail}."
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_survive_json() {
        let request = Request {
            id: 7,
            call: Call::Export {
                passphrase: "ä\"\n".into(),
            },
        };
        let json = serde_json::to_string(&request).unwrap();
        assert_eq!(serde_json::from_str::<Request>(&json).unwrap(), request);

        let report = Report::Reply {
            id: 7,
            outcome: Err(Failure::KeyChanged),
        };
        let json = serde_json::to_string(&report).unwrap();
        assert_eq!(serde_json::from_str::<Report>(&json).unwrap(), report);
    }

    #[test]
    fn debug_shows_no_secret() {
        let secret = "correct horse battery staple".to_owned();
        let calls = [
            Call::Export {
                passphrase: secret.clone(),
            },
            Call::Import {
                passphrase: secret.clone(),
            },
            Call::Sign {
                fingerprint: String::new(),
                message: secret.clone(),
            },
        ];
        for call in calls {
            assert!(!format!("{call:?}").contains(&secret));
        }
        let answers = [
            Answer::Bytes {
                bytes: secret.clone(),
                micros: 1,
            },
            Answer::Exported(secret.clone()),
        ];
        for answer in answers {
            assert!(!format!("{answer:?}").contains(&secret));
        }
    }
}
