//! The report of one handshake: its events, bytes and times, for people to look at.
//!
//! Pure bookkeeping of the engine's events. It must not know how frames are made.

use std::rc::Rc;

use shared::connection::{Direction, FrameKind, Version};
use shared::identity::Fingerprint;

use super::frame::Frame;

/// The server's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerKey {
    /// The fingerprint of the key.
    pub fingerprint: Fingerprint,
    /// The size of the modulus, in bits.
    pub bits: usize,
    /// The server has proven that it holds the key; v1 only announces one.
    pub proven: bool,
}

/// Everything that was noticed from the attempt to connect to the first message that opened. Times
/// are microseconds on the page's clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandshakeReport {
    /// The protocol that is spoken.
    pub version: Version,
    /// The time at which the attempt began.
    pub started: u64,
    /// The time at which the tunnel opened.
    pub opened: Option<u64>,
    /// The server's key.
    pub server_key: Option<ServerKey>,
    /// The time at which the worker was asked to sign.
    pub sign_asked: Option<u64>,
    /// The time of the worker's answer, and the duration of the RSA operation itself.
    pub signed: Option<(u64, u64)>,
    /// The first frame of every kind that belongs to a step, in the order in which they passed.
    /// Shared, because the state is copied with every action.
    frames: Vec<Rc<Frame>>,
    /// The error frame or alert, if the server refused.
    pub refusal: Option<Rc<Frame>>,
    /// The session's public id, the same on both sides; v1 has none.
    pub session_id: Option<String>,
    /// The session is established.
    pub established: bool,
    /// The attempt ended before the proof.
    pub failed: bool,
    /// The attempt ended as it should: the server's key is known now, and a person is asked.
    pub halted: bool,
    /// The counts over the whole session.
    pub traffic: Traffic,
}

impl Default for HandshakeReport {
    fn default() -> Self {
        Self::begin(0, Version::V2)
    }
}

/// The frames, bytes and changes of keys of a session, handshake included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Traffic {
    /// The number of frames that were sent.
    pub frames_sent: u64,
    /// The number of frames that were received.
    pub frames_received: u64,
    /// The number of bytes that were sent.
    pub bytes_sent: u64,
    /// The number of bytes that were received.
    pub bytes_received: u64,
    /// The number of changes of this page's sending key.
    pub rekeys_sent: u64,
    /// The number of changes of the server's sending key.
    pub rekeys_received: u64,
}

/// The steps of a handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The WebSocket opened.
    Tunnel,
    /// In v2: the preface and this page's ephemeral keys were sent.
    ClientHello,
    /// The server's public key was received.
    Announcement,
    /// In v2: the server's ephemeral keys were received.
    ServerHello,
    /// In v2: the server has proven that it holds its key.
    ServerProof,
    /// The person's private key has signed; v1 has also made and encrypted a session key.
    Signature,
    /// The handshake frame (v1), or the client's proof and confirmation (v2), was sent.
    Handshake,
    /// The server's first message opened.
    Proof,
}

impl Step {
    /// Returns the steps of `version`, in order.
    pub const fn of(version: Version) -> &'static [Self] {
        match version {
            Version::V1 => &[
                Self::Tunnel,
                Self::Announcement,
                Self::Signature,
                Self::Handshake,
                Self::Proof,
            ],
            Version::V2 => &[
                Self::Tunnel,
                Self::ClientHello,
                Self::Announcement,
                Self::ServerHello,
                Self::ServerProof,
                Self::Signature,
                Self::Handshake,
                Self::Proof,
            ],
        }
    }

    /// Returns a word for tests and style sheets.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tunnel => "tunnel",
            Self::ClientHello => "client-hello",
            Self::Announcement => "announcement",
            Self::ServerHello => "server-hello",
            Self::ServerProof => "server-proof",
            Self::Signature => "signature",
            Self::Handshake => "handshake",
            Self::Proof => "proof",
        }
    }

    /// Returns the kinds of frames that belong to the step; the last one completes it.
    const fn frames(self, version: Version) -> &'static [(Direction, FrameKind)] {
        use Direction::{Received, Sent};
        match (self, version) {
            (Self::Tunnel | Self::Signature, _) => &[],
            (Self::ClientHello, _) => &[(Sent, FrameKind::Preface), (Sent, FrameKind::ClientHello)],
            (Self::Announcement, _) => &[(Received, FrameKind::Announcement)],
            (Self::ServerHello, _) => &[(Received, FrameKind::ServerHello)],
            (Self::ServerProof, _) => &[
                (Received, FrameKind::ServerAuth),
                (Received, FrameKind::ServerFinished),
            ],
            (Self::Handshake, Version::V1) => &[(Sent, FrameKind::Handshake)],
            (Self::Handshake, Version::V2) => &[
                (Sent, FrameKind::ClientAuth),
                (Sent, FrameKind::ClientFinished),
            ],
            (Self::Proof, _) => &[(Received, FrameKind::Message)],
        }
    }
}

/// The progress of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// The step has not begun.
    Ahead,
    /// The step is under way.
    Now,
    /// The step was done at this time, in microseconds on the page's clock.
    Done(u64),
    /// The attempt failed at the step.
    Failed,
}

impl HandshakeReport {
    /// Creates the report of an attempt that begins at `now`.
    pub fn begin(now: u64, version: Version) -> Self {
        Self {
            version,
            started: now,
            opened: None,
            server_key: None,
            sign_asked: None,
            signed: None,
            frames: Vec::new(),
            refusal: None,
            session_id: None,
            established: false,
            failed: false,
            halted: false,
            traffic: Traffic::default(),
        }
    }

    /// Records a frame.
    pub fn frame(&mut self, frame: Frame) {
        let bytes = frame.bytes as u64;
        let traffic = &mut self.traffic;
        match frame.direction {
            Direction::Sent => {
                traffic.frames_sent += 1;
                traffic.bytes_sent += bytes;
            }
            Direction::Received => {
                traffic.frames_received += 1;
                traffic.bytes_received += bytes;
            }
        }
        let (direction, kind) = (frame.direction, frame.kind);
        if direction == Direction::Received && matches!(kind, FrameKind::Error | FrameKind::Alert) {
            // Only the first one is kept: it has ended the handshake.
            self.refusal.get_or_insert_with(|| Rc::new(frame));
        } else if self.is_of_a_step(direction, kind) && self.find(direction, kind).is_none() {
            self.frames.push(Rc::new(frame));
        }
    }

    /// Records that the keys of a direction were replaced.
    pub fn rekeyed(&mut self, direction: Direction) {
        match direction {
            Direction::Sent => self.traffic.rekeys_sent += 1,
            Direction::Received => self.traffic.rekeys_received += 1,
        }
    }

    /// Returns the progress of `step`.
    pub fn progress(&self, step: Step) -> Progress {
        if let Some(at) = self.done_at(step) {
            return Progress::Done(at);
        }
        let mut earlier = self.steps().iter().take_while(|other| **other != step);
        let reached = earlier.all(|other| self.done_at(*other).is_some());
        match (reached, self.failed) {
            (true, true) => Progress::Failed,
            (true, false) if !self.halted => Progress::Now,
            _ => Progress::Ahead,
        }
    }

    /// Returns the steps of this handshake, in order.
    pub fn steps(&self) -> &'static [Step] {
        Step::of(self.version)
    }

    fn done_at(&self, step: Step) -> Option<u64> {
        match step {
            Step::Tunnel => self.opened,
            Step::Signature => self.signed.map(|(at, _)| at),
            step => {
                let (direction, kind) = step.frames(self.version).last()?;
                // A client of v2 has made its first frames before the tunnel takes them.
                let opened = self.opened?;
                let frame = self.find(*direction, *kind)?;
                Some(frame.at.max(opened))
            }
        }
    }

    /// Returns the frames of `step` that have passed, in the order of the protocol.
    pub fn frames_of(&self, step: Step) -> impl Iterator<Item = &Rc<Frame>> {
        let kinds = step.frames(self.version).iter();
        kinds.filter_map(|(direction, kind)| self.find(*direction, *kind))
    }

    /// Returns the microseconds from the attempt's beginning to the proof.
    pub fn total(&self) -> Option<u64> {
        self.done_at(Step::Proof)
            .map(|at| at.saturating_sub(self.started))
    }

    fn find(&self, direction: Direction, kind: FrameKind) -> Option<&Rc<Frame>> {
        let mut frames = self.frames.iter();
        frames.find(|frame| frame.direction == direction && frame.kind == kind)
    }

    fn is_of_a_step(&self, direction: Direction, kind: FrameKind) -> bool {
        let mut steps = self.steps().iter();
        steps.any(|step| step.frames(self.version).contains(&(direction, kind)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Direction::{Received, Sent};

    fn frame(direction: Direction, kind: FrameKind, at: u64) -> Frame {
        Frame::new(direction, kind, b"{\"a\":1}\n\n", at)
    }

    #[test]
    fn the_steps_of_v1_follow_each_other() {
        let mut report = HandshakeReport::begin(100, Version::V1);
        assert_eq!(report.progress(Step::Tunnel), Progress::Now);
        assert_eq!(report.progress(Step::Announcement), Progress::Ahead);
        report.opened = Some(110);
        report.frame(frame(Received, FrameKind::Announcement, 120));
        assert_eq!(report.progress(Step::Announcement), Progress::Done(120));
        assert_eq!(report.progress(Step::Signature), Progress::Now);
        report.signed = Some((150, 29));
        report.frame(frame(Sent, FrameKind::Handshake, 160));
        report.frame(frame(Received, FrameKind::Message, 190));
        report.frame(frame(Received, FrameKind::Message, 999));
        assert_eq!(report.total(), Some(90), "the first message is the proof");
        let traffic = report.traffic;
        assert_eq!((traffic.frames_sent, traffic.frames_received), (1, 3));
        assert_eq!((traffic.bytes_sent, traffic.bytes_received), (9, 27));
    }

    #[test]
    fn the_steps_of_v2_are_made_of_several_frames() {
        let mut report = HandshakeReport::begin(100, Version::V2);
        report.frame(frame(Sent, FrameKind::Preface, 100));
        report.frame(frame(Sent, FrameKind::ClientHello, 100));
        assert_eq!(report.progress(Step::Tunnel), Progress::Now);
        assert_eq!(report.progress(Step::ClientHello), Progress::Ahead);
        report.opened = Some(103);
        assert_eq!(report.progress(Step::ClientHello), Progress::Done(103));
        report.frame(frame(Received, FrameKind::Announcement, 104));
        report.frame(frame(Received, FrameKind::ServerHello, 105));
        report.frame(frame(Received, FrameKind::ServerAuth, 106));
        assert_eq!(report.progress(Step::ServerProof), Progress::Now);
        report.frame(frame(Received, FrameKind::ServerFinished, 107));
        assert_eq!(report.progress(Step::ServerProof), Progress::Done(107));
        report.signed = Some((130, 29));
        report.frame(frame(Sent, FrameKind::ClientAuth, 131));
        report.frame(frame(Sent, FrameKind::ClientFinished, 132));
        report.frame(frame(Received, FrameKind::Message, 140));
        for step in Step::of(Version::V2) {
            assert!(
                matches!(report.progress(*step), Progress::Done(_)),
                "{step:?}"
            );
        }
        let kinds: Vec<_> = report
            .frames_of(Step::Handshake)
            .map(|frame| frame.kind)
            .collect();
        assert_eq!(kinds, [FrameKind::ClientAuth, FrameKind::ClientFinished]);
        assert_eq!(report.total(), Some(40));
    }

    #[test]
    fn nothing_is_under_way_while_a_person_decides() {
        let mut report = HandshakeReport::begin(0, Version::V2);
        report.opened = Some(1);
        report.halted = true;
        assert_eq!(report.progress(Step::ClientHello), Progress::Ahead);
    }

    #[test]
    fn changes_of_keys_are_counted_by_direction() {
        let mut report = HandshakeReport::begin(0, Version::V2);
        for direction in [Sent, Received, Received] {
            report.rekeyed(direction);
        }
        let traffic = report.traffic;
        assert_eq!((traffic.rekeys_sent, traffic.rekeys_received), (1, 2));
    }

    #[test]
    fn a_refusal_fails_the_step_it_interrupts() {
        for kind in [FrameKind::Error, FrameKind::Alert] {
            let mut report = HandshakeReport::begin(0, Version::V1);
            report.opened = Some(1);
            report.frame(frame(Received, kind, 2));
            report.failed = true;
            assert_eq!(report.progress(Step::Tunnel), Progress::Done(1));
            assert_eq!(report.progress(Step::Announcement), Progress::Failed);
            assert_eq!(report.progress(Step::Signature), Progress::Ahead);
            assert!(report.refusal.is_some());
        }
    }
}
