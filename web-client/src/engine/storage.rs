//! The settings that this browser remembers. What was written and not sent is in [`super::memory`].
//!
//! A browser may forbid storage; the page works then too, and only forgets.

use web_sys::Storage;

/// A setting that this browser remembers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// The display name of the last connection.
    Name,
    /// The server's address of the last connection, as typed.
    Server,
    /// The protocol of the last connection.
    Protocol,
    /// `yes` while the person is in the chat: a page that is loaded then comes back to it.
    Entered,
    /// The public side of the key, as PEM: the key itself is the vault's.
    PublicKey,
    /// The panel that is shown where it leaves space for the log.
    Panel,
    /// The emoji with which the person has reacted last, with blanks between.
    RecentEmoji,
    /// The muted rooms of all accounts: see [`crate::state::muted`].
    Muted,
    /// The colours: a [`crate::state::settings::Theme`].
    Theme,
    /// A [`crate::state::settings::Clock`].
    Clock,
    /// A [`crate::state::settings::SendKey`].
    SendKey,
}

impl Setting {
    const fn key(self) -> &'static str {
        match self {
            Self::Name => "secure-chat.name",
            Self::Server => "secure-chat.server",
            Self::Protocol => "secure-chat.protocol",
            Self::Entered => "secure-chat.entered",
            Self::PublicKey => "secure-chat.public-key",
            Self::Panel => "secure-chat.panel",
            Self::RecentEmoji => "secure-chat.recent-emoji",
            Self::Muted => "secure-chat.muted",
            Self::Theme => "secure-chat.theme",
            Self::Clock => "secure-chat.clock",
            Self::SendKey => "secure-chat.send-key",
        }
    }
}

const TAB: &str = "secure-chat.tab";

/// Returns the remembered value; empty if there is none.
pub fn load(setting: Setting) -> String {
    local()
        .and_then(|storage| storage.get_item(setting.key()).ok()?)
        .unwrap_or_default()
}

/// Remembers `value`; an empty one is removed.
pub fn save(setting: Setting, value: &str) {
    write(local(), setting.key(), value);
}

/// Returns the id of this tab, if it was loaded before.
pub fn load_tab() -> Option<String> {
    session()?.get_item(TAB).ok()?
}

/// Remembers the id of this tab until it is closed.
pub fn save_tab(id: &str) {
    write(session(), TAB, id);
}

fn write(storage: Option<Storage>, key: &str, value: &str) {
    let Some(storage) = storage else { return };
    // Storage can be full or forbidden. The page works without it, so that is no failure.
    let _ = if value.is_empty() {
        storage.remove_item(key)
    } else {
        storage.set_item(key, value)
    };
}

fn local() -> Option<Storage> {
    web_sys::window()?.local_storage().ok()?
}

fn session() -> Option<Storage> {
    web_sys::window()?.session_storage().ok()?
}
