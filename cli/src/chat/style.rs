//! Colours and emphasis. Everything that a colour says, a word or a sign says, too.

use ratatui::style::{Color, Modifier, Style};
use shared::chat::UserId;

/// How things look.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    colours: bool,
}

impl Look {
    /// As the environment asks for it (<https://no-color.org>).
    pub(crate) fn of_environment() -> Self {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { colours: !refused }
    }

    #[cfg(test)]
    pub(crate) fn plain() -> Self {
        Self { colours: false }
    }

    fn colour(self, colour: Color) -> Style {
        if self.colours {
            Style::new().fg(colour)
        } else {
            Style::new()
        }
    }

    /// The colour of a person, by their key: the same in every room and every run. Of the sixteen
    /// that the terminal's theme makes readable, without those that mean something here.
    pub(crate) fn person(self, id: UserId) -> Style {
        const COLOURS: [Color; 8] = [
            Color::Green,
            Color::Blue,
            Color::Magenta,
            Color::Cyan,
            Color::LightGreen,
            Color::LightBlue,
            Color::LightMagenta,
            Color::LightCyan,
        ];
        let place = usize::from(id.0.as_bytes()[0]) % COLOURS.len();
        self.colour(COLOURS[place]).add_modifier(Modifier::BOLD)
    }

    /// The style of text that matters less.
    pub(crate) const fn dim() -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    /// The style of text that matters more.
    pub(crate) const fn bold() -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// The style of a chosen row.
    pub(crate) const fn chosen() -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// The style of text that mentions this person.
    pub(crate) fn meant(self) -> Style {
        self.colour(Color::Yellow).add_modifier(Modifier::BOLD)
    }

    /// The style of text that needs attention.
    pub(crate) fn warning(self) -> Style {
        self.colour(Color::Yellow)
    }

    /// The style of errors.
    pub(crate) fn error(self) -> Style {
        self.colour(Color::Red)
    }
}
