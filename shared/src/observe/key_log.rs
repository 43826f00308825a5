//! The log of a connection's secrets, in the manner of SSLKEYLOGFILE (docs/INSPECTOR.md §4).
//!
//! A line has five words: `SECURE_CHAT_V2 <name> <epoch> <connection> <secret>`. The connection is
//! the client's random in v2. v1 has none, so there it is the SHA-256 of the encrypted session.

use std::collections::BTreeMap;
use std::fmt;

use sha2::{Digest, Sha256};
use thiserror::Error;
use zeroize::Zeroizing;

use super::record::hex;
use crate::connection::Version;
use crate::crypto::cbc_hmac::{SESSION_BLOB_BYTES, SessionBlob};
use crate::crypto::hkdf::Secret;
use crate::frame::{FrameKind, LayerName, ObservedFrame};
use crate::wire::fields;
use crate::wire::span::FieldDef;
use crate::wire::trace::KeyDef;

const LABEL_V1: &str = "SECURE_CHAT_V1";
const LABEL_V2: &str = "SECURE_CHAT_V2";

/// The most secrets that a key log may have: ten thousand connections. A file of another kind must
/// not fill the memory.
const MAX_SECRETS: usize = 60_000;

/// The public name of a connection in a key log.
pub(super) type ConnectionName = [u8; 32];

/// Returns the name of a v1 connection.
pub(super) fn v1_name(enc_session: &[u8]) -> ConnectionName {
    Sha256::digest(enc_session).into()
}

/// Writes the lines of one connection.
#[derive(Debug, Default)]
pub struct KeyLogWriter {
    connection: Option<ConnectionName>,
    /// The secrets whose lines were written, with the latest epoch of each.
    written: BTreeMap<&'static str, u64>,
}

impl KeyLogWriter {
    /// Returns the lines for the secrets that are new with this frame, each with its line feed. The
    /// connection must report frames with
    /// [`Observe::WithSecrets`](crate::connection::Observe::WithSecrets).
    pub fn lines(&mut self, frame: &ObservedFrame) -> Zeroizing<String> {
        let mut lines = Zeroizing::new(String::new());
        match frame.kind {
            FrameKind::ClientHello => {
                let random = field(frame, LayerName::Message, &fields::RANDOM);
                self.connection = random.and_then(|random| random.try_into().ok());
            }
            FrameKind::Handshake => {
                let session = field(frame, LayerName::Ciphertext, &fields::V1_SESSION);
                if let Some(session) = session {
                    let name = v1_name(session);
                    for def in [&fields::AES_KEY, &fields::IV] {
                        if let Some(value) = field(frame, LayerName::Plaintext, def) {
                            line(&mut lines, LABEL_V1, def.name, 0, &name, value);
                        }
                    }
                }
            }
            _ => {}
        }
        let Some(connection) = self.connection else {
            return lines;
        };
        for key in &frame.keys {
            let Some(value) = key.value.as_deref() else {
                continue;
            };
            if self.written.get(key.name).is_none_or(|it| *it < key.epoch) {
                self.written.insert(key.name, key.epoch);
                line(
                    &mut lines,
                    LABEL_V2,
                    key.name,
                    key.epoch,
                    &connection,
                    value,
                );
            }
        }
        lines
    }
}

fn field<'a>(
    frame: &'a ObservedFrame,
    layer: LayerName,
    def: &'static FieldDef,
) -> Option<&'a [u8]> {
    let layer = frame.layers().find(|it| it.name == layer)?;
    let mut fields = layer.fields.iter();
    let field = fields.find(|field| std::ptr::eq(field.def, def))?;
    layer.bytes.get(field.range.clone())
}

fn line(
    lines: &mut String,
    label: &str,
    name: &str,
    epoch: u64,
    of: &ConnectionName,
    value: &[u8],
) {
    let (of, value) = (hex(of), Zeroizing::new(hex(value)));
    for part in [
        label,
        " ",
        name,
        " ",
        &epoch.to_string(),
        " ",
        &of,
        " ",
        &value,
        "\n",
    ] {
        lines.push_str(part);
    }
}

/// An error: a line of this format that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidLine {
    /// The line has not its five words, or one of them is wrong.
    #[error("not of the form SECURE_CHAT_V2 <name> <epoch> <connection> <secret>")]
    Form,
    /// There are more secrets than a key log may have.
    #[error("more than {MAX_SECRETS} secrets")]
    TooMany,
}

/// The secrets of any number of connections, wiped when dropped.
#[derive(Default)]
pub struct KeyLog {
    /// By version, connection, name and epoch.
    secrets: BTreeMap<(Version, ConnectionName, String, u64), Zeroizing<Vec<u8>>>,
}

impl KeyLog {
    /// Takes a line. Lines of other formats are passed over, as a key log of TLS may be in the same
    /// file; so are empty ones and those that begin with `#`.
    ///
    /// # Errors
    /// [`InvalidLine`].
    pub fn line(&mut self, line: &str) -> Result<(), InvalidLine> {
        let mut words = line.split_ascii_whitespace();
        let version = match words.next() {
            Some(LABEL_V1) => Version::V1,
            Some(LABEL_V2) => Version::V2,
            _ => return Ok(()),
        };
        let parsed = (|| {
            let name = words.next()?.to_owned();
            let epoch = words.next()?.parse().ok()?;
            let connection = unhex(words.next()?)?.as_slice().try_into().ok()?;
            let secret = unhex(words.next()?)?;
            words
                .next()
                .is_none()
                .then_some((name, epoch, connection, secret))
        })();
        let (name, epoch, connection, secret) = parsed.ok_or(InvalidLine::Form)?;
        if self.secrets.len() == MAX_SECRETS {
            return Err(InvalidLine::TooMany);
        }
        self.secrets
            .insert((version, connection, name, epoch), secret);
        Ok(())
    }

    /// Returns `true` if there is no secret.
    pub fn is_empty(&self) -> bool {
        self.secrets.is_empty()
    }

    fn get(&self, version: Version, of: &ConnectionName, name: &str) -> Option<&[u8]> {
        // The first epoch alone: the later ones are derived from it (PROTOCOL.md §2.10).
        let key = (version, *of, name.to_owned(), 0);
        self.secrets.get(&key).map(|secret| secret.as_slice())
    }

    /// Returns a secret of a v2 connection, as it was before the first key update.
    pub(super) fn secret(&self, of: &ConnectionName, def: &KeyDef) -> Option<Secret> {
        let secret = self.get(Version::V2, of, def.name)?;
        secret.try_into().ok().map(Secret::new)
    }

    /// Returns the session of a v1 connection.
    pub(super) fn session(&self, of: &ConnectionName) -> Option<SessionBlob> {
        let part = |def: &FieldDef| self.get(Version::V1, of, def.name);
        let mut blob = Zeroizing::new(Vec::with_capacity(SESSION_BLOB_BYTES));
        blob.extend_from_slice(part(&fields::AES_KEY)?);
        blob.extend_from_slice(part(&fields::IV)?);
        SessionBlob::from_bytes(&blob).ok()
    }
}

impl fmt::Debug for KeyLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyLog({} secrets)", self.secrets.len())
    }
}

fn unhex(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() / 2));
    for pair in text.as_bytes().chunks(2) {
        let [high, low] = pair else { return None };
        bytes.push(u8::try_from(digit(high)? << 4 | digit(low)?).ok()?);
    }
    Some(bytes)
}
