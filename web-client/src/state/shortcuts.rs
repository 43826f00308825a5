//! The keyboard shortcuts: one table for the list that people read and for the keys that they
//! press.
//!
//! Pure.

/// The effect of a shortcut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shortcut {
    /// Opens the quick switcher.
    Switch,
    /// Lists the shortcuts.
    Help,
    /// Makes a room.
    NewRoom,
    /// Shows the next room.
    Next,
    /// Shows the previous room.
    Previous,
}

/// The keys and their effects, as they are listed; also those of the composer and of the browser.
pub const SHORTCUTS: [(&str, &str); 9] = [
    ("Ctrl + K", "Go to a room or person"),
    ("Alt + ↓", "Next room"),
    ("Alt + ↑", "Previous room"),
    ("Alt + N", "New room"),
    ("Ctrl + /", "This list"),
    ("Enter", "Send"),
    ("Shift + Enter", "Break the line"),
    ("↑", "Edit your last message, while the composer is empty"),
    ("Esc", "Stop answering or editing, close what is open"),
];

/// Returns the effect of these keys, if they have one. `control` is also the command key.
pub fn of(key: &str, control: bool, alt: bool) -> Option<Shortcut> {
    match (key, control, alt) {
        ("k" | "K", true, false) => Some(Shortcut::Switch),
        ("/", true, false) => Some(Shortcut::Help),
        // Alt, because browsers keep Ctrl+N for a window of their own.
        ("n" | "N", false, true) => Some(Shortcut::NewRoom),
        ("ArrowDown", false, true) => Some(Shortcut::Next),
        ("ArrowUp", false, true) => Some(Shortcut::Previous),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_without_their_modifiers_do_nothing() {
        for key in ["k", "/", "n", "ArrowDown", "ArrowUp"] {
            assert_eq!(of(key, false, false), None);
            assert_eq!(of(key, true, true), None);
        }
        assert_eq!(of("K", true, false), Some(Shortcut::Switch));
        assert_eq!(of("ArrowUp", false, true), Some(Shortcut::Previous));
    }
}
