//! Asks the server that this page came from for the page that it gives out by now.

use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{RequestCache, RequestInit, Response};

use crate::state::page_version;

/// Returns whether the server gives out another page than this one; `None` if that cannot be told.
pub(super) async fn is_another() -> Option<bool> {
    let window = web_sys::window()?;
    let program = window
        .document()?
        .query_selector("link[rel=modulepreload]")
        .ok()??
        .get_attribute("href")?;
    let location = window.location();
    let address = location.pathname().ok()? + &location.search().ok()?;
    let options = RequestInit::new();
    // Never from the browser's cache alone; a page that is the same costs a 304.
    options.set_cache(RequestCache::NoCache);
    let answer = JsFuture::from(window.fetch_with_str_and_init(&address, &options)).await;
    let response: Response = answer.ok()?.dyn_into().ok()?;
    if !response.ok() {
        return None;
    }
    let served = JsFuture::from(response.text().ok()?).await.ok()?;
    page_version::is_another(&program, &served.as_string()?)
}
