//! An observer who knows all draws of both sides. It computes every secret of a session from them
//! and from the wire, with the primitives alone, and seals and opens any record.
//!
//! It is written from the protocol's document and shares nothing with the code under test except
//! for the primitives. It makes the vectors, and the records that no honest side would seal.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use crate::crypto::chacha20_poly1305::Key;
use crate::crypto::hkdf::{self, Secret};
use crate::crypto::hmac_sha256;
use crate::crypto::ml_kem::{self, DecapsulationKey};
use crate::crypto::x25519::EphemeralSecret;
use crate::identity::PublicKey;
use crate::random::{Random, RandomUnavailable};
use crate::testing::seeded;

/// All random bytes that a handshake draws.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Draws {
    pub(super) client_random: [u8; 32],
    pub(super) client_x25519: [u8; 32],
    /// `d ‖ z` of FIPS 203 §7.1.
    pub(super) client_ml_kem: [u8; 64],
    pub(super) server_random: [u8; 32],
    pub(super) server_x25519: [u8; 32],
    /// `m` of FIPS 203 §7.2.
    pub(super) server_ml_kem: [u8; 32],
}

impl Draws {
    /// Returns the draws of the two sides of [`Pair`](crate::testing::Pair).
    pub(super) fn of_pair() -> Self {
        let (mut client, mut server) = (seeded(5), seeded(9));
        Self {
            // In the order in which the connections draw, because the seeds give one stream of
            // bytes.
            client_random: draw(&mut client),
            client_x25519: draw(&mut client),
            client_ml_kem: draw(&mut client),
            server_random: draw(&mut server),
            server_x25519: draw(&mut server),
            server_ml_kem: draw(&mut server),
        }
    }

    /// Returns a client's randomness: these bytes in this order, and no more.
    pub(super) fn client(&self) -> Random {
        exactly(&[
            &self.client_random,
            &self.client_x25519,
            &self.client_ml_kem,
        ])
    }

    /// Returns a server's randomness: these bytes in this order, and no more.
    pub(super) fn server(&self) -> Random {
        exactly(&[
            &self.server_random,
            &self.server_x25519,
            &self.server_ml_kem,
        ])
    }

    /// Computes the frames of both hellos, and the two shared secrets: ML-KEM's and X25519's.
    pub(super) fn hellos(&self) -> Hellos {
        let x25519 = |secret| EphemeralSecret::generate(&mut exactly(&[secret])).unwrap();
        let client = x25519(&self.client_x25519);
        let server = x25519(&self.server_x25519);
        let key = DecapsulationKey::generate(&mut exactly(&[&self.client_ml_kem])).unwrap();
        let key = key.encapsulation_key();
        let (ciphertext, mlkem_shared) =
            ml_kem::encapsulate(&key, &mut exactly(&[&self.server_ml_kem])).unwrap();
        let server_public = server.public_key();
        Hellos {
            client: [
                // Headers by hand: 1,248 and 1,152 bytes (PROTOCOL.md §2.3).
                &[0, 0, 0x04, 0xe0, 1][..],
                &self.client_random,
                &client.public_key(),
                &key[..],
            ]
            .concat(),
            server: [
                &[0, 0, 0x04, 0x80, 2][..],
                &self.server_random,
                &server_public,
                &ciphertext[..],
            ]
            .concat(),
            mlkem_shared: *mlkem_shared,
            x25519_shared: *client.diffie_hellman(&server_public).unwrap(),
        }
    }
}

fn draw<const N: usize>(random: &mut Random) -> [u8; N] {
    let mut bytes = [0; N];
    random.fill(&mut bytes).unwrap();
    bytes
}

/// Returns randomness that is these bytes and then fails.
pub(super) fn exactly(parts: &[&[u8]]) -> Random {
    let mut rest = parts.concat();
    Random::new(move |bytes| {
        // A draw too many is an error, because the vectors list every random input.
        if rest.len() < bytes.len() {
            return Err(RandomUnavailable);
        }
        let tail = rest.split_off(bytes.len());
        bytes.copy_from_slice(&rest);
        rest = tail;
        Ok(())
    })
}

/// The hellos and shared secrets that the draws give.
pub(super) struct Hellos {
    pub(super) client: Vec<u8>,
    pub(super) server: Vec<u8>,
    pub(super) mlkem_shared: [u8; 32],
    pub(super) x25519_shared: [u8; 32],
}

/// The transcript of a handshake and its root secret.
pub(super) struct Insider {
    pub(super) prk: Secret,
    transcript: Vec<u8>,
    /// TH0, TH1, … as far as the handshake has come.
    pub(super) hashes: Vec<[u8; 32]>,
}

impl Insider {
    /// Returns the state after the hellos.
    pub(super) fn new(announcement: &[u8], hellos: &Hellos) -> Self {
        let ikm = [hellos.mlkem_shared, hellos.x25519_shared].concat();
        let transcript = [announcement, b"SC/2\n", &hellos.client, &hellos.server].concat();
        Self {
            prk: hkdf::extract(b"SC/2", &ikm),
            hashes: vec![Sha256::digest(&transcript).into()],
            transcript,
        }
    }

    /// Absorbs the next handshake message.
    pub(super) fn absorb(&mut self, inner_type: u8, content: &[u8]) {
        let length = u32::try_from(content.len()).unwrap();
        self.transcript.push(inner_type);
        self.transcript.extend(length.to_be_bytes());
        self.transcript.extend(content);
        self.hashes.push(Sha256::digest(&self.transcript).into());
    }

    /// Returns `Expand(PRK, info(label, THn), 32)`.
    pub(super) fn secret(&self, label: &str, n: usize) -> Secret {
        Secret::new(expand(&self.prk, label, &self.hashes[n]))
    }

    pub(super) fn session_id(&self) -> [u8; 16] {
        expand(&self.prk, "session id", &self.hashes[4])
    }

    /// Returns the bytes that a side signs, over the transcript so far.
    pub(super) fn to_be_signed(&self, context: &str, key: &PublicKey) -> Vec<u8> {
        let spki_hash = Sha256::digest(key.spki_der());
        let so_far = self.hashes.last().unwrap();
        [context.as_bytes(), &[0], so_far, &spki_hash].concat()
    }

    /// Returns a finished message, over the transcript so far.
    pub(super) fn finished(&self, label: &str) -> [u8; 32] {
        hmac_sha256::mac(&self.secret(label, 0), self.hashes.last().unwrap())
    }
}

/// Encodes the content of a message with a key and a signature.
pub(super) fn auth(spki: &[u8], signature: &[u8]) -> Vec<u8> {
    let length = |field: &[u8]| u16::try_from(field.len()).unwrap().to_be_bytes();
    [&length(spki)[..], spki, &length(signature), signature].concat()
}

/// Encodes the content of a data record.
pub(super) fn data(messages: &[&[u8]]) -> Vec<u8> {
    let one = |message: &&[u8]| {
        let length = u32::try_from(message.len()).unwrap().to_be_bytes();
        [&length[..], message].concat()
    };
    messages.iter().flat_map(one).collect()
}

/// Returns `content ‖ inner type ‖ zeros` up to the next multiple of 64.
pub(super) fn inner(inner_type: u8, content: &[u8]) -> Vec<u8> {
    let mut inner = [content, &[inner_type]].concat();
    inner.resize(inner.len().div_ceil(64) * 64, 0);
    inner
}

/// Expands with `info(label, ctx) = "SC/2 " ‖ label ‖ 00 ‖ ctx`.
fn expand<const N: usize>(secret: &Secret, label: &str, context: &[u8]) -> [u8; N] {
    let mut bytes = [0; N];
    let info = [b"SC/2 ", label.as_bytes(), &[0], context].concat();
    hkdf::expand(secret, &[&info], &mut bytes);
    bytes
}

/// One direction's records and their keys.
pub(super) struct Records {
    pub(super) secret: Secret,
    pub(super) key: [u8; 32],
    pub(super) iv: [u8; 12],
    pub(super) seq: u64,
}

impl Records {
    pub(super) fn new(secret: Secret) -> Self {
        Self {
            key: expand(&secret, "key", b""),
            iv: expand(&secret, "iv", b""),
            secret,
            seq: 0,
        }
    }

    /// Changes the keys as after a `key_update`.
    pub(super) fn renew(&mut self) {
        *self = Self::new(Secret::new(expand(&self.secret, "rekey", b"")));
    }

    pub(super) fn nonce(&self) -> [u8; 12] {
        // By hand as in RFC 8446 §5.3, so that a mistake in the code under test does not repeat
        // here.
        let number = [&[0; 4][..], &self.seq.to_be_bytes()].concat();
        std::array::from_fn(|i| self.iv[i] ^ number[i])
    }

    /// Seals the frame of an honest record.
    pub(super) fn seal(&mut self, inner_type: u8, content: &[u8]) -> Vec<u8> {
        self.seal_inner(&inner(inner_type, content))
    }

    /// Seals the frame of any bytes at all.
    pub(super) fn seal_inner(&mut self, inner: &[u8]) -> Vec<u8> {
        let length = u32::try_from(inner.len() + 16).unwrap().to_be_bytes();
        let header = [&length[..], &[3]].concat();
        let mut sealed = inner.to_vec();
        let tag = Key::new(&self.key).seal_in_place(&self.nonce(), &header, &mut sealed);
        self.seq += 1;
        [&header[..], &sealed, &tag].concat()
    }

    /// Opens a whole frame; returns its inner type and its content.
    pub(super) fn open(&mut self, frame: &[u8]) -> (u8, Vec<u8>) {
        let (header, body) = frame.split_at(5);
        let (sealed, tag) = body.split_at(body.len() - 16);
        let mut inner = sealed.to_vec();
        Key::new(&self.key)
            .open_in_place(&self.nonce(), header, &mut inner, tag.try_into().unwrap())
            .unwrap();
        self.seq += 1;
        let end = inner.iter().rposition(|byte| *byte != 0).unwrap();
        let inner_type = inner[end];
        inner.truncate(end);
        (inner_type, inner)
    }
}

/// Cuts a stream of v2 frames; the rest that is no whole frame comes last.
pub(super) fn cut(mut stream: &[u8]) -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    while !stream.is_empty() {
        let whole = stream.first_chunk().map_or(stream.len(), |length| {
            5 + u32::from_be_bytes(*length) as usize
        });
        let (frame, rest) = stream.split_at(whole.min(stream.len()));
        frames.push(frame.to_vec());
        stream = rest;
    }
    frames
}

/// Splits a server's stream behind the announcement's terminator.
pub(super) fn split_announcement(stream: &[u8]) -> (&[u8], &[u8]) {
    let end = stream.windows(2).position(|pair| pair == b"\n\n").unwrap();
    stream.split_at(end + 2)
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

pub(super) fn unhex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}
