//! The offer to load the page anew, when its server gives out another version of it.

use yew::prelude::*;

use super::icons::{Icon, icon};

/// Shows that the page is of another version than its server. `forgets` tells that the browser does
/// not keep what is written.
pub fn renewal(forgets: bool) -> Html {
    let onclick = Callback::from(|_: MouseEvent| {
        if let Some(window) = web_sys::window() {
            // Fails only for a document that is not shown any more.
            let _ = window.location().reload();
        }
    });
    html! {
        <section class="renewal" translate="no" aria-label="New version" data-testid="renewal">
            <p role="status">
                { "The server has another version of this page. " }
                { if forgets {
                    "Load it when you have sent what you are writing: this browser keeps no drafts."
                } else {
                    "Load it when it suits you: your drafts stay."
                } }
            </p>
            <button type="button" class="button" data-testid="renewal-load" {onclick}>
                { icon(Icon::Down) }
                <span>{ "Load it" }</span>
            </button>
        </section>
    }
}
