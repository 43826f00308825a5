//! The entries of the fuzz targets: decoders that are fed with any bytes, and their properties as
//! assertions. The module exists in fuzzing builds only (`--cfg fuzzing`); see `fuzz/`.

#![allow(clippy::panic, clippy::unwrap_used, clippy::expect_used)]
// A panic is how the fuzzer learns of a property that does not hold.
#![allow(clippy::missing_panics_doc)]

use std::ops::RangeInclusive;

use zeroize::Zeroizing;

use crate::connection::input::Input;
use crate::connection::io::Io;
use crate::connection::machine::Progress;
use crate::connection::{Connection, Event, FrameKind, Observe};
use crate::crypto::cbc_hmac::{SESSION_BLOB_BYTES, Sealer, SessionBlob};
use crate::crypto::chacha20_poly1305::Key;
use crate::crypto::hkdf::Secret;
use crate::error::{ErrorCode, InvalidMessage};
use crate::identity::{PrivateKey, PublicKey};
use crate::limits::RekeyLimits;
use crate::random::Random;
use crate::time::Time;
use crate::v1::framing::Deframer;
use crate::v1::{announcement, error_frame, handshake, message};
use crate::v2::auth::{self, Prover};
use crate::v2::channel::Channel;
use crate::v2::framing::{self, FrameType, HEADER_BYTES};
use crate::v2::hello::{ClientHello, ServerHello};
use crate::v2::key_schedule::{AP_C, next_secret, record_iv, record_key};
use crate::v2::record::{DirectionKeys, PADDING_STEP};
use crate::v2::{alert, data};
use crate::wire::fields::MESSAGE;
use crate::wire::reader::Reader;
use crate::wire::trace::{Spans, Trace};
use crate::wire::writer::Writer;

/// The transcript hash of every proof here.
const TRANSCRIPT: [u8; 32] = [7; 32];

/// The limit of the frames that are cut here: small, so that short inputs pass it.
const LIMIT: usize = 1024;

/// Checks that the record of a frame has all of its bytes, each once, and is within its bounds.
#[cfg(feature = "observe")]
pub fn assert_covered(frame: &crate::connection::ObservedFrame) {
    crate::frame::assert_covered(frame);
}

fn io() -> Io {
    Io::new(Observe::Nothing)
}

/// Returns the number of bytes that `connection` holds because their frame is not whole yet.
pub fn buffered_bytes<R>(connection: &Connection<R>) -> usize {
    connection.buffered_bytes()
}

/// Feeds every v1 decoder. The first byte of `data` is the size of the pieces in which the rest
/// comes as a stream.
pub fn v1_decoders(data: &[u8]) {
    let Some((&size, stream)) = data.split_first() else {
        return;
    };
    let frames = v1_frames(stream, stream.len().max(1));
    assert_eq!(
        v1_frames(stream, usize::from(size).max(1)),
        frames,
        "the same frames however the stream is cut"
    );
    for frame in frames.0 {
        v1_frame(&frame);
    }
}

/// Cuts a stream that comes in pieces of `size` bytes; returns the frames, and `true` if it ended
/// in an error.
fn v1_frames(stream: &[u8], size: usize) -> (Vec<Vec<u8>>, bool) {
    let mut deframer = Deframer::default();
    // As after an announcement, so that this path is fuzzed, too.
    deframer.skip_one_newline();
    let mut input = Input::default();
    let mut frames = Vec::new();
    let mut rest = stream;
    while !rest.is_empty() {
        let room = deframer.buffer_limit(LIMIT) - input.unread().len();
        assert!(room > 0, "a full buffer is a frame or an error");
        let (piece, tail) = rest.split_at(size.min(room).min(rest.len()));
        input.push(piece);
        rest = tail;
        loop {
            match deframer.next_frame(&mut input, LIMIT, &mut io(), Time::default()) {
                Ok(Some(frame)) => {
                    assert!(frame.len() <= LIMIT);
                    assert!(!frame.windows(2).any(|pair| pair == b"\n\n"));
                    frames.push(frame.to_vec());
                }
                Ok(None) => break,
                Err(_) => return (frames, true),
            }
        }
        input.compact();
    }
    (frames, false)
}

/// Checks that a frame that decodes is encoded to bytes that decode to the same.
fn v1_frame(frame: &[u8]) {
    // Decoders take frames without the terminator, so it is cut off again.
    let again = |encoded: Vec<u8>| encoded[..encoded.len() - 2].to_vec();
    if let Ok(key) = announcement::decode(frame) {
        let encoded = again(announcement::encode(&key));
        assert_eq!(announcement::decode(&encoded), Ok(key));
    }
    if let Ok(first) = handshake::decode(frame) {
        let encoded = handshake::encode(&first.enc_session, &first.client_pub, &first.client_sig);
        let second = handshake::decode(&again(encoded)).unwrap();
        assert_eq!(first.enc_session, second.enc_session);
        assert_eq!(first.client_pub, second.client_pub);
        assert_eq!(first.client_sig, second.client_sig);
    }
    if let Some((code, sentence)) = error_frame::decode(frame) {
        assert!(ErrorCode::ALL.contains(&code) || code == ErrorCode::Unknown);
        // Anybody in between can write the sentence, and a terminal shows it.
        assert!(!sentence.contains(char::is_control) && sentence.chars().count() <= 200);
    }
    if let Ok(plaintext) = message::decode(&v1_sealer(), frame) {
        let mut encoded = Vec::new();
        message::encode(&v1_sealer(), &plaintext, &mut encoded);
        let opened = message::decode(&v1_sealer(), &again(encoded));
        assert_eq!(opened, Ok(plaintext));
    }
}

fn v1_sealer() -> Sealer {
    Sealer::new(&SessionBlob::from_bytes(&[5; SESSION_BLOB_BYTES]).unwrap())
}

/// Returns inputs with which [`v1_decoders`] reaches every decoder.
pub fn v1_seeds(key: &PrivateKey, random: &mut Random) -> Vec<Vec<u8>> {
    let signature = key.sign(b"session", random).unwrap();
    let mut sealed = Vec::new();
    message::encode(&v1_sealer(), b"hello", &mut sealed);
    let frames = [
        announcement::encode(key.public_key()),
        handshake::encode(&signature, key.public_key(), &signature),
        error_frame::encode(ErrorCode::Timeout),
        sealed,
    ];
    let all = frames.concat();
    frames
        .into_iter()
        .chain([all])
        .map(|stream| [&[7], &stream[..]].concat())
        .collect()
}

/// Feeds one v2 decoder, which the first byte of `data` chooses.
pub fn v2_decoders(data: &[u8]) {
    let Some((&kind, rest)) = data.split_first() else {
        return;
    };
    match kind % 6 {
        0 => v2_frames_any_way(rest),
        1 => hellos(rest),
        2 => proof(rest),
        3 => strangers_record(rest),
        4 => peers_records(rest),
        _ => drop(alert::decode(&mut Reader::new(rest, &mut Spans::none()))),
    }
}

fn v2_frames_any_way(data: &[u8]) {
    let Some((&size, stream)) = data.split_first() else {
        return;
    };
    let frames = v2_frames(stream, stream.len().max(1));
    assert_eq!(v2_frames(stream, usize::from(size).max(1)), frames);
    // The frames are the stream's own bytes, with nothing lost or made up.
    assert!(stream.starts_with(&frames.0.concat()));
}

fn v2_frames(stream: &[u8], size: usize) -> (Vec<Vec<u8>>, bool) {
    let mut input = Input::default();
    let mut frames = Vec::new();
    let mut rest = stream;
    while !rest.is_empty() {
        let room = HEADER_BYTES + LIMIT - input.unread().len();
        assert!(room > 0, "a full buffer is a frame or an error");
        let (piece, tail) = rest.split_at(size.min(room).min(rest.len()));
        input.push(piece);
        rest = tail;
        loop {
            match framing::next_frame(&mut input, LIMIT, &mut io(), Time::default()) {
                Ok(Some(frame)) => {
                    assert!(frame.body().len() <= LIMIT);
                    frames.push(frame.bytes().to_vec());
                }
                Ok(None) => break,
                Err(error) => {
                    assert_eq!(error, InvalidMessage::FrameTooLarge { limit: LIMIT });
                    return (frames, true);
                }
            }
        }
        input.compact();
    }
    (frames, false)
}

/// Checks that a hello that decodes is encoded to the same bytes.
fn hellos(body: &[u8]) {
    let mut frame = Vec::new();
    let (spans, trace) = (&mut Spans::none(), &mut Trace::none());
    let client = ClientHello::decode(&mut Reader::new(body, spans), FrameKind::ClientHello);
    let server = ServerHello::decode(&mut Reader::new(body, spans), FrameKind::ServerHello);
    if let Ok(hello) = client {
        hello.append(FrameType::ClientHello, &mut frame, trace);
    } else if let Ok(hello) = server {
        hello.append(FrameType::ServerHello, &mut frame, trace);
    } else {
        return;
    }
    assert_eq!(frame[HEADER_BYTES..], *body);
}

/// Checks that a proof that verifies has one encoding only, and holds for one transcript.
fn proof(content: &[u8]) {
    for prover in [Prover::Client, Prover::Server] {
        let verify = |transcript: &[u8; 32], expected: Option<&PublicKey>| {
            let mut spans = Spans::none();
            prover.verify(&mut Reader::new(content, &mut spans), transcript, expected)
        };
        if let Ok(key) = verify(&TRANSCRIPT, None) {
            let spki = key.spki_der().len();
            // A proof with two encodings would give one handshake two transcripts.
            let encoded = auth::encode(&key, &content[spki + 4..], &mut Trace::none());
            assert_eq!(encoded, content);
            assert_eq!(verify(&TRANSCRIPT, Some(&key)), Ok(key.clone()));
            assert!(
                verify(&[8; 32], None).is_err(),
                "a proof is for one transcript"
            );
        }
    }
}

fn secret() -> Secret {
    Secret::new([9; 32])
}

fn direction_keys() -> DirectionKeys {
    DirectionKeys::new(secret(), &AP_C)
}

/// Opens a record from somebody without the keys, and checks that it is one that was sealed with
/// them.
fn strangers_record(body: &[u8]) {
    let header = framing::header(FrameType::Sealed, body.len());
    let mut opened = body.to_vec();
    let (mut keys, trace) = (direction_keys(), &mut Trace::none());
    let Ok((inner_type, content)) = keys.open(&header, &mut opened, trace) else {
        return;
    };
    let mut sealed = [&[0; HEADER_BYTES], content].concat();
    let inner_type = crate::v2::inner_type::InnerType::from_byte(inner_type).unwrap();
    direction_keys().seal(inner_type, 0, &mut sealed, trace);
    assert_eq!(sealed[HEADER_BYTES..], *body);
}

/// Opens records from a peer that has the keys and seals whatever it likes: `u16 be length ‖
/// inner`, any number of them.
fn peers_records(mut data: &[u8]) {
    let now = Time::default();
    let mut peer = HostilePeer::new();
    let mut channel = Channel::new(RekeyLimits::default());
    channel.set_reading_secret(secret(), &AP_C);
    // Otherwise the handshake's limit would refuse the larger records.
    channel.establish();
    let mut io = io();
    while let Some((length, rest)) = data.split_first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes(*length)).min(rest.len());
        let (inner, rest) = rest.split_at(length);
        data = rest;

        let mut input = Input::default();
        input.push(&peer.seal(inner));
        let frame = channel.next_frame(&mut input, &mut io, now);
        let frame = frame.unwrap().unwrap();
        let progress = channel.handle_record(frame, &mut io);
        let (content, inner_type) = expected(inner);
        match (progress, inner_type) {
            (Ok(Progress::Handled), Some(5)) => {
                let (mut again, mut spans) = (Vec::new(), Spans::none());
                while let Some(Event::Message(message)) = io.events.pop_front() {
                    data::append(&message, &mut Writer::new(&mut again, &mut spans));
                }
                assert_eq!(again, content, "all of the record's messages, as they were");
                assert!(!again.is_empty());
            }
            // The peer's next record has the next keys, so both change here (PROTOCOL.md §2.10).
            (Ok(Progress::Handled), Some(6)) => {
                assert!(content.is_empty());
                assert!(matches!(io.events.pop_front(), Some(Event::Rekeyed(_))));
                peer.update();
            }
            (Ok(Progress::Reported(..)), Some(7)) => {
                assert_eq!(content.len(), 1);
                return;
            }
            (Ok(Progress::PeerClosed), Some(8)) => {
                assert!(content.is_empty());
                return;
            }
            // Whatever is wrong with the padding, one code (PROTOCOL.md §2.11).
            (Err(error), None) => {
                assert_eq!(error.code(), ErrorCode::BadRecord, "{error:?}");
                return;
            }
            (Err(error), Some(5)) => {
                assert_eq!(error.code(), ErrorCode::BadRecord, "{error:?}");
                assert!(io.events.is_empty(), "all of a record's messages or none");
                return;
            }
            // These are refused for their length only: a control message has one.
            (Err(error), Some(6..=8)) => {
                assert_ne!(content.len(), usize::from(inner_type == Some(7)));
                assert_eq!(error.code(), ErrorCode::UnexpectedMessage, "{error:?}");
                return;
            }
            (Err(error), Some(_)) => {
                assert_eq!(error.code(), ErrorCode::UnexpectedMessage, "{error:?}");
                return;
            }
            (Ok(_), other) => panic!("inner type {other:?} was taken"),
        }
        assert!(io.events.is_empty());
    }
}

/// Returns a record's content by the protocol's document, and its type if it is well padded.
fn expected(inner: &[u8]) -> (&[u8], Option<u8>) {
    const PADDING: RangeInclusive<usize> = 0..=PADDING_STEP - 1;
    let content_and_type = inner.iter().rposition(|&byte| byte != 0).map(|at| at + 1);
    match content_and_type {
        Some(length)
            if inner.len().is_multiple_of(PADDING_STEP)
                && PADDING.contains(&(inner.len() - length)) =>
        {
            (&inner[..length - 1], Some(inner[length - 1]))
        }
        _ => (&[], None),
    }
}

/// A peer that seals any inner bytes with the right keys.
struct HostilePeer {
    secret: Secret,
    sequence: u64,
}

impl HostilePeer {
    fn new() -> Self {
        Self {
            secret: secret(),
            sequence: 0,
        }
    }

    fn update(&mut self) {
        self.secret = next_secret(&self.secret);
        self.sequence = 0;
    }

    fn seal(&mut self, inner: &[u8]) -> Zeroizing<Vec<u8>> {
        // Written apart from the code under test, so that a mistake there is not made here, too.
        let mut nonce = record_iv(&self.secret);
        for (byte, number) in nonce[4..].iter_mut().zip(self.sequence.to_be_bytes()) {
            *byte ^= number;
        }
        self.sequence += 1;
        let header = framing::header(FrameType::Sealed, inner.len() + 16);
        let mut frame = Zeroizing::new([&header, inner].concat());
        let key = Key::new(record_key(&self.secret).as_bytes());
        let tag = key.seal_in_place(&nonce, &header, &mut frame[HEADER_BYTES..]);
        frame.extend_from_slice(&tag);
        frame
    }
}

/// Returns inputs with which [`v2_decoders`] reaches every decoder.
pub fn v2_seeds(key: &PrivateKey, random: &mut Random) -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    for (frame_type, body) in [(FrameType::Sealed, &[1; 80][..]), (FrameType::Alert, &[5])] {
        let trace = &mut Trace::none();
        framing::append(frame_type, body.len(), &mut frames, trace, |writer| {
            writer.bytes(&MESSAGE, body);
        });
    }
    let signed = Prover::Client.to_be_signed(&TRANSCRIPT, key.public_key());
    let signature = key.sign(&signed, random).unwrap();
    let proof = auth::encode(key.public_key(), &signature, &mut Trace::none());
    let (mut messages, mut spans) = (Vec::new(), Spans::none());
    for message in [&b"one"[..], b"", b"three"] {
        data::append(message, &mut Writer::new(&mut messages, &mut spans));
    }
    let record = HostilePeer::new().seal(&padded(&messages, 5));
    let session: Vec<u8> = [(&messages[..], 5), (b"", 6), (&messages, 5), (b"\x05", 7)]
        .into_iter()
        .chain([(&b""[..], 8)])
        .flat_map(|(content, inner_type)| {
            let inner = padded(content, inner_type);
            let length = u16::try_from(inner.len()).unwrap();
            [&length.to_be_bytes(), &inner[..]].concat()
        })
        .collect();
    let closed = [&[0, 64][..], &padded(b"", 8)].concat();
    vec![
        [&[0, 3], &frames[..]].concat(),
        [&[1], &[1; 1248][..]].concat(),
        [&[1], &[1; 1152][..]].concat(),
        [&[2], &proof[..]].concat(),
        [&[3], &record[HEADER_BYTES..]].concat(),
        [&[4], &session[..]].concat(),
        [&[4], &closed[..]].concat(),
        vec![5, 3],
    ]
}

fn padded(content: &[u8], inner_type: u8) -> Vec<u8> {
    let mut inner = [content, &[inner_type]].concat();
    inner.resize(inner.len().next_multiple_of(PADDING_STEP), 0);
    inner
}
