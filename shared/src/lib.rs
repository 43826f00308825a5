//! Secure Chat's protocol and the chat's messages, without any I/O.
//!
//! ```text
//!            bytes, time, results of private-key operations
//!   driver ──────────────── handle_* ───────────────► Connection ─► v1 or v2 machine
//!  (server,                                               │
//!   page, cli) ◄──────────── poll_* ──────────────────────┘
//!            bytes, events (plaintexts for `chat`), next timeout
//! ```
//!
//! No code here opens a socket, reads a clock or asks the system for randomness: bytes, time and
//! randomness are arguments. So the same code runs in the server, in the browser (wasm32), in the
//! tests and in any program that embeds it, and a whole handshake can be replayed from fixed bytes.
//!
//! Start at [`connection`]: [`connection::ClientConnection`] and [`connection::ServerConnection`]
//! are the one interface of the protocol, fed with `handle_*` and drained with `poll_*`. Both roles,
//! from the handshake to a message:
//!
//! ```
//! use shared::connection::{
//!     ClientConfig, ClientConnection, Event, ServerConfig, ServerConnection, Trust, Version,
//! };
//! use shared::{identity::PrivateKey, random::{Random, RandomUnavailable}, time::Time};
//! # fn system_random() -> Random {
//! #     use chacha20::{ChaCha20Rng, rand_core::{Rng, SeedableRng}};
//! #     let mut rng = ChaCha20Rng::from_seed([7; 32]);
//! #     Random::new(move |bytes| { rng.fill_bytes(bytes); Ok(()) })
//! # }
//! let now = Time::from_millis(0);
//! let server_key = PrivateKey::generate(2048, &mut system_random())?;
//! let client_key = PrivateKey::generate(2048, &mut system_random())?;
//! let config = ServerConfig::new(server_key.public_key().clone()).into();
//! let mut server = ServerConnection::new(config, system_random(), now);
//! let trust = Trust::Pinned(server_key.public_key().fingerprint());
//! let config = ClientConfig::new(client_key.public_key().clone(), Version::V2, trust);
//! let mut client = ClientConnection::new(config, system_random(), now);
//!
//! let mut opened = Vec::new();
//! for _ in 0..4 {
//!     while let Some(bytes) = server.poll_transmit() { client.handle_bytes(&bytes, now); }
//!     while let Some(event) = client.poll_event() {
//!         match event {
//!             Event::PrivateKey(request) =>
//!                 client.handle_private_key(request.answer(&client_key, &mut system_random()), now),
//!             Event::Established { .. } => client.send(b"hello", now)?,
//!             _ => {}
//!         }
//!     }
//!     while let Some(bytes) = client.poll_transmit() { server.handle_bytes(&bytes, now); }
//!     while let Some(event) = server.poll_event() {
//!         match event {
//!             Event::PrivateKey(request) =>
//!                 server.handle_private_key(request.answer(&server_key, &mut system_random()), now),
//!             Event::Message(plaintext) => opened.push(plaintext.to_vec()),
//!             _ => {}
//!         }
//!     }
//! }
//! assert_eq!(opened, [b"hello"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Sockets, files, tasks and screens belong to the drivers; the rights and the storage of the chat
//! belong to the server.

pub mod chat;
pub mod connection;
pub mod crypto;
pub mod error;
mod error_code;
mod frame;
#[cfg(fuzzing)]
pub mod fuzzing;
pub mod identity;
pub mod json;
pub mod limits;
#[cfg(any(test, feature = "observe"))]
pub mod observe;
pub mod random;
pub mod time;
pub mod trust;
pub mod v1;
pub mod v2;
pub(crate) mod wire;

/// The name of the protocol inside of TLS (ALPN, RFC 7301): a client that offers it alone speaks to
/// the server directly, as over TCP, and not by HTTP.
pub const TLS_PROTOCOL_NAME: &[u8] = b"secure-chat";

#[cfg(test)]
mod testing;
