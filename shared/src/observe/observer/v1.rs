//! Frames of v1, and those in clear with which both versions begin.

use super::{Facts, Opening, Seen, Side, State};
use crate::crypto::cbc_hmac::Sealer;
use crate::crypto::rsa_public::pss_verify_any_salt;
use crate::error::{Error, InvalidMessage, PeerMisbehaved};
use crate::frame::{Direction, FrameKind};
use crate::limits::{HANDSHAKE_FRAME_BYTES, MESSAGE_FRAME_BYTES};
use crate::observe::key_log::v1_name;
use crate::time::Time;
use crate::v1::session::record_blob;
use crate::v1::{announcement, error_frame, handshake, message};

impl Side {
    pub(super) fn read_announcement(
        &mut self,
        facts: &mut Facts,
        now: Time,
    ) -> Result<Seen, Error> {
        let (input, io) = (&mut self.input, &mut self.io);
        let next = self
            .deframer
            .next_frame(input, HANDSHAKE_FRAME_BYTES, io, now)?;
        let Some(frame) = next else {
            return Ok(Seen::NeedMore);
        };
        if error_frame::receive(frame, io).is_some() {
            self.state = State::Ended;
            return Ok(Seen::Whole);
        }
        io.kind(FrameKind::Announcement);
        let key = io.trace.read_terminated(frame, announcement::read)?;
        facts.announced = Some((key, frame.to_vec()));
        self.state = State::Version;
        Ok(Seen::Whole)
    }

    pub(super) fn read_handshake_v1(
        &mut self,
        facts: &mut Facts,
        now: Time,
    ) -> Result<Seen, Error> {
        let (input, io) = (&mut self.input, &mut self.io);
        let next = self
            .deframer
            .next_frame(input, HANDSHAKE_FRAME_BYTES, io, now)?;
        let Some(frame) = next else {
            return Ok(Seen::NeedMore);
        };
        io.kind(FrameKind::Handshake);
        let handshake = handshake::read(frame, &mut io.trace)?;
        self.state = State::MessagesV1;
        facts.handshake_v1 = true;
        let name = v1_name(&handshake.enc_session);
        let Some(blob) = facts.key_log.session(&name) else {
            facts.opened(Opening::Unknown);
            return Ok(Seen::Outside);
        };
        record_blob(&blob, &mut io.trace);
        let signed = blob.to_bytes();
        if !pss_verify_any_salt(&handshake.client_pub, &signed, &handshake.client_sig) {
            facts.opened(Opening::Wrong);
            return Err(PeerMisbehaved::WrongSignature.into());
        }
        facts.opened(Opening::Opened);
        facts.sealer = Some(Sealer::new(&blob));
        Ok(Seen::Whole)
    }

    pub(super) fn read_message_v1(&mut self, facts: &mut Facts, now: Time) -> Result<Seen, Error> {
        let (input, io) = (&mut self.input, &mut self.io);
        let limit = if facts.handshake_v1 {
            MESSAGE_FRAME_BYTES
        } else {
            HANDSHAKE_FRAME_BYTES
        };
        let next = self.deframer.next_frame(input, limit, io, now)?;
        let Some(frame) = next else {
            return Ok(Seen::NeedMore);
        };
        let from_server = self.direction == Direction::Received;
        if from_server && !facts.handshake_v1 {
            if error_frame::receive(frame, io).is_some() {
                self.state = State::Ended;
                return Ok(Seen::Whole);
            }
            io.trace.terminated(frame.len(), io.spans());
            return Err(InvalidMessage::BeforeHandshake.into());
        }
        let read = if let Some(sealer) = &facts.sealer {
            message::read(sealer, frame, &mut io.trace).map(|_| Seen::Whole)
        } else {
            let read = message::read_sealed(frame, &mut io.trace);
            read.map(|_| Seen::Outside).map_err(Error::from)
        };
        // As v1's client: only a frame that is no message is read as an error (PROTOCOL.md §1.5).
        if from_server
            && matches!(read, Err(Error::InvalidMessage(InvalidMessage::Json(_))))
            && error_frame::receive(frame, io).is_some()
        {
            self.state = State::Ended;
            return Ok(Seen::Whole);
        }
        if read.is_ok() || !from_server {
            io.kind(FrameKind::Message);
        }
        read
    }

    /// Reads an error frame of v1 in place of the server's hello.
    pub(super) fn read_error_for_hello(&mut self, now: Time) -> Result<Seen, Error> {
        let (input, io) = (&mut self.input, &mut self.io);
        let next = self
            .deframer
            .next_frame(input, HANDSHAKE_FRAME_BYTES, io, now)?;
        let Some(frame) = next else {
            return Ok(Seen::NeedMore);
        };
        if error_frame::receive(frame, io).is_some() {
            self.state = State::Ended;
            return Ok(Seen::Whole);
        }
        let (expected, got) = (FrameKind::ServerHello, b'{');
        io.trace.terminated(frame.len(), io.spans());
        Err(InvalidMessage::Unexpected { expected, got }.into())
    }
}
