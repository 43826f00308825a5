//! The keyboard shortcuts: one table for the list that people read and for the keys that they
//! press.
//!
//! Pure.

use client::formatting::Form;

use super::settings::SendKey;

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

/// Returns the keys and their effects, as they are listed; also those of the composer and of the
/// browser.
pub fn listed(send_key: SendKey) -> [(&'static str, &'static str); 12] {
    [
        ("Ctrl + K", "Go to a room or person"),
        ("Alt + ↓", "Next room"),
        ("Alt + ↑", "Previous room"),
        ("Alt + N", "New room"),
        ("Ctrl + /", "This list"),
        (send_key.sends(), "Send"),
        (send_key.breaks(), "Break the line"),
        ("Ctrl + B", "Bold, while text is selected"),
        ("Ctrl + I", "Italic, while text is selected"),
        ("@ or /", "Offer people or commands; ↑ ↓ and Enter choose"),
        ("↑", "Edit your last message, while the composer is empty"),
        ("Esc", "Stop answering or editing, close what is open"),
    ]
}

/// Returns the effect of these keys, if they have one. `key` and `code` are those of the browser's
/// event: the character, and the place on the keyboard. `control` is also the command key.
pub fn of(key: &str, code: &str, control: bool, alt: bool) -> Option<Shortcut> {
    match (latin(key, code), control, alt) {
        ("k" | "K", true, false) => Some(Shortcut::Switch),
        ("/", true, false) => Some(Shortcut::Help),
        // Alt, because browsers keep Ctrl+N for a window of their own.
        ("n" | "N", false, true) => Some(Shortcut::NewRoom),
        ("ArrowDown", false, true) => Some(Shortcut::Next),
        ("ArrowUp", false, true) => Some(Shortcut::Previous),
        _ => None,
    }
}

/// Returns the form that these keys give to the selected text in the composer. The one of links is the
/// switcher's while nothing is selected.
pub fn form(key: &str, code: &str, control: bool, alt: bool) -> Option<Form> {
    match (latin(key, code), control, alt) {
        ("b" | "B", true, false) => Some(Form::Bold),
        ("i" | "I", true, false) => Some(Form::Italic),
        ("k" | "K", true, false) => Some(Form::Link),
        _ => None,
    }
}

/// Returns the character that the key has on a Latin layout, if the layout in use is of another
/// script: there the place on the keyboard is all that is left of the shortcut. On a Latin layout
/// the character decides, wherever it is.
fn latin<'a>(key: &'a str, code: &str) -> &'a str {
    let mut characters = key.chars();
    let other_script = match (characters.next(), characters.next()) {
        (Some(character), None) => character.is_alphabetic() && !is_latin(character),
        // A key with a name, such as `ArrowUp`.
        _ => false,
    };
    match code {
        "KeyK" if other_script => "k",
        "KeyN" if other_script => "n",
        "KeyB" if other_script => "b",
        "KeyI" if other_script => "i",
        // Cyrillic and Hebrew layouts have the full stop here. So has the Turkish one, where the
        // shortcut therefore has two places.
        "Slash" if other_script || key == "." => "/",
        _ => key,
    }
}

fn is_latin(letter: char) -> bool {
    matches!(letter, 'A'..='Z' | 'a'..='z' | 'ª' | 'º' | 'À'..='ɏ' | 'Ḁ'..='ỿ')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(key: &str, control: bool, alt: bool) -> Option<Shortcut> {
        of(key, "", control, alt)
    }

    #[test]
    fn the_list_has_the_keys_that_send() {
        let keys = |send_key, effect| {
            let listed = listed(send_key).into_iter();
            listed
                .filter(|it| it.1 == effect)
                .map(|it| it.0)
                .collect::<Vec<_>>()
        };
        assert_eq!(keys(SendKey::Enter, "Send"), ["Enter"]);
        assert_eq!(keys(SendKey::CtrlEnter, "Send"), ["Ctrl + Enter"]);
        assert_eq!(keys(SendKey::CtrlEnter, "Break the line"), ["Enter"]);
    }

    #[test]
    fn keys_without_their_modifiers_do_nothing() {
        for key in ["k", "/", "n", "ArrowDown", "ArrowUp"] {
            assert_eq!(typed(key, false, false), None);
            assert_eq!(typed(key, true, true), None);
        }
        assert_eq!(typed("K", true, false), Some(Shortcut::Switch));
        assert_eq!(typed("ArrowUp", false, true), Some(Shortcut::Previous));
    }

    #[test]
    fn layouts_of_other_scripts_have_the_shortcuts_in_the_same_place() {
        // Russian, Hebrew, Greek, Arabic, Thai.
        for key in ["л", "Л", "ל", "κ", "ن", "า"] {
            assert_eq!(
                of(key, "KeyK", true, false),
                Some(Shortcut::Switch),
                "{key}"
            );
        }
        for key in [".", "ظ", "ฝ", "/"] {
            assert_eq!(of(key, "Slash", true, false), Some(Shortcut::Help), "{key}");
        }
        assert_eq!(of("т", "KeyN", false, true), Some(Shortcut::NewRoom));
        assert_eq!(
            of("л", "KeyK", false, false),
            None,
            "a letter alone is typed"
        );
    }

    #[test]
    fn marks_need_control_and_work_on_other_layouts() {
        assert_eq!(form("b", "KeyB", true, false), Some(Form::Bold));
        assert_eq!(form("и", "KeyB", true, false), Some(Form::Bold));
        assert_eq!(form("I", "KeyI", true, false), Some(Form::Italic));
        assert_eq!(form("b", "KeyB", false, false), None);
        assert_eq!(form("b", "KeyB", true, true), None);
    }

    #[test]
    fn on_a_latin_layout_the_character_decides() {
        // Dvorak has K elsewhere, and a German keyboard zooms out with the key where `/` would be.
        for (key, code) in [
            ("t", "KeyK"),
            ("-", "Slash"),
            ("ö", "KeyK"),
            (".", "Period"),
        ] {
            assert_eq!(of(key, code, true, false), None, "{key}");
        }
        assert_eq!(of("k", "KeyV", true, false), Some(Shortcut::Switch));
        assert_eq!(of("/", "Digit7", true, false), Some(Shortcut::Help));
    }
}
