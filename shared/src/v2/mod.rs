//! Protocol v2: hybrid X25519 + ML-KEM-768 key exchange, RSA-PSS identities, ChaCha20-Poly1305
//! records. One suite and no negotiation: the version is the suite, so nothing can be downgraded.
//!
//! `docs/PROTOCOL.md` §2 is the byte-level description. Each part has a file: `framing.rs` cuts the
//! stream, `hello.rs` has the key exchange, `transcript.rs` the bytes that both sides hash,
//! `key_schedule.rs` the keys that come from them, `record.rs` the sealed records, `inner_type.rs`
//! the types of what they hold, `auth.rs` the proofs, `data.rs` the content of data records,
//! `alert.rs` the alerts. `writer.rs` is one direction's
//! output, `channel.rs` both directions together. The machines of the two roles and their states are
//! in `client.rs` and `server.rs`.

pub(crate) mod alert;
pub(crate) mod auth;
pub(crate) mod channel;
pub(crate) mod client;
pub(crate) mod data;
pub(crate) mod framing;
pub(crate) mod hello;
pub(crate) mod inner_type;
pub(crate) mod key_schedule;
pub(crate) mod record;
pub(crate) mod server;
pub(crate) mod transcript;
pub(crate) mod writer;

#[cfg(test)]
mod tests;

/// The client's first bytes, which choose v2. They are sent once.
pub const PREFACE: &[u8; 5] = b"SC/2\n";
