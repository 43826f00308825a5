//! The text that a person is writing, and the message that it refers to.

use ratatui::crossterm::event::KeyEvent;
use ratatui::style::Style;
use ratatui_textarea::{CursorMove, TextArea, WrapMode};
use shared::chat::Seq;

use crate::printable;

/// The target of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum About {
    /// The text answers this message.
    Reply(Seq),
    /// The text replaces this message's.
    Edit(Seq),
}

/// The text and its cursor.
pub(crate) struct Composer {
    pub(crate) area: TextArea<'static>,
    pub(crate) about: Option<About>,
}

impl Default for Composer {
    fn default() -> Self {
        Self::with("")
    }
}

impl Composer {
    /// Creates a composer with a text, and the cursor at its end.
    pub(crate) fn with(text: &str) -> Self {
        let mut area = TextArea::from(text.split('\n'));
        area.set_wrap_mode(WrapMode::WordOrGlyph);
        area.set_cursor_line_style(Style::default());
        // The terminal's own cursor stands there: screen readers and input methods follow it.
        area.set_cursor_style(Style::default());
        area.move_cursor(CursorMove::Bottom);
        area.move_cursor(CursorMove::End);
        Self { area, about: None }
    }

    pub(crate) fn text(&self) -> String {
        self.area.lines().join("\n")
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.area.is_empty()
    }

    /// Applies a key. `true` if the text has changed.
    pub(crate) fn key(&mut self, key: KeyEvent) -> bool {
        self.area.input(key)
    }

    /// Inserts pasted text with its line ends.
    pub(crate) fn paste(&mut self, text: &str) {
        // Terminals send carriage returns for the line ends of a paste.
        self.area
            .insert_str(text.replace("\r\n", "\n").replace('\r', "\n"));
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Returns about how many rows the text takes at this width; the area itself scrolls.
    pub(crate) fn rows(&self, width: u16) -> u16 {
        let width = usize::from(width.max(1));
        let rows = self.area.lines().iter().map(|line| {
            // The cursor needs a column behind the last character, too.
            1 + printable::width(line) / width
        });
        u16::try_from(rows.sum::<usize>()).unwrap_or(u16::MAX)
    }
}
