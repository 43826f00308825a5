//! The page's entry point. A browser runs it; natively it only says how to build the page.

#[cfg(target_arch = "wasm32")]
fn main() {
    web_client::app::run();
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    println!("This program runs in a browser: build the page with `trunk build`.");
}
