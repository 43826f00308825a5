//! The theme, light or dark or the system's: remembered, and set on the document for the style
//! sheets.

use yew::prelude::*;

use crate::engine::storage::{self, Setting};

/// The person's choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// The system's choice.
    System,
    /// Dark text on light.
    Light,
    /// Light text on dark.
    Dark,
}

impl Theme {
    /// All themes, in the order of the toggle.
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// Returns the theme as it is stored, and as the style sheets know it; empty for the system's.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::System => "",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// Returns the name for people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::System => "System",
            Self::Light => "Light",
            Self::Dark => "Dark",
        }
    }

    fn load() -> Self {
        let stored = storage::load(Setting::Theme);
        Self::ALL
            .into_iter()
            .find(|theme| theme.as_str() == stored)
            .unwrap_or(Self::System)
    }
}

/// Returns the theme, and a callback to choose another.
#[hook]
pub fn use_theme() -> (Theme, Callback<Theme>) {
    let theme = use_state(Theme::load);
    use_effect_with(*theme, |theme| {
        storage::save(Setting::Theme, theme.as_str());
        let root = web_sys::window().and_then(|window| window.document()?.document_element());
        if let Some(root) = root {
            // Fails only for a name that no attribute can have.
            let _ = match theme {
                // Without the attribute the style sheets follow the system.
                Theme::System => root.remove_attribute("data-theme"),
                theme => root.set_attribute("data-theme", theme.as_str()),
            };
        }
    });
    let setter = theme.setter();
    (*theme, Callback::from(move |theme| setter.set(theme)))
}
