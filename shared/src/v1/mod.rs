//! Protocol v1, the Python demo's: an RSA-encrypted AES session, then AES-CBC and HMAC messages in
//! JSON frames.
//!
//! `docs/PROTOCOL.md` §1 is the byte-level description. Each kind of frame is built and parsed in a
//! file of its own. The machines of the two roles and their states are in `client.rs` and
//! `server.rs`; `session.rs` is the state that both have after the handshake.

pub mod announcement;
pub(crate) mod client;
pub mod error_frame;
pub(crate) mod framing;
pub mod handshake;
mod json;
pub mod message;
pub(crate) mod server;
pub(crate) mod session;
