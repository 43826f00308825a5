//! The lines of a pipe from their reading to their receipt: which may be sent, which were
//! acknowledged, which are lost.

use std::collections::VecDeque;
use std::ops::RangeInclusive;

use shared::chat::{ClientMessage, MessageId, Name, RoomId, Text};

use super::hello;

/// The most lines that were read and not acknowledged. Behind them the pipe has to wait.
const MOST_WAITING: usize = 256;

/// The number of attempts after which a line or a name that the server cannot take at present is
/// given up.
const ATTEMPTS: u32 = 5;

/// A line that the server has not acknowledged.
#[derive(Debug)]
struct Waiting {
    number: u64,
    what: What,
    on_its_way: bool,
    failures: u32,
}

/// The content of a line that waits.
#[derive(Debug)]
enum What {
    /// A message.
    Text { id: MessageId, text: Text },
    /// The name for all lines behind it. `Err` has the reason for which it cannot be one.
    Name(Result<Name, String>),
}

/// The progress of the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Input {
    /// Lines are still read.
    Open,
    /// `/quit` was read: the lines behind it are counted and not delivered.
    Quit,
    /// No further line is read.
    Over,
}

/// The lines of one pipe.
///
/// One line is on its way at a time: a line that is rejected for its rate is overtaken by the next
/// one as soon as the server has a token again (seen with 32 on a busy machine), and the lines
/// around a `/name` would go out under the wrong name.
#[derive(Debug)]
pub(super) struct Lines {
    waiting: VecDeque<Waiting>,
    /// The numbers of lines that will never be delivered.
    lost: Vec<u64>,
    /// The first and the last line behind `/quit`. A range, because a whole file may follow it.
    behind_quit: Option<(u64, u64)>,
    /// The number of the last line that was read.
    last_read: u64,
    input: Input,
}

/// The longest line that can be sent, in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Longest {
    /// Of the text by itself.
    pub(super) text: usize,
    /// Of the whole request.
    pub(super) request: usize,
}

/// A line that can never be sent. It waits no more.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unsendable {
    TooLong {
        number: u64,
        bytes: usize,
        limit: usize,
    },
    /// A text that cannot be a name, and the reason.
    NoName { number: u64, why: String },
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
            lost: Vec::new(),
            behind_quit: None,
            last_read: 0,
            input: Input::Open,
        }
    }

    /// Returns `true` while more lines are wanted.
    pub(super) fn wants_more(&self) -> bool {
        match self.input {
            Input::Open => self.waiting.len() < MOST_WAITING,
            Input::Quit => true,
            Input::Over => false,
        }
    }

    /// Records the number of a line that was read.
    pub(super) fn read(&mut self, number: u64) {
        self.last_read = number;
    }

    /// Queues a line.
    pub(super) fn push(&mut self, number: u64, id: MessageId, text: Text) {
        self.queue(number, What::Text { id, text });
    }

    /// Queues a name, which is claimed when all lines before it are acknowledged.
    pub(super) fn push_name(&mut self, number: u64, name: Result<Name, String>) {
        self.queue(number, What::Name(name));
    }

    fn queue(&mut self, number: u64, what: What) {
        self.waiting.push_back(Waiting {
            number,
            what,
            on_its_way: false,
            failures: 0,
        });
    }

    /// Marks the input as ended.
    pub(super) fn end(&mut self) {
        self.input = Input::Over;
    }

    /// Takes `/quit`: no line behind it is delivered.
    pub(super) fn quit(&mut self) {
        if self.input == Input::Open {
            self.input = Input::Quit;
        }
    }

    /// Returns `true` behind `/quit`, while lines may still come.
    pub(super) fn has_quit(&self) -> bool {
        self.input == Input::Quit
    }

    /// Records a line behind `/quit`.
    pub(super) fn follows_quit(&mut self, number: u64) {
        let first = self.behind_quit.map_or(number, |(first, _)| first);
        self.behind_quit = Some((first, number));
    }

    /// Returns `true` if every line that is to be delivered was read.
    pub(super) fn has_ended(&self) -> bool {
        self.input != Input::Open
    }

    /// Returns `true` when no line waits for its receipt.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Returns `true` if no line was lost so far.
    pub(super) fn is_whole(&self) -> bool {
        self.lost.is_empty() && self.behind_quit.is_none()
    }

    /// Takes a receipt.
    pub(super) fn acknowledged(&mut self, id: MessageId) {
        self.waiting.retain(|line| line.id() != Some(id));
    }

    /// Returns the name that was asked for and is not answered, with the number of its line.
    pub(super) fn asked_name(&self) -> Option<(u64, &Name)> {
        match self.waiting.front()? {
            Waiting {
                number,
                what: What::Name(Ok(name)),
                on_its_way: true,
                ..
            } => Some((*number, name)),
            _ => None,
        }
    }

    /// Records that the server has given the name that was asked for.
    pub(super) fn named(&mut self) {
        if self.asked_name().is_some() {
            self.waiting.pop_front();
        }
    }

    /// Takes the refusal of the name that was asked for. `may_pass` says that it may be given later.
    pub(super) fn name_refused(&mut self, may_pass: bool) -> Refused {
        if self.asked_name().is_none() {
            return Refused::NoLine;
        }
        self.front_refused(may_pass)
    }

    /// Records that a line will never be delivered.
    pub(super) fn lose(&mut self, number: u64) {
        self.last_read = self.last_read.max(number);
        self.lost.push(number);
    }

    /// Adds the request for the line that may be sent now to `requests`. Takes out a line that can
    /// never be sent, and returns it.
    pub(super) fn send(
        &mut self,
        room: &RoomId,
        longest: Longest,
        requests: &mut VecDeque<ClientMessage>,
    ) -> Option<Unsendable> {
        let line = self.waiting.front_mut().filter(|line| !line.on_its_way)?;
        let number = line.number;
        let request = match &line.what {
            What::Name(Ok(name)) => Ok(hello(Some(name.as_str()))),
            What::Name(Err(why)) => Err(Unsendable::NoName {
                number,
                why: why.clone(),
            }),
            What::Text { id, text } => {
                let request = ClientMessage::Send {
                    room: room.clone(),
                    id: *id,
                    text: text.clone(),
                    reply_to: None,
                };
                let text = text.as_str().len();
                // Measured as JSON, because escapes make a request longer than its text.
                let sealed = serde_json::to_vec(&request).map_or(0, |json| json.len());
                let too_long = |bytes, limit| {
                    Err(Unsendable::TooLong {
                        number,
                        bytes,
                        limit,
                    })
                };
                if text > longest.text {
                    too_long(text, longest.text)
                } else if sealed > longest.request {
                    too_long(sealed, longest.request)
                } else {
                    Ok(request)
                }
            }
        };
        match request {
            Ok(request) => {
                line.on_its_way = true;
                requests.push_back(request);
                None
            }
            Err(unsendable) => {
                self.waiting.pop_front();
                Some(unsendable)
            }
        }
    }

    /// Sends the line with this id again, if it is one.
    pub(super) fn send_again(&mut self, id: &str) {
        if let Some(line) = self.find(id) {
            line.on_its_way = false;
        }
    }

    /// Takes the refusal of the line with this id. `may_pass` says that the same line may be taken
    /// later.
    pub(super) fn refused(&mut self, id: &str, may_pass: bool) -> Refused {
        if self.find(id).is_none() {
            return Refused::NoLine;
        }
        self.front_refused(may_pass)
    }

    /// Takes the refusal of the line that is on its way.
    fn front_refused(&mut self, may_pass: bool) -> Refused {
        let Some(line) = self.waiting.front_mut() else {
            return Refused::NoLine;
        };
        line.failures += 1;
        if may_pass && line.failures < ATTEMPTS {
            line.on_its_way = false;
            return Refused::Again;
        }
        let number = line.number;
        self.waiting.pop_front();
        Refused::GivenUp(number)
    }

    /// Returns the line that is on its way, if it has this id.
    fn find(&mut self, id: &str) -> Option<&mut Waiting> {
        let on_its_way = self.waiting.front_mut().filter(|line| line.on_its_way)?;
        let own = on_its_way.id()?;
        (own.to_string() == id).then_some(on_its_way)
    }

    /// Returns the lines that are not delivered as ranges, ascending.
    pub(super) fn missing(&self) -> Vec<RangeInclusive<u64>> {
        // A line that is not acknowledged counts as lost: the server may have it, but no receipt
        // says so. A name is no line that anybody misses.
        let waiting = self.waiting.iter().filter(|line| line.id().is_some());
        let waiting = waiting.map(|line| line.number);
        let mut missing: Vec<_> = self.lost.iter().copied().chain(waiting).collect();
        missing.sort_unstable();
        let behind_quit = self.behind_quit.map(|(first, last)| first..=last);
        let mut ranges: Vec<RangeInclusive<u64>> = Vec::new();
        for range in missing
            .into_iter()
            .map(|number| number..=number)
            .chain(behind_quit)
        {
            match ranges.last_mut() {
                Some(last) if *last.end() + 1 == *range.start() => {
                    *last = *last.start()..=*range.end();
                }
                _ => ranges.push(range),
            }
        }
        ranges
    }

    pub(super) fn last_read(&self) -> u64 {
        self.last_read
    }
}

impl Waiting {
    /// Returns the id of a message; a name has none.
    fn id(&self) -> Option<MessageId> {
        match self.what {
            What::Text { id, .. } => Some(id),
            What::Name(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use shared::chat::RoomName;

    use super::*;

    fn id(number: u8) -> MessageId {
        MessageId::from_random([number; 16])
    }

    fn sent(lines: &mut Lines, text: usize) -> (usize, Option<u64>) {
        let mut requests = VecDeque::new();
        let longest = Longest {
            text,
            request: 1000,
        };
        let unsendable = lines.send(&RoomName::lobby().into(), longest, &mut requests);
        let number = unsendable.map(|it| match it {
            Unsendable::TooLong { number, .. } | Unsendable::NoName { number, .. } => number,
        });
        (requests.len(), number)
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
        assert_eq!(sent(&mut lines, 100), (1, None));
        assert_eq!(sent(&mut lines, 100), (0, None));
        assert_eq!(lines.missing(), [1..=2]);
        lines.acknowledged(id(1));
        assert_eq!(sent(&mut lines, 100), (1, None));
        lines.acknowledged(id(2));
        assert!(lines.is_empty() && lines.missing().is_empty());
    }

    #[test]
    fn a_line_that_is_too_long_leaves_the_way_free() {
        let mut lines = two_lines();
        assert_eq!(sent(&mut lines, 2), (0, Some(1)));
        assert_eq!(sent(&mut lines, 100), (1, None));
    }

    #[test]
    fn a_line_that_cannot_be_stored_is_tried_five_times() {
        let mut lines = two_lines();
        for _ in 1..ATTEMPTS {
            assert_eq!(sent(&mut lines, 100), (1, None));
            assert_eq!(lines.refused(&id(1).to_string(), true), Refused::Again);
        }
        assert_eq!(sent(&mut lines, 100), (1, None));
        let last = lines.refused(&id(1).to_string(), true);
        assert_eq!(last, Refused::GivenUp(1));
        assert_eq!(lines.refused("other", true), Refused::NoLine);
        assert_eq!(sent(&mut lines, 100), (1, None));
        assert_eq!(
            lines.refused(&id(2).to_string(), false),
            Refused::GivenUp(2)
        );
    }

    #[test]
    fn what_follows_quit_is_one_range_however_much_it_is() {
        let mut lines = two_lines();
        lines.quit();
        for number in 3..=1_000_000 {
            lines.follows_quit(number);
        }
        assert!(lines.wants_more() && lines.has_ended() && !lines.is_whole());
        assert_eq!(lines.missing(), [1..=1_000_000]);
        lines.acknowledged(id(1));
        lines.acknowledged(id(2));
        assert_eq!(lines.missing(), [3..=1_000_000]);
    }
}
