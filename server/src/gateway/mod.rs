//! The HTTP listener: the page, and the WebSocket tunnel that the page talks through.
//!
//! The gateway holds no keys and looks into nothing: it splices bytes onto the same handler that
//! raw TCP ends in.

mod activity;
mod assets;
mod entry;
mod first_bytes;
pub(crate) mod headers;
mod http;
mod http2;
pub(crate) mod origin;
pub(crate) mod probe;
pub(crate) mod reply;
mod strangers;
mod tunnel;
mod upgrade;
mod visitor;

pub use assets::has_page;
pub use entry::accept_http;
pub use tunnel::{Encoding, Tunnel};
