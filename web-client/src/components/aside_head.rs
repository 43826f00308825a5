//! The head of a panel beside the log: its title, and the button that closes it.

use yew::prelude::*;

use super::icons::{Icon, icon};

/// Shows the head of a panel. `close_id` is the button's `data-testid`.
pub fn aside_head(title: &str, close_id: &'static str, on_close: &Callback<()>) -> Html {
    html! {
        <header class="aside-head" translate="no">
            <h2>{ title }</h2>
            <button
                type="button"
                class="button button-icon"
                aria-label="Close"
                data-testid={close_id}
                onclick={on_close.reform(|_: MouseEvent| ())}
            >
                { icon(Icon::Cross) }
            </button>
        </header>
    }
}
