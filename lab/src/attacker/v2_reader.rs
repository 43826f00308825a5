//! The attacker's own reader of v2, written from `docs/PROTOCOL.md` §2.4 and §2.5: it reads a recorded
//! session if it is given both shared secrets, and nothing otherwise.

use chacha20poly1305::aead::AeadInOut;
use chacha20poly1305::{ChaCha20Poly1305, KeyInit};
use hkdf::Hkdf;
use sha2::{Digest, Sha256};

use super::frames::HEADER_BYTES;
use crate::outcome::Side;

const TAG_BYTES: usize = 16;

/// The inner types that the reader knows.
const DATA: u8 = 5;
const KEY_UPDATE: u8 = 6;

type Secret = [u8; 32];

/// A recorded v2 session, as it lies on the wire.
pub(crate) struct Recording<'a> {
    /// Announcement, preface, `client_hello` and `server_hello`, in this order.
    pub(crate) clear: [&'a [u8]; 4],
    /// The sealed frames behind them, in the order of their time.
    pub(crate) sealed: Vec<(Side, &'a [u8])>,
}

/// One direction, with its current secret.
struct Reading {
    secret: Secret,
    seq: u64,
}

impl Reading {
    fn new(secret: Secret) -> Self {
        Self { secret, seq: 0 }
    }

    /// Opens the next record of this direction: its inner type and its content.
    fn open(&mut self, frame: &[u8]) -> Option<(u8, Vec<u8>)> {
        let (header, body) = frame.split_at_checked(HEADER_BYTES)?;
        let (ciphertext, tag) = body.split_at_checked(body.len().checked_sub(TAG_BYTES)?)?;
        let key: Secret = expand(&self.secret, "key", &[])?;
        let mut nonce: [u8; 12] = expand(&self.secret, "iv", &[])?;
        for (byte, seq) in nonce.iter_mut().skip(4).zip(self.seq.to_be_bytes()) {
            *byte ^= seq;
        }
        let tag: [u8; TAG_BYTES] = tag.try_into().ok()?;
        let mut inner = ciphertext.to_vec();
        ChaCha20Poly1305::new((&key).into())
            .decrypt_inout_detached(
                (&nonce).into(),
                header,
                inner.as_mut_slice().into(),
                (&tag).into(),
            )
            .ok()?;
        self.seq += 1;
        let end = inner.iter().rposition(|byte| *byte != 0)?;
        let inner_type = inner[end];
        inner.truncate(end);
        if inner_type == KEY_UPDATE {
            *self = Self::new(expand(&self.secret, "rekey", &[])?);
        }
        Some((inner_type, inner))
    }
}

impl Recording<'_> {
    /// Reads with the two shared secrets until a record does not open. Returns the number of records
    /// that did, and the texts in them.
    pub(crate) fn read(&self, ml_kem: &Secret, x25519: &Secret) -> (usize, Vec<String>) {
        let (mut opened, mut texts) = (0, Vec::new());
        // `None` only says that the reading has ended there.
        let _ = self.open_all(ml_kem, x25519, &mut opened, &mut texts);
        (opened, texts)
    }

    fn open_all(
        &self,
        ml_kem: &Secret,
        x25519: &Secret,
        opened: &mut usize,
        texts: &mut Vec<String>,
    ) -> Option<()> {
        let mut transcript = Sha256::new();
        for part in self.clear {
            transcript.update(part);
        }
        let th0 = transcript.clone().finalize();
        let (prk, _) = Hkdf::<Sha256>::extract(Some(b"SC/2"), &[&ml_kem[..], x25519].concat());
        let mut reading = [
            Reading::new(expand_prk(&prk, "c hs", &th0)?),
            Reading::new(expand_prk(&prk, "s hs", &th0)?),
        ];
        let mut handshake = 0;
        for (from, frame) in &self.sealed {
            let direction = match from {
                Side::Client => 0,
                Side::Server => 1,
            };
            let (inner_type, content) = reading[direction].open(frame)?;
            *opened += 1;
            // server_auth, server_finished, client_auth and client_finished are the transcript.
            if handshake < 4 {
                handshake += 1;
                transcript.update([inner_type]);
                transcript.update(u32::try_from(content.len()).ok()?.to_be_bytes());
                transcript.update(&content);
            }
            if handshake == 4 && reading[0].seq == 2 {
                let th4 = transcript.clone().finalize();
                reading = [
                    Reading::new(expand_prk(&prk, "c ap", &th4)?),
                    Reading::new(expand_prk(&prk, "s ap", &th4)?),
                ];
                handshake += 1;
            } else if inner_type == DATA {
                texts.extend(messages(&content)?);
            }
        }
        Some(())
    }
}

fn expand_prk(prk: &[u8], label: &str, context: &[u8]) -> Option<Secret> {
    expand(prk.try_into().ok()?, label, context)
}

fn expand<const N: usize>(secret: &Secret, label: &str, context: &[u8]) -> Option<[u8; N]> {
    let info = [b"SC/2 ", label.as_bytes(), &[0], context];
    let mut output = [0; N];
    let hkdf = Hkdf::<Sha256>::from_prk(secret).ok()?;
    hkdf.expand_multi_info(&info, &mut output).ok()?;
    Some(output)
}

fn messages(mut content: &[u8]) -> Option<Vec<String>> {
    let mut texts = Vec::new();
    while !content.is_empty() {
        let (length, rest) = content.split_first_chunk()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (message, rest) = rest.split_at_checked(length)?;
        texts.push(String::from_utf8_lossy(message).into_owned());
        content = rest;
    }
    Some(texts)
}
