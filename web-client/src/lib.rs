//! The page's code, and that of its Web Worker (`vault`): two programs, `main.rs` and
//! `bin/vault.rs`, that share the messages between them and nothing else at run time.
//!
//! Pure parts (the reducer and its types) compile everywhere and are tested natively; parts that
//! touch the browser are compiled for wasm32 only. Nothing here implements the protocol: that is
//! the crate `shared`, driven by `engine`.

pub mod state;
pub mod vault;

#[cfg(target_arch = "wasm32")]
pub mod app;
#[cfg(target_arch = "wasm32")]
pub mod components;
#[cfg(target_arch = "wasm32")]
pub mod engine;
#[cfg(target_arch = "wasm32")]
pub mod hooks;
#[cfg(target_arch = "wasm32")]
mod indexed_db;
#[cfg(target_arch = "wasm32")]
pub mod later;
