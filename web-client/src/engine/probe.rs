//! Asks for the health of the server that this page came from, when its tunnel does not open.

use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::Response;

/// The health of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Health {
    /// The server does not answer.
    Silent,
    /// The server answers with 503, as it does when it has no permit left.
    Full,
    /// The server answers, so only the tunnel is the problem.
    Answers,
}

/// Asks once; the content of the answer does not matter.
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
        Some(response) if response.status() == 503 => Health::Full,
        Some(_) => Health::Answers,
    }
}
