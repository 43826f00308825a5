//! The later part of the page's program: what a person needs after entering, such as the console,
//! the dialogs about keys and protocol v1. `xtask/src/split.rs` divides the program.
//!
//! It is loaded behind the first screen. If the first part calls a function of it before, then
//! [`load`] waits for it: that call cannot return without it.

use std::cell::Cell;

use gloo_timers::callback::Timeout;
use js_sys::WebAssembly::{self, Instance, Module};
use js_sys::{Object, Reflect, Uint8Array};
use wasm_bindgen::{JsValue, throw_str};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::XmlHttpRequest;

use crate::app::show_fatal;

/// The time before the later part is asked for, in milliseconds: first screen, key and connection
/// come first on a slow line.
const BEHIND_MS: u32 = 2_000;
/// The time after which it is asked for again if it did not come, in milliseconds.
const AGAIN_MS: u32 = 10_000;

/// The content of the element `meta[name=later]` in a page whose program is not divided.
const UNDIVIDED: &str = "undivided";

thread_local! {
    static LOADED: Cell<bool> = const { Cell::new(false) };
}

/// Returns the address of the later part; `None` if the program is not divided, as in a debug page.
fn address() -> Option<String> {
    let document = web_sys::window()?.document()?;
    let meta = document.query_selector("meta[name=later]").ok()??;
    meta.get_attribute("content")
        .filter(|address| address != UNDIVIDED)
}

/// Loads the later part without waiting for it.
pub fn prefetch() {
    if let Some(address) = address() {
        prefetch_after(BEHIND_MS, address);
    }
}

fn prefetch_after(delay: u32, address: String) {
    let begin = move || {
        spawn_local(async move {
            if LOADED.get() {
                return;
            }
            match fetched(&address).await {
                Ok(()) => LOADED.set(true),
                Err(_) => prefetch_after(AGAIN_MS, address),
            }
        });
    };
    Timeout::new(delay, begin).forget();
}

async fn fetched(address: &str) -> Result<(), JsValue> {
    let window = web_sys::window().ok_or(JsValue::NULL)?;
    let response = JsFuture::from(window.fetch_with_str(address)).await?;
    let response: web_sys::Response = response.into();
    let bytes = JsFuture::from(response.array_buffer()?).await?;
    JsFuture::from(WebAssembly::instantiate_buffer(
        &Uint8Array::new(&bytes).to_vec(),
        &imports()?,
    ))
    .await?;
    Ok(())
}

/// Returns when the later part is there. If it cannot be loaded, which happens when the server has
/// another page by now, the page ends: the caller has no way on.
pub fn load() {
    if LOADED.get() {
        return;
    }
    let loaded = address().ok_or(JsValue::NULL).and_then(|it| awaited(&it));
    if loaded.is_err() {
        show_fatal("A part of the page could not be loaded.");
        throw_str("the later part of the program could not be loaded");
    }
    LOADED.set(true);
}

/// Loads the later part while the whole page waits.
fn awaited(address: &str) -> Result<(), JsValue> {
    let request = XmlHttpRequest::new()?;
    // Another address than that of `prefetch`: a browser lets a second request for the same file
    // wait for the first one, which cannot end while the page waits.
    request.open_with_async("GET", &format!("{address}?now"), false)?;
    // A request that waits gives text only. In this encoding each character has one byte.
    request.override_mime_type("text/plain; charset=x-user-defined")?;
    request.send()?;
    if request.status()? != 200 {
        return Err(JsValue::NULL);
    }
    let text = request.response_text()?.unwrap_or_default();
    let bytes: Vec<u8> = text.chars().map(|it| (it as u32 & 0xff) as u8).collect();
    let module = Module::new(&Uint8Array::from(&bytes[..]))?;
    Instance::new(&module, &imports()?)?;
    Ok(())
}

/// Returns what the later part imports: everything that the first part exports.
fn imports() -> Result<Object, JsValue> {
    let imports = Object::new();
    Reflect::set(&imports, &"page".into(), &wasm_bindgen::exports())?;
    Ok(imports)
}
