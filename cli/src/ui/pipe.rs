//! Pipe mode: lines of standard input are messages, messages are lines of standard output, and
//! everything else goes to standard error. This module has the two ends;
//! [`delivery`](super::delivery) decides what happens in between.

use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};

use tokio::sync::mpsc;

use crate::printable;
use crate::terminal;

/// The longest line that is read, in bytes: no version can send a longer message.
const LINE_BYTES: usize = shared::limits::MESSAGE_FRAME_BYTES;

/// The size of one write to standard output while lines come faster than they can be written.
const OUTPUT_BUFFER_BYTES: usize = 64 * 1024;

/// One line of standard input, or the failure that ended it.
#[derive(Debug)]
pub(crate) enum Input {
    /// A line and its number, counted from 1.
    Line(u64, Vec<u8>),
    /// The number of a line with more than [`LINE_BYTES`], of which nothing was kept.
    TooLong(u64),
    /// The number of the line behind which standard input failed, and the cause.
    Failed(u64, io::Error),
}

/// A piece of output.
#[derive(Debug)]
pub(crate) enum Output {
    /// A message or a notice of the chat: a line of standard output.
    Line(String),
    /// Anything else: a line of standard error.
    Note(String),
}

/// Writes a note to standard error, if it still has a reader.
pub(crate) fn note(text: &str) {
    let text = match terminal::columns(&io::stderr()) {
        Some(columns) => printable::rows(text, columns),
        None => text.to_owned(),
    };
    let _ = writeln!(io::stderr(), "{text}");
}

/// Writes outputs to standard output and standard error until the channel ends.
///
/// # Errors
/// The failure of standard output: the disk is full, or it has no reader any more.
pub(crate) fn show(mut lines: mpsc::Receiver<Output>) -> io::Result<()> {
    let mut output = BufWriter::with_capacity(OUTPUT_BUFFER_BYTES, io::stdout());
    // Asked for every line: the window may have become smaller.
    let columns = || terminal::columns(&io::stdout());
    let result = show_on(&mut output, &mut lines, columns);
    // The buffered rest cannot be written any more, and dropping the buffer would try again. The
    // failure is reported instead.
    drop(output.into_parts());
    // The receiver is dropped before the result is looked at, so that the sender learns that its
    // output goes nowhere.
    drop(lines);
    result
}

fn show_on(
    output: &mut impl Write,
    lines: &mut mpsc::Receiver<Output>,
    columns: impl Fn() -> Option<usize>,
) -> io::Result<()> {
    loop {
        // Flushed before every wait: a line that stays in the buffer would be held back from a
        // reader that answers it.
        let next = if let Ok(next) = lines.try_recv() {
            Some(next)
        } else {
            output.flush()?;
            lines.blocking_recv()
        };
        match next {
            Some(Output::Line(text)) => {
                // A terminal that wrapped by itself would begin rows at column 0, where a text could
                // imitate another person's message.
                let mut line = match columns() {
                    Some(columns) => printable::paragraph(text.as_bytes(), columns),
                    None => printable::piped(text.as_bytes()),
                };
                line.push('\n');
                output.write_all(line.as_bytes())?;
            }
            Some(Output::Note(text)) => note(&text),
            None => return output.flush(),
        }
    }
}

/// Reads the lines of standard input and sends them to `lines`, until the input ends.
pub(crate) fn read_lines(lines: &mpsc::Sender<Input>) {
    forward(
        BufReader::with_capacity(64 * 1024, io::stdin().lock()),
        lines,
    );
}

fn forward(mut input: impl BufRead, lines: &mpsc::Sender<Input>) {
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        // Two bytes more than the limit: one shows that the limit was passed, the other is the
        // newline. The bound keeps an endless line from filling the memory.
        let read = (&mut input)
            .take(LINE_BYTES as u64 + 2)
            .read_until(b'\n', &mut line);
        let next = match read {
            Err(error) => Input::Failed(number - 1, error),
            Ok(0) => return,
            Ok(_) => {
                let ended = line.pop_if(|byte| *byte == b'\n').is_some();
                // Windows programs end lines with a carriage return and a newline.
                line.pop_if(|byte| *byte == b'\r');
                if line.len() <= LINE_BYTES {
                    Input::Line(number, std::mem::take(&mut line))
                } else if ended {
                    Input::TooLong(number)
                } else {
                    match skip_line(&mut input) {
                        Ok(()) => Input::TooLong(number),
                        Err(error) => Input::Failed(number, error),
                    }
                }
            }
        };
        let last = matches!(next, Input::Failed(..));
        // The receiver is dropped when the session has ended; the session reports the reason.
        if lines.blocking_send(next).is_err() || last {
            return;
        }
    }
}

fn skip_line(input: &mut impl BufRead) -> io::Result<()> {
    loop {
        let buffer = input.fill_buf()?;
        let newline = buffer.iter().position(|byte| *byte == b'\n');
        let length = newline.map_or(buffer.len(), |place| place + 1);
        let ended = newline.is_some() || buffer.is_empty();
        input.consume(length);
        if ended {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forwarded(input: &[u8]) -> (Vec<(u64, Vec<u8>)>, Vec<u64>) {
        let (sender, mut receiver) = mpsc::channel(64);
        forward(input, &sender);
        drop(sender);
        let (mut lines, mut too_long) = (Vec::new(), Vec::new());
        while let Some(input) = receiver.blocking_recv() {
            match input {
                Input::Line(number, line) => lines.push((number, line)),
                Input::TooLong(number) => too_long.push(number),
                Input::Failed(..) => panic!("a slice does not fail"),
            }
        }
        (lines, too_long)
    }

    #[test]
    fn each_line_is_a_message_and_the_last_needs_no_newline() {
        assert_eq!(forwarded(b""), (vec![], vec![]));
        let (lines, _) = forwarded(b"one\ntwo\r\n\n\xff\nlast");
        let expected = [&b"one"[..], b"two", b"", b"\xff", b"last"];
        assert_eq!(
            lines,
            (1..).zip(expected.map(<[u8]>::to_vec)).collect::<Vec<_>>()
        );
    }

    #[test]
    fn a_line_over_the_limit_is_left_out_and_named() {
        let mut input = b"before\n".to_vec();
        input.extend(vec![b'x'; LINE_BYTES]);
        input.push(b'\n');
        input.extend(vec![b'y'; LINE_BYTES + 1]);
        input.push(b'\n');
        input.extend(vec![b'z'; 3 * LINE_BYTES]);
        input.extend(b"\nafter\n");
        let (lines, too_long) = forwarded(&input);
        let lengths: Vec<_> = lines.iter().map(|(_, line)| line.len()).collect();
        assert_eq!(lengths, [6, LINE_BYTES, 5]);
        assert_eq!(too_long, [3, 4]);
    }
}
