//! The lines of a pipe from their reading to their receipt: which may be sent, which were
//! acknowledged, which are lost.

use std::collections::VecDeque;

use shared::chat::{ClientMessage, MessageId, RoomId, Text};

/// The most lines that are on their way at once. One, because a line that is rejected for its rate
/// is overtaken by the next one as soon as the server has a token again: seen with 32 on a busy
/// machine.
const MOST_ON_THEIR_WAY: usize = 1;

/// The most lines that were read and not acknowledged. Behind them the pipe has to wait.
const MOST_WAITING: usize = 256;

/// The number of attempts after which a line that the server cannot store is given up.
const STORAGE_ATTEMPTS: u32 = 5;

/// A line that the server has not acknowledged.
#[derive(Debug)]
struct Waiting {
    number: u64,
    id: MessageId,
    text: Text,
    on_its_way: bool,
    failures: u32,
}

/// The lines of one pipe.
#[derive(Debug)]
pub(super) struct Lines {
    waiting: VecDeque<Waiting>,
    /// The most lines on their way at present.
    window: usize,
    /// The numbers of lines that will never be delivered.
    lost: Vec<u64>,
    /// The number of the last line that was read.
    last_read: u64,
    /// Standard input has ended, or the rest is not wanted any more (`/quit`).
    ended: bool,
}

/// The longest line that can be sent, in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Longest {
    /// Of the text by itself.
    pub(super) text: usize,
    /// Of the whole request.
    pub(super) request: usize,
}

/// A line that can never be sent.
#[derive(Debug)]
pub(super) struct TooLong {
    pub(super) number: u64,
    pub(super) bytes: usize,
    pub(super) limit: usize,
}

/// The fate of a line that the server has refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// It is sent again.
    Again,
    /// It is given up.
    GivenUp(u64),
    /// No line that waits was refused.
    NoLine,
}

impl Lines {
    pub(super) fn new() -> Self {
        Self {
            waiting: VecDeque::new(),
            window: MOST_ON_THEIR_WAY,
            lost: Vec::new(),
            last_read: 0,
            ended: false,
        }
    }

    /// Returns `true` while more lines are wanted.
    pub(super) fn wants_more(&self) -> bool {
        !self.ended && self.waiting.len() < MOST_WAITING
    }

    /// Records the number of a line that was read.
    pub(super) fn read(&mut self, number: u64) {
        self.last_read = number;
    }

    /// Queues a line.
    pub(super) fn push(&mut self, number: u64, id: MessageId, text: Text) {
        self.waiting.push_back(Waiting {
            number,
            id,
            text,
            on_its_way: false,
            failures: 0,
        });
    }

    /// Marks the input as ended.
    pub(super) fn end(&mut self) {
        self.ended = true;
    }

    pub(super) fn has_ended(&self) -> bool {
        self.ended
    }

    /// Returns `true` when no line waits for its receipt.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Returns `true` if no line was lost so far.
    pub(super) fn is_whole(&self) -> bool {
        self.lost.is_empty()
    }

    /// Takes a receipt.
    pub(super) fn acknowledged(&mut self, id: MessageId) {
        self.waiting.retain(|line| line.id != id);
    }

    /// Records that a line will never be delivered.
    pub(super) fn lose(&mut self, number: u64) {
        self.last_read = self.last_read.max(number);
        self.lost.push(number);
    }

    /// Adds the requests for the lines that may be sent now to `requests`, and takes out those that
    /// can never be sent.
    pub(super) fn send(
        &mut self,
        room: &RoomId,
        longest: Longest,
        requests: &mut VecDeque<ClientMessage>,
    ) -> Vec<TooLong> {
        let mut too_long = Vec::new();
        for line in self.waiting.iter_mut().take(self.window) {
            if line.on_its_way {
                continue;
            }
            let request = ClientMessage::Send {
                room: room.clone(),
                id: line.id,
                text: line.text.clone(),
                reply_to: None,
            };
            let text = line.text.as_str().len();
            // Measured as JSON, because escapes make a request longer than its text.
            let sealed = serde_json::to_vec(&request).map_or(0, |json| json.len());
            let exceeded = if text > longest.text {
                Some((text, longest.text))
            } else if sealed > longest.request {
                Some((sealed, longest.request))
            } else {
                None
            };
            if let Some((bytes, limit)) = exceeded {
                let number = line.number;
                too_long.push(TooLong {
                    number,
                    bytes,
                    limit,
                });
            } else {
                line.on_its_way = true;
                requests.push_back(request);
            }
        }
        self.waiting
            .retain(|line| too_long.iter().all(|it| it.number != line.number));
        too_long
    }

    /// Slows down, and sends the line with this id again, if it is one.
    pub(super) fn send_again(&mut self, id: &str) {
        self.window = 1;
        if let Some(line) = self.find(id) {
            line.on_its_way = false;
        }
    }

    /// Takes the refusal of the line with this id. `may_pass` says that the same line may be taken
    /// later.
    pub(super) fn refused(&mut self, id: &str, may_pass: bool) -> Refused {
        let Some(line) = self.find(id) else {
            return Refused::NoLine;
        };
        line.failures += 1;
        if may_pass && line.failures < STORAGE_ATTEMPTS {
            self.send_again(id);
            return Refused::Again;
        }
        let number = line.number;
        self.waiting.retain(|line| line.number != number);
        Refused::GivenUp(number)
    }

    fn find(&mut self, id: &str) -> Option<&mut Waiting> {
        self.waiting
            .iter_mut()
            .find(|line| line.id.to_string() == id)
    }

    /// Returns the numbers of all lines that are not delivered, ascending.
    pub(super) fn missing(&self) -> Vec<u64> {
        // A line that is not acknowledged counts as lost: the server may have it, but no receipt
        // says so.
        let waiting = self.waiting.iter().map(|line| line.number);
        let mut missing: Vec<_> = self.lost.iter().copied().chain(waiting).collect();
        missing.sort_unstable();
        missing
    }

    pub(super) fn last_read(&self) -> u64 {
        self.last_read
    }
}

#[cfg(test)]
mod tests {
    use shared::chat::RoomName;

    use super::*;

    fn id(number: u8) -> MessageId {
        MessageId::from_random([number; 16])
    }

    fn sent(lines: &mut Lines, text: usize) -> (usize, Vec<u64>) {
        let mut requests = VecDeque::new();
        let longest = Longest {
            text,
            request: 1000,
        };
        let too_long = lines.send(&RoomName::lobby().into(), longest, &mut requests);
        (
            requests.len(),
            too_long.iter().map(|it| it.number).collect(),
        )
    }

    fn two_lines() -> Lines {
        let mut lines = Lines::new();
        lines.push(1, id(1), Text::parse("one").unwrap());
        lines.push(2, id(2), Text::parse("second").unwrap());
        lines
    }

    #[test]
    fn a_line_is_sent_only_when_the_one_before_it_has_its_receipt() {
        let mut lines = two_lines();
        assert_eq!(sent(&mut lines, 100), (1, vec![]));
        assert_eq!(sent(&mut lines, 100), (0, vec![]));
        assert_eq!(lines.missing(), [1, 2]);
        lines.acknowledged(id(1));
        assert_eq!(sent(&mut lines, 100), (1, vec![]));
        lines.acknowledged(id(2));
        assert!(lines.is_empty() && lines.missing().is_empty());
    }

    #[test]
    fn a_line_that_is_too_long_leaves_the_way_free() {
        let mut lines = two_lines();
        assert_eq!(sent(&mut lines, 2), (0, vec![1]));
        assert_eq!(sent(&mut lines, 100), (1, vec![]));
    }

    #[test]
    fn a_line_that_cannot_be_stored_is_tried_five_times() {
        let mut lines = two_lines();
        for _ in 1..STORAGE_ATTEMPTS {
            assert_eq!(sent(&mut lines, 100), (1, vec![]));
            assert_eq!(lines.refused(&id(1).to_string(), true), Refused::Again);
        }
        let last = lines.refused(&id(1).to_string(), true);
        assert_eq!(last, Refused::GivenUp(1));
        assert_eq!(lines.refused("other", true), Refused::NoLine);
        assert_eq!(
            lines.refused(&id(2).to_string(), false),
            Refused::GivenUp(2)
        );
    }
}
