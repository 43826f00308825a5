//! Marks around a selected part of a text, as the composer's keys set and remove them.
//!
//! Pure.

use std::ops::Range;

/// The mark of strong text.
pub const BOLD: &str = "**";

/// The mark of emphasized text.
pub const ITALIC: &str = "*";

/// A change of a text: a part, its new content, and what is selected afterwards. All in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The part that is replaced.
    pub part: Range<usize>,
    /// Its new content.
    pub with: String,
    /// The selection in the whole new text.
    pub selected: Range<usize>,
}

/// Sets `mark` ([`BOLD`] or [`ITALIC`]) around the selected part of `text`, or removes it if it is there; blanks at the ends
/// of the selection stay outside, because a mark beside a blank is none. `None` if nothing but blanks
/// is selected.
pub fn toggle(text: &str, selected: &Range<usize>, mark: &str) -> Option<Change> {
    let chosen = text.get(selected.clone())?;
    let start = selected.start + (chosen.len() - chosen.trim_start().len());
    let chosen = chosen.trim();
    if chosen.is_empty() {
        return None;
    }
    let end = start + chosen.len();
    let run = |text: &str, is_before: bool| {
        let star = |c: &char| *c == '*';
        if is_before {
            text.chars().rev().take_while(star).count()
        } else {
            text.chars().take_while(star).count()
        }
    };
    let around = run(&text[..start], true).min(run(&text[end..], false));
    // Three stars are both marks in one.
    let is_set = match mark {
        ITALIC => around % 2 == 1,
        _ => around >= 2,
    };
    let size = mark.len();
    if is_set {
        let part = start - size..end + size;
        return Some(Change {
            selected: part.start..part.start + chosen.len(),
            part,
            with: chosen.to_owned(),
        });
    }
    Some(Change {
        part: start..end,
        with: format!("{mark}{chosen}{mark}"),
        selected: start + size..end + size,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Applies the change to `text`, in which `[` and `]` are around the selection.
    fn toggled(text: &str, mark: &str) -> Option<String> {
        let (start, end) = (text.find('[')?, text.find(']')? - 1);
        let mut text = text.replace(['[', ']'], "");
        let change = toggle(&text, &(start..end), mark)?;
        text.replace_range(change.part, &change.with);
        text.insert(change.selected.end, ']');
        text.insert(change.selected.start, '[');
        Some(text)
    }

    #[test]
    fn a_mark_is_set_and_removed() {
        for (text, mark, expected) in [
            ("a [b] c", "**", "a **[b]** c"),
            ("a **[b]** c", "**", "a [b] c"),
            ("a **[b]** c", "*", "a ***[b]*** c"),
            ("a *[b]* c", "*", "a [b] c"),
            ("a *[b]* c", "**", "a ***[b]*** c"),
            ("a ***[b]*** c", "*", "a **[b]** c"),
            ("a ***[b]*** c", "**", "a *[b]* c"),
            ("a **[b] c", "**", "a ****[b]** c"),
            ("[ größe ]", "**", " **[größe]** "),
            ("[a\nb]", "*", "*[a\nb]*"),
        ] {
            assert_eq!(toggled(text, mark).as_deref(), Some(expected), "{text}");
        }
        assert_eq!(toggled("a[]b", "*"), None);
        assert_eq!(toggled("a[ ]b", "*"), None);
    }
}
