//! The look of people: a round initial in a colour of their own.

use yew::prelude::*;

/// Shows the initial; it is decoration, because the name stands beside it.
pub fn avatar(name: &str) -> Html {
    html! { <span class={classes!("avatar", hue(name))} translate="no" aria-hidden="true">{ initial(name) }</span> }
}

/// Returns the first character of a name. The style sheet makes it a capital: the browser has the
/// tables for that already.
fn initial(name: &str) -> String {
    name.chars().take(1).collect()
}

/// Returns one of eight colours, always the same one for a name.
pub fn hue(name: &str) -> String {
    let sum = name.bytes().fold(7u32, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(byte.into())
    });
    format!("hue-{}", sum % 8)
}
