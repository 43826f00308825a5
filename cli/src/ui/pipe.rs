//! Pipe mode: lines of standard input are messages, messages are lines of standard output, and
//! everything else goes to standard error.

use std::io::{self, BufRead, BufReader, BufWriter, Read, Stdout, Write};

use shared::identity::Fingerprint;
use tokio::sync::mpsc;

use super::Screen;
use crate::address::Address;
use crate::advice;
use crate::contact::Ask;
use crate::exit::Failure;
use crate::printable;
use crate::session::Outgoing;

/// Longest line that is read, in bytes: no version can send a longer one.
const LINE_BYTES: usize = shared::limits::MESSAGE_FRAME_BYTES;

/// Standard output and standard error.
#[derive(Debug)]
pub(crate) struct Lines {
    output: BufWriter<Stdout>,
}

impl Lines {
    pub(crate) fn new() -> Self {
        Self {
            output: BufWriter::with_capacity(64 * 1024, io::stdout()),
        }
    }
}

impl Screen for Lines {
    fn message(&mut self, message: &[u8]) -> io::Result<()> {
        // One message is one line, and a pipe may well end in a terminal.
        let mut line = printable::line(message);
        line.push('\n');
        self.output.write_all(line.as_bytes())
    }

    fn note(&mut self, text: &str) {
        note(text);
    }

    fn idle(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

/// Writes a note to standard error, if somebody still looks.
pub(crate) fn note(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// First contact with nobody to ask.
#[derive(Debug)]
pub(crate) struct Unattended {
    /// Whether any new key is accepted.
    pub(crate) accept_new: bool,
}

impl Ask for Unattended {
    fn first_contact(&mut self, address: &Address, key: Fingerprint) -> Result<(), Failure> {
        if self.accept_new {
            Ok(())
        } else {
            Err(advice::unknown(address, key))
        }
    }
}

/// Sends the lines of standard input until its end. Gives the number of lines that were too long.
pub(crate) fn read_lines(outgoing: &mpsc::Sender<Outgoing>) -> io::Result<u64> {
    forward(
        BufReader::with_capacity(64 * 1024, io::stdin().lock()),
        outgoing,
    )
}

fn forward(mut input: impl BufRead, outgoing: &mpsc::Sender<Outgoing>) -> io::Result<u64> {
    let mut too_long = 0;
    let mut line = Vec::new();
    loop {
        line.clear();
        // One byte more than the limit shows that it was passed; the newline is the other.
        let read = (&mut input)
            .take(LINE_BYTES as u64 + 2)
            .read_until(b'\n', &mut line)?;
        if read == 0 {
            return Ok(too_long);
        }
        let ended = line.pop_if(|byte| *byte == b'\n').is_some();
        line.pop_if(|byte| *byte == b'\r');
        if line.len() > LINE_BYTES {
            too_long += 1;
            note(&format!(
                "a line of more than {LINE_BYTES} bytes was not sent"
            ));
            if !ended {
                skip_line(&mut input)?;
            }
        } else if outgoing
            .blocking_send(Outgoing::Message(std::mem::take(&mut line)))
            .is_err()
        {
            // The session has ended; it says why.
            return Ok(too_long);
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

    fn forwarded(input: &[u8]) -> (Vec<Vec<u8>>, u64) {
        let (sender, mut receiver) = mpsc::channel(64);
        let too_long = forward(input, &sender).unwrap();
        drop(sender);
        let mut lines = Vec::new();
        while let Some(Outgoing::Message(line)) = receiver.blocking_recv() {
            lines.push(line);
        }
        (lines, too_long)
    }

    #[test]
    fn each_line_is_a_message_and_the_last_needs_no_newline() {
        assert_eq!(forwarded(b""), (vec![], 0));
        let (lines, _) = forwarded(b"one\ntwo\r\n\n\xff\nlast");
        assert_eq!(lines, [&b"one"[..], b"two", b"", b"\xff", b"last"]);
    }

    #[test]
    fn a_line_over_the_limit_is_left_out_and_counted() {
        let mut input = b"before\n".to_vec();
        input.extend(vec![b'x'; LINE_BYTES]);
        input.push(b'\n');
        input.extend(vec![b'y'; LINE_BYTES + 1]);
        input.push(b'\n');
        input.extend(vec![b'z'; 3 * LINE_BYTES]);
        input.extend(b"\nafter\n");
        let (lines, too_long) = forwarded(&input);
        let lengths: Vec<_> = lines.iter().map(Vec::len).collect();
        assert_eq!(lengths, [6, LINE_BYTES, 5]);
        assert_eq!(too_long, 2);
    }
}
