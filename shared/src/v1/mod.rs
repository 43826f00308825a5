//! Protocol v1, the Python demo's: RSA-wrapped AES session, then AES-CBC + HMAC messages in JSON frames.
//!
//! `docs/PROTOCOL.md` §1 is the byte-level description. The frames are built and parsed in one
//! file each; the machines of the two roles and their states are in `client.rs` and `server.rs`; what
//! both have after the handshake is `session.rs`.

pub mod announcement;
pub(crate) mod client;
pub mod error_frame;
pub mod framing;
pub mod handshake;
mod json;
pub mod message;
pub(crate) mod server;
pub(crate) mod session;
