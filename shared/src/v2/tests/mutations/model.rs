//! The behaviour that two sides must show for given bytes, written from the protocol's document:
//! each step's checks in their order. "A record opens" means here "it is the one that was sent, in
//! its place".

use super::{Reference, Way};
use crate::connection::{CheckName, CloseReason, FrameKind, LayerName};
use crate::crypto::ml_kem;
use crate::crypto::x25519::EphemeralSecret;
use crate::error::{Error, ErrorCode, InvalidMessage, PeerMisbehaved};
use crate::identity::{KeyError, PublicKey};
use crate::limits::{HANDSHAKE_FRAME_BYTES, V2_BODY_BYTES, V2_HANDSHAKE_BODY_BYTES};
use crate::testing::seeded;

/// The form in which a side reports a failure now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Voice {
    V1,
    Clear,
    Sealed,
}

/// The report that a side has sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    Nothing,
    V1(ErrorCode),
    Alert(u8),
}

/// A check, and the place that it is about.
pub(super) type Refused = (CheckName, LayerName, usize);

/// The expected result of a side.
#[expect(clippy::struct_excessive_bools, reason = "each is compared by itself")]
#[derive(Debug, Clone)]
pub(super) struct Verdict {
    pub(super) closed: Option<CloseReason>,
    pub(super) voice: Voice,
    pub(super) told: Told,
    /// The check that refuses the frame, the layer, and the first byte that it is about. `None` if no
    /// frame is refused, or if the document does not say where.
    pub(super) refused: Option<Refused>,
    /// The client has verified the server's proof.
    pub(super) proven: bool,
    pub(super) established: bool,
    /// The peer's message was delivered.
    pub(super) delivered: bool,
    /// The hellos, and the bytes before them, are those of the honest conversation.
    pub(super) same: bool,
    /// The server has answered the hello.
    answered: bool,
    /// The pieces in which the server answered, was established, and got the last frame.
    pieces: [usize; 3],
}

impl Verdict {
    fn new(voice: Voice) -> Self {
        Self {
            closed: None,
            voice,
            told: Told::Nothing,
            refused: None,
            proven: false,
            established: false,
            delivered: false,
            same: false,
            answered: false,
            pieces: [0; 3],
        }
    }

    /// Ends the side and reports the cause.
    pub(super) fn fail(&mut self, cause: impl Into<Error>) {
        let cause = cause.into();
        let (number, code) = alert_of(&cause);
        self.told = match self.voice {
            Voice::V1 => Told::V1(code),
            _ => Told::Alert(number),
        };
        self.closed = Some(CloseReason::Failed(cause));
    }

    /// Ends the side for a frame that a check refuses, and reports the cause.
    fn refuse(&mut self, (cause, refused): Refusal) {
        self.refused = refused;
        self.fail(cause);
    }

    fn report(&mut self, code: ErrorCode) {
        self.closed = Some(CloseReason::Reported {
            code,
            message: String::new(),
        });
    }

    fn end(&mut self, end: End) {
        match end {
            End::Fail(refusal) => self.refuse(refusal),
            End::Report(code) => self.report(code),
        }
    }
    /// Returns `true` for a server's session that ends where it begins: nothing is sent in it.
    pub(super) fn stillborn(&self) -> bool {
        self.closed.is_some() && self.pieces[1] == self.pieces[2]
    }

    /// Sets the reaction to the end of `receiver`, to whom `way` leads.
    pub(super) fn hear(&mut self, receiver: &Verdict, way: Way) {
        let Some(CloseReason::Failed(cause)) = &receiver.closed else {
            return;
        };
        let (number, v1_code) = alert_of(cause);
        let code = match receiver.voice {
            Voice::V1 => v1_code,
            _ => code_of(number),
        };
        let sealed = receiver.voice == Voice::Sealed;
        // A client that has finished has changed to the next keys; a server that fails before it
        // has seen that still seals with the first ones (PROTOCOL.md §2.5).
        let left_behind = way == Way::Up && self.established && !receiver.established;
        if sealed && (!receiver.same || left_behind) {
            self.closed = Some(CloseReason::Failed(PeerMisbehaved::UnopenableRecord.into()));
        } else {
            self.report(code);
        }
    }
}

/// Returns the alert's number by the document's table, and v1's code.
fn alert_of(cause: &Error) -> (u8, ErrorCode) {
    match cause {
        Error::InvalidMessage(InvalidMessage::FrameTooLarge { .. }) => {
            (2, ErrorCode::FrameTooLarge)
        }
        Error::InvalidMessage(InvalidMessage::HandshakeLength(_)) => {
            (3, ErrorCode::HandshakeFailed)
        }
        Error::InvalidMessage(_) => (1, ErrorCode::Malformed),
        Error::PeerMisbehaved(PeerMisbehaved::UnopenableRecord) => (4, ErrorCode::BadRecord),
        Error::PeerMisbehaved(_) => (3, ErrorCode::HandshakeFailed),
        Error::TimedOut => (5, ErrorCode::Timeout),
        other => panic!("no change of bytes may cause this: {other}"),
    }
}

fn code_of(number: u8) -> ErrorCode {
    match number {
        1 => ErrorCode::UnexpectedMessage,
        2 => ErrorCode::FrameTooLarge,
        3 => ErrorCode::HandshakeFailed,
        4 => ErrorCode::BadRecord,
        5 => ErrorCode::Timeout,
        _ => ErrorCode::Unknown,
    }
}

/// A cause, and the check and the place if those are known.
type Refusal = (Error, Option<Refused>);

fn refusal(cause: impl Into<Error>, check: CheckName, layer: LayerName, offset: usize) -> Refusal {
    (cause.into(), Some((check, layer, offset)))
}

/// The next frame and the bytes behind it; `None` if the frame is not whole.
type Taken<'a> = Result<Option<(&'a [u8], &'a [u8])>, Refusal>;

fn take(rest: &[u8], limit: usize) -> Taken<'_> {
    let Some(header) = rest.first_chunk::<5>() else {
        return Ok(None);
    };
    let length = u32::from_be_bytes([header[0], header[1], header[2], header[3]]) as usize;
    if length > limit {
        let cause = InvalidMessage::FrameTooLarge { limit };
        return Err(refusal(cause, CheckName::FrameLength, LayerName::Wire, 0));
    }
    Ok(rest.split_at_checked(5 + length))
}

/// Takes the next frame of v1 in the same way.
fn take_v1(rest: &[u8]) -> Taken<'_> {
    let limit = HANDSHAKE_FRAME_BYTES;
    let end = rest.windows(2).position(|pair| pair == b"\n\n");
    if end.unwrap_or(rest.len() - usize::from(rest.ends_with(b"\n"))) > limit {
        let cause = InvalidMessage::FrameTooLarge { limit };
        let check = CheckName::V1FrameLength;
        return Err(refusal(cause, check, LayerName::Wire, limit));
    }
    Ok(end.map(|end| (&rest[..end], &rest[end + 2..])))
}

/// Checks a hello's frame, or the alert in its place. `N` is the length of its body.
fn hello<const N: usize>(frame: &[u8], frame_type: u8, kind: FrameKind) -> Result<(), End> {
    let got = frame[4];
    if got == 4 {
        return Err(alert_in_clear(&frame[5..]));
    }
    if got != frame_type {
        let expected = kind;
        let cause = InvalidMessage::Unexpected { expected, got };
        let check = CheckName::FrameType;
        return Err(End::Fail(refusal(cause, check, LayerName::Wire, 4)));
    }
    let length = frame.len() - 5;
    if length != N {
        // The field that is cut, or the first byte that is too much.
        let offset = [0, 32, 64, N].into_iter().rfind(|at| *at <= length);
        let offset = if length < 32 { 0 } else { offset.unwrap() };
        let cause = InvalidMessage::HandshakeLength(kind);
        let check = CheckName::HelloLength;
        return Err(End::Fail(refusal(cause, check, LayerName::Message, offset)));
    }
    // The check does not depend on the secret, because a point of low order gives zero with all of
    // them (RFC 7748 §6.1).
    let point = frame[37..69].try_into().unwrap();
    let secret = EphemeralSecret::generate(&mut seeded(40)).unwrap();
    let shared = secret.diffie_hellman(point);
    shared.map(|_| ()).map_err(|_| {
        let (cause, check) = (PeerMisbehaved::LowOrderPoint, CheckName::X25519Point);
        End::Fail(refusal(cause, check, LayerName::Message, 32))
    })
}

enum End {
    Fail(Refusal),
    Report(ErrorCode),
}

fn alert_in_clear(body: &[u8]) -> End {
    match body {
        [number] => End::Report(code_of(*number)),
        body => {
            let (cause, check) = (InvalidMessage::ControlLength, CheckName::AlertLength);
            let offset = body.len().min(1);
            End::Fail(refusal(cause, check, LayerName::Message, offset))
        }
    }
}

/// Computes the server's result for `stream`, and the client's reaction to it.
pub(super) fn server(stream: &[u8], pieces: &[usize], honest: &Reference) -> (Verdict, Verdict) {
    let mut server = Verdict::new(Voice::V1);
    server_reads(&mut server, stream, pieces, &honest.up);
    let mut client = Verdict::new(Voice::Clear);
    if server.answered {
        client.voice = Voice::Sealed;
        client.proven = server.same;
        // An alert right behind the proof comes while the client signs.
        let at_once = server.closed.is_some() && server.pieces[0] == server.pieces[2];
        client.established = server.same && !at_once;
        client.delivered = server.established && !server.stillborn();
    }
    if server.answered && !server.same {
        client.fail(PeerMisbehaved::UnopenableRecord);
    } else {
        client.hear(&server, Way::Up);
    }
    (server, client)
}

/// Reads `stream` as the server must.
fn server_reads(server: &mut Verdict, stream: &[u8], pieces: &[usize], honest: &[Vec<u8>]) {
    let piece_at = |rest: &[u8]| {
        let read = stream.len() - rest.len();
        pieces.iter().position(|end| *end >= read).unwrap()
    };
    let Some(first) = stream.first() else {
        return;
    };
    if *first != b'S' {
        // v1's server judges these bytes, whatever they are.
        match take_v1(stream) {
            Ok(None) => {}
            Ok(Some((frame, _))) => {
                // Where JSON is wrong the document does not say, but where it does not begin.
                let first = frame.iter().position(|byte| !byte.is_ascii_whitespace());
                let first = first.unwrap_or(frame.len());
                let place = (CheckName::Json, LayerName::Wire, first);
                let known = frame.get(first) != Some(&b'{');
                let cause = InvalidMessage::Json(String::new()).into();
                server.refuse((cause, known.then_some(place)));
            }
            Err(refusal) => server.refuse(refusal),
        }
        return;
    }
    server.voice = Voice::Clear;
    let there = stream.len().min(5);
    if stream[..there] != b"SC/2\n"[..there] {
        let wrong = stream.iter().zip(b"SC/2\n").position(|(a, b)| a != b);
        let check = CheckName::Preface;
        let place = (check, LayerName::Wire, wrong.unwrap());
        return server.refuse((InvalidMessage::Preface.into(), Some(place)));
    }
    let (frame, mut rest) = match take(&stream[there..], V2_HANDSHAKE_BODY_BYTES) {
        Ok(Some(taken)) => taken,
        Ok(None) => return,
        Err(refusal) => return server.refuse(refusal),
    };
    if let Err(end) = hello::<1248>(frame, 1, FrameKind::ClientHello) {
        return server.end(end);
    }
    server.same = frame == honest[1];
    let accepted = |key| ml_kem::encapsulate(key, &mut seeded(41)).is_ok();
    if !server.same && !accepted(frame[69..].try_into().unwrap()) {
        let (cause, check) = (PeerMisbehaved::EncapsulationKey, CheckName::MlKemKey);
        return server.refuse(refusal(cause, check, LayerName::Message, 64));
    }
    // With its own hello out the server has keys, so its alerts are sealed (PROTOCOL.md §2.11).
    server.answered = true;
    server.voice = Voice::Sealed;
    server.pieces[0] = piece_at(rest);
    for step in 2.. {
        let (kind, limit) = match step {
            2 => (FrameKind::ClientAuth, V2_HANDSHAKE_BODY_BYTES),
            3 => (FrameKind::ClientFinished, V2_HANDSHAKE_BODY_BYTES),
            _ => (FrameKind::Message, V2_BODY_BYTES),
        };
        let taken = take(rest, limit);
        server.pieces[2] = piece_at(match &taken {
            Ok(Some((_, tail))) => tail,
            _ => &rest[5.min(rest.len())..],
        });
        let (frame, tail) = match taken {
            Ok(Some(taken)) => taken,
            Ok(None) => return,
            Err(refusal) => return server.refuse(refusal),
        };
        rest = tail;
        // A client that refuses the hello has no keys, so its alert is taken in clear (PROTOCOL.md
        // §2.11).
        if frame[4] == 4 && step == 2 {
            return server.end(alert_in_clear(&frame[5..]));
        }
        // Only a record of the honest conversation opens, and only if its keys are the honest ones.
        let honest = honest.get(step).filter(|_| server.same);
        if let Err(refusal) = record(frame, kind, honest.map(|frame| &frame[..])) {
            return server.refuse(refusal);
        }
        if step == 3 {
            server.established = true;
            server.pieces[1] = server.pieces[2];
        }
        server.delivered |= step == 4;
    }
}

/// Computes the client's result for `stream`, and the server's reaction to it.
pub(super) fn client(stream: &[u8], pieces: &[usize], honest: &Reference) -> (Verdict, Verdict) {
    let mut client = Verdict::new(Voice::Clear);
    client_reads(&mut client, stream, pieces, &honest.down);
    // The server has its honest hello, and answers it.
    let mut server = Verdict::new(Voice::Sealed);
    (server.established, server.delivered) = (client.established, client.established);
    server.hear(&client, Way::Down);
    (client, server)
}

/// Reads the announcement's key, or returns the reason why it is none.
fn announced(frame: &[u8]) -> Result<(), Refusal> {
    let wire = LayerName::Wire;
    let none = |at| {
        refusal(
            InvalidMessage::Announcement,
            CheckName::Announcement,
            wire,
            at,
        )
    };
    let pem = frame.strip_prefix(b"SERVER_PUB\n").ok_or_else(|| none(0))?;
    let pem = std::str::from_utf8(pem).map_err(|error| none(11 + error.valid_up_to()))?;
    match PublicKey::from_spki_pem(pem) {
        Ok(_) => Ok(()),
        Err(cause @ (KeyError::Pem(_) | KeyError::Der)) => {
            let cause = InvalidMessage::PublicKey(cause);
            Err(refusal(cause, CheckName::AnnouncedKeyForm, wire, 11))
        }
        Err(cause) => {
            let cause = PeerMisbehaved::UnacceptableKey(cause);
            Err(refusal(cause, CheckName::KeyAllowed, wire, 11))
        }
    }
}

/// Reads `stream` as the client must.
fn client_reads(client: &mut Verdict, stream: &[u8], pieces: &[usize], honest: &[Vec<u8>]) {
    let (frame, rest) = match take_v1(stream) {
        Ok(Some(taken)) => taken,
        Ok(None) => return,
        Err(refusal) => return client.refuse(refusal),
    };
    if let Err(refusal) = announced(frame) {
        return client.refuse(refusal);
    }
    client.same = honest[0].strip_suffix(b"\n\n") == Some(frame);
    // A `{` here is v1's error frame, because no header starts with it (PROTOCOL.md §2.7, step 3).
    if rest.first() == Some(&b'{') {
        return match take_v1(rest) {
            Ok(None) => {}
            Ok(Some(_)) => {
                let (expected, got) = (FrameKind::ServerHello, b'{');
                let cause = InvalidMessage::Unexpected { expected, got };
                client.refuse(refusal(cause, CheckName::FrameType, LayerName::Wire, 0));
            }
            Err(refusal) => client.refuse(refusal),
        };
    }
    let (frame, mut rest) = match take(rest, V2_HANDSHAKE_BODY_BYTES) {
        Ok(Some(taken)) => taken,
        Ok(None) => return,
        Err(refusal) => return client.refuse(refusal),
    };
    if let Err(end) = hello::<1152>(frame, 2, FrameKind::ServerHello) {
        return client.end(end);
    }
    client.same &= frame == honest[1];
    // With the server's hello the client has keys, so its alerts are sealed (PROTOCOL.md §2.11).
    client.voice = Voice::Sealed;
    for (step, kind) in [(2, FrameKind::ServerAuth), (3, FrameKind::ServerFinished)] {
        match take(rest, V2_HANDSHAKE_BODY_BYTES) {
            Ok(None) => return,
            Err(refusal) => return client.refuse(refusal),
            Ok(Some((frame, tail))) => {
                if let Err(refusal) = record(frame, kind, client.same.then(|| &honest[step][..])) {
                    return client.refuse(refusal);
                }
                rest = tail;
            }
        }
    }
    client.proven = true;
    // The client's own signature comes when the piece is read to its end; until then nothing opens.
    let read = stream.len() - rest.len();
    let end = pieces.iter().find(|end| **end >= read).unwrap();
    let early = take(&rest[..end - read], V2_HANDSHAKE_BODY_BYTES);
    let refused = |(frame, _)| record(frame, FrameKind::Alert, None);
    if let Err(refusal) = early.and_then(|early| early.map_or(Ok(()), refused)) {
        return client.refuse(refusal);
    }
    client.established = true;
    for honest in honest[4..].iter().map(Some).chain([None]) {
        match take(rest, V2_BODY_BYTES) {
            Ok(None) => return,
            Err(refusal) => return client.refuse(refusal),
            Ok(Some((frame, tail))) => {
                if let Err(refusal) = record(frame, FrameKind::Message, honest.map(|it| &it[..])) {
                    return client.refuse(refusal);
                }
                client.delivered = true;
                rest = tail;
            }
        }
    }
}

/// Checks a sealed frame: it opens if it is the one that was sealed in this place.
fn record(frame: &[u8], expected: FrameKind, honest: Option<&[u8]>) -> Result<(), Refusal> {
    let got = frame[4];
    let cause = PeerMisbehaved::UnopenableRecord;
    if got != 3 {
        let cause = InvalidMessage::Unexpected { expected, got };
        Err(refusal(cause, CheckName::FrameType, LayerName::Wire, 4))
    } else if honest == Some(frame) {
        Ok(())
    } else if let Some(tag) = (frame.len() - 5).checked_sub(16) {
        Err(refusal(
            cause,
            CheckName::RecordTag,
            LayerName::Ciphertext,
            tag,
        ))
    } else {
        Err(refusal(
            cause,
            CheckName::RecordLength,
            LayerName::Ciphertext,
            0,
        ))
    }
}
