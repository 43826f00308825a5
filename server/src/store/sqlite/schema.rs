//! The database's tables, by numbered migrations. `PRAGMA user_version` says how many were made.

use rusqlite::{Connection, TransactionBehavior};

use super::index;

/// The value of `PRAGMA application_id`: the letters `SCht`.
pub(super) const APPLICATION_ID: u32 = 0x5343_6874;

/// Each brings a database from the version of its index to the next. One that was released is never
/// changed again.
const MIGRATIONS: [&str; 12] = [
    // An entry's place is its room's key times 2^40 and its number, so that a room's entries lie
    // together in their order without another index; a full-text index can point to it too. Times
    // are milliseconds since 1970, `kind` is one of `rows`, a fingerprint has 32 bytes, an id 16.
    "CREATE TABLE users (
        key INTEGER PRIMARY KEY,
        fingerprint BLOB NOT NULL UNIQUE
    ) STRICT;
    CREATE TABLE rooms (
        key INTEGER PRIMARY KEY CHECK (key BETWEEN 1 AND 8388607),
        name TEXT NOT NULL UNIQUE,
        topic TEXT NOT NULL,
        private INTEGER NOT NULL,
        head INTEGER NOT NULL DEFAULT 0,
        last_at INTEGER
    ) STRICT;
    CREATE TABLE entries (
        place INTEGER PRIMARY KEY,
        room INTEGER NOT NULL REFERENCES rooms (key) ON DELETE CASCADE,
        writer INTEGER NOT NULL REFERENCES users (key),
        id BLOB NOT NULL,
        name TEXT NOT NULL,
        at INTEGER NOT NULL,
        kind INTEGER NOT NULL,
        text TEXT,
        target INTEGER,
        reply_to INTEGER,
        emoji TEXT,
        is_on INTEGER,
        UNIQUE (room, writer, id)
    ) STRICT;
    CREATE INDEX edits ON entries (room, target) WHERE kind = 1;
    CREATE TABLE members (
        room INTEGER NOT NULL REFERENCES rooms (key) ON DELETE CASCADE,
        user INTEGER NOT NULL REFERENCES users (key),
        read INTEGER NOT NULL,
        PRIMARY KEY (room, user)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE invited (
        room INTEGER NOT NULL REFERENCES rooms (key) ON DELETE CASCADE,
        user INTEGER NOT NULL REFERENCES users (key),
        PRIMARY KEY (room, user)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE names (
        user INTEGER PRIMARY KEY REFERENCES users (key),
        name TEXT NOT NULL
    ) STRICT;
    CREATE TABLE operators (user INTEGER PRIMARY KEY REFERENCES users (key)) STRICT;",
    // `who` is a fingerprint (`SHA256:…`) or an address.
    "CREATE TABLE bans (
        who TEXT PRIMARY KEY,
        reason TEXT NOT NULL,
        at INTEGER NOT NULL,
        by INTEGER NOT NULL REFERENCES users (key)
    ) STRICT, WITHOUT ROWID;",
    // The words of each message as it is now; `search` keeps it so. The text itself is not in it.
    // What is deleted leaves no words behind. Marks on letters count, as for every other store.
    "CREATE VIRTUAL TABLE words USING fts5
        (text, content = '', tokenize = 'unicode61 remove_diacritics 0');
    INSERT INTO words (words, rank) VALUES ('secure-delete', 1);
    INSERT INTO words (rowid, text)
        SELECT place, coalesce(
            (SELECT edit.text FROM entries AS edit
             WHERE edit.room = said.room AND edit.target = said.place & 1099511627775
                   AND edit.kind = 1
             ORDER BY edit.place DESC LIMIT 1), said.text)
        FROM entries AS said WHERE kind = 0 AND text IS NOT NULL;",
    // What becomes of a room's entries, as the protocol has it; nothing for those that stay.
    "ALTER TABLE rooms ADD COLUMN keep TEXT;",
    // Roles above a member's: 1 is a moderator, 2 the owner. `v2` marks keys that have used v2.
    "CREATE TABLE roles (
        room INTEGER NOT NULL REFERENCES rooms (key) ON DELETE CASCADE,
        user INTEGER NOT NULL REFERENCES users (key),
        role INTEGER NOT NULL,
        PRIMARY KEY (room, user)
    ) STRICT, WITHOUT ROWID;
    ALTER TABLE users ADD COLUMN v2 INTEGER NOT NULL DEFAULT 0;",
    // A deleted room's name is free at once; its entries go a few at a time, and then its row.
    "ALTER TABLE rooms ADD COLUMN deleted INTEGER NOT NULL DEFAULT 0;",
    // `index` makes the index of words, by the rule that it writes here: this one's words were cut
    // by SQLite's rule. The other index is for searches that look at every message.
    "DROP TABLE words;
    CREATE TABLE word_rule (rule TEXT NOT NULL) STRICT;
    CREATE INDEX messages ON entries (room, at) WHERE kind = 0;",
    // Keys that an operator or an invitation has admitted. An invitation has the SHA-256 of its
    // code: a copy of the database lets nobody in.
    "ALTER TABLE users ADD COLUMN admitted INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE invitations (
        number INTEGER PRIMARY KEY,
        digest BLOB NOT NULL,
        uses INTEGER NOT NULL,
        expires INTEGER NOT NULL,
        by INTEGER NOT NULL REFERENCES users (key)
    ) STRICT;
    CREATE TABLE settings (
        name TEXT PRIMARY KEY,
        value TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;",
    // The number up to which the index of words has a room's messages.
    "ALTER TABLE rooms ADD COLUMN indexed INTEGER NOT NULL DEFAULT 0;
    UPDATE rooms SET indexed = head;",
    // Changes of the index of words that wait, in their order.
    "CREATE TABLE word_changes (
        number INTEGER PRIMARY KEY,
        place INTEGER NOT NULL,
        adds INTEGER NOT NULL,
        tokens TEXT NOT NULL
    ) STRICT;",
    // `stands` is 1 where an entry added a reaction that was not taken back since, to a message that
    // is there, and otherwise nothing. SQLite takes `is_on` from the row that has the `max`.
    "ALTER TABLE entries ADD COLUMN stands INTEGER;
    UPDATE entries SET stands = 1 WHERE place IN
        (SELECT place FROM
            (SELECT max(place) AS place, room, target, is_on FROM entries WHERE kind = 3
             GROUP BY room, target, writer, emoji) AS last
         WHERE is_on = 1 AND EXISTS
             (SELECT 1 FROM entries AS said
              WHERE said.place = last.room << 40 | last.target AND said.text IS NOT NULL));
    CREATE INDEX own_reactions ON entries (room, target, writer, emoji) WHERE stands = 1;
    CREATE INDEX reactions ON entries (room, target, emoji) WHERE stands = 1;",
    // `shape` is what makes two emoji the same reaction: the text without presentation selectors
    // (`Emoji` in `shared`). A person who has one in two forms keeps the latter.
    "DROP INDEX own_reactions;
    DROP INDEX reactions;
    ALTER TABLE entries ADD COLUMN shape TEXT
        AS (replace(replace(emoji, char(65039), ''), char(65038), '')) VIRTUAL;
    CREATE INDEX own_reactions ON entries (room, target, writer, shape) WHERE stands = 1;
    CREATE INDEX reactions ON entries (room, target, shape) WHERE stands = 1;
    UPDATE entries SET stands = NULL WHERE stands = 1 AND EXISTS
        (SELECT 1 FROM entries AS later
         WHERE later.room = entries.room AND later.target = entries.target
             AND later.writer = entries.writer AND later.shape = entries.shape
             AND later.stands = 1 AND later.place > entries.place);",
];

/// Returns the version of a database to which every migration was applied.
pub(super) fn newest() -> u32 {
    u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX)
}

/// Reads the version of a database.
pub(super) fn version_of(connection: &Connection) -> rusqlite::Result<u32> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Brings a database to the newest version, all of it or nothing, and its index of words to the
/// present rule.
pub(super) fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    let version = version_of(connection)?;
    if version < newest() {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let done = usize::try_from(version).unwrap_or(usize::MAX);
        for migration in MIGRATIONS.iter().skip(done) {
            transaction.execute_batch(migration)?;
        }
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", newest())?;
        transaction.commit()?;
    }
    index::renew(connection)
}

#[cfg(test)]
mod tests {
    use shared::chat::{Query, RoomId};

    use super::*;
    use crate::store::PageSize;
    use crate::store::sqlite::search::{Bounds, find};

    /// A database of a former version: two messages, of which the first was edited twice, and one
    /// that was deleted.
    fn former(version: u32) -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        for migration in &MIGRATIONS[..2] {
            connection.execute_batch(migration).unwrap();
        }
        connection
            .execute_batch(
                "INSERT INTO users VALUES (1, zeroblob(32));
                INSERT INTO rooms (key, name, topic, private, head) VALUES (3, 'room', '', 0, 5);
                INSERT INTO entries (place, room, writer, id, name, at, kind, text, target) VALUES
                    ((3 << 40) | 1, 3, 1, randomblob(16), 'anna', 0, 0, 'first', NULL),
                    ((3 << 40) | 2, 3, 1, randomblob(16), 'anna', 0, 0, '明日は東京へ行きます', NULL),
                    ((3 << 40) | 3, 3, 1, randomblob(16), 'anna', 0, 1, 'second', 1),
                    ((3 << 40) | 4, 3, 1, randomblob(16), 'anna', 0, 1, 'Café', 1),
                    ((3 << 40) | 5, 3, 1, randomblob(16), 'anna', 0, 0, NULL, NULL);",
            )
            .unwrap();
        let done = usize::try_from(version).unwrap();
        for migration in &MIGRATIONS[2..done] {
            connection.execute_batch(migration).unwrap();
        }
        connection
            .pragma_update(None, "user_version", version)
            .unwrap();
        connection
    }

    fn found(connection: &mut Connection, query: &str) -> Vec<u64> {
        let rooms = vec![RoomId::parse("room").unwrap()];
        let query = Query::parse(query).unwrap();
        let page = PageSize {
            entries: 10,
            bytes: 1000,
        };
        let found = find(connection, rooms, &query, None, page, Bounds::DEFAULT, true).unwrap();
        found.entries.iter().map(|found| found.entry.seq).collect()
    }

    #[test]
    fn a_database_of_a_former_version_is_searched_as_it_is_now() {
        // Before the first index, and with the index of SQLite's words.
        for version in [2, 6] {
            let mut connection = former(version);
            migrate(&mut connection).unwrap();
            assert_eq!(found(&mut connection, "first"), [0; 0], "{version}");
            assert_eq!(found(&mut connection, "second"), [0; 0], "{version}");
            assert_eq!(found(&mut connection, "cafe"), [1], "{version}");
            assert_eq!(found(&mut connection, "東京"), [2], "{version}");
        }
    }

    // A server from before the bounds of reactions kept every one that was added and taken back.
    #[test]
    fn the_reactions_of_a_former_database_are_those_that_were_not_taken_back() {
        let mut connection = former(10);
        let other = "INSERT INTO users (key, fingerprint) VALUES (2, zeroblob(31))";
        connection.execute_batch(other).unwrap();
        for (seq, writer, target, emoji, is_on) in [
            (10, 1, 1, "👍", true),
            (11, 1, 1, "👍", false),
            (12, 1, 1, "👍", true),
            (13, 1, 1, "👍", true),
            (14, 2, 1, "👍", true),
            (15, 1, 1, "🎉", true),
            (16, 1, 1, "🎉", false),
            (17, 2, 1, "🎉", false),
            (18, 1, 2, "🎉", true),
            // To the message that was deleted, and to one that is gone.
            (19, 1, 5, "🎉", true),
            (20, 1, 9, "🎉", true),
            // One reaction in two forms: the latter stands, and the other person's beside it.
            (21, 1, 1, "❤", true),
            (22, 1, 1, "❤\u{fe0f}", true),
            (23, 2, 1, "❤", true),
        ] {
            let sql = "INSERT INTO entries
                           (place, room, writer, id, name, at, kind, target, emoji, is_on)
                       VALUES ((3 << 40) | ?1, 3, ?2, randomblob(16), 'anna', 0, 3, ?3, ?4, ?5)";
            let values = rusqlite::params![seq, writer, target, emoji, is_on];
            connection.execute(sql, values).unwrap();
        }
        migrate(&mut connection).unwrap();
        let sql = "SELECT place & 1099511627775 FROM entries WHERE stands = 1 ORDER BY place";
        let mut query = connection.prepare(sql).unwrap();
        let standing = query.query_map([], |row| row.get(0)).unwrap();
        let standing: Vec<i64> = standing.map(Result::unwrap).collect();
        assert_eq!(standing, [13, 14, 18, 22, 23]);
    }

    // The crash: the server ends while it makes the index.
    #[test]
    fn an_index_of_another_rule_or_one_that_was_not_finished_is_made_anew() {
        let mut connection = former(6);
        migrate(&mut connection).unwrap();
        for change in [
            "UPDATE word_rule SET rule = 'other'",
            "DELETE FROM word_rule",
        ] {
            // As if the other rule had found no words.
            let sql = "INSERT INTO words (words) VALUES ('delete-all')";
            connection.execute_batch(sql).unwrap();
            migrate(&mut connection).unwrap();
            assert_eq!(
                found(&mut connection, "cafe"),
                [0; 0],
                "the rule is the same"
            );
            connection.execute_batch(change).unwrap();
            migrate(&mut connection).unwrap();
            assert_eq!(found(&mut connection, "cafe"), [1], "{change}");
        }
    }
}
