//! The only way by which text of other people reaches a terminal. Text that went through this
//! module cannot move the cursor, change colours, turn a line around, hide characters, or pad a
//! line with blanks until it looks like somebody else's.

use std::sync::LazyLock;

use icu_properties::props::{
    CanonicalCombiningClass, DefaultIgnorableCodePoint, EmojiPresentation, ExtendedPictographic,
    GeneralCategory, JoiningType,
};
use icu_properties::{CodePointMapData, CodePointSetData};
use shared::chat::visible::BLANK_GLYPHS;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The stand-in for a character that could act on a terminal, or that has no assigned meaning.
const UNPRINTABLE: char = '\u{fffd}';

/// The stand-in for a character that takes up space but shows nothing.
const HIDDEN: char = '·';

/// The base for a combining mark that has none of its own (Unicode 16, §7.9).
const DOTTED_CIRCLE: char = '\u{25cc}';

/// The most combining marks on one base. Vietnamese and polytonic Greek need three; towers of marks
/// ("Zalgo") paint over the rows above and below.
const MAX_MARKS: u8 = 4;

/// The blanks before every row of a message but its first, in line mode. A name never starts with a
/// blank, so a row with this indent cannot be taken for the beginning of a message.
const INDENT: &str = "    ";

/// The fewest columns that text is wrapped to: nothing can be read in a narrower terminal anyway.
const MIN_COLUMNS: usize = 8;

/// Returns `text` on one line. Control characters become their pictures (`␊`, `␛`), characters that
/// could act on a terminal become `�`, and characters that cannot be seen become `·`.
pub(crate) fn line(text: &[u8]) -> String {
    filtered(&String::from_utf8_lossy(text))
}

/// Returns `text` on one line for an output that is no terminal. Characters that only mislead the
/// eye stay, because the reader may be a program that needs them.
pub(crate) fn piped(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    // A pipe often ends in a terminal after all (`| less -R`, `| tail`), so escape sequences are
    // defused here too.
    text.chars().map(|c| control(c).unwrap_or(c)).collect()
}

/// Returns `text` in rows of at most `columns`. The text's own line ends are kept, and every row
/// but the first is indented: a terminal that wrapped by itself would begin the next row at column
/// 0, where padding could put a line that looks like somebody else's.
pub(crate) fn paragraph(text: &[u8], columns: usize) -> String {
    let text = String::from_utf8_lossy(text);
    let mut rows = Vec::new();
    for part in text.trim_end_matches(['\r', '\n']).split('\n') {
        let first = if rows.is_empty() { "" } else { INDENT };
        rows.extend(wrap(&filtered(part), columns, first, INDENT));
    }
    rows.join("\n")
}

/// Returns printable text, which may have several lines, in rows of at most `columns`. The rows of
/// a line but its first are indented as in [`paragraph`].
pub(crate) fn rows(text: &str, columns: usize) -> String {
    let lines = text.split('\n');
    let rows = lines.flat_map(|line| wrap(line, columns, "", INDENT));
    rows.collect::<Vec<_>>().join("\n")
}

/// Breaks printable text into rows of at most `columns`, at blanks where there are any. The first
/// row begins with `first`, all others with `rest`.
pub(crate) fn wrap(text: &str, columns: usize, first: &str, rest: &str) -> Vec<String> {
    let columns = columns.max(MIN_COLUMNS);
    let mut rows = Vec::new();
    let mut row = first.to_owned();
    let mut used = width(first);
    // Byte positions in `row`: where the text begins, and where it can be broken (behind the last
    // blank).
    let mut start = row.len();
    let mut blank = None;
    // A cluster that fits into no row (a family of many people) is taken apart; otherwise it would
    // make a row wider than the terminal, which would then wrap it to column 0.
    let room = columns - width(first).max(width(rest)).min(columns);
    let pieces = text.graphemes(true).flat_map(|cluster| {
        let whole = width(cluster) <= room;
        let parts = if whole { "" } else { cluster };
        let parts = parts.split("").filter(|part| !part.is_empty());
        whole.then_some(cluster).into_iter().chain(parts)
    });
    for cluster in pieces {
        let wide = width(cluster);
        if used + wide > columns && row.len() > start {
            if cluster == " " {
                // The row's end stands for this blank. Further blanks are dropped below.
                rows.push(std::mem::replace(&mut row, rest.to_owned()));
                used = width(rest);
                start = row.len();
                blank = None;
                continue;
            }
            let carried = blank.map_or_else(String::new, |at| row.split_off(at));
            row.truncate(start.max(row.trim_end_matches(' ').len()));
            rows.push(std::mem::replace(&mut row, rest.to_owned()));
            start = row.len();
            row.push_str(&carried);
            used = width(rest) + width(&carried);
            blank = None;
            if used + wide > columns && !carried.is_empty() {
                rows.push(std::mem::replace(&mut row, rest.to_owned()));
                used = width(rest);
                start = row.len();
            }
        }
        // Otherwise padding that was broken here would go on in the next row.
        if cluster == " " && row.len() == start && !rows.is_empty() {
            continue;
        }
        row.push_str(cluster);
        used += wide;
        if cluster == " " {
            blank = Some(row.len());
        }
    }
    rows.push(row);
    rows
}

/// Returns the columns that `text` takes at most. Terminals disagree about joined emoji: some draw
/// one picture, others draw the parts beside each other, so the larger number counts.
pub(crate) fn width(text: &str) -> usize {
    let clusters = text.graphemes(true).map(|cluster| {
        let parts = cluster.chars().map(|c| c.width().unwrap_or(0)).sum();
        cluster.width().max(parts)
    });
    clusters.sum()
}

/// Returns the stand-in of `c` if it is a character that could act on a terminal.
fn control(c: char) -> Option<char> {
    match c {
        '\t' => Some(' '),
        // Unicode has a picture for each of the C0 controls, and one for DEL.
        '\0'..='\u{1f}' => Some(char::from_u32(0x2400 + c as u32).unwrap_or(UNPRINTABLE)),
        '\u{7f}' => Some('\u{2421}'),
        // C1 controls (U+009B alone begins an escape sequence), line and paragraph separators, and
        // the overrides of the writing direction, which could show a line backwards.
        '\u{80}'..='\u{9f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            Some(UNPRINTABLE)
        }
        _ => None,
    }
}

/// The Unicode tables that the filter looks characters up in.
struct Tables {
    category: icu_properties::CodePointMapDataBorrowed<'static, GeneralCategory>,
    combining: icu_properties::CodePointMapDataBorrowed<'static, CanonicalCombiningClass>,
    joining: icu_properties::CodePointMapDataBorrowed<'static, JoiningType>,
    ignorable: icu_properties::CodePointSetDataBorrowed<'static>,
    pictographic: icu_properties::CodePointSetDataBorrowed<'static>,
    emoji: icu_properties::CodePointSetDataBorrowed<'static>,
}

static TABLES: LazyLock<Tables> = LazyLock::new(|| Tables {
    category: CodePointMapData::<GeneralCategory>::new(),
    combining: CodePointMapData::<CanonicalCombiningClass>::new(),
    joining: CodePointMapData::<JoiningType>::new(),
    ignorable: CodePointSetData::new::<DefaultIgnorableCodePoint>(),
    pictographic: CodePointSetData::new::<ExtendedPictographic>(),
    emoji: CodePointSetData::new::<EmojiPresentation>(),
});

fn filtered(text: &str) -> String {
    let tables = &*TABLES;
    let mut shown = String::with_capacity(text.len());
    // The number of marks on the present base; `None` before the first base.
    let mut marks = None;
    let mut before: Option<char> = None;
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        // `shown` holds what was let through so far: a joiner is judged by the neighbours that the
        // reader sees, not by those that were replaced.
        let harmless = control(c).or_else(|| {
            let joins = tables.joins(&shown, before, c, rest.as_str());
            (!joins).then(|| tables.stand_in(c)).flatten()
        });
        let c_shown = harmless.unwrap_or(c);
        if harmless.is_none() && tables.is_attached(c) {
            let count = marks.unwrap_or_else(|| {
                shown.push(DOTTED_CIRCLE);
                0
            });
            if count < MAX_MARKS {
                shown.push(c);
            } else if count == MAX_MARKS {
                // One stand-in for all marks that are left out: a tower of stand-ins would be as
                // long as the tower.
                shown.push(HIDDEN);
            }
            marks = Some((count + 1).min(MAX_MARKS + 1));
        } else {
            shown.push(c_shown);
            marks = Some(0);
        }
        before = Some(c_shown);
    }
    shown
}

impl Tables {
    /// Returns the stand-in of `c` if it is a character that is invisible or has no meaning.
    fn stand_in(&self, c: char) -> Option<char> {
        use GeneralCategory as Category;
        if c == ' ' {
            return None;
        }
        if self.ignorable.contains(c) || BLANK_GLYPHS.contains(&c) {
            return Some(HIDDEN);
        }
        match self.category.get(c) {
            Category::SpaceSeparator => Some(HIDDEN),
            Category::Control
            | Category::Format
            | Category::LineSeparator
            | Category::ParagraphSeparator
            | Category::PrivateUse
            | Category::Surrogate
            | Category::Unassigned => Some(UNPRINTABLE),
            _ => None,
        }
    }

    /// Returns `true` for characters that take no column of their own: marks, and the inner letters
    /// of a Hangul syllable.
    fn is_attached(&self, c: char) -> bool {
        use GeneralCategory as Category;
        let category = self.category.get(c);
        matches!(
            category,
            Category::NonspacingMark | Category::EnclosingMark | Category::SpacingMark
        ) || c.width() == Some(0)
    }

    /// Returns `true` for an invisible character that has a visible effect where it stands: a
    /// joiner within an emoji, or where RFC 5892 (appendix A.1 and A.2) lets a label have one; a
    /// variation selector that makes a symbol an emoji.
    fn joins(&self, shown: &str, before: Option<char>, c: char, rest: &str) -> bool {
        const NON_JOINER: char = '\u{200c}';
        const JOINER: char = '\u{200d}';
        const EMOJI_STYLE: char = '\u{fe0f}';
        // Everywhere else these characters make two texts differ that look the same.
        let Some(before) = before else {
            return false;
        };
        let next = rest.chars().next();
        match c {
            EMOJI_STYLE => self.pictographic.contains(before) && !self.emoji.contains(before),
            JOINER | NON_JOINER => {
                let picture = |c: char| self.pictographic.contains(c) && !c.is_ascii();
                // A skin tone is no picture of its own but a part of the one before it.
                let ends_picture =
                    before == EMOJI_STYLE || picture(before) || self.emoji.contains(before);
                if c == JOINER && ends_picture && next.is_some_and(picture) {
                    return true;
                }
                if self.combining.get(before) == CanonicalCombiningClass::Virama {
                    return next.is_some_and(|next| self.is_letter_like(next));
                }
                let transparent = |c: &char| self.joining.get(*c) == JoiningType::Transparent;
                let left = shown.chars().rev().find(|c| !transparent(c));
                let right = rest.chars().find(|c| !transparent(c));
                let joins_left = left.is_some_and(|c| {
                    let kind = self.joining.get(c);
                    kind == JoiningType::LeftJoining || kind == JoiningType::DualJoining
                });
                let joins_right = right.is_some_and(|c| {
                    let kind = self.joining.get(c);
                    kind == JoiningType::RightJoining || kind == JoiningType::DualJoining
                });
                joins_left && joins_right
            }
            _ => false,
        }
    }

    fn is_letter_like(&self, c: char) -> bool {
        c.is_alphanumeric() && !self.ignorable.contains(c)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_escapes_become_pictures() {
        assert_eq!(line(b"\x1b[2J\x1b]0;title\x07"), "␛[2J␛]0;title␇");
        assert_eq!(line("a\u{9b}2Jb\u{7f}".as_bytes()), "a\u{fffd}2Jb␡");
        assert_eq!(line(b"one\r\ntwo\tthree"), "one␍␊two three");
    }

    #[test]
    fn text_stays_as_it_is() {
        for text in [
            "",
            "plain",
            "größer 🦀 שלום",
            "C:\\new",
            "❤️ 👩‍👩‍👧‍👦 👍🏽 👩🏽‍💻 🏳️‍🌈 🇩🇪",
            "می‌خواهم", // Persian, with a non-joiner between the parts of two verbs.
            "क्‍ष श्री తెలుగు தமிழ்", // Indic, with a joiner behind a virama.
            "Tiếng Việt e\u{302}\u{301}",
            "日本語 한국어",
        ] {
            assert_eq!(line(text.as_bytes()), text);
        }
        assert_eq!(line(b"\xff\xfe"), "\u{fffd}\u{fffd}");
    }

    #[test]
    fn no_character_that_cannot_be_seen_reaches_a_terminal() {
        let tables = &*TABLES;
        for c in '\0'..=char::MAX {
            let shown = line(format!("a{c}b").as_bytes());
            for c in shown.chars() {
                assert!(
                    c == ' ' || tables.stand_in(c).is_none(),
                    "{c:?} of {shown:?}"
                );
                assert!(control(c).is_none(), "{c:?}");
            }
            // Alone, or at the start or end of a text, nothing joins: the character must be visible
            // by itself.
            let alone = line(c.to_string().as_bytes());
            assert!(width(&alone) > 0, "{c:?} takes no column: {alone:?}");
        }
    }

    #[test]
    fn padding_with_blank_looking_characters_is_seen() {
        for blank in "\u{3164}\u{ffa0}\u{115f}\u{1160}\u{ad}\u{2800}\u{a0}\u{3000}\u{200b}\u{2060}\u{fe0f}\u{e0020}\u{180e}\u{61c}\u{34f}\u{200d}\u{200c}\u{17b4}\u{e0100}".chars() {
            let text = format!("hi{}eve: forged", blank.to_string().repeat(69));
            let shown = line(text.as_bytes());
            assert!(!shown.contains(blank), "{blank:?}");
            assert!(shown.contains(&"·".repeat(69)), "{blank:?}: {shown}");
        }
    }

    #[test]
    fn a_tower_of_marks_is_cut_down_and_a_mark_without_a_base_gets_one() {
        let tower = format!("e{}x", "\u{301}".repeat(50));
        assert_eq!(
            line(tower.as_bytes()),
            format!("e{}·x", "\u{301}".repeat(4))
        );
        assert_eq!(line("\u{301}a".as_bytes()), "\u{25cc}\u{301}a");
    }

    #[test]
    fn text_for_a_pipe_loses_only_what_works_on_a_terminal() {
        assert_eq!(piped("a\u{a0}b\u{ad}c".as_bytes()), "a\u{a0}b\u{ad}c");
        assert_eq!(piped("\u{1b}[2J\u{202e}".as_bytes()), "␛[2J\u{fffd}");
    }

    /// Checks the rows of any text: each but the first is indented, none is too wide, and none has
    /// a character that a terminal acts on.
    fn check(text: &str, columns: usize) {
        let shown = paragraph(format!("eve: {text}").as_bytes(), columns);
        for (number, row) in shown.split('\n').enumerate() {
            if number == 0 {
                assert!(row.starts_with("eve:"), "{row:?}");
            } else {
                assert!(row.starts_with(INDENT), "{row:?} of {text:?}");
            }
            assert!(width(row) <= columns, "{row:?} in {columns}");
            assert!(!row.contains(char::is_control), "{row:?}");
        }
    }

    #[test]
    fn no_row_of_a_message_can_pass_for_another_message() {
        assert_eq!(
            paragraph(b"anna: one\nbert: two\n", 80),
            "anna: one\n    bert: two"
        );
        assert_eq!(paragraph(b"one\rtwo", 80), "one␍two");
        // The attack: a forger pads until the terminal's own wrapping would put the name at column
        // 0.
        let blanks = [
            " ",
            "\u{3000}",
            "\u{3164}",
            "🦀",
            "x",
            "漢",
            "❤️",
            "\n",
            "\r",
            "\u{a0}",
            "👩‍👧",
            "e\u{301}",
        ];
        let mut seed = 1_u32;
        for columns in [8, 20, 40, 80, 81] {
            for pad in blanks {
                for count in [1, columns - 6, columns - 5, columns - 4, 2 * columns, 300] {
                    check(&format!("{}bert: forged", pad.repeat(count)), columns);
                    check(&format!("hi {}bert: forged", pad.repeat(count)), columns);
                }
            }
            for _ in 0..300 {
                let mut text = String::new();
                for _ in 0..60 {
                    // A linear congruential generator: any text will do, as long as a failure can
                    // be repeated.
                    seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    let pick = (seed >> 16) as usize;
                    if pick.is_multiple_of(3) {
                        text.push(char::from_u32(seed >> 11).unwrap_or('\u{e000}'));
                    } else {
                        text.push_str(blanks[pick % blanks.len()]);
                    }
                    if pick.is_multiple_of(17) {
                        text.push_str("bert: ");
                    }
                }
                check(&text, columns);
            }
        }
    }

    #[test]
    fn rows_break_at_blanks_and_long_words_anywhere() {
        assert_eq!(wrap("one two three", 9, "", "  "), ["one two", "  three"]);
        assert_eq!(wrap("abcdefghij", 8, "- ", "  "), ["- abcdef", "  ghij"]);
        assert_eq!(wrap("漢字漢字漢字", 8, "", "  "), ["漢字漢字", "  漢字"]);
        assert_eq!(wrap("", 8, "> ", "  "), ["> "]);
        assert_eq!(wrap("exactly8 more", 8, "", ""), ["exactly8", "more"]);
    }
}
