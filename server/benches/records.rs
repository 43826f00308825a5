//! Sealing and opening through the whole record layer, in turns with `openssl speed -evp
//! chacha20-poly1305` at the same sizes; the goal is 0.8 of it at 1 KiB and 16 KiB.
//!
//! Ours counts more than the cipher. To seal: the message is copied into the output, gets its
//! length, type, padding and header, and the output is handed over as a vector of its own. To
//! open: the bytes are copied into the input buffer, cut into frames, opened, checked for their
//! padding, copied out as a message, told as an event, and the message is wiped when it is dropped.
//! OpenSSL encrypts one buffer in place, over and over.
//!
//! So the cipher by itself is measured in the same turns, by the library that the server uses and
//! by the one that the page uses: no record layer is faster than its cipher, and on processors with
//! AVX-512 OpenSSL has code for this cipher that neither of them has.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_precision_loss,
    missing_docs
)]

mod support;

use std::hint::black_box;
use std::time::Duration;

use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use chacha20poly1305::aead::AeadInOut;
use chacha20poly1305::aead::inout::InOutBuf;
use chacha20poly1305::{ChaCha20Poly1305, KeyInit};
use shared::connection::{ClientConnection, Connection, Event, ServerConnection, Version};
use shared::time::Time;
use support::{
    Direction, Keys, ROUNDS, cpu_time, cpu_time_since, median, openssl_chacha20_poly1305, rate,
    report, time_of,
};

/// Sizes of messages in bytes; the ones with a goal have it.
const SIZES: [(usize, &str); 4] = [
    (64, ""),
    (256, ""),
    (1024, " (goal 0.8)"),
    (16 * 1024, " (goal 0.8)"),
];

/// Processor time of each turn.
const SPAN: Duration = Duration::from_millis(500);

/// Records that are sealed, then opened, before the next are: enough to make the clock's own cost
/// small, little enough to stay in the caches, as one record after the other would.
const BATCH_BYTES: usize = 128 * 1024;

/// The inputs of the ciphers alone.
const KEY: [u8; 32] = [7; 32];
const NONCE: [u8; 12] = [9; 12];
const HEADER: [u8; 5] = [3; 5];

/// Runs between two looks at the clock, which costs as much as a short message.
const REPEAT: u32 = 64;

fn main() {
    let keys = Keys::generate();
    let mut pair = keys.establish(Version::V2);
    for (size, goal) in SIZES {
        for (verb, direction) in [("seal", Direction::Seal), ("open", Direction::Open)] {
            let mut turns = [const { Vec::new() }; 3];
            let mut ratios = [const { Vec::new() }; 3];
            for _ in 0..ROUNDS {
                let ours = [
                    measure(&mut pair, size, direction),
                    aws_lc_alone(size, direction),
                    rust_crypto_alone(size, direction),
                ];
                let openssl = openssl_chacha20_poly1305(size, direction);
                for (index, rate) in ours.into_iter().enumerate() {
                    turns[index].push(rate / 1e6);
                    ratios[index].push(rate / openssl);
                }
            }
            let of = format!("{verb} {size} B");
            for (name, goal, (turns, ratios)) in [
                (format!("{of} as a record"), goal, (&turns[0], &ratios[0])),
                (
                    format!("  {of}, aws-lc's cipher alone"),
                    "",
                    (&turns[1], &ratios[1]),
                ),
                (
                    format!("  {of}, RustCrypto's cipher alone"),
                    "",
                    (&turns[2], &ratios[2]),
                ),
            ] {
                let rate = median(turns.iter().copied());
                let ratio = median(ratios.iter().copied());
                report(
                    &format!("{name}, over openssl's{goal}"),
                    &format!("{ratio:.2} ({rate:.0} MB/s)"),
                );
            }
        }
    }
}

/// Bytes of messages a second that the server seals or opens.
fn measure(
    pair: &mut (ServerConnection, ClientConnection),
    size: usize,
    direction: Direction,
) -> f64 {
    let (server, client) = pair;
    let message = vec![0x5a; size];
    let count = (BATCH_BYTES / size).max(1);
    let mut spent = Duration::ZERO;
    let mut bytes = 0;
    while spent < SPAN {
        spent += match direction {
            Direction::Seal => seal(server, &message, count).1,
            Direction::Open => open(server, &seal(client, &message, count).0),
        };
        bytes += count * size;
    }
    bytes as f64 / spent.as_secs_f64()
}

/// Bytes a second of aws-lc's ChaCha20-Poly1305, which the server's records are made with.
fn aws_lc_alone(size: usize, direction: Direction) -> f64 {
    let key = LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, &KEY).unwrap());
    let nonce = || Nonce::assume_unique_for_key(NONCE);
    let mut sealed = vec![0x5a; size];
    let mut opened = sealed.clone();
    let tag = key
        .seal_in_place_separate_tag(nonce(), Aad::from(HEADER), &mut sealed)
        .unwrap();
    let time = match direction {
        Direction::Seal => time_of(SPAN, REPEAT, || {
            let tag = key.seal_in_place_separate_tag(nonce(), Aad::from(HEADER), &mut opened);
            black_box(tag.unwrap().as_ref());
        }),
        Direction::Open => time_of(SPAN, REPEAT, || {
            let aad = Aad::from(HEADER);
            key.open_separate_gather(nonce(), aad, &sealed, tag.as_ref(), &mut opened)
                .unwrap();
        }),
    };
    size as f64 * rate(time)
}

/// Bytes a second of RustCrypto's, which the page's are made with.
fn rust_crypto_alone(size: usize, direction: Direction) -> f64 {
    let cipher = ChaCha20Poly1305::new(&KEY.into());
    let nonce = NONCE.into();
    let mut data = vec![0x5a; size];
    let mut sealed = data.clone();
    let tag = cipher
        .encrypt_inout_detached(&nonce, &HEADER, sealed.as_mut_slice().into())
        .unwrap();
    let time = match direction {
        Direction::Seal => time_of(SPAN, REPEAT, || {
            let data = data.as_mut_slice().into();
            black_box(cipher.encrypt_inout_detached(&nonce, &HEADER, data)).unwrap();
        }),
        Direction::Open => time_of(SPAN, REPEAT, || {
            let data = InOutBuf::new(&sealed, &mut data).unwrap();
            cipher
                .decrypt_inout_detached(&nonce, &HEADER, data, &tag)
                .unwrap();
        }),
    };
    size as f64 * rate(time)
}

/// Each message becomes a record of its own.
fn seal<R>(sender: &mut Connection<R>, message: &[u8], count: usize) -> (Vec<Vec<u8>>, Duration) {
    let mut records = Vec::with_capacity(count);
    let start = cpu_time();
    for _ in 0..count {
        sender.send(message, Time::default()).unwrap();
        records.push(sender.poll_transmit().unwrap());
    }
    (records, cpu_time_since(start))
}

/// Each record comes alone.
fn open<R>(receiver: &mut Connection<R>, records: &[Vec<u8>]) -> Duration {
    let start = cpu_time();
    for record in records {
        receiver.handle_bytes(record, Time::default());
        let mut messages = 0;
        while let Some(event) = receiver.poll_event() {
            match event {
                Event::Message(message) => {
                    black_box(&message);
                    messages += 1;
                }
                Event::Rekeyed(_) => {}
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(messages, 1);
    }
    cpu_time_since(start)
}
