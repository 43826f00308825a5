//! Asks for the health of the server that this page came from, when its tunnel does not open.

use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::Response;

use crate::state::health::Health;

/// Asks once.
pub(super) async fn own_server() -> Health {
    let Some(window) = web_sys::window() else {
        return Health::Silent;
    };
    // Only the own server can be asked: the page's policy forbids requests to others.
    let answer = JsFuture::from(window.fetch_with_str("/healthz")).await;
    match answer
        .ok()
        .and_then(|answer| answer.dyn_into::<Response>().ok())
    {
        None => Health::Silent,
        Some(response) => Health::of(response.status(), body(&response).await.as_deref()),
    }
}

/// Returns the body of `response`; `None` if the connection breaks before its end.
async fn body(response: &Response) -> Option<String> {
    let text = JsFuture::from(response.text().ok()?).await.ok()?;
    text.as_string()
}
