//! The bar at the top of every screen.

use yew::prelude::*;

use super::badge::Badge;
use super::icons::{Icon, icon};
use super::theme_toggle::ThemeToggle;
use crate::state::shown::SecurityLevel;

/// The properties of the bar.
pub struct Header {
    /// The short fingerprint of the person's key, if there is one.
    pub short: Option<AttrValue>,
    /// The protection of the session.
    pub level: SecurityLevel,
    /// Called when the person wants to compare keys.
    pub on_verify: Callback<()>,
    /// Called when the person wants to see the identity.
    pub on_identity: Callback<()>,
}

/// Shows name, badge, colours, keys and identity.
pub fn header(props: &Header) -> Html {
    let onclick = props.on_identity.reform(|_: MouseEvent| ());
    let on_verify = props.on_verify.reform(|_: MouseEvent| ());
    html! {
        <header class="top" translate="no">
            <span class="brand">{ icon(Icon::Brand) }<span>{ "Secure Chat" }</span></span>
            <Badge level={props.level} />
            <div class="top-tools">
                <ThemeToggle />
                <button type="button" class="button" data-testid="verify-open" aria-label="Verify" title="Verify" onclick={on_verify}>
                    { icon(Icon::Shield) }
                    <span class="button-label">{ "Verify" }</span>
                </button>
                <button type="button" class="button" data-testid="identity-open" title="Your identity" {onclick}>
                    { icon(Icon::Key) }
                    <span class="button-label">{ "Your identity" }</span>
                    if let Some(short) = &props.short {
                        <code class="button-label">{ short }</code>
                    }
                </button>
            </div>
        </header>
    }
}
