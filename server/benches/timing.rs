//! Measures whether the time of a refusal tells its cause, for every check that a stranger's bytes
//! meet: RSA decryption, v1's MAC, v2's tags. How it is measured, and what |t| says:
//! `support/dudect.rs`.
//!
//! Nothing is asserted: this is a measurement, and other programs on the machine are in it. Two
//! controls frame it: classes that do not differ, and a MAC compared byte by byte, which has to be
//! found out, or else the other figures say nothing.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use std::hint::black_box;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use native::random;
use rsa::pkcs8::{DecodePrivateKey, DecodePublicKey};
use rsa::{BoxedUint, hazmat};
use sha2::{Digest, Sha256};
use shared::connection::{Event, PrivateKeyRequest, Version};
use shared::crypto::cbc_hmac::{SESSION_BLOB_BYTES, Sealer, SessionBlob};
use shared::random::Random;
use shared::time::Time;
use shared::v1::handshake;
use support::dudect::{Class, Outcome, compare};
use support::{Keys, report};

/// Duration of each measurement with RSA.
const SPAN_RSA: Duration = Duration::from_secs(8);
/// Duration of each other measurement.
const SPAN: Duration = Duration::from_secs(4);

/// Bytes of the messages and records.
const MESSAGE_BYTES: usize = 64;

fn main() {
    let keys = Keys::generate();
    controls();
    oaep(&keys);
    v1_handshake(&keys);
    v1_messages();
    v2_records(&keys);
}

fn say(what: &str, outcome: Outcome) {
    report(&format!("timing, {what}"), &outcome.to_string());
}

/// A MAC that is computed, then compared byte by byte up to the first difference: in the same place
/// for both classes, then in the first byte for one and in the last for the other.
fn controls() {
    for (what, place_of_b) in [
        ("control: two classes without a difference", 0),
        ("control: a MAC compared byte by byte (must exceed 4.5)", 31),
    ] {
        let mut draw = random();
        let outcome = compare(
            SPAN,
            &mut random(),
            |class| {
                let message: [u8; MESSAGE_BYTES] = bytes(&mut draw);
                let mut tag = hmac(&[7; 32], &message);
                tag[if class == Class::A { 0 } else { place_of_b }] ^= 0x55;
                (message, tag)
            },
            |(message, tag)| {
                let expected = hmac(&[7; 32], message);
                // `black_box` keeps the comparison byte by byte, which is what has to be found out.
                let same = expected.iter().zip(tag).all(|(a, b)| black_box(*a) == *b);
                assert!(!black_box(same));
            },
        );
        say(what, outcome);
    }
}

/// The fault of an RSA-OAEP ciphertext (RFC 8017 §7.1.2, step 3g).
#[derive(Debug, Clone, Copy)]
enum Wrong {
    /// `Y` is not zero: what Manger's attack lives on.
    FirstByte,
    LabelHash,
    NoSeparator,
    /// The padding is right, but no session blob has 47 bytes.
    ContentLength,
}

const PAIRS: [(Wrong, Wrong, &str); 3] = [
    (
        Wrong::FirstByte,
        Wrong::LabelHash,
        "first byte or label hash wrong",
    ),
    (
        Wrong::LabelHash,
        Wrong::NoSeparator,
        "label hash wrong or no separator",
    ),
    (
        Wrong::LabelHash,
        Wrong::ContentLength,
        "label hash wrong or well padded",
    ),
];

/// The decryption alone, by the server's library and by the other one.
fn oaep(keys: &Keys) {
    let attacker = Attacker::new(keys);
    let other = rsa::PrivateKey::from_pkcs8_der(&keys.server_key.to_pkcs8_der().unwrap()).unwrap();
    // The inputs are wrong in the way that is meant, or the figures would be of something else.
    for wrong in [Wrong::FirstByte, Wrong::LabelHash, Wrong::NoSeparator] {
        let ciphertext = attacker.ciphertext(wrong, &mut random());
        assert!(keys.server_key.decrypt(&ciphertext, &mut random()).is_err());
    }
    let padded = attacker.ciphertext(Wrong::ContentLength, &mut random());
    let opened = keys.server_key.decrypt(&padded, &mut random()).unwrap();
    assert_eq!(opened.len(), SESSION_BLOB_BYTES - 1);
    for (a, b, what) in PAIRS {
        let mut draw = random();
        let outcome = compare(
            SPAN_RSA,
            &mut random(),
            |class| PrivateKeyRequest::Decrypt {
                ciphertext: attacker.ciphertext(choose(class, a, b), &mut draw),
            },
            |request| drop(black_box(request.answer(&keys.server_key, &mut random()))),
        );
        say(&format!("RSA-OAEP by aws-lc: {what}"), outcome);

        let outcome = compare(
            2 * SPAN_RSA,
            &mut random(),
            |class| attacker.ciphertext(choose(class, a, b), &mut draw),
            |ciphertext| {
                let opened = other.oaep_decrypt_with_rng::<Sha256, _>(&mut random(), ciphertext);
                drop(black_box(opened));
            },
        );
        say(&format!("RSA-OAEP by rsa: {what}"), outcome);
    }
}

/// All that happens between a v1 handshake and its refusal, which is what a stranger sees: the
/// decryption, the signature that is verified in every case, the error frame.
fn v1_handshake(keys: &Keys) {
    let attacker = Attacker::new(keys);
    let public = keys.client_key.public_key();
    // A signature of something else: the handshake is refused whatever the decryption gives.
    let signature = keys.client_key.sign(b"another", &mut random()).unwrap();
    for (a, b, what) in PAIRS {
        let mut draw = random();
        let outcome = compare(
            SPAN_RSA,
            &mut random(),
            |class| {
                let ciphertext = attacker.ciphertext(choose(class, a, b), &mut draw);
                let mut server = keys.server();
                let frame = handshake::encode(&ciphertext, public, &signature);
                server.handle_bytes(&frame, Time::default());
                let Some(Event::PrivateKey(request)) = server.poll_event() else {
                    panic!("a handshake leads to a decryption")
                };
                (server, request)
            },
            |(server, request)| {
                let response = request.answer(&keys.server_key, &mut random());
                server.handle_private_key(response, Time::default());
                assert!(matches!(server.poll_event(), Some(Event::Closed(_))));
            },
        );
        say(&format!("v1's handshake, whole: {what}"), outcome);
    }
}

/// v1's messages: MAC, then padding.
fn v1_messages() {
    let key: [u8; SESSION_BLOB_BYTES] = bytes(&mut random());
    let sealer = Sealer::new(&SessionBlob::from_bytes(&key).unwrap());
    let mac_key = key.first_chunk().unwrap();
    let mut draw = random();
    let mut refused = |input: &mut (Vec<u8>, [u8; 32])| {
        let opened = sealer.open(std::mem::take(&mut input.0), &input.1);
        assert!(black_box(opened).is_err());
    };

    let outcome = compare(
        SPAN,
        &mut random(),
        |class| {
            let message: [u8; MESSAGE_BYTES] = bytes(&mut draw);
            let (ciphertext, mut tag) = sealer.seal(&message);
            tag[choose(class, 0, 31)] ^= 0x55;
            (ciphertext, tag)
        },
        &mut refused,
    );
    say("v1's MAC: first or last byte wrong", outcome);

    // Only who has the session's key can make the second kind: the MAC is checked first.
    let outcome = compare(
        SPAN,
        &mut random(),
        |class| loop {
            let ciphertext = bytes::<MESSAGE_BYTES>(&mut draw).to_vec();
            let mut tag = hmac(mac_key, &ciphertext);
            // One of 256 is well padded by chance.
            if sealer.open(ciphertext.clone(), &tag).is_err() {
                tag[0] ^= choose(class, 0x55, 0);
                break (ciphertext, tag);
            }
        },
        &mut refused,
    );
    let what = "v1's message: MAC or padding wrong (by the key's owner; differs by design)";
    say(what, outcome);
}

/// v2's records, at the server, of a session each: the first that does not open ends it.
fn v2_records(keys: &Keys) {
    let outcome = compare(
        2 * SPAN_RSA,
        &mut random(),
        |class| {
            let (server, mut client) = keys.establish(Version::V2);
            client
                .send(&[0x5a; MESSAGE_BYTES], Time::default())
                .unwrap();
            let mut record = client.poll_transmit().unwrap();
            let tag = record.len() - 16;
            record[tag + choose(class, 0, 15)] ^= 0x55;
            (server, record)
        },
        |(server, record)| {
            server.handle_bytes(record, Time::default());
            assert!(matches!(server.poll_event(), Some(Event::Closed(_))));
        },
    );
    say("v2's tag: first or last byte wrong", outcome);
}

/// An attacker who makes RSA-OAEP ciphertexts for the server, right ones and wrong ones.
struct Attacker {
    target: rsa::PublicKey,
}

impl Attacker {
    /// Bytes of the modulus, and of everything that is encrypted.
    const MODULUS_BYTES: usize = 256;
    const HASH_BYTES: usize = 32;

    fn new(keys: &Keys) -> Self {
        let spki = keys.server_key.public_key().spki_der();
        Self {
            target: rsa::PublicKey::from_public_key_der(spki).unwrap(),
        }
    }

    /// RFC 8017 §7.1.1 step 2, with the step that is to be wrong done wrong.
    fn ciphertext(&self, wrong: Wrong, draw: &mut Random) -> Vec<u8> {
        let content: [u8; SESSION_BLOB_BYTES] = bytes(draw);
        let content = match wrong {
            Wrong::ContentLength => &content[1..],
            _ => &content,
        };
        let mut data = [0; Self::MODULUS_BYTES - Self::HASH_BYTES - 1];
        data[..Self::HASH_BYTES].copy_from_slice(&Sha256::digest(b""));
        let start = data.len() - content.len();
        data[start..].copy_from_slice(content);
        data[start - 1] = 1;
        match wrong {
            Wrong::LabelHash => data[..Self::HASH_BYTES].copy_from_slice(&bytes::<32>(draw)),
            Wrong::NoSeparator => data[Self::HASH_BYTES..].fill(0),
            Wrong::FirstByte | Wrong::ContentLength => {}
        }
        let mut seed: [u8; Self::HASH_BYTES] = bytes(draw);
        mask(&mut data, &seed);
        mask(&mut seed, &data);
        let mut encoded = [&[0], &seed[..], &data].concat();
        if matches!(wrong, Wrong::FirstByte) {
            // Below the modulus, whose first bit is set.
            let [first] = bytes(draw);
            encoded[0] = 1 + first % 127;
        }
        let number = BoxedUint::from_be_slice_vartime(&encoded);
        let sealed = hazmat::rsa_encrypt(&self.target, &number).unwrap();
        sealed.to_be_bytes().to_vec()
    }
}

/// `data XOR MGF1(seed)` (RFC 8017 appendix B.2.1).
fn mask(data: &mut [u8], seed: &[u8]) {
    for (counter, chunk) in (0_u32..).zip(data.chunks_mut(32)) {
        let hash = Sha256::new()
            .chain_update(seed)
            .chain_update(counter.to_be_bytes())
            .finalize();
        chunk
            .iter_mut()
            .zip(hash)
            .for_each(|(byte, mask)| *byte ^= mask);
    }
}

fn choose<T>(class: Class, a: T, b: T) -> T {
    match class {
        Class::A => a,
        Class::B => b,
    }
}

fn bytes<const N: usize>(draw: &mut Random) -> [u8; N] {
    let mut bytes = [0; N];
    draw.fill(&mut bytes).unwrap();
    bytes
}

fn hmac(key: &[u8; 32], message: &[u8]) -> [u8; 32] {
    Hmac::<Sha256>::new_from_slice(key)
        .unwrap()
        .chain_update(message)
        .finalize()
        .into_bytes()
        .into()
}
