//! Every byte and every frame of the handshake, changed on its way: both sides must do exactly what
//! the protocol's document says.
//!
//! This file has the wire that changes bytes and the conversation over it. `model.rs` computes the
//! expected result from the bytes alone and without the states under test; `bytes.rs` and
//! `frames.rs` have the changes.

mod bytes;
mod frames;
mod model;

use std::sync::OnceLock;

use super::insider::{Draws, Insider, Records, cut, split_announcement};
use super::*;
use crate::connection::{
    ClientConnection, Connection, ObservedFrame, PrivateKeyRequest, PrivateKeyResponse,
    Verdict as FrameVerdict, Version,
};
use crate::frame::assert_covered;
use crate::testing::sign_once;
use crate::time::Time;
use model::{Told, Verdict, Voice};

/// The text that the client sends as soon as it may.
const UP_TEXT: &[u8] = b"from the client, and confidential";
/// The text that the server sends as soon as it may.
const DOWN_TEXT: &[u8] = b"from the server, and confidential";

/// The direction of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// From the client to the server.
    Up,
    /// From the server to the client.
    Down,
}

/// A change of one direction's stream: at `at`, `insert` in place of `remove` bytes.
#[derive(Debug, Clone)]
struct Splice {
    way: Way,
    at: usize,
    remove: usize,
    insert: Vec<u8>,
}

/// One direction of the wire.
#[derive(Default)]
struct Wire {
    splice: Option<Splice>,
    sent: Vec<u8>,
    delivered: Vec<u8>,
    /// The end of each delivered piece.
    pieces: Vec<usize>,
}

impl Wire {
    fn pass(&mut self, bytes: &[u8]) -> Vec<u8> {
        let (start, end) = (self.sent.len(), self.sent.len() + bytes.len());
        self.sent.extend_from_slice(bytes);
        let out = match &self.splice {
            None => bytes.to_vec(),
            Some(splice) => {
                let within = |at: usize| at.clamp(start, end) - start;
                let (from, to) = (within(splice.at), within(splice.at + splice.remove));
                // Inserted with the piece in which the change lies, so that it comes once.
                let here = (start..end).contains(&splice.at);
                let insert = if here { &splice.insert[..] } else { &[] };
                [&bytes[..from], insert, &bytes[to..]].concat()
            }
        };
        self.delivered.extend_from_slice(&out);
        self.pieces.push(self.delivered.len());
        out
    }
}

/// The signed messages, and their signatures.
type Signed = Vec<(Vec<u8>, Vec<u8>)>;

/// An honest conversation, which is the same every time.
struct Reference {
    up: Vec<Vec<u8>>,
    down: Vec<Vec<u8>>,
    signed: Signed,
}

impl Reference {
    fn frames(&self, way: Way) -> &[Vec<u8>] {
        match way {
            Way::Up => &self.up,
            Way::Down => &self.down,
        }
    }

    fn stream(&self, way: Way) -> Vec<u8> {
        self.frames(way).concat()
    }

    /// Returns the offset at which a frame starts in its stream.
    fn start(&self, way: Way, frame: usize) -> usize {
        self.frames(way)[..frame].iter().map(Vec::len).sum()
    }
}

/// Runs an honest conversation; another seed is another session of the same two.
fn converse(seed: u8) -> Reference {
    let mut run = Run::new(seed, None, None);
    run.go();
    assert_eq!(run.seen[0].messages, [DOWN_TEXT]);
    assert_eq!(run.seen[1].messages, [UP_TEXT]);
    let (announcement, flight) = split_announcement(&run.down.sent);
    let (preface, rest) = run.up.sent.split_at(5);
    let reference = Reference {
        up: [vec![preface.to_vec()], cut(rest)].concat(),
        down: [vec![announcement.to_vec()], cut(flight)].concat(),
        signed: run.signed,
    };
    assert_eq!((reference.up.len(), reference.down.len()), (5, 5));
    reference
}

fn reference() -> &'static Reference {
    static REFERENCE: OnceLock<Reference> = OnceLock::new();
    REFERENCE.get_or_init(|| converse(0))
}

/// A client and a server with a wire between them that may change bytes.
struct Run {
    client: ClientConnection,
    server: ServerConnection,
    /// The client's events and the server's.
    seen: [Seen; 2],
    /// The frames as the client and the server have reported them.
    frames: [Vec<ObservedFrame>; 2],
    up: Wire,
    down: Wire,
    now: Time,
    /// The conversation whose signatures are used; without it, signatures are made and noted.
    known: Option<&'static Reference>,
    signed: Signed,
}

impl Run {
    fn new(seed: u8, splice: Option<Splice>, known: Option<&'static Reference>) -> Self {
        let now = Time::default();
        let (mut up, mut down) = (Wire::default(), Wire::default());
        match splice.as_ref().map(|splice| splice.way) {
            Some(Way::Up) => up.splice = splice,
            Some(Way::Down) => down.splice = splice,
            None => {}
        }
        let (mut client, mut server) = (v2_client_config(), server_config());
        (client.observe, server.observe) = (Observe::Frames, Observe::Frames);
        Self {
            client: ClientConnection::new(client, seeded(5 ^ seed), now),
            server: ServerConnection::new(server.into(), seeded(9 ^ seed), now),
            seen: [Seen::default(), Seen::default()],
            frames: Default::default(),
            up,
            down,
            now,
            known,
            signed: Vec::new(),
        }
    }

    /// Runs until neither side has any bytes left.
    fn go(&mut self) {
        loop {
            let (known, signed, now) = (self.known, &mut self.signed, self.now);
            let mut sign = |key, message: &[u8]| signature(known, signed, key, message);
            let [client_seen, server_seen] = &mut self.seen;
            let [client_frames, server_frames] = &mut self.frames;
            let mut client_signs = |message: &[u8]| sign(client_key(), message);
            drain(
                &mut self.client,
                client_seen,
                client_frames,
                UP_TEXT,
                &mut client_signs,
                now,
            );
            let mut server_signs = |message: &[u8]| sign(server_key(), message);
            drain(
                &mut self.server,
                server_seen,
                server_frames,
                DOWN_TEXT,
                &mut server_signs,
                now,
            );
            let up = self.client.poll_transmit();
            let down = self.server.poll_transmit();
            if up.is_none() && down.is_none() {
                return;
            }
            if let Some(bytes) = up {
                self.server.handle_bytes(&self.up.pass(&bytes), now);
            }
            if let Some(bytes) = down {
                self.client.handle_bytes(&self.down.pass(&bytes), now);
            }
        }
    }

    fn wire(&self, way: Way) -> &Wire {
        match way {
            Way::Up => &self.up,
            Way::Down => &self.down,
        }
    }
}

/// Returns the key's signature, if this message was signed in the honest conversation, and
/// otherwise a wrong one.
fn signature(
    known: Option<&Reference>,
    signed: &mut Signed,
    key: &crate::identity::PrivateKey,
    message: &[u8],
) -> Vec<u8> {
    let Some(known) = known else {
        let signature = sign_once(key, message);
        signed.push((message.to_vec(), signature.clone()));
        return signature;
    };
    // A wrong signature costs nothing here: the peer does not get far enough to look at it, which
    // is what the test checks.
    let found = known.signed.iter().find(|(text, _)| text == message);
    found.map_or_else(|| vec![0x5a; 256], |(_, signature)| signature.clone())
}

fn drain<R>(
    connection: &mut Connection<R>,
    seen: &mut Seen,
    frames: &mut Vec<ObservedFrame>,
    text: &[u8],
    sign: &mut dyn FnMut(&[u8]) -> Vec<u8>,
    now: Time,
) {
    while let Some(event) = connection.poll_event() {
        assert_eq!(seen.closed, None, "nothing comes after Closed: {event:?}");
        match event {
            Event::PrivateKey(PrivateKeyRequest::Sign { message }) => {
                let response = PrivateKeyResponse::Signed(Ok(sign(&message)));
                connection.handle_private_key(response, now);
            }
            Event::Established { version, .. } => {
                assert_eq!(version, Version::V2);
                seen.established = true;
                // Bytes behind the handshake may have ended the connection again.
                let _ = connection.send(text, now);
            }
            Event::Message(plaintext) => seen.messages.push(plaintext.to_vec()),
            Event::Closed(reason) => seen.closed = Some(reason),
            Event::ServerKey { key, proven } => seen.server_key = Some((key, proven)),
            Event::Frame(frame) => {
                assert_covered(&frame);
                frames.push(*frame);
            }
            event => panic!("{event:?}"),
        }
    }
}

/// The end of a stream whose change leaves its receiver waiting for more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wait {
    Cut,
    UntilTheDeadline,
}

/// Changes the conversation, and checks that both sides do what the document says. Returns the code
/// with which the receiver of the change ends by itself.
fn check(splice: &Splice, wait: Wait, name: &str) -> Option<ErrorCode> {
    let reference = reference();
    let way = splice.way;
    let mut run = Run::new(0, Some(splice.clone()), Some(reference));
    run.go();
    let wire = run.wire(way);
    let (mut receiver, mut sender) = match way {
        Way::Up => model::server(&wire.delivered, &wire.pieces, reference),
        Way::Down => model::client(&wire.delivered, &wire.pieces, reference),
    };
    compare(&run, way, &receiver, &sender, name);
    assert_refused(&run, &receiver, way, name);
    match &receiver.closed {
        Some(CloseReason::Failed(error)) => return Some(error.code()),
        Some(_) => return None,
        None => {}
    }
    // The receiver waits, and that must end, too: by the end of the stream or by the deadline.
    if wait == Wait::Cut || receiver.established {
        match way {
            Way::Up => run.server.handle_eof(),
            Way::Down => run.client.handle_eof(),
        }
        run.go();
        let seen = &run.seen[usize::from(way == Way::Up)];
        assert_eq!(seen.closed, Some(CloseReason::Truncated), "{name}");
        return None;
    }
    let deadline = match way {
        Way::Up => run.server.poll_timeout().unwrap(),
        Way::Down => run.client.poll_timeout().unwrap(),
    };
    run.now = deadline;
    match way {
        Way::Up => run.server.handle_timeout(deadline),
        Way::Down => run.client.handle_timeout(deadline),
    }
    run.go();
    receiver.fail(Error::TimedOut);
    sender.hear(&receiver, way);
    compare(&run, way, &receiver, &sender, name);
    None
}

/// Asserts that the two sides did what the model says.
fn compare(run: &Run, way: Way, receiver: &Verdict, sender: &Verdict, name: &str) {
    let up = way == Way::Up;
    let (client, server) = if up {
        (sender, receiver)
    } else {
        (receiver, sender)
    };
    let texts: [&[u8]; 2] = [DOWN_TEXT, UP_TEXT];
    for (index, verdict) in [client, server].into_iter().enumerate() {
        let seen = &run.seen[index];
        let side = ["client", "server"][index];
        // The model does not predict where in the text JSON is wrong.
        let closed = match &seen.closed {
            Some(CloseReason::Failed(Error::InvalidMessage(InvalidMessage::Json(_)))) => {
                let any = InvalidMessage::Json(String::new());
                Some(CloseReason::Failed(any.into()))
            }
            closed => closed.clone(),
        };
        let expected = verdict.closed.clone().map(|closed| match closed {
            CloseReason::Reported { code, .. } => CloseReason::Reported {
                code,
                message: code.sentence().to_owned(),
            },
            closed => closed,
        });
        assert_eq!(closed, expected, "{name}: {side}");
        assert_eq!(seen.established, verdict.established, "{name}: {side}");
        let messages: &[&[u8]] = if verdict.delivered {
            &[texts[index]]
        } else {
            &[]
        };
        assert_eq!(seen.messages, messages, "{name}: {side}");
    }
    let proven = run.seen[0].server_key.is_some();
    assert_eq!(proven, client.proven, "{name}: the server's key");
    let sent = &run.wire(if up { Way::Down } else { Way::Up }).sent;
    assert_told(sent, receiver, up, name);
}

/// Asserts that the receiver has reported one refused frame, if it has refused one, with the check
/// and the place that the model says.
fn assert_refused(run: &Run, receiver: &Verdict, way: Way, name: &str) {
    let frames = &run.frames[usize::from(way == Way::Up)];
    let refused = frames.iter().filter_map(|frame| match &frame.verdict {
        FrameVerdict::Accepted => None,
        FrameVerdict::Refused {
            check,
            error,
            layer,
            offset,
        } => Some(((*check, *layer, *offset), error.clone())),
    });
    let refused: Vec<_> = refused.collect();
    let seen = &run.seen[usize::from(way == Way::Up)];
    let Some(CloseReason::Failed(cause)) = &seen.closed else {
        assert_eq!(refused, [], "{name}");
        return;
    };
    assert_eq!(refused.len(), 1, "{name}");
    let (place, error) = &refused[0];
    assert_eq!(error, cause, "{name}");
    if let Some(expected) = &receiver.refused {
        assert_eq!(place, expected, "{name}");
    }
}

/// Asserts that the last bytes of the changed stream's receiver are its alert and nothing else.
fn assert_told(sent: &[u8], receiver: &Verdict, by_server: bool, name: &str) {
    match receiver.told {
        Told::Nothing => {}
        Told::V1(code) => assert!(
            sent.ends_with(&crate::v1::error_frame::encode(code)),
            "{name}"
        ),
        Told::Alert(number) if receiver.voice == Voice::Clear => {
            assert!(sent.ends_with(&[0, 0, 0, 1, 4, number]), "{name}");
        }
        Told::Alert(number) => {
            // A sealed alert is 5 bytes of header, one block of 64 and a tag of 16.
            let alert = &sent[sent.len() - 85..];
            assert_eq!(alert[..5], [0, 0, 0, 80, 3], "{name}: a sealed alert");
            if let Some(mut records) = keys_of(receiver, by_server) {
                assert_eq!(records.open(alert), (7, vec![number]), "{name}");
            }
        }
    }
}

/// Returns the keys with which the receiver of changed bytes seals its alert; `None` if they depend
/// on changed bytes, too.
fn keys_of(receiver: &Verdict, by_server: bool) -> Option<Records> {
    static INSIDER: OnceLock<Insider> = OnceLock::new();
    let insider = INSIDER.get_or_init(|| {
        let config = server_config();
        let mut insider = Insider::new(config.announcement(), &Draws::of_pair().hellos());
        for (way, label) in [(&reference().down, "s hs"), (&reference().up, "c hs")] {
            let mut records = Records::new(insider.secret(label, 0));
            for frame in &way[2..4] {
                let (inner_type, content) = records.open(frame);
                insider.absorb(inner_type, &content);
            }
        }
        insider
    });
    if !receiver.same {
        return None;
    }
    // An alert's sequence number is the number of records that its secret has sealed before
    // (PROTOCOL.md §2.5).
    let (label, sealed_before) = match (by_server, receiver.established) {
        (true, false) => ("s hs", 2),
        (true, true) => ("s ap", u64::from(!receiver.stillborn())),
        (false, false) => ("c hs", 0),
        (false, true) => ("c ap", 1),
    };
    // The handshake's secrets come from TH0, and the session's from TH4 (PROTOCOL.md §2.4).
    let n = if receiver.established { 4 } else { 0 };
    let mut records = Records::new(insider.secret(label, n));
    records.seq = sealed_before;
    Some(records)
}
