//! Colours and emphasis. Everything that a colour says, a word or a sign says, too: a terminal may
//! have no colours, and a person may not see them.

use client::markup;
use ratatui::style::{Color, Modifier, Style};
use shared::chat::UserId;

/// The look of the screen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    colours: bool,
}

impl Look {
    /// Returns the look that the environment asks for (<https://no-color.org>).
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

    /// Returns the colour of a person, derived from the key: the same in every room and every run.
    /// It is one of the sixteen that the terminal's theme makes readable, without those that have a
    /// meaning here.
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

    /// Returns the style of text that matters less.
    pub(crate) const fn dim() -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    /// Returns the style of text that matters more.
    pub(crate) const fn bold() -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// Returns the style of a form of markup.
    pub(crate) const fn form(form: markup::Style) -> Style {
        Style::new().add_modifier(match form {
            markup::Style::Emphasis => Modifier::ITALIC,
            markup::Style::Strong => Modifier::BOLD,
            markup::Style::Struck => Modifier::CROSSED_OUT,
        })
    }

    /// Returns the style of a link.
    pub(crate) const fn link() -> Style {
        Style::new().add_modifier(Modifier::UNDERLINED)
    }

    /// Returns the style of a chosen row.
    pub(crate) const fn chosen() -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// Returns the style of text that mentions this person.
    pub(crate) fn meant(self) -> Style {
        self.colour(Color::Yellow).add_modifier(Modifier::BOLD)
    }

    /// Returns the style of text that needs attention.
    pub(crate) fn warning(self) -> Style {
        self.colour(Color::Yellow)
    }

    /// Returns the style of errors.
    pub(crate) fn error(self) -> Style {
        self.colour(Color::Red)
    }
}
