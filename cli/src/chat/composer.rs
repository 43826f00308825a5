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
    /// The draft that made room for an edit. It comes back when the edit ends.
    draft: Option<Box<Composer>>,
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
        Self {
            area,
            about: None,
            draft: None,
        }
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

    /// Begins to change the message `of`, whose text is `text`. What was written before waits.
    pub(crate) fn edit(&mut self, of: Seq, text: &str) {
        let mut edit = Self::with(text);
        edit.about = Some(About::Edit(of));
        let before = std::mem::replace(self, edit);
        // The draft of an edit that is given up for another one is older than that edit.
        self.draft = match before.about {
            Some(About::Edit(_)) => before.draft,
            _ => (!before.is_empty()).then(|| Box::new(before)),
        };
    }

    /// Empties the composer, or brings the draft back that made room for an edit.
    pub(crate) fn clear(&mut self) {
        *self = self.draft.take().map_or_else(Self::default, |draft| *draft);
    }

    /// Returns the text that is to become a message, without an edit: that is of a message which is
    /// there already.
    pub(crate) fn message(&self) -> Option<String> {
        let message = match (self.about, &self.draft) {
            (Some(About::Edit(_)), None) => return None,
            (Some(About::Edit(_)), Some(draft)) => draft,
            _ => self,
        };
        (!message.is_empty()).then(|| message.text())
    }

    /// Returns what was written: the text, and the draft that made room for it.
    pub(crate) fn into_texts(self) -> impl Iterator<Item = String> {
        let draft = self.draft.as_ref().map(|draft| draft.text());
        let text = self.text();
        draft.into_iter().chain([text])
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
