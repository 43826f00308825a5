//! The HTTP listener: the page, and the WebSocket tunnel that the page talks through.
//!
//! The gateway holds no keys and looks into nothing: it splices bytes onto the same handler that
//! raw TCP ends in.

mod assets;
mod first_bytes;
mod headers;
mod http;
mod origin;
mod peer;
mod reply;
mod tunnel;
mod upgrade;

pub use http::accept_http;
pub use tunnel::{Encoding, Tunnel};
