//! One direction's output: seals records, coalesces messages, changes keys in time.

use std::fmt;

use zeroize::Zeroize;

use super::alert;
use super::data;
use super::framing::{self, FrameType, HEADER_BYTES};
use super::inner_type::InnerType;
use super::record::{DirectionKeys, PADDING_STEP, TAG_BYTES};
use crate::connection::io::Io;
use crate::connection::{Event, SendError};
use crate::crypto::hkdf::Secret;
use crate::error_code::ErrorCode;
use crate::frame::{Direction, FrameKind, LayerName};
use crate::limits::{RekeyLimits, V2_BODY_BYTES, V2_MESSAGE_BYTES, V2_RECORD_MESSAGES};
use crate::time::Time;
use crate::wire::fields::ALERT;
use crate::wire::trace::{KeyDef, Spans, Trace};
use crate::wire::writer as wire;

/// The most content of a record: a body without tag, padding and inner type.
const CONTENT_BYTES: usize = (V2_BODY_BYTES - TAG_BYTES) / PADDING_STEP * PADDING_STEP - 1;

/// The output of one connection. Without keys it can do no more than an alert in clear.
#[derive(Debug)]
pub(crate) struct Writer {
    keys: Option<DirectionKeys>,
    limits: RekeyLimits,
    /// The bytes sealed under the current keys, without headers and tags.
    bytes: u64,
    /// The time of the first record under the current keys.
    since: Option<Time>,
    /// `true` once this side has said that nothing more comes.
    closed: bool,
    waiting: Waiting,
}

/// A data record that is not sealed yet, because more messages may come. It is kept apart from the
/// output, so that nothing of it can go out in clear, whatever happens to the connection.
#[derive(Default)]
struct Waiting {
    /// Empty, or room for the header and the messages so far.
    record: Vec<u8>,
    /// The fields of those messages, if frames are reported.
    spans: Spans,
    /// The number of messages in the record; at most [`V2_RECORD_MESSAGES`].
    messages: usize,
    /// The time of the last message.
    at: Time,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.record.zeroize();
    }
}

impl fmt::Debug for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Waiting({} bytes)", self.record.len())
    }
}

impl Writer {
    pub(crate) fn new(limits: RekeyLimits) -> Self {
        Self {
            keys: None,
            limits,
            bytes: 0,
            since: None,
            closed: false,
            waiting: Waiting::default(),
        }
    }

    /// Changes to the keys of this secret.
    pub(crate) fn set_secret(&mut self, secret: Secret, name: &'static KeyDef) {
        self.keys = Some(DirectionKeys::new(secret, name));
        self.bytes = 0;
        self.since = None;
    }

    /// Seals one record that is no data; `trace` has its content's fields.
    pub(crate) fn record(
        &mut self,
        inner_type: InnerType,
        content: &[u8],
        mut trace: Trace,
        io: &mut Io,
        now: Time,
    ) {
        // Messages that wait were sent first, and the sequence numbers keep that order.
        self.flush(io);
        // After a close nothing more may come in this direction (PROTOCOL.md §2.12).
        if self.closed {
            return;
        }
        let start = io.output.len();
        io.output.extend_from_slice(&[0; HEADER_BYTES]);
        io.output.extend_from_slice(content);
        self.seal(inner_type, start, &mut io.output, &mut trace, now);
        io.sent(inner_type.kind(), start, trace, now);
    }

    /// Seals one record without content.
    fn empty_record(&mut self, inner_type: InnerType, io: &mut Io, now: Time) {
        let mut trace = io.new_trace();
        trace.nested(LayerName::Message, 0, io.spans());
        self.record(inner_type, &[], trace, io, now);
    }

    /// Queues a message; [`Self::flush`] seals it together with the other waiting messages.
    pub(crate) fn message(
        &mut self,
        message: &[u8],
        io: &mut Io,
        now: Time,
    ) -> Result<(), SendError> {
        if message.len() > V2_MESSAGE_BYTES {
            return Err(SendError::TooLarge {
                limit: V2_MESSAGE_BYTES,
            });
        }
        let needed = data::LENGTH_BYTES + message.len();
        let waiting = self.waiting.record.len();
        if waiting == 0
            || waiting - HEADER_BYTES + needed > CONTENT_BYTES
            || self.waiting.messages == V2_RECORD_MESSAGES
        {
            self.flush(io);
            // Only between two data records, after the one that waits: its messages belong to the
            // old keys.
            self.rekey_if_due(io, now);
            self.waiting.record.extend_from_slice(&[0; HEADER_BYTES]);
            self.waiting.spans = io.spans();
        }
        let Waiting { record, spans, .. } = &mut self.waiting;
        let content = &mut wire::Writer::behind(record, HEADER_BYTES, spans);
        data::append(message, content);
        self.waiting.messages += 1;
        self.waiting.at = now;
        Ok(())
    }

    /// Seals the messages that wait.
    pub(crate) fn flush(&mut self, io: &mut Io) {
        if self.waiting.record.is_empty() {
            return;
        }
        let mut record = std::mem::take(&mut self.waiting.record);
        self.waiting.messages = 0;
        let at = self.waiting.at;
        let mut trace = io.new_trace();
        let spans = std::mem::take(&mut self.waiting.spans);
        trace.nested(LayerName::Message, record.len() - HEADER_BYTES, spans);
        self.seal(InnerType::Data, 0, &mut record, &mut trace, at);
        let start = io.output.len();
        // The usual case needs no copy of up to 64 KiB, because nothing else waits in the output.
        if start == 0 {
            io.output = record;
        } else {
            io.output.extend_from_slice(&record);
        }
        io.sent(InnerType::Data.kind(), start, trace, at);
    }

    /// Tells the peer why this side ends the connection: sealed if there are keys, otherwise in
    /// clear.
    pub(crate) fn alert(&mut self, code: ErrorCode, io: &mut Io, now: Time) {
        let byte = [alert::to_byte(code)];
        let mut trace = io.new_trace();
        if self.keys.is_some() {
            trace.one(LayerName::Message, &ALERT, byte.len());
            self.record(InnerType::Alert, &byte, trace, io, now);
        } else {
            let start = io.output.len();
            let body = |writer: &mut wire::Writer<'_>| writer.bytes(&ALERT, &byte);
            framing::append(FrameType::Alert, 1, &mut io.output, &mut trace, body);
            io.sent(FrameKind::Alert, start, trace, now);
        }
    }

    /// Says once that this side has nothing more to send. Without keys nothing can say that,
    /// because a close in clear could come from anybody.
    pub(crate) fn close(&mut self, io: &mut Io, now: Time) {
        if self.keys.is_some() && !self.closed {
            self.empty_record(InnerType::Close, io, now);
            self.closed = true;
            // No timer may ask for a key update after the close.
            self.since = None;
        }
    }

    /// Returns `true` if this side has said that it sends nothing more.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Returns the time at which the keys are due to change. Keys that have sealed nothing need no
    /// change.
    pub(crate) fn rekey_at(&self) -> Option<Time> {
        self.since.map(|since| since + self.limits.interval)
    }

    /// Changes to new keys if the current ones have been used enough.
    pub(crate) fn rekey_if_due(&mut self, io: &mut Io, now: Time) {
        let (false, Some(keys)) = (self.closed, &self.keys) else {
            return;
        };
        let due = keys.sequence() >= self.limits.records
            || self.bytes >= self.limits.bytes
            || self.rekey_at().is_some_and(|at| now >= at);
        if due {
            // Sealed with the old keys, and the new ones directly after it: the receiver changes at
            // the same record (PROTOCOL.md §2.10).
            self.empty_record(InnerType::KeyUpdate, io, now);
            if let Some(keys) = &mut self.keys {
                keys.update();
            }
            self.bytes = 0;
            self.since = None;
            io.event(Event::Rekeyed(Direction::Sent));
        }
    }

    /// Seals the content that lies in `buffer` behind a header's room at `start`.
    fn seal(
        &mut self,
        inner_type: InnerType,
        start: usize,
        buffer: &mut Vec<u8>,
        trace: &mut Trace,
        now: Time,
    ) {
        let Some(keys) = &mut self.keys else {
            // Every caller has keys. Should one have none, nothing must go out in clear.
            buffer.truncate(start);
            return;
        };
        keys.seal(inner_type, start, buffer, trace);
        self.bytes += (buffer.len() - start - HEADER_BYTES - TAG_BYTES) as u64;
        self.since.get_or_insert(now);
    }
}
