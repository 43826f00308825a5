//! The forms of the composer: marks around a selected part of a text or before its lines, set and
//! removed.
//!
//! Pure.

use std::ops::Range;

/// A form that a selected part of a text can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Strong: `**text**`.
    Bold,
    /// Emphasized: `*text*`.
    Italic,
    /// Struck out: `~~text~~`.
    Struck,
    /// Code: `` `text` ``, or a block if it has several lines.
    Code,
    /// A link: `[text](address)`.
    Link,
    /// A quote: `> ` before each line.
    Quote,
    /// A list: `- ` before each line.
    List,
}

/// The address that a new link has until the person writes one.
const ADDRESS: &str = "https://";

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

/// Gives the selected part of `text` a form, or takes it away if the part has it. At a caret the marks
/// are set around what is typed next. `None` if the selected part cannot have the form.
pub fn toggle(text: &str, selected: &Range<usize>, form: Form) -> Option<Change> {
    match form {
        Form::Bold => stars(text, selected, "**"),
        Form::Italic => stars(text, selected, "*"),
        Form::Struck => around(text, selected, "~~"),
        Form::Code if text.get(selected.clone())?.trim().contains('\n') => block(text, selected),
        Form::Code => around(text, selected, "`"),
        Form::Link => link(text, selected),
        Form::Quote => before_lines(text, selected, "> "),
        Form::List => before_lines(text, selected, "- "),
    }
}

/// Returns the selected part without the blanks at its ends: a mark beside a blank is none. Nothing
/// but blanks is no part; a caret is.
fn trimmed(text: &str, selected: &Range<usize>) -> Option<Range<usize>> {
    let chosen = text.get(selected.clone())?;
    if chosen.is_empty() {
        return Some(selected.clone());
    }
    let start = selected.start + (chosen.len() - chosen.trim_start().len());
    let chosen = chosen.trim();
    (!chosen.is_empty()).then(|| start..start + chosen.len())
}

/// Sets or removes stars, of which three are both forms in one.
fn stars(text: &str, selected: &Range<usize>, mark: &str) -> Option<Change> {
    let chosen = trimmed(text, selected)?;
    let star = |c: &char| *c == '*';
    let before = text.get(..chosen.start)?.chars().rev().take_while(star);
    let after = text.get(chosen.end..)?.chars().take_while(star);
    let around = before.count().min(after.count());
    let is_set = match mark {
        "*" => around % 2 == 1,
        _ => around >= 2,
    };
    marked(text, chosen, mark, is_set)
}

/// Sets or removes a mark on both sides.
fn around(text: &str, selected: &Range<usize>, mark: &str) -> Option<Change> {
    let chosen = trimmed(text, selected)?;
    let is_set =
        text.get(..chosen.start)?.ends_with(mark) && text.get(chosen.end..)?.starts_with(mark);
    marked(text, chosen, mark, is_set)
}

fn marked(text: &str, chosen: Range<usize>, mark: &str, is_set: bool) -> Option<Change> {
    let content = text.get(chosen.clone())?;
    let size = mark.len();
    if is_set {
        let part = chosen.start - size..chosen.end + size;
        return Some(Change {
            selected: part.start..part.start + content.len(),
            part,
            with: content.to_owned(),
        });
    }
    Some(Change {
        with: format!("{mark}{content}{mark}"),
        selected: chosen.start + size..chosen.end + size,
        part: chosen,
    })
}

/// Puts the selected lines into a block of code. Its fence is longer than any in the text.
fn block(text: &str, selected: &Range<usize>) -> Option<Change> {
    let part = lines_of(text, selected)?;
    let code = text.get(part.clone())?.trim_matches('\n');
    let longest = code.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let start = part.start + fence.len() + 1;
    Some(Change {
        with: format!("{fence}\n{code}\n{fence}"),
        selected: start..start + code.len(),
        part,
    })
}

/// Makes a link. What is selected is the label, unless it is an address; what is still to be written
/// is selected afterwards.
fn link(text: &str, selected: &Range<usize>) -> Option<Change> {
    let part = trimmed(text, selected)?;
    let chosen = text.get(part.clone())?;
    // A label has no line break, and the brackets in it would end it.
    if chosen.contains(['\n', '[', ']']) {
        return None;
    }
    let is_address = ["https://", "http://", "mailto:"]
        .iter()
        .any(|scheme| chosen.starts_with(scheme));
    let (with, selected) = if is_address || chosen.is_empty() {
        let chosen = if is_address { chosen } else { ADDRESS };
        (format!("[]({chosen})"), 1..1)
    } else {
        let address = chosen.len() + "[](".len();
        let with = format!("[{chosen}]({ADDRESS})");
        (with, address..address + ADDRESS.len())
    };
    Some(Change {
        selected: part.start + selected.start..part.start + selected.end,
        part,
        with,
    })
}

/// Sets or removes a mark before each line that the selection touches.
fn before_lines(text: &str, selected: &Range<usize>, mark: &str) -> Option<Change> {
    let part = lines_of(text, selected)?;
    let lines = text.get(part.clone())?;
    if lines.trim().is_empty() {
        return None;
    }
    let is_set = lines.lines().all(|line| line.starts_with(mark));
    let changed: Vec<String> = lines
        .split('\n')
        .map(|line| match line.strip_prefix(mark) {
            Some(bare) if is_set => bare.to_owned(),
            _ => format!("{mark}{line}"),
        })
        .collect();
    let with = changed.join("\n");
    Some(Change {
        selected: part.start..part.start + with.len(),
        part,
        with,
    })
}

/// Returns the lines that the selection touches, without the last line break.
fn lines_of(text: &str, selected: &Range<usize>) -> Option<Range<usize>> {
    let start = text.get(..selected.start)?.rfind('\n');
    let start = start.map_or(0, |at| at + 1);
    // A selection that ends behind a line break does not touch the next line.
    let chosen = text.get(selected.clone())?;
    let end = selected.end - usize::from(chosen.ends_with('\n'));
    let rest = text.get(end..)?.find('\n');
    Some(start.min(end)..rest.map_or(text.len(), |at| end + at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::hostile;

    /// Applies the change to `text`, in which `⟦` and `⟧` are around the selection.
    fn toggled(text: &str, form: Form) -> Option<String> {
        let start = text.find('⟦')?;
        let end = text.find('⟧')? - '⟦'.len_utf8();
        let mut text = text.replace(['⟦', '⟧'], "");
        let change = toggle(&text, &(start..end), form)?;
        text.replace_range(change.part, &change.with);
        text.insert(change.selected.end, '⟧');
        text.insert(change.selected.start, '⟦');
        Some(text)
    }

    #[test]
    fn a_mark_is_set_and_removed() {
        use Form::{Bold, Code, Italic, Struck};
        for (text, form, expected) in [
            ("a ⟦b⟧ c", Bold, "a **⟦b⟧** c"),
            ("a **⟦b⟧** c", Bold, "a ⟦b⟧ c"),
            ("a **⟦b⟧** c", Italic, "a ***⟦b⟧*** c"),
            ("a *⟦b⟧* c", Italic, "a ⟦b⟧ c"),
            ("a *⟦b⟧* c", Bold, "a ***⟦b⟧*** c"),
            ("a ***⟦b⟧*** c", Italic, "a **⟦b⟧** c"),
            ("a ***⟦b⟧*** c", Bold, "a *⟦b⟧* c"),
            ("a **⟦b⟧ c", Bold, "a ****⟦b⟧** c"),
            ("⟦ größe ⟧", Bold, " **⟦größe⟧** "),
            ("⟦a\nb⟧", Italic, "*⟦a\nb⟧*"),
            ("a ⟦b⟧", Struck, "a ~~⟦b⟧~~"),
            ("a ~~⟦b⟧~~", Struck, "a ⟦b⟧"),
            ("⟦a b⟧", Code, "`⟦a b⟧`"),
            ("`⟦a b⟧`", Code, "⟦a b⟧"),
        ] {
            assert_eq!(toggled(text, form).as_deref(), Some(expected), "{text}");
        }
        assert_eq!(toggled("a⟦⟧b", Italic).as_deref(), Some("a*⟦⟧*b"));
        assert_eq!(toggled("a **⟦⟧**", Bold).as_deref(), Some("a ⟦⟧"));
        assert_eq!(toggled("a⟦ ⟧b", Struck), None);
    }

    #[test]
    fn several_lines_of_code_become_a_block() {
        for (text, expected) in [
            ("⟦let a;\nlet b;⟧", "```\n⟦let a;\nlet b;⟧\n```"),
            ("x\nle⟦t a;\nlet⟧ b;\ny", "x\n```\n⟦let a;\nlet b;⟧\n```\ny"),
            ("⟦a\n```\nb⟧", "````\n⟦a\n```\nb⟧\n````"),
        ] {
            assert_eq!(
                toggled(text, Form::Code).as_deref(),
                Some(expected),
                "{text}"
            );
        }
    }

    #[test]
    fn lines_are_quoted_and_listed() {
        for (text, form, expected) in [
            ("a⟦b\nc⟧d", Form::Quote, "⟦> ab\n> cd⟧"),
            ("⟦> ab\n> cd⟧", Form::Quote, "⟦ab\ncd⟧"),
            ("x\n⟦a\n⟧y", Form::List, "x\n⟦- a⟧\ny"),
            ("a⟦⟧", Form::List, "⟦- a⟧"),
            ("⟦- a\nb⟧", Form::List, "⟦- - a\n- b⟧"),
        ] {
            assert_eq!(toggled(text, form).as_deref(), Some(expected), "{text}");
        }
        assert_eq!(toggled("⟦⟧", Form::Quote), None);
        assert_eq!(toggled("⟦\n⟧", Form::Quote), None);
    }

    #[test]
    fn a_link_asks_for_what_is_not_there_yet() {
        for (text, expected) in [
            ("see ⟦this⟧", "see [this](⟦https://⟧)"),
            ("⟦https://a.example⟧", "[⟦⟧](https://a.example)"),
        ] {
            assert_eq!(
                toggled(text, Form::Link).as_deref(),
                Some(expected),
                "{text}"
            );
        }
        assert_eq!(toggled("⟦a]b⟧", Form::Link), None);
        let empty = toggled("⟦⟧", Form::Link);
        assert_eq!(empty.as_deref(), Some("[⟦⟧](https://)"));
    }

    #[test]
    fn no_selection_of_a_hostile_text_does_harm() {
        let forms = [
            Form::Bold,
            Form::Italic,
            Form::Struck,
            Form::Code,
            Form::Link,
            Form::Quote,
            Form::List,
        ];
        for (_, text) in hostile::texts() {
            let short: String = text.chars().take(40).collect();
            let places: Vec<usize> = (0..=short.len() + 1).collect();
            for (start, end) in places
                .iter()
                .flat_map(|s| places.iter().map(move |e| (*s, *e)))
            {
                for form in forms {
                    if let Some(change) = toggle(&short, &(start..end), form) {
                        let mut changed = short.clone();
                        changed.replace_range(change.part, &change.with);
                        assert!(changed.get(change.selected).is_some(), "{short:?}");
                    }
                }
            }
        }
    }
}
