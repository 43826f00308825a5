//! The result of a delivery: the exit code, and the sentence that names the lines without a receipt.

use std::fmt::Write;
use std::ops::RangeInclusive;

use super::lines::Lines;
use crate::exit::{Code, Failure};

/// The most ranges of line numbers that one sentence names.
const NAMED_RANGES: usize = 20;

/// Returns the result for all lines. `ended` is the session's own result, `failure` what stopped the
/// delivery.
pub(super) fn verdict(
    lines: &Lines,
    ended: Result<(), Failure>,
    failure: Option<Failure>,
) -> Result<(), Failure> {
    let missing = lines.missing();
    let mut text = String::new();
    if !missing.is_empty() {
        text = format!("not delivered: line(s) {}", listed(&missing));
    }
    let interrupted = matches!(&ended, Err(failure) if failure.code == Code::Interrupted);
    if !lines.has_ended() && !interrupted {
        let sign = if text.is_empty() { "" } else { "; " };
        // Writing to a string does not fail.
        let _ = match lines.last_read() {
            0 => write!(text, "{sign}no line was read"),
            last => write!(text, "{sign}what came after line {last} was not read"),
        };
    }
    match ended.err().or(failure) {
        Some(failure) if text.is_empty() => Err(failure),
        Some(failure) => Err(Failure::new(
            failure.code,
            format!("{}\n{text}", failure.text),
        )),
        None if !missing.is_empty() => Err(Failure::new(Code::NotDelivered, text)),
        None if !lines.has_ended() => Err(Failure::new(
            Code::NotDelivered,
            format!("the server ended the session; {text}"),
        )),
        None => Ok(()),
    }
}

/// Formats ascending ranges of numbers: `1-3, 7`.
fn listed(ranges: &[RangeInclusive<u64>]) -> String {
    let named = ranges.iter().take(NAMED_RANGES).map(|range| {
        let (start, end) = (range.start(), range.end());
        if start == end {
            start.to_string()
        } else {
            format!("{start}-{end}")
        }
    });
    let mut text = named.collect::<Vec<_>>().join(", ");
    if ranges.len() > NAMED_RANGES {
        let all: u64 = ranges.iter().map(|it| 1 + it.end() - it.start()).sum();
        // Writing to a string does not fail.
        let _ = write!(text, " and others, {all} in all");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbouring_numbers_are_named_as_ranges() {
        assert_eq!(listed(&[1..=3, 7..=7]), "1-3, 7");
        let odd: Vec<_> = (0..30).map(|number| 2 * number + 1).collect();
        let odd: Vec<_> = odd.into_iter().map(|number| number..=number).collect();
        assert!(listed(&odd).ends_with("37, 39 and others, 30 in all"));
    }
}
