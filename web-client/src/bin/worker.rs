//! The Web Worker's entry point: the only program that ever holds the private key.
//! It must not know sockets, messages or the page's state.

#[cfg(target_arch = "wasm32")]
fn main() {
    web_client::vault::service::run();
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    println!("This program runs in a browser's Web Worker: build the page with `trunk build`.");
}
