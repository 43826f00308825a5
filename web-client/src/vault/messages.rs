//! The messages between the page and the vault's worker: JSON over `postMessage`.
//!
//! No message can carry a private key in clear: an exported one is encrypted before it leaves the
//! worker, and a file to import goes to the worker as a file, unread by the page.

use std::fmt;

use serde::{Deserialize, Serialize};
use shared::identity::PublicKey;

/// The shortest passphrase that an exported key is encrypted with, in characters.
pub const PASSPHRASE_MIN_CHARS: usize = 12;

/// A request of the page to the worker. Requests are answered one at a time, in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The id, chosen by the page; the reply has it again.
    pub id: u32,
    /// The operation to carry out.
    pub call: Call,
}

/// An operation that the page may ask of the vault.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Call {
    /// Loads the key, or generates one if there is none.
    Open,
    /// Signs with RSA-PSS.
    Sign {
        /// The key that must sign: another page may have replaced the stored one meanwhile.
        fingerprint: String,
        /// The bytes to sign, base64.
        message: String,
    },
    /// Decrypts with RSA-OAEP.
    Decrypt {
        /// The key that must decrypt, as in [`Call::Sign`].
        fingerprint: String,
        /// The ciphertext, base64.
        ciphertext: String,
    },
    /// Encrypts the key with a passphrase, as PKCS#8 PEM.
    Export {
        /// The passphrase, of at least [`PASSPHRASE_MIN_CHARS`] characters.
        passphrase: String,
    },
    /// Replaces the key with the one in the file that is attached to this request.
    Import {
        /// The passphrase; ignored if the file is not encrypted.
        passphrase: String,
    },
    /// Deletes the key for good.
    Delete,
}

// Written by hand: the derived form would show passphrases.
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

/// A report of the worker to the page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Report {
    /// The worker's program has started and takes requests.
    Started,
    /// There was no key, and one is being generated: this takes seconds.
    Creating,
    /// The answer to the request with this id.
    Reply {
        /// The request's id.
        id: u32,
        /// The answer, or the failure.
        outcome: Result<Answer, Failure>,
    },
    /// The worker's program has ended with a bug; it takes no more requests.
    Crashed(String),
}

/// An answer of the vault.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// The answer to [`Call::Open`] and [`Call::Import`].
    Identity(Profile),
    /// The answer to [`Call::Sign`] and [`Call::Decrypt`].
    Bytes {
        /// The result, base64.
        bytes: String,
        /// The time of the RSA operation alone, in microseconds.
        micros: u64,
    },
    /// The answer to [`Call::Export`]: an encrypted PKCS#8 PEM.
    Exported(String),
    /// The answer to [`Call::Delete`].
    Deleted,
}

// Written by hand: the derived form would show signatures and decrypted bytes.
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
    /// The fingerprint: `SHA256:` and the base64 of the hash of the public key.
    pub fingerprint: String,
    /// Eight hexadecimal digits of the fingerprint, for people.
    pub short: String,
    /// The public key as `SubjectPublicKeyInfo` PEM.
    pub public_pem: String,
    /// The size of the modulus, in bits.
    pub bits: usize,
}

impl Profile {
    /// Returns what people and sessions need of a public key.
    pub fn of(key: &PublicKey) -> Self {
        let fingerprint = key.fingerprint();
        Self {
            fingerprint: fingerprint.to_string(),
            short: fingerprint.short(),
            public_pem: key.to_spki_pem().to_owned(),
            bits: key.bits(),
        }
    }
}

/// The reason for which the vault could not carry out a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Failure {
    /// The browser does not allow storage.
    Storage(String),
    /// The stored value is no key that can be read.
    StoredKeyUnreadable,
    /// There is no key (another page may have deleted it).
    NoKey,
    /// The stored key is another one (another page has replaced it).
    KeyChanged,
    /// The file is no private key, or the passphrase is wrong.
    ImportRefused(String),
    /// The passphrase is too short.
    PassphraseTooShort,
    /// The key operation itself failed.
    Operation,
    /// The worker does not run. The page reports this, not the worker.
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
        // A passphrase in a debug text would end in the browser's console.
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
