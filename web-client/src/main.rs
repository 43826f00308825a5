//! The entry point of the page. Natively it only explains how to build it.

#[cfg(target_arch = "wasm32")]
fn main() {
    web_client::app::run();
}

/// Loads the later part of the program unless it is there: every way into it goes through this.
#[cfg(target_arch = "wasm32")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn load_later() {
    web_client::later::load();
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    println!("This program runs in a browser: build the page with `trunk build`.");
}
