//! The person's settings: remembered, and the theme set on the document for the style sheets.

use gloo_events::EventListener;
use yew::prelude::*;

use crate::engine::page;
use crate::engine::storage::{self, Setting};
use crate::state::settings::{Choice, Clock, SendKey, Settings, Theme};

/// Returns the settings, and a callback to change them.
#[hook]
pub fn use_settings() -> (Settings, Callback<Settings>) {
    let settings = use_state(|| Settings {
        theme: Theme::parse(&storage::load(Setting::Theme)),
        clock: Clock::parse(&storage::load(Setting::Clock)),
        send_key: SendKey::parse(&storage::load(Setting::SendKey)),
    });
    use_effect_with(settings.theme, |theme| {
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
    let setter = settings.setter();
    let change = Callback::from(move |settings: Settings| {
        storage::save(Setting::Theme, settings.theme.as_str());
        storage::save(Setting::Clock, settings.clock.as_str());
        storage::save(Setting::SendKey, settings.send_key.as_str());
        setter.set(settings);
    });
    (*settings, change)
}

/// Returns whether the page's address says that the settings are shown, and a callback to show or
/// hide them.
#[hook]
pub fn use_settings_shown() -> (bool, Callback<bool>) {
    let shown = use_state(page::shows_settings);
    use_effect_with((), {
        let shown = shown.setter();
        move |()| {
            let listener = web_sys::window().map(|window| {
                EventListener::new(&window, "popstate", move |_| {
                    shown.set(page::shows_settings());
                })
            });
            move || drop(listener)
        }
    });
    let is_shown = *shown;
    let show = Callback::from(move |show| {
        // A dialog that was closed by its button reports that a second time, and the way back in the
        // history is gone once.
        if show == is_shown {
            return;
        }
        if show {
            page::show_settings();
        } else if page::shows_settings() {
            page::leave_settings();
        }
        shown.set(show);
    });
    (is_shown, show)
}
