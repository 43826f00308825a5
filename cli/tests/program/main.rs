//! Tests of the program as people and scripts use it: the real binary, the real server, real
//! sockets, and servers that misbehave.

// Tests may unwrap: a panic there is the report. Clippy knows that of test functions only.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod captures;
mod faults;
mod files;
#[cfg(unix)]
mod full_screen;
mod lab;
mod pipe;
mod support;
#[cfg(unix)]
mod terminal;
#[cfg(unix)]
mod tls;
mod trust;
