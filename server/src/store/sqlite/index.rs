//! The index of words: which messages have which tokens. Edits and deletions note what they change
//! ([`word_changes`]) in their own transaction.
//!
//! New messages it gets many at a time, when nothing else is to be written: FTS5 writes a segment
//! for every transaction and merges them again, which message by message took as long as everything
//! else that is done to store one. `rooms.indexed` is the number up to which the index has a room's
//! messages, so that a crash leaves none out. A search first asks the writer for the rest, and finds
//! what was acked.
//!
//! It has the tokens of [`shared::chat::search`] and not the texts, and only narrows a search down:
//! a text is looked at before it counts as found. Tokens that are taken out must be given again, so
//! that nothing of them is left on the disk: a table of FTS5 that needs only a message's place for
//! it (`contentless_delete`) keeps them until a merge happens to drop them.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OptionalExtension};
use shared::chat::search::{self, Pattern, Token};
use shared::chat::{Entry, Event, Seq};

use super::rows::{SEQ_MAX, number, place};
use super::word_changes::{self, Made, PIECE_TOKENS, Waiting};

/// The version of the index's form: of its table, and of how tokens are written into it.
const FORM: u32 = 4;

/// Most messages, and most bytes of their texts, that the index is behind: a search waits a tenth
/// of a second for so many.
const BEHIND_MESSAGES: usize = 20_000;
const BEHIND_BYTES: usize = 8 * 1024 * 1024;

/// Most messages that are indexed in one transaction, and the time after which it takes no more:
/// whatever is written next waits for it. A long text of thousands of different words takes ten
/// milliseconds, and half a second of them was noticed.
const PIECE_MESSAGES: usize = 1_000;
const PIECE_TIME: Duration = Duration::from_millis(5);

/// Stands before a gram, so that it is no word. A character of private use is never part of a
/// token.
const GRAM: char = '\u{e100}';

/// Symbols of ASCII are written as characters of private use from here on, because the index's
/// tokenizer takes every other character of ASCII but letters and digits for a separator.
const SYMBOLS: u32 = 0xe200;

/// The rooms with messages that the index does not have yet.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    /// The rooms' keys. A transaction that was undone may leave more than there are, and never less.
    rooms: BTreeSet<i64>,
    messages: usize,
    bytes: usize,
    changes: Waiting,
}

/// The size of a backlog.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    messages: usize,
    bytes: usize,
    changes: Waiting,
}

/// A part of a backlog that was indexed in one transaction.
#[derive(Debug)]
pub(super) struct Piece {
    began: Instant,
    /// The rooms of which nothing is left.
    ended: Vec<i64>,
    messages: usize,
    bytes: usize,
}

impl Piece {
    fn begin() -> Self {
        Self {
            began: Instant::now(),
            ended: Vec::new(),
            messages: 0,
            bytes: 0,
        }
    }

    /// Returns `true` if it has something, and as much as it may have.
    fn is_full(&self) -> bool {
        self.messages >= PIECE_MESSAGES || self.messages > 0 && self.began.elapsed() >= PIECE_TIME
    }
}

impl Backlog {
    /// Returns the backlog of a database that was just opened.
    pub(super) fn of(connection: &Connection) -> rusqlite::Result<Self> {
        let mut query = connection.prepare("SELECT key FROM rooms WHERE indexed < head")?;
        let rooms = query.query_map([], |row| row.get(0))?;
        Ok(Self {
            rooms: rooms.collect::<rusqlite::Result<_>>()?,
            changes: Waiting::of(connection)?,
            ..Self::default()
        })
    }

    /// Returns `true` if the index has every message.
    pub(super) fn is_empty(&self) -> bool {
        self.rooms.is_empty() && self.changes.additions == 0
    }

    /// Returns `true` if there are new messages that the index does not have.
    pub(super) fn has_messages(&self) -> bool {
        !self.rooms.is_empty()
    }

    /// Returns the number of changes that wait.
    pub(super) fn changes(&self) -> usize {
        self.changes.all
    }

    /// Returns `true` if the index is as far behind as it may be.
    pub(super) fn is_full(&self) -> bool {
        self.messages >= BEHIND_MESSAGES || self.bytes >= BEHIND_BYTES
    }

    /// Adds the next messages to the index. They are [taken](Self::take) off the backlog once that
    /// is committed.
    pub(super) fn index(&self, connection: &Connection) -> rusqlite::Result<Piece> {
        let mut piece = Piece::begin();
        for room in &self.rooms {
            if piece.is_full() {
                break;
            }
            if catch_up(connection, *room, &mut piece)? {
                piece.ended.push(*room);
            }
        }
        Ok(piece)
    }

    pub(super) fn take(&mut self, piece: &Piece) {
        for room in &piece.ended {
            self.rooms.remove(room);
        }
        self.messages = self.messages.saturating_sub(piece.messages);
        self.bytes = self.bytes.saturating_sub(piece.bytes);
        if self.rooms.is_empty() {
            // Messages that were deleted before they were indexed are in no piece.
            (self.messages, self.bytes) = (0, 0);
        }
    }

    /// Takes off changes that were made.
    pub(super) fn take_changes(&mut self, made: Made) {
        self.changes.take(made);
    }

    pub(super) fn size(&self) -> Size {
        Size {
            messages: self.messages,
            bytes: self.bytes,
            changes: self.changes,
        }
    }

    /// Sets the size to that before a transaction that was undone.
    pub(super) fn set_size(&mut self, size: Size) {
        (self.messages, self.bytes) = (size.messages, size.bytes);
        self.changes = size.changes;
    }

    /// Notes that a message has a text no more.
    fn remove(&mut self, connection: &Connection, at: i64, text: &str) -> rusqlite::Result<()> {
        for tokens in pieces_of(text) {
            self.changes.note(connection, at, false, &tokens)?;
        }
        Ok(())
    }

    /// Notes that a message has another text from now on.
    fn add(&mut self, connection: &Connection, at: i64, text: &str) -> rusqlite::Result<()> {
        for tokens in pieces_of(text) {
            self.changes.note(connection, at, true, &tokens)?;
        }
        Ok(())
    }

    fn push(&mut self, room: i64, text: &str) {
        self.rooms.insert(room);
        self.messages += 1;
        self.bytes += text.len();
    }
}

/// Takes notice of an entry that was just inserted: of a message, and of the change of one that the
/// index has.
pub(super) fn index(
    connection: &Connection,
    backlog: &mut Backlog,
    room: i64,
    entry: &Entry,
) -> rusqlite::Result<()> {
    let (of, text) = match &entry.event {
        Event::Message {
            text: Some(text), ..
        } => {
            backlog.push(room, text.as_str());
            return Ok(());
        }
        Event::Edited {
            of,
            text: Some(text),
        } => (*of, Some(text)),
        Event::Deleted { of } => (*of, None),
        _ => return Ok(()),
    };
    // Only messages have words; an edit of anything else changes nothing.
    if has(connection, room, of)?
        && let Some(former) = text_before(connection, room, of, entry.seq)?
    {
        // By the same text that was put in: other tokens would stay in the index.
        backlog.remove(connection, place(room, of), &former)?;
        if let Some(text) = text {
            backlog.add(connection, place(room, of), text.as_str())?;
        }
    }
    Ok(())
}

/// Adds a room's next messages, as they are now. Returns `true` if the index has all of them.
fn catch_up(connection: &Connection, room: i64, piece: &mut Piece) -> rusqlite::Result<bool> {
    let sql = "SELECT indexed, head FROM rooms WHERE key = ?1";
    let mut query = connection.prepare_cached(sql)?;
    let numbers = query.query_row([room], |row| Ok((row.get(0)?, row.get(1)?)));
    let Some((indexed, head)) = numbers.optional()? else {
        // The room is gone, and its messages are.
        return Ok(true);
    };
    let indexed: i64 = indexed;
    let base = place(room, 0);
    let mut query = connection.prepare_cached(
        "SELECT place, coalesce(
             (SELECT edit.text FROM entries AS edit
              WHERE edit.room = said.room AND edit.target = said.place & ?3 AND edit.kind = 1
              ORDER BY edit.place DESC LIMIT 1), text)
         FROM entries AS said
         WHERE place > ?1 AND place <= ?2 AND kind = 0 AND text IS NOT NULL ORDER BY place",
    )?;
    let mut rows = query.query([base | indexed, base | head, number(SEQ_MAX)])?;
    let (mut last, mut ended) = (indexed, true);
    while let Some(row) = rows.next()? {
        if piece.is_full() {
            ended = false;
            break;
        }
        let (place, text): (i64, _) = (row.get(0)?, row.get_ref(1)?.as_str()?);
        add(connection, place, text)?;
        piece.messages += 1;
        piece.bytes += text.len();
        last = place & number(SEQ_MAX);
    }
    let sql = "UPDATE rooms SET indexed = ?2 WHERE key = ?1";
    // The head and not the last message: a room whose last entry is a reaction would count as
    // behind at every start.
    let indexed = if ended { head } else { last };
    connection.prepare_cached(sql)?.execute([room, indexed])?;
    Ok(ended)
}

/// Returns `true` if the index has a message, or would have it if it had words.
fn has(connection: &Connection, room: i64, seq: Seq) -> rusqlite::Result<bool> {
    let sql = "SELECT 1 FROM rooms WHERE key = ?1 AND indexed >= ?2";
    connection.prepare_cached(sql)?.exists([room, number(seq)])
}

/// Notes that a message goes, which must still be there; other entries have no words.
pub(super) fn forget(
    connection: &Connection,
    backlog: &mut Backlog,
    room: i64,
    seq: Seq,
) -> rusqlite::Result<()> {
    if has(connection, room, seq)?
        && let Some(text) = text_before(connection, room, seq, SEQ_MAX)?
    {
        backlog.remove(connection, place(room, seq), &text)?;
    }
    Ok(())
}

/// Brings the index of a database that was just opened up to date. Makes it anew if it is of another
/// form or rule.
pub(super) fn renew(connection: &mut Connection) -> rusqlite::Result<()> {
    let rule = format!("{FORM} {}", search::rule());
    let sql = "SELECT 1 FROM word_rule WHERE rule = ?1";
    if !connection.prepare(sql)?.exists([&rule])? {
        let transaction = connection.transaction()?;
        // Neither positions nor lengths are needed to narrow a search down.
        transaction.execute_batch(
            "DELETE FROM word_rule;
            DROP TABLE IF EXISTS words;
            CREATE VIRTUAL TABLE words USING fts5
                (tokens, content = '', columnsize = 0, detail = none, tokenize = 'ascii');
            INSERT INTO words (words, rank) VALUES ('secure-delete', 1);
            DELETE FROM word_changes;
            UPDATE rooms SET indexed = 0;",
        )?;
        transaction.execute("INSERT INTO word_rule (rule) VALUES (?1)", [&rule])?;
        transaction.commit()?;
    }
    let mut backlog = Backlog::of(connection)?;
    // A transaction for each piece, so that the log never holds the whole index. Changes that wait are
    // the writer's: nobody should wait for them before the server listens.
    while backlog.has_messages() {
        let transaction = connection.transaction()?;
        let piece = backlog.index(&transaction)?;
        transaction.commit()?;
        backlog.take(&piece);
    }
    Ok(())
}

/// Adds a message that the index does not have.
fn add(connection: &Connection, at: i64, text: &str) -> rusqlite::Result<()> {
    for tokens in pieces_of(text) {
        word_changes::add(connection, at, &tokens)?;
    }
    Ok(())
}

/// A message's text as it was before the entry with number `before`; `None` if it is no message, or
/// was deleted.
fn text_before(
    connection: &Connection,
    room: i64,
    seq: Seq,
    before: Seq,
) -> rusqlite::Result<Option<String>> {
    let mut query = connection.prepare_cached(
        "SELECT coalesce(
             (SELECT text FROM entries WHERE room = ?1 AND target = ?2 AND kind = 1 AND place < ?4
              ORDER BY place DESC LIMIT 1), text)
         FROM entries WHERE place = ?3 AND kind = 0 AND text IS NOT NULL",
    )?;
    let values = [room, number(seq), place(room, seq), place(room, before)];
    query.query_row(values, |row| row.get(0)).optional()
}

/// Returns a text's tokens as the index has them, each once, in pieces with spaces between. A text
/// always has the same pieces: what was put in together is taken out together.
fn pieces_of(text: &str) -> Vec<String> {
    let folded = search::fold(text);
    let mut tokens = Vec::new();
    search::tokens(&folded, |token| tokens.push(token));
    // The index does not count a message's tokens, and each costs it as much as the first.
    tokens.sort_unstable();
    tokens.dedup();
    let piece = |tokens: &[Token<'_>]| {
        let mut piece = String::new();
        for token in tokens {
            write(&mut piece, *token);
            piece.push(' ');
        }
        piece
    };
    tokens.chunks(PIECE_TOKENS).map(piece).collect()
}

/// Returns what a message that matches has, in FTS5's syntax: nothing if the pattern has no tokens.
/// Tokens have letters, digits and no other character of ASCII, and in quotation marks none is an
/// operator.
pub(super) fn expression(pattern: &Pattern) -> String {
    let mut all: Vec<String> = Vec::new();
    pattern.tokens(|token| {
        let mut part = String::from("\"");
        write(&mut part, token);
        part.push_str(match token {
            Token::Prefix(_) => "\" *",
            Token::Word(_) | Token::Gram { .. } => "\"",
        });
        all.push(part);
    });
    all.sort_unstable();
    all.dedup();
    all.join(" ")
}

fn write(all: &mut String, token: Token<'_>) {
    match token {
        Token::Word(word) | Token::Prefix(word) => all.push_str(word),
        Token::Gram { head, last } => {
            all.push(GRAM);
            all.extend(head.chars().chain([last]).map(|character| {
                let written = character
                    .is_ascii()
                    .then(|| char::from_u32(SYMBOLS + u32::from(character)));
                written.flatten().unwrap_or(character)
            }));
        }
    }
}

#[cfg(test)]
mod tests;
