//! The page's own address: its origin, and the link's statement about the server.

use shared::chat::{ClaimCode, InvitationCode};

use crate::state::address::Origin;
use crate::state::link::{self, Link, View};

/// Returns the origin of this page.
pub fn origin() -> Origin {
    Origin {
        secure: part(web_sys::Location::protocol) == "https:",
        host: part(web_sys::Location::host),
    }
}

/// Returns whether the browser knows that nobody has changed this page on its way: it came by https or
/// from this machine (Secure Contexts §3.1).
pub fn is_secure_context() -> bool {
    web_sys::window().is_some_and(|window| window.is_secure_context())
}

/// Returns the fragment of this page's address, with its `#`.
pub fn fragment() -> String {
    part(web_sys::Location::hash)
}

/// Returns the statement of the link that opened this page.
pub fn link() -> Option<Link> {
    Link::parse(&fragment())
}

/// Returns the code of the claim link that opened this page.
pub fn claim() -> Option<ClaimCode> {
    link::claim(&fragment())
}

/// Returns the code of the invitation link that opened this page.
pub fn invitation() -> Option<InvitationCode> {
    link::invitation(&fragment())
}

/// Returns the part of the chat that the page's address names; while it names the settings, the one
/// that they lie over.
pub fn view() -> Option<View> {
    let below = shows_settings().then(below_settings).flatten();
    View::parse(&below.unwrap_or_else(fragment))
}

/// The fragment of the settings.
const SETTINGS: &str = "#settings";

/// Returns whether the page's address names the settings.
pub fn shows_settings() -> bool {
    fragment() == SETTINGS
}

/// Returns the fragment that was there before the settings were shown. The entry of the history has
/// it, because a reload must come back to the same room.
fn below_settings() -> Option<String> {
    let history = web_sys::window()?.history().ok()?;
    history.state().ok()?.as_string()
}

/// Shows the settings in the page's address, as a new entry of the history: "back" closes them.
pub fn show_settings() {
    if let Some(history) = web_sys::window().and_then(|window| window.history().ok()) {
        let below = fragment().into();
        // Fails only for an address of another origin.
        let _ = history.push_state_with_url(&below, "", Some(SETTINGS));
    }
}

/// Takes the settings out of the page's address.
pub fn leave_settings() {
    if below_settings().is_some() {
        go_back();
    } else {
        // The address was opened by somebody: nothing of this page is before it.
        remove_fragment();
    }
}

/// Goes back to the former entry of the history.
pub fn go_back() {
    if let Some(history) = web_sys::window().and_then(|window| window.history().ok()) {
        // Fails only for a document that is not shown any more.
        let _ = history.back();
    }
}

/// Shows a part of the chat in the page's address: as a new entry of the history, so that "back"
/// leads to the former one, or in the place of the present entry.
pub fn show(view: &View, is_new: bool) {
    let Some(history) = web_sys::window().and_then(|window| window.history().ok()) else {
        return;
    };
    let place = part(web_sys::Location::pathname) + &part(web_sys::Location::search);
    let place = place + &view.to_fragment();
    let (state, title) = (wasm_bindgen::JsValue::NULL, "");
    // Fails only for an address of another origin.
    let _ = if is_new {
        history.push_state_with_url(&state, title, Some(&place))
    } else {
        history.replace_state_with_url(&state, title, Some(&place))
    };
}

/// Takes the statement about the server's key out of the page's address.
pub fn remove_link() {
    if link().is_some() {
        remove_fragment();
    }
}

/// Takes the code of a claim or an invitation out of the page's address.
pub fn remove_code() {
    if claim().is_some() || invitation().is_some() {
        remove_fragment();
    }
}

/// Leaves the page where it is.
fn remove_fragment() {
    let history = web_sys::window().and_then(|window| window.history().ok());
    if let Some(history) = history {
        // The entry of the history is replaced: a link that stays in it would be opened again by
        // "back".
        let here = part(web_sys::Location::pathname) + &part(web_sys::Location::search);
        // Fails only for an address of another origin.
        let _ = history.replace_state_with_url(&wasm_bindgen::JsValue::NULL, "", Some(&here));
    }
}

fn part(get: fn(&web_sys::Location) -> Result<String, wasm_bindgen::JsValue>) -> String {
    web_sys::window()
        .and_then(|window| get(&window.location()).ok())
        .unwrap_or_default()
}
