//! Attacks on the real server over real sockets, each named after the attacker's action.
//!
//! Each test shows three things: the attacker is told in the way of the protocol, one line of the
//! log names the cause, and another person in the lobby notices nothing. The content of single
//! frames is tested in `shared`; these tests are about sockets, HTTP, the tunnel and files.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests, not only tests: a panic is the report"
)]

mod acme;
mod admission;
mod adversary;
mod bounds;
mod chat;
#[cfg(target_os = "linux")]
mod clocks;
mod container;
mod durable;
mod endurance;
mod frames;
mod health;
mod http;
mod http2;
mod keeping;
mod listeners;
mod logs;
mod monitoring;
mod names;
mod ops;
mod places;
mod policy;
mod proxies;
mod quotas;
mod races;
mod reactions;
mod real_proxies;
mod reloading;
mod service_manager;
mod slow;
mod startup;
mod stopping;
mod support;
mod tls;
#[cfg(feature = "otel")]
mod traces;
mod tunnel;
mod v2;
