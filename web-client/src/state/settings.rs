//! The person's settings of this page, which the browser keeps.
//!
//! Pure. The browser's storage may hold anything: what is no value of a setting means the default.

/// A setting that is one of a few values.
pub trait Choice: Copy + Default + PartialEq + 'static {
    /// All values, in the order in which they are offered.
    const ALL: &'static [Self];

    /// Returns the value as it is stored; empty for the default.
    fn as_str(self) -> &'static str;

    /// Returns the value's name for people.
    fn label(self) -> &'static str;

    /// Returns the value that is stored as `text`; the default for any other text.
    fn parse(text: &str) -> Self {
        let mut all = Self::ALL.iter().copied();
        all.find(|it| it.as_str() == text).unwrap_or_default()
    }
}

/// The colours of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// The system's choice.
    #[default]
    System,
    /// Dark text on light.
    Light,
    /// Light text on dark.
    Dark,
}

impl Choice for Theme {
    const ALL: &'static [Self] = &[Self::System, Self::Light, Self::Dark];

    /// Also the name by which the style sheets know it.
    fn as_str(self) -> &'static str {
        match self {
            Self::System => "",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::System => "As the system",
            Self::Light => "Light",
            Self::Dark => "Dark",
        }
    }
}

/// The clock of all times on the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Clock {
    /// The one of the browser's language.
    #[default]
    Browser,
    /// 0:00 to 23:59.
    Hours24,
    /// 12:00 AM to 11:59 PM.
    Hours12,
}

impl Choice for Clock {
    const ALL: &'static [Self] = &[Self::Browser, Self::Hours24, Self::Hours12];

    fn as_str(self) -> &'static str {
        match self {
            Self::Browser => "",
            Self::Hours24 => "24",
            Self::Hours12 => "12",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Browser => "As the browser’s language has it",
            Self::Hours24 => "24 hours, as 14:05",
            Self::Hours12 => "12 hours, as 2:05 PM",
        }
    }
}

/// The keys that send what is in the composer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SendKey {
    /// Enter sends, Shift+Enter breaks the line.
    #[default]
    Enter,
    /// Ctrl+Enter sends, Enter breaks the line.
    CtrlEnter,
}

impl SendKey {
    /// Returns the keys that send.
    pub const fn sends(self) -> &'static str {
        match self {
            Self::Enter => "Enter",
            Self::CtrlEnter => "Ctrl + Enter",
        }
    }

    /// Returns the keys that break the line.
    pub const fn breaks(self) -> &'static str {
        match self {
            Self::Enter => "Shift + Enter",
            Self::CtrlEnter => "Enter",
        }
    }

    /// Returns whether Enter sends with these keys held. `control` is also the command key.
    pub const fn sends_with(self, shift: bool, control: bool) -> bool {
        match self {
            Self::Enter => !shift,
            Self::CtrlEnter => control,
        }
    }
}

impl Choice for SendKey {
    const ALL: &'static [Self] = &[Self::Enter, Self::CtrlEnter];

    fn as_str(self) -> &'static str {
        match self {
            Self::Enter => "",
            Self::CtrlEnter => "ctrl-enter",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Enter => "Enter; Shift + Enter breaks the line",
            Self::CtrlEnter => "Ctrl + Enter; Enter breaks the line",
        }
    }
}

/// The person's settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Settings {
    /// The colours of the page.
    pub theme: Theme,
    /// The clock of all times.
    pub clock: Clock,
    /// The keys that send.
    pub send_key: SendKey,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_read_as_it_was_stored<T: Choice + std::fmt::Debug>() {
        for value in T::ALL {
            assert_eq!(T::parse(value.as_str()), *value);
            assert!(!value.label().is_empty());
        }
        assert_eq!(T::default().as_str(), "", "which is not stored");
        for garbage in [
            "",
            " ",
            "24 ",
            "Dark",
            "null",
            "{}",
            "\u{0}",
            "ctrl-enter\n",
        ] {
            assert_eq!(T::parse(garbage), T::default(), "{garbage:?}");
        }
    }

    #[test]
    fn each_value_is_read_as_it_was_stored_and_garbage_is_the_default() {
        is_read_as_it_was_stored::<Theme>();
        is_read_as_it_was_stored::<Clock>();
        is_read_as_it_was_stored::<SendKey>();
    }

    #[test]
    fn the_keys_that_send_are_the_ones_that_are_named() {
        // Shift and control, for each setting.
        let sent = |key: SendKey| {
            let keys = [(false, false), (true, false), (false, true), (true, true)];
            keys.map(|(shift, control)| key.sends_with(shift, control))
        };
        assert_eq!(sent(SendKey::Enter), [true, false, true, false]);
        assert_eq!(sent(SendKey::CtrlEnter), [false, false, true, true]);
    }
}
