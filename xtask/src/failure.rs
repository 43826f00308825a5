//! The one error type of these commands: a sentence for the person at the terminal.

use std::fmt;

pub(crate) type Result<T> = std::result::Result<T, Failure>;

/// The failure of a command, in words that say what to do about it.
#[derive(Debug)]
pub(crate) struct Failure {
    sentence: String,
    is_skipped: bool,
}

impl Failure {
    pub(crate) fn new(sentence: impl Into<String>) -> Self {
        Self {
            sentence: sentence.into(),
            is_skipped: false,
        }
    }

    /// Creates the failure of a step that this machine cannot check. The step neither passes nor
    /// stops the gate.
    pub(crate) fn skipped(sentence: impl Into<String>) -> Self {
        Self {
            sentence: sentence.into(),
            is_skipped: true,
        }
    }

    pub(crate) fn is_skipped(&self) -> bool {
        self.is_skipped
    }

    /// Returns a function for `map_err` that makes a failure of the form "cannot WHAT: the system's
    /// own words".
    pub(crate) fn because<E: fmt::Display>(what: impl fmt::Display) -> impl FnOnce(E) -> Self {
        move |error| Self::new(format!("cannot {what}: {error}"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}
