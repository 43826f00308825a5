//! Asks the server that this page came from how it is, when its tunnel does not open.

use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::Response;

/// How the server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Health {
    /// It does not answer.
    Silent,
    /// It has no place left (503).
    Full,
    /// It answers, so only the tunnel is the problem.
    Answers,
}

/// Returns one request; the answer's content is of no interest.
pub(super) async fn own_server() -> Health {
    let Some(window) = web_sys::window() else {
        return Health::Silent;
    };
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
