//! Our programs against independent Python ones, over real sockets.
//!
//! The Python programs beside this file were written from the protocol's description alone. Here
//! they are started and driven: their clients against our server, ours against their server, and
//! what travelled is decrypted by a program that shares no code with us. What a single frame looks
//! like is the business of the tests in `shared`; nothing here builds one.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests, not only tests: a panic is the report"
)]

mod captured_bytes;
mod hostile_clients;
mod hostile_servers;
mod native_client;
mod python_clients;
mod refusals;
mod support;
mod v2_hostile_clients;
mod v2_hostile_servers;
mod v2_native_client;
mod v2_python_clients;
