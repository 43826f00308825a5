//! The load generator: many clients of the real protocol in one process, and their measurements.
//!
//! Knows the chat and the protocol, but neither the command line nor pins: it is pointed at a
//! server on purpose, and says so.

mod client;
mod report;
mod run;
mod server_process;

pub(crate) use run::{Load, Pace, run};
pub(crate) use server_process::ServerProcess;
