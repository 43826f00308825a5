//! Attacks on the real server over real sockets, each named for what the attacker does.
//!
//! Each shows three things: the one at fault is told so in the way the protocol says, one line of
//! the log names the cause, and somebody else in the lobby notices nothing. What a single frame may
//! hold is the business of the tests in `shared`; here it is sockets, HTTP, the tunnel and files.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests, not only tests: a panic is the report"
)]

mod adversary;
mod chat;
mod durable;
mod endurance;
mod frames;
mod http;
mod places;
mod policy;
mod slow;
mod startup;
mod stopping;
mod support;
mod tunnel;
mod v2;
