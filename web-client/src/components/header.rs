//! The bar at the top of the screens before and instead of the chat.

use yew::prelude::*;

use super::icons::{Icon, icon};
use super::own_menu::OwnMenu;

/// Shows the program's name and the person's menu.
pub fn header(
    short: Option<AttrValue>,
    on_verify: Callback<()>,
    on_identity: Callback<()>,
    on_settings: Callback<()>,
) -> Html {
    html! {
        <header class="top" translate="no">
            <span class="brand">{ icon(Icon::Brand) }<span>{ "Secure Chat" }</span></span>
            <OwnMenu {short} {on_verify} {on_identity} {on_settings} />
        </header>
    }
}
