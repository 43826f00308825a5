//! The choice between the system's theme, light and dark.

use yew::prelude::*;

use super::icons::{Icon, icon};
use crate::hooks::{Theme, use_theme};

/// Shows three radio buttons that look like one control.
#[component(ThemeToggle)]
pub fn theme_toggle() -> Html {
    let (chosen, choose) = use_theme();
    let option = |theme: Theme| {
        let (shape, test_id) = match theme {
            Theme::System => (Icon::System, "theme-system"),
            Theme::Light => (Icon::Sun, "theme-light"),
            Theme::Dark => (Icon::Moon, "theme-dark"),
        };
        let label = theme.label();
        html! {
            <label key={label} class="segment" title={format!("{label} colours")}>
                <input
                    type="radio"
                    name="theme"
                    class="visually-hidden"
                    data-testid={test_id}
                    checked={theme == chosen}
                    onchange={choose.reform(move |_: Event| theme)}
                />
                { icon(shape) }
                <span class="visually-hidden">{ label }</span>
            </label>
        }
    };
    html! {
        <fieldset class="segments" data-testid="theme-toggle">
            <legend class="visually-hidden">{ "Colours" }</legend>
            { for Theme::ALL.into_iter().map(option) }
        </fieldset>
    }
}
