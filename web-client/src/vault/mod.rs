//! The vault: the part that owns the private key, in a Web Worker of its own.
//!
//! The page talks to it with [`messages`]; the page knows nothing else of it. The rest is linked into
//! the worker's program alone, because nothing in the page's calls it.

#[cfg(target_arch = "wasm32")]
mod generation;
pub mod messages;
#[cfg(target_arch = "wasm32")]
pub mod service;
#[cfg(target_arch = "wasm32")]
mod store;
