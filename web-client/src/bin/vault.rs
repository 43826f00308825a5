//! The entry point of the vault, the Web Worker that keeps the private key.
//!
//! A program of its own, so that the page's has no code that makes, reads or uses a private key, and
//! need not wait for it. The two share no memory.

#[cfg(target_arch = "wasm32")]
fn main() {
    web_client::vault::service::run();
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    println!("This program runs in a browser: build the page with `trunk build`.");
}
