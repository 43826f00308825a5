//! The entry point of the page. Natively it only explains how to build it.

#[cfg(target_arch = "wasm32")]
fn main() {
    web_client::app::run();
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    println!("This program runs in a browser: build the page with `trunk build`.");
}
