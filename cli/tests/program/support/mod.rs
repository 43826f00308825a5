//! Helpers that the tests share: the program, the server, and everything that can sit between them.

mod program;
#[cfg(unix)]
mod pty;
mod puppet;
mod relay;
mod server;

use std::time::Duration;

pub(crate) use program::{Finished, Home};
#[cfg(unix)]
pub(crate) use pty::Session;
pub(crate) use puppet::puppet;
pub(crate) use relay::{Relay, raw_server};
pub(crate) use server::Server;

/// The longest wait of a test: nothing here takes so long unless it hangs.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);
