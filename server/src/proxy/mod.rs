//! Clients behind a proxy: which peers may name a client, and how they do it: by HTTP's forwarding
//! fields, or by the PROXY protocol.

pub mod forwarded;
pub mod header;
mod networks;
mod protocol;

pub use networks::{InvalidNetwork, Network, Networks};
pub use protocol::{HEADER_TIMEOUT, ProxyError, read_client};
