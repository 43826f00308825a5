//! The entry point of the page and of its Web Worker: one program, so that visitors download once
//! what both need (RSA above all). Natively it only explains how to build the page.

#[cfg(target_arch = "wasm32")]
fn main() {
    use wasm_bindgen::JsCast;

    if js_sys::global().is_instance_of::<web_sys::DedicatedWorkerGlobalScope>() {
        // The only instance that ever holds the private key: it shares no memory with the page's.
        web_client::vault::service::run();
    } else {
        web_client::app::run();
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    println!("This program runs in a browser: build the page with `trunk build`.");
}
