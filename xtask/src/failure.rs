//! The one error of these commands: a sentence for the person at the terminal.

use std::fmt;

pub(crate) type Result<T> = std::result::Result<T, Failure>;

/// A command that stopped, in words that say what to do about it.
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

    /// Creates a failure of a step that this machine cannot check: it neither passes nor stops the
    /// gate.
    pub(crate) fn skipped(sentence: impl Into<String>) -> Self {
        Self {
            sentence: sentence.into(),
            is_skipped: true,
        }
    }

    pub(crate) fn is_skipped(&self) -> bool {
        self.is_skipped
    }

    /// For `map_err`: "cannot WHAT: the system's own words".
    pub(crate) fn because<E: fmt::Display>(what: impl fmt::Display) -> impl FnOnce(E) -> Self {
        move |error| Self::new(format!("cannot {what}: {error}"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}
