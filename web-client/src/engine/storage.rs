//! The page's memory in this browser: settings, drafts and the outbox. Never keys.
//!
//! A browser may forbid storage; the page works then too, and only forgets.

use shared::chat::RoomId;
use web_sys::Storage;

use client::outbox::Outgoing;

/// A setting that this browser remembers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// The display name of the last connection.
    Name,
    /// The server's address of the last connection, as typed.
    Server,
    /// The protocol of the last connection.
    Protocol,
    /// The theme: `light`, `dark`, or empty for the system's choice.
    Theme,
}

impl Setting {
    const fn key(self) -> &'static str {
        match self {
            Self::Name => "secure-chat.name",
            Self::Server => "secure-chat.server",
            Self::Protocol => "secure-chat.protocol",
            Self::Theme => "secure-chat.theme",
        }
    }
}

const OUTBOX: &str = "secure-chat.outbox";

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

/// Returns the draft for a room.
pub fn load_draft(room: &RoomId) -> String {
    local()
        .and_then(|storage| storage.get_item(&draft_key(room)).ok()?)
        .unwrap_or_default()
}

/// Remembers the draft for a room; an empty one is removed.
pub fn save_draft(room: &RoomId, text: &str) {
    write(local(), &draft_key(room), text);
}

/// Moves the draft for a room to the room's new name.
pub fn move_draft(from: &RoomId, to: &RoomId) {
    let draft = load_draft(from);
    if !draft.is_empty() {
        save_draft(to, &draft);
        save_draft(from, "");
    }
}

fn draft_key(room: &RoomId) -> String {
    format!("secure-chat.draft.{room}")
}

/// Returns the outbox that an earlier life of this tab has left. The outbox belongs to one tab
/// (`sessionStorage`), because two tabs that share it would send everything twice.
pub fn load_outbox() -> Vec<Outgoing> {
    let json = session().and_then(|storage| storage.get_item(OUTBOX).ok()?);
    json.and_then(|json| serde_json::from_str(&json).ok())
        .unwrap_or_default()
}

/// Stores the outbox.
pub fn save_outbox(lines: &[Outgoing]) {
    let json = if lines.is_empty() {
        Ok(String::new())
    } else {
        serde_json::to_string(lines)
    };
    if let Ok(json) = json {
        write(session(), OUTBOX, &json);
    }
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
