//! The ways in which a session ends.

use std::io;

use shared::connection::CloseReason;
use thiserror::Error;

use super::WRITE_TIMEOUT;

/// The end of a session and its cause.
#[derive(Debug, Error)]
pub enum Ending {
    /// The protocol ended the session.
    #[error("{0}")]
    Protocol(CloseReason),
    /// The client sent `/quit`.
    #[error("the client quit")]
    Quit,
    /// A newer connection took the permit before this one had shown its key.
    #[error("the server is full, and another connection took the permit")]
    Displaced,
    /// The session failed; nothing more can be sent.
    #[error(transparent)]
    Failed(#[from] Failure),
}

/// The failure of a session.
#[derive(Debug, Error)]
pub enum Failure {
    /// The stream failed.
    #[error("the stream failed: {0}")]
    Stream(#[source] io::Error),
    /// The peer took no bytes for [`WRITE_TIMEOUT`].
    #[error("the client took nothing for {} s", WRITE_TIMEOUT.as_secs())]
    WriteTimeout,
    /// The server could not go on with this session.
    #[error("the server could not go on with this session")]
    Internal,
}
