//! Protocol v2: hybrid X25519 + ML-KEM-768 key exchange, RSA-PSS identities, ChaCha20-Poly1305
//! records. One suite and no negotiation: the version is the suite, so nothing can be downgraded.
//!
//! `docs/PROTOCOL.md` §2 is the byte-level description. One file each: how the stream is cut
//! (`framing.rs`), the hellos (`hello.rs`), what both sides hash (`transcript.rs`), how keys come
//! from it (`key_schedule.rs`), how records are sealed and opened (`record.rs`), who proves what
//! (`auth.rs`), what data records hold (`data.rs`), how ends are told (`alert.rs`). `writer.rs` is
//! one direction's output, `channel.rs` both directions together; the machines of the two roles and
//! their states are in `client.rs` and `server.rs`.

pub(crate) mod alert;
pub(crate) mod auth;
pub(crate) mod channel;
pub(crate) mod client;
pub(crate) mod data;
pub(crate) mod framing;
pub(crate) mod hello;
pub(crate) mod key_schedule;
pub(crate) mod record;
pub(crate) mod server;
pub(crate) mod transcript;
pub(crate) mod writer;

#[cfg(test)]
mod tests;

/// The first bytes from the client: they choose v2, and are sent once.
pub const PREFACE: &[u8; 5] = b"SC/2\n";
