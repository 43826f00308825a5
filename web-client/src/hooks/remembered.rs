//! The person's choices on the connect screen, which the browser remembers for the next visit.

use shared::connection::Version;
use yew::prelude::*;

use crate::engine::storage::{self, Setting};

/// The text of a field that the browser remembers.
#[derive(Clone)]
pub struct Remembered {
    text: UseStateHandle<String>,
    setting: Setting,
}

impl Remembered {
    /// Returns the text as it was typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Takes the text as the person has changed it.
    pub fn change(&self, text: String) {
        self.text.set(text);
    }

    /// Has the browser remember the text, without the spaces around it.
    pub fn remember(&self) {
        storage::save(self.setting, self.text.trim());
    }
}

/// Returns the display name of the last connection.
#[hook]
pub fn use_last_name() -> Remembered {
    use_remembered(Setting::Name)
}

/// Returns the server's address of the last connection, as it was typed.
#[hook]
pub fn use_last_server() -> Remembered {
    use_remembered(Setting::Server)
}

#[hook]
fn use_remembered(setting: Setting) -> Remembered {
    let text = use_state(|| storage::load(setting));
    Remembered { text, setting }
}

/// Returns the chosen protocol, and a callback to choose another.
#[hook]
pub fn use_version() -> (Version, Callback<Version>) {
    // Without a choice the person gets the protocol that protects.
    let version = use_state(|| {
        let stored = storage::load(Setting::Protocol);
        stored.parse().unwrap_or(Version::V2)
    });
    let setter = version.setter();
    let choose = Callback::from(move |version: Version| {
        // Stored at once, so that a reload does not fall back to another protocol without a word.
        storage::save(Setting::Protocol, version.as_str());
        setter.set(version);
    });
    (*version, choose)
}
