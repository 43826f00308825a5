//! The end of the program: the exit codes that scripts rely on, and the sentence on standard error.

use std::process::ExitCode;

use thiserror::Error;

/// The meaning of an exit code. The numbers are part of the program's interface: see `--help`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    /// Wrong usage, or anything that has no code of its own.
    Other = 1,
    /// No connection could be made.
    CannotConnect = 2,
    /// No person and no option trusts the server's key.
    Untrusted = 3,
    /// The server's key is not the pinned one.
    KeyChanged = 4,
    /// A higher version was spoken with this server before.
    VersionFloor = 5,
    /// The peer does not keep to the protocol, or the handshake failed.
    Protocol = 6,
    /// The stream was cut or lost.
    Lost = 7,
    /// The server reported an error.
    Reported = 8,
    /// In a pipe: some lines were not delivered, or stand behind `/quit`. Standard error names them.
    NotDelivered = 9,
    /// In a pipe: the server has not given a name: it belongs to another key, is not allowed, or
    /// was asked for too often. No line behind it was sent.
    Name = 10,
    /// In a pipe: standard output failed, or has no reader any more.
    Output = 11,
    /// The terminal is gone.
    TerminalGone = 12,
    /// The person stopped the program. The number is 128 and SIGINT's, as shells count.
    Interrupted = 130,
}

/// The reason for which the program did not do what it was asked to.
#[derive(Debug, Error)]
#[error("{text}")]
pub(crate) struct Failure {
    pub(crate) code: Code,
    /// A text for people; it may have several lines. Text from the network must be escaped before
    /// it goes in here: this text is printed as it is.
    pub(crate) text: String,
}

impl Failure {
    pub(crate) fn new(code: Code, text: impl Into<String>) -> Self {
        Self {
            code,
            text: text.into(),
        }
    }

    /// Creates a failure that has no code of its own.
    pub(crate) fn other(text: impl Into<String>) -> Self {
        Self::new(Code::Other, text)
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code as u8)
    }
}
