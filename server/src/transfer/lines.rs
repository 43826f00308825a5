//! Lines of a file that nobody has checked: each is bounded before it is in memory.

use std::io::{BufRead, Read};

use super::error::{ImportError, Problem};

/// Reads lines, and knows their numbers.
pub(super) struct Lines<R> {
    reader: R,
    /// Most bytes of a line.
    limit: usize,
    line: Vec<u8>,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(reader: R, limit: usize) -> Self {
        Self {
            reader,
            limit,
            line: Vec::new(),
            number: 0,
        }
    }

    /// Returns the number of the last line that was read; the first is 1.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Returns the next line without its end, or `None` behind the last one.
    pub(super) fn next(&mut self) -> Result<Option<&str>, ImportError> {
        self.line.clear();
        self.number += 1;
        // One byte more than a line may have, with its end.
        let most = self.limit as u64 + 2;
        let read = self
            .reader
            .by_ref()
            .take(most)
            .read_until(b'\n', &mut self.line);
        match read {
            Ok(0) => {
                self.number -= 1;
                return Ok(None);
            }
            Ok(_) => {}
            Err(error) => return Err(self.error(Problem::Read(error))),
        }
        if self.line.last() == Some(&b'\n') {
            self.line.pop();
        }
        if self.line.len() > self.limit {
            let limit = self.limit;
            return Err(self.error(Problem::TooLong { limit }));
        }
        match str::from_utf8(&self.line) {
            Ok(line) => Ok(Some(line)),
            Err(_) => Err(at(self.number, Problem::NotUtf8)),
        }
    }

    /// Returns the error for something that is wrong in the last line.
    pub(super) fn error(&self, problem: Problem) -> ImportError {
        at(self.number, problem)
    }
}

/// Returns the error for something that is wrong in a line.
pub(super) fn at(line: u64, problem: Problem) -> ImportError {
    ImportError::At {
        place: format!("line {line}"),
        problem,
    }
}
