//! A room's log as rows of a terminal: the rows for a given width, and the ones that are visible
//! from a given position. Knows nothing of the screen.

use std::ops::Range;

use client::log::Message;
use client::markup;
use client::outbox::{DeliveryState, Outgoing, Writing};
use client::room::Room;
use client::timeline::{self, Item};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use shared::chat::{Author, Seq};

use super::said::Said;
use super::style::Look;
use super::zone::Zone;
use crate::printable;

/// The number that stands for the rows after the last message.
const TAIL: Seq = Seq::MAX;

/// The blanks before the text of a message. A name is never indented, so no text can imitate the
/// head of a message.
const INDENT: &str = "  ";

/// The starts of the rows that no person writes: a quote, the reactions, a deletion, a delivery
/// state. Their sign stands in the second column, which the indent keeps texts out of, behind a
/// blank, with which no name begins: neither a text nor a name can imitate such a row.
const QUOTE: &str = " ↳ ";
const REACTIONS: &str = " + ";
const DELETED: &str = " × ";
const DELIVERY: &str = " … ";

/// The longest piece of a message that is quoted, in characters.
const QUOTE_CHARACTERS: usize = 60;

/// A position in a log: the lowest visible row. It names a message and not a row number, so that it
/// stays valid when messages arrive or the width changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Anchor {
    /// The message that the row belongs to.
    pub(crate) seq: Seq,
    /// The number of the message's rows below this one.
    pub(crate) below: usize,
}

/// A row of the log on the screen.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) line: Line<'static>,
    /// The message that the row belongs to.
    pub(crate) of: Seq,
    /// The number of the same message's rows below this one.
    below: usize,
}

impl Row {
    fn anchor(&self) -> Anchor {
        Anchor {
            seq: self.of,
            below: self.below,
        }
    }
}

/// A log, and the way to show it.
pub(crate) struct Log<'a> {
    pub(crate) room: &'a Room,
    pub(crate) outgoing: &'a [&'a Outgoing],
    pub(crate) me: Option<&'a Author>,
    /// The picked message.
    pub(crate) picked: Option<Seq>,
    pub(crate) width: u16,
    pub(crate) look: Look,
    pub(crate) zone: &'a Zone,
}

impl Log<'_> {
    /// Returns at most `height` rows, of which the last one is at `place`; at the end without one.
    pub(crate) fn seen(&self, place: Option<Anchor>, height: usize) -> Vec<Row> {
        let mut rows = self.around(place, height, 0);
        let end = Self::position(&rows, place);
        rows.truncate(end + 1);
        let surplus = rows.len().saturating_sub(height);
        rows.drain(..surplus);
        rows
    }

    /// Returns the position `rows` further up, as far as there are rows above those of the screen.
    pub(crate) fn up(&self, place: Option<Anchor>, rows: usize, height: usize) -> Option<Anchor> {
        let all = self.around(place, height + rows, 0);
        let end = Self::position(&all, place);
        // The uppermost row stays on the screen's first line.
        let lowest = (height.saturating_sub(1)).min(end);
        let to = end.saturating_sub(rows).max(lowest);
        if to == end {
            return place;
        }
        all.get(to).map(Row::anchor)
    }

    /// Returns the position `rows` further down; `None` at the end.
    pub(crate) fn down(&self, place: Option<Anchor>, rows: usize) -> Option<Anchor> {
        place?;
        let all = self.around(place, 0, rows + 1);
        let to = Self::position(&all, place) + rows;
        all.get(to).filter(|_| to + 1 < all.len()).map(Row::anchor)
    }

    /// Returns the index of a position among rows; for a message that no longer exists, the end.
    fn position(rows: &[Row], place: Option<Anchor>) -> usize {
        let last = rows.len().saturating_sub(1);
        place.map_or(last, |place| {
            let of = rows.iter().rposition(|row| row.of == place.seq);
            // In a wider space the message may have fewer rows.
            of.map_or(last, |end| end.saturating_sub(place.below))
        })
    }

    /// Returns all rows of the messages around a position. Only those that can be needed are made,
    /// because a log can be long; each message has at least one row, so `above` and `below`
    /// messages are enough.
    fn around(&self, place: Option<Anchor>, above: usize, below: usize) -> Vec<Row> {
        let messages = self.room.log.messages();
        let at = place.and_then(|place| {
            let found = messages.binary_search_by_key(&place.seq, |message| message.seq);
            found.ok()
        });
        // One message more above, so that the first visible one knows the message before it.
        let end = at.map_or(messages.len(), |at| (at + 1 + below).min(messages.len()));
        let start = at.unwrap_or(end).saturating_sub(above + 1);
        self.rows(start..end)
    }

    fn rows(&self, shown: Range<usize>) -> Vec<Row> {
        let to_end = shown.end == self.room.log.messages().len();
        let mut rows = Vec::new();
        // The lines before a message (a day, a notice) belong to it.
        let mut waiting = Vec::new();
        if shown.start == 0 && !self.room.has_older() {
            let title = printable::line(self.room.label(false).as_bytes());
            let text = match (self.room.keep.is_forever(), self.room.gone) {
                (true, 0) => format!("This is the beginning of {title}."),
                (true, _) => "What was said before is gone.".to_owned(),
                (false, _) => format!("The server keeps {} of {title}.", self.room.keep),
            };
            waiting.extend(self.wrapped(&text, "", "", Look::dim()));
        }
        let items = timeline::items(self.room, shown, |at| self.zone.day_number(at));
        for item in items {
            match item {
                Item::Day { at } => waiting.push(self.rule(&self.zone.day(at), Look::dim())),
                Item::New => waiting.push(self.rule("new", self.look.meant())),
                Item::Notice(notice) => {
                    let text = printable::line(notice.text.as_bytes());
                    waiting.extend(self.wrapped(&text, "· ", INDENT, Look::dim()));
                }
                Item::Message { message, head } => {
                    self.message(&message, head, &mut waiting);
                    finish(&mut rows, &mut waiting, message.seq);
                }
            }
        }
        if to_end {
            for line in self.outgoing {
                self.outgoing(line, &mut waiting);
            }
            finish(&mut rows, &mut waiting, TAIL);
        }
        rows
    }

    fn message(&self, message: &Message, head: bool, lines: &mut Vec<Line<'static>>) {
        let start = lines.len();
        if head {
            let look = self.look;
            lines.push(Line::from(vec![
                Span::styled(
                    printable::line(message.from.name.as_str().as_bytes()),
                    look.person(message.from.id),
                ),
                Span::styled(format!(" {}", message.from.id.0.short()), Look::dim()),
                Span::styled(format!("  {}", self.zone.time(message.at)), Look::dim()),
            ]));
        }
        if let Some(answered) = message.reply_to {
            lines.push(self.quote(answered));
        }
        match &message.text {
            Some(text) => {
                self.said(text, lines);
                if message.edited
                    && let Some(last) = lines.last_mut()
                {
                    last.push_span(Span::styled(" (edited)", Look::dim()));
                }
            }
            None => lines.push(Line::styled(format!("{DELETED}(deleted)"), Look::dim())),
        }
        if !message.reactions.is_empty() {
            let reactions = message.reactions.iter().map(|reaction| {
                let emoji = printable::line(reaction.emoji.as_str().as_bytes());
                format!("{emoji} {}", reaction.by.len())
            });
            let text = reactions.collect::<Vec<_>>().join("  ");
            lines.push(Line::styled(format!("{REACTIONS}{text}"), Look::dim()));
        }
        if self.picked == Some(message.seq) {
            for line in &mut lines[start..] {
                *line = std::mem::take(line).patch_style(Look::chosen());
            }
        }
    }

    /// Adds the rows of an entry of the outbox, with its delivery state.
    fn outgoing(&self, line: &Outgoing, lines: &mut Vec<Line<'static>>) {
        let (state, style) = match &line.state {
            DeliveryState::Queued => ("waits".to_owned(), self.look.warning()),
            DeliveryState::Sent => ("sending".to_owned(), Look::dim()),
            DeliveryState::Acked(_) => ("sent".to_owned(), Look::dim()),
            DeliveryState::Refused(why) => (
                format!(
                    "not sent: {} (/resend, /drop)",
                    printable::line(why.as_bytes())
                ),
                self.look.error(),
            ),
        };
        match &line.what {
            Writing::Say { text, .. } => self.said(text.as_str(), lines),
            Writing::Edit { of, text } => {
                lines.push(self.quote(*of));
                self.said(text.as_str(), lines);
            }
            Writing::Delete { of } => lines.push(self.quote(*of)),
            Writing::React { of, emoji, .. } => {
                lines.push(self.quote(*of));
                self.said(emoji.as_str(), lines);
            }
        }
        lines.extend(self.wrapped(&state, DELIVERY, INDENT, style));
    }

    fn said(&self, text: &str, lines: &mut Vec<Line<'static>>) {
        let said = Said {
            width: usize::from(self.width),
            look: self.look,
            me: self.me.map_or("", |me| me.name.as_str()),
        };
        lines.extend(said.rows(text, INDENT));
    }

    fn quote(&self, of: Seq) -> Line<'static> {
        let text = match self.room.log.message(of) {
            Some(message) => {
                let whole = message.text.as_deref().unwrap_or("(deleted)");
                let first = markup::first_line(whole);
                let mut piece: String = first.chars().take(QUOTE_CHARACTERS).collect();
                if piece.len() < first.len() || whole.trim().contains('\n') {
                    piece.push('…');
                }
                format!("{}: {piece}", message.from.name)
            }
            None => format!("message {of}"),
        };
        // Filtered last, because the cut can leave half a cluster at the end.
        let text = printable::line(format!("{QUOTE}{text}").as_bytes());
        Line::styled(text, Look::dim())
    }

    fn wrapped(&self, text: &str, first: &str, others: &str, style: Style) -> Vec<Line<'static>> {
        printable::wrap(text, usize::from(self.width), first, others)
            .into_iter()
            .map(|row| Line::styled(row, style))
            .collect()
    }

    fn rule(&self, text: &str, style: Style) -> Line<'static> {
        let width = usize::from(self.width);
        Line::styled(format!("{:─^width$}", format!(" {text} ")), style)
    }
}

fn finish(rows: &mut Vec<Row>, lines: &mut Vec<Line<'static>>, of: Seq) {
    let length = lines.len();
    rows.extend(lines.drain(..).enumerate().map(|(place, line)| Row {
        line,
        of,
        below: length - 1 - place,
    }));
}

#[cfg(test)]
mod tests {
    use super::*;
    use client::testing::{author, says};

    struct Fixture {
        room: Room,
        me: Author,
        zone: Zone,
    }

    impl Fixture {
        fn new(messages: u64) -> Self {
            let mut room = Room::new(shared::chat::RoomName::lobby().into());
            for seq in 1..=messages {
                let text = format!("{seq} {}", "word ".repeat(10));
                room.log.append(says(seq, "ada", text.trim_end())).unwrap();
            }
            let me = author("bob");
            let zone = Zone::system();
            Self { room, me, zone }
        }

        fn log(&self, width: u16) -> Log<'_> {
            Log {
                room: &self.room,
                outgoing: &[],
                me: Some(&self.me),
                picked: None,
                width,
                look: Look::plain(),
                zone: &self.zone,
            }
        }
    }

    fn texts(rows: &[Row]) -> Vec<String> {
        rows.iter().map(|row| row.line.to_string()).collect()
    }

    #[test]
    fn what_is_seen_from_anywhere_is_a_piece_of_the_whole() {
        let fixture = Fixture::new(40);
        let log = fixture.log(30);
        let all = texts(&log.seen(None, usize::MAX / 2));
        assert!(all.len() > 80, "the texts take more than a row");
        assert!(all[0].starts_with("This is the beginning"));
        let height = 7;
        let mut place = None;
        let mut from_end = 0;
        for step in [1, 3, 5, 20, 1, 200] {
            place = log.up(place, step, height);
            from_end = (from_end + step).min(all.len() - height);
            let end = all.len() - from_end;
            let seen = texts(&log.seen(place, height));
            assert_eq!(seen, all[end - height..end], "{from_end} rows up");
        }
        for step in [2, 4, 9, 1] {
            place = log.down(place, step);
            from_end -= step;
            let end = all.len() - from_end;
            assert_eq!(texts(&log.seen(place, height)), all[end - height..end]);
        }
        assert_eq!(log.down(place, 500), None);
    }

    #[test]
    fn a_place_stays_when_something_new_comes_or_the_space_changes() {
        let mut fixture = Fixture::new(30);
        let place = fixture.log(30).up(None, 20, 5);
        let before = texts(&fixture.log(30).seen(place, 5));
        fixture.room.log.append(says(31, "ada", "new")).unwrap();
        assert_eq!(texts(&fixture.log(30).seen(place, 5)), before);
        assert_eq!(fixture.log(200).seen(place, 5).len(), 5);
        let gone = Some(Anchor { seq: 99, below: 3 });
        assert!(
            texts(&fixture.log(30).seen(gone, 5))
                .concat()
                .contains("new")
        );
    }

    #[test]
    fn nothing_in_a_text_reaches_the_terminal_or_fakes_another_message() {
        let mut fixture = Fixture::new(0);
        let text = "one\neve ffffffff  12:00\n\u{202e}evil";
        fixture.room.log.append(says(1, "ada", text)).unwrap();
        let rows = texts(&fixture.log(40).seen(None, 20));
        let said: Vec<_> = rows.iter().filter(|row| row.starts_with(INDENT)).collect();
        assert_eq!(said, ["  one", "  eve ffffffff  12:00", "  \u{fffd}evil"]);
    }

    // The attack: a text that begins with `↳ bob: …` differed from a real quote only by dimness.
    #[test]
    fn no_row_of_a_text_can_pass_for_a_quote_or_another_row_of_the_program() {
        use client::testing::entry;
        use shared::chat::{Event, Text};

        let mut fixture = Fixture::new(0);
        let signs = [QUOTE, REACTIONS, DELETED, DELIVERY];
        let forged = signs.map(|sign| format!("{}bob: I pay\n{sign}bob", sign.trim()));
        let forged = forged.join("\n");
        fixture.room.log.append(says(1, "eve", &forged)).unwrap();
        let is_own = |row: &String| signs.iter().any(|sign| row.starts_with(sign));
        for width in [8, 20, 80] {
            let rows = texts(&fixture.log(width).seen(None, 200));
            assert!(!rows.iter().any(is_own), "{rows:?}");
        }
        let reply = Event::Message {
            text: Some(Text::parse("so be it").unwrap()),
            reply_to: Some(1),
        };
        fixture.room.log.append(entry(2, "bob", reply)).unwrap();
        fixture.room.log.append(says(3, "bob", "oh")).unwrap();
        let deletion = Event::Deleted { of: 3 };
        fixture.room.log.append(entry(4, "bob", deletion)).unwrap();
        let rows = texts(&fixture.log(80).seen(None, 200));
        let own: Vec<_> = rows.into_iter().filter(is_own).collect();
        assert_eq!(own, [" ↳ eve: ↳bob: I pay…", " × (deleted)"]);
    }

    #[test]
    fn a_message_that_speaks_to_us_and_one_that_is_picked_stand_out() {
        let mut fixture = Fixture::new(0);
        for (seq, text) in [(1, "hi @bob"), (2, "hi @bobby")] {
            fixture.room.log.append(says(seq, "ada", text)).unwrap();
        }
        let mut log = fixture.log(40);
        log.picked = Some(2);
        let rows = log.seen(None, 20);
        let find = |text: &str| {
            rows.iter()
                .find(|row| row.line.to_string() == text)
                .unwrap()
        };
        let meant = find("  hi @bob").line.spans.last().unwrap();
        assert_eq!((&*meant.content, meant.style), ("@bob", log.look.meant()));
        assert_eq!(find("  hi @bobby").line.style, Look::chosen());
    }
}
