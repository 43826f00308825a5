//! The account of one handshake: what happened, how many bytes, how long, for people to look at.
//!
//! Pure bookkeeping of what the engine saw. It must not know how frames are made.

use shared::connection::{Direction, FrameKind};

/// Most characters of a frame that are kept to be shown.
pub const FRAME_SHOWN_CHARS: usize = 4096;

/// One frame as it crossed the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Sent or received.
    pub direction: Direction,
    /// What it is.
    pub kind: FrameKind,
    /// Its size with the terminator.
    pub bytes: usize,
    /// Microseconds on the page's clock.
    pub at: u64,
    /// Its text, cut to [`FRAME_SHOWN_CHARS`]; v1's frames are readable text.
    pub text: String,
}

impl Frame {
    /// Keeps of a frame what the account shows.
    pub fn new(direction: Direction, kind: FrameKind, bytes: &[u8], at: u64) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let text = text
            .trim_end_matches('\n')
            .chars()
            .take(FRAME_SHOWN_CHARS)
            .collect();
        Self {
            direction,
            kind,
            bytes: bytes.len(),
            at,
            text,
        }
    }
}

/// The server's key as announced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerKey {
    /// `SHA256:…`
    pub fingerprint: String,
    /// Size of the modulus.
    pub bits: usize,
}

/// Everything noticed from the attempt to connect to the first message that opened.
/// Times are microseconds on the page's clock.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Account {
    /// When the attempt began.
    pub started: u64,
    /// When the tunnel was open.
    pub opened: Option<u64>,
    /// The announcement.
    pub announcement: Option<Frame>,
    /// The key in it.
    pub server_key: Option<ServerKey>,
    /// When the worker was asked to sign.
    pub sign_asked: Option<u64>,
    /// When its answer came, and how long the RSA operation itself took.
    pub signed: Option<(u64, u64)>,
    /// The handshake frame.
    pub handshake: Option<Frame>,
    /// The first message that opened: only who holds the server's private key can have sealed it.
    pub proof: Option<Frame>,
    /// The error frame, if the server refused.
    pub refusal: Option<Frame>,
    /// The attempt ended before the proof.
    pub failed: bool,
    /// Counts over the whole session.
    pub traffic: Traffic,
}

/// Frames and bytes of a session, handshake included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Traffic {
    /// Frames sent.
    pub frames_sent: u64,
    /// Frames received.
    pub frames_received: u64,
    /// Bytes sent.
    pub bytes_sent: u64,
    /// Bytes received.
    pub bytes_received: u64,
}

/// The steps of a handshake in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The WebSocket opened.
    Tunnel,
    /// The server's public key came.
    Announcement,
    /// A session key was made, encrypted and signed.
    Signature,
    /// The handshake frame left.
    Handshake,
    /// The server's first message opened.
    Proof,
}

impl Step {
    /// All, in order.
    pub const ALL: [Self; 5] = [
        Self::Tunnel,
        Self::Announcement,
        Self::Signature,
        Self::Handshake,
        Self::Proof,
    ];

    /// A word for tests and style sheets.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tunnel => "tunnel",
            Self::Announcement => "announcement",
            Self::Signature => "signature",
            Self::Handshake => "handshake",
            Self::Proof => "proof",
        }
    }
}

/// How far a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Not begun.
    Ahead,
    /// Under way.
    Now,
    /// Done at this time, in microseconds on the page's clock.
    Done(u64),
    /// It is where the attempt failed.
    Failed,
}

impl Account {
    /// A new attempt at `now`.
    pub fn begin(now: u64) -> Self {
        Self {
            started: now,
            ..Self::default()
        }
    }

    /// Books one frame.
    pub fn frame(&mut self, frame: Frame) {
        let bytes = frame.bytes as u64;
        let traffic = &mut self.traffic;
        let place = match frame.direction {
            Direction::Sent => {
                traffic.frames_sent += 1;
                traffic.bytes_sent += bytes;
                match frame.kind {
                    FrameKind::Handshake => &mut self.handshake,
                    _ => return,
                }
            }
            Direction::Received => {
                traffic.frames_received += 1;
                traffic.bytes_received += bytes;
                match frame.kind {
                    FrameKind::Announcement => &mut self.announcement,
                    FrameKind::Message => &mut self.proof,
                    FrameKind::Error => &mut self.refusal,
                    _ => return,
                }
            }
        };
        place.get_or_insert(frame);
    }

    /// How far `step` is.
    pub fn progress(&self, step: Step) -> Progress {
        if let Some(at) = self.done_at(step) {
            return Progress::Done(at);
        }
        let previous = Step::ALL.iter().take_while(|other| **other != step).last();
        let reached = previous.is_none_or(|previous| self.done_at(*previous).is_some());
        match (reached, self.failed) {
            (true, true) => Progress::Failed,
            (true, false) => Progress::Now,
            (false, _) => Progress::Ahead,
        }
    }

    fn done_at(&self, step: Step) -> Option<u64> {
        match step {
            Step::Tunnel => self.opened,
            Step::Announcement => self.announcement.as_ref().map(|frame| frame.at),
            Step::Signature => self.signed.map(|(at, _)| at),
            Step::Handshake => self.handshake.as_ref().map(|frame| frame.at),
            Step::Proof => self.proof.as_ref().map(|frame| frame.at),
        }
    }

    /// The frame of `step`, if it has one.
    pub fn frame_of(&self, step: Step) -> Option<&Frame> {
        match step {
            Step::Tunnel | Step::Signature => None,
            Step::Announcement => self.announcement.as_ref(),
            Step::Handshake => self.handshake.as_ref(),
            Step::Proof => self.proof.as_ref(),
        }
    }

    /// Microseconds from the attempt's beginning to the proof.
    pub fn total(&self) -> Option<u64> {
        self.proof
            .as_ref()
            .map(|frame| frame.at.saturating_sub(self.started))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(direction: Direction, kind: FrameKind, at: u64) -> Frame {
        Frame::new(direction, kind, b"{\"a\":1}\n\n", at)
    }

    #[test]
    fn steps_follow_each_other() {
        let mut account = Account::begin(100);
        assert_eq!(account.progress(Step::Tunnel), Progress::Now);
        assert_eq!(account.progress(Step::Announcement), Progress::Ahead);
        account.opened = Some(110);
        account.frame(frame(Direction::Received, FrameKind::Announcement, 120));
        assert_eq!(account.progress(Step::Announcement), Progress::Done(120));
        assert_eq!(account.progress(Step::Signature), Progress::Now);
        account.signed = Some((150, 29));
        account.frame(frame(Direction::Sent, FrameKind::Handshake, 160));
        account.frame(frame(Direction::Received, FrameKind::Message, 190));
        account.frame(frame(Direction::Received, FrameKind::Message, 999));
        assert_eq!(account.total(), Some(90), "the first message is the proof");
        let traffic = account.traffic;
        assert_eq!((traffic.frames_sent, traffic.frames_received), (1, 3));
        assert_eq!((traffic.bytes_sent, traffic.bytes_received), (9, 27));
    }

    #[test]
    fn a_refusal_fails_the_step_it_interrupts() {
        let mut account = Account::begin(0);
        account.opened = Some(1);
        account.frame(frame(Direction::Received, FrameKind::Error, 2));
        account.failed = true;
        assert_eq!(account.progress(Step::Tunnel), Progress::Done(1));
        assert_eq!(account.progress(Step::Announcement), Progress::Failed);
        assert_eq!(account.progress(Step::Signature), Progress::Ahead);
        assert!(account.refusal.is_some());
    }

    #[test]
    fn a_huge_frame_is_not_kept_whole() {
        let frame = Frame::new(
            Direction::Received,
            FrameKind::Message,
            &vec![b'x'; 100_000],
            0,
        );
        assert_eq!(frame.bytes, 100_000);
        assert_eq!(frame.text.len(), FRAME_SHOWN_CHARS);
    }
}
