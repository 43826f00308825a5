//! This project's programs against independent Python ones, over real sockets.
//!
//! The Python programs beside this file were written from the protocol's description alone. These
//! tests start and drive them: their clients against our server, our client against their servers,
//! and a program that shares no code with this project decrypts the traffic. The form of single
//! frames is tested in `shared`; nothing here builds one.

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
