//! Both directions of a connection together: the frames that are read and refused, and an
//! established session's records. The two roles differ in their handshakes only.

use super::framing::{self, Frame, FrameType, HEADER_BYTES};
use super::inner_type::InnerType;
use super::record::DirectionKeys;
use super::writer::Writer;
use super::{alert, data};
use crate::connection::input::Input;
use crate::connection::io::Io;
use crate::connection::machine::Progress;
use crate::connection::{Event, Plaintext};
use crate::crypto::hkdf::Secret;
use crate::error::{Error, InvalidMessage};
use crate::frame::{CheckName, Direction, FrameKind, LayerName};
use crate::limits::{RekeyLimits, V2_BODY_BYTES, V2_HANDSHAKE_BODY_BYTES};
use crate::time::Time;
use crate::wire::reader::Reader;
use crate::wire::trace::KeyDef;

/// The offset of the type in a frame's header.
const TYPE_AT: usize = HEADER_BYTES - 1;

/// The reading and the writing end of a connection.
#[derive(Debug)]
pub(crate) struct Channel {
    reader: Option<DirectionKeys>,
    pub(crate) writer: Writer,
    body_limit: usize,
}

/// The content of the expected frame, or the end of the connection in its place.
pub(crate) enum Received<'a> {
    /// The content of the frame that was expected.
    Content(&'a [u8]),
    /// An alert or a close that ends the connection in an orderly way.
    End(Progress),
}

impl Channel {
    /// Returns a channel without keys.
    pub(crate) fn new(limits: RekeyLimits) -> Self {
        Self {
            reader: None,
            writer: Writer::new(limits),
            body_limit: V2_HANDSHAKE_BODY_BYTES,
        }
    }

    /// Opens records with the keys of this secret from now on.
    pub(crate) fn set_reading_secret(&mut self, secret: Secret, name: &'static KeyDef) {
        self.reader = Some(DirectionKeys::new(secret, name));
    }

    /// Allows the larger records of an established session.
    pub(crate) fn establish(&mut self) {
        self.body_limit = V2_BODY_BYTES;
    }

    /// Returns the most bytes that may be buffered.
    pub(crate) fn buffer_limit(&self) -> usize {
        HEADER_BYTES + self.body_limit
    }

    /// Takes the next whole frame.
    pub(crate) fn next_frame<'a>(
        &self,
        input: &'a mut Input,
        io: &mut Io,
        now: Time,
    ) -> Result<Option<Frame<'a>>, InvalidMessage> {
        framing::next_frame(input, self.body_limit, io, now)
    }

    /// Takes a frame in clear: the expected hello, or the alert of a peer that has no keys yet.
    pub(crate) fn receive_clear<'a>(
        frame: &'a Frame<'_>,
        frame_type: FrameType,
        expected: FrameKind,
        io: &mut Io,
    ) -> Result<Received<'a>, Error> {
        let kind = if frame.is(FrameType::Alert) {
            FrameKind::Alert
        } else {
            expected
        };
        io.kind(kind);
        if kind == FrameKind::Alert {
            return Ok(Received::End(reported(frame.body(), io)?));
        }
        if !frame.is(frame_type) {
            let got = frame.type_byte();
            io.trace
                .refuse(LayerName::Wire, CheckName::FrameType, TYPE_AT);
            return Err(InvalidMessage::Unexpected { expected, got }.into());
        }
        Ok(Received::Content(frame.body()))
    }

    /// Opens a record of the handshake: the expected one, or one that ends the connection.
    pub(crate) fn receive_sealed<'a>(
        &mut self,
        frame: Frame<'a>,
        expected: InnerType,
        io: &mut Io,
    ) -> Result<Received<'a>, Error> {
        let (inner_type, content) = self.open(frame, expected.kind(), io)?;
        match InnerType::from_byte(inner_type) {
            Some(InnerType::Alert) => Ok(Received::End(reported(content, io)?)),
            // A close is allowed in two places only: in place of client_auth, from a client that
            // only wanted to learn the server's key, and as the answer to this side's own close
            // (PROTOCOL.md §2.12).
            Some(InnerType::Close)
                if expected == InnerType::ClientAuth || self.writer.is_closed() =>
            {
                without_content(content, io)?;
                Ok(Received::End(Progress::PeerClosed))
            }
            Some(inner_type) if inner_type == expected => Ok(Received::Content(content)),
            // Data too: none is taken before the peer's finished message is verified (PROTOCOL.md
            // §2.7).
            _ => Err(unexpected(inner_type, content, expected.kind(), io)),
        }
    }

    /// Handles a record of the established session.
    pub(crate) fn handle_record(
        &mut self,
        frame: Frame<'_>,
        io: &mut Io,
    ) -> Result<Progress, Error> {
        let (inner_type, content) = self.open(frame, FrameKind::Message, io)?;
        match InnerType::from_byte(inner_type) {
            Some(InnerType::Data) => {
                // All lengths are checked before the first event, so that a record delivers all of
                // its messages or none (PROTOCOL.md §2.9).
                let messages = io.trace.read(LayerName::Message, content, data::messages);
                for message in messages? {
                    io.event(Event::Message(Plaintext::new(message.to_vec())));
                }
                Ok(Progress::Handled)
            }
            Some(InnerType::KeyUpdate) => {
                without_content(content, io)?;
                // At once, because the peer's next record has the new keys. There is no answer, so
                // a flood of key updates costs this side no output.
                if let Some(keys) = &mut self.reader {
                    keys.update();
                }
                io.event(Event::Rekeyed(Direction::Received));
                Ok(Progress::Handled)
            }
            Some(InnerType::Alert) => reported(content, io),
            Some(InnerType::Close) => {
                without_content(content, io)?;
                Ok(Progress::PeerClosed)
            }
            _ => Err(unexpected(inner_type, content, FrameKind::Message, io)),
        }
    }

    /// Opens a sealed frame in place. A frame in clear has no place any more once there are keys.
    fn open<'a>(
        &mut self,
        frame: Frame<'a>,
        expected: FrameKind,
        io: &mut Io,
    ) -> Result<(u8, &'a [u8]), Error> {
        let got = frame.type_byte();
        // Otherwise an alert in clear, which anybody in between can send, would be reported as the
        // peer's own (PROTOCOL.md §2.11).
        let (true, Some(keys)) = (frame.is(FrameType::Sealed), &mut self.reader) else {
            io.trace
                .refuse(LayerName::Wire, CheckName::FrameType, TYPE_AT);
            return Err(InvalidMessage::Unexpected { expected, got }.into());
        };
        let (header, body) = frame.into_parts();
        let opened = keys.open(header, body, &mut io.trace);
        let kind = match &opened {
            Ok((inner_type, _)) => InnerType::from_byte(*inner_type).map(InnerType::kind),
            Err(_) => None,
        };
        io.kind(kind.unwrap_or(FrameKind::Unopened));
        Ok(opened?)
    }
}

/// Returns the progress that an alert means for the connection.
fn reported(content: &[u8], io: &mut Io) -> Result<Progress, Error> {
    let code = io.trace.read(LayerName::Message, content, alert::decode)?;
    Ok(Progress::Reported(code, code.sentence().to_owned()))
}

fn without_content(content: &[u8], io: &mut Io) -> Result<(), InvalidMessage> {
    let check = |reader: &mut Reader<'_, '_>| {
        if reader.is_empty() {
            return Ok(());
        }
        reader.refuse(CheckName::ControlLength);
        Err(InvalidMessage::ControlLength)
    };
    io.trace.read(LayerName::Message, content, check)
}

/// Refuses an inner type that does not belong here.
fn unexpected(got: u8, content: &[u8], expected: FrameKind, io: &mut Io) -> Error {
    // The inner type lies behind the content.
    let offset = content.len();
    io.trace
        .refuse(LayerName::Plaintext, CheckName::InnerType, offset);
    InvalidMessage::Unexpected { expected, got }.into()
}
