//! Puts rooms with their entries into a database that no server uses: all of them in one
//! transaction, or nothing.

use std::path::Path;

use rusqlite::params;
use shared::chat::{Entry, Keep, Name, Role, RoomId, Seq, Topic, UserId};
use thiserror::Error;

use super::error::{Failure, OpenError};
use super::requests::{Memory, Requests};
use super::rows::{self, SEQ_MAX, number};
use super::{index, open};
use crate::store::{Change, StoreError};

/// Entries after which remembered rows are written and may be forgotten.
const TRIM_EVERY: u32 = 10_000;

/// The reason for which something is not imported.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum InsertError {
    /// The room has entries or people already.
    #[error("the room {0} is there already, and in use")]
    RoomInUse(RoomId),
    /// The number is not behind that of the room's last entry, or larger than there can be.
    #[error("the number {0} does not come after that of the entry before it")]
    Number(Seq),
    /// The room's entries go beyond the number that it says is its last.
    #[error("the room's last number {0} is less than that of its last entry")]
    Head(Seq),
    /// The writer has used the id in this room before.
    #[error("its writer has another entry with this id in this room")]
    DuplicateId,
    /// The message has as many edits or reactions as it may have.
    #[error(transparent)]
    Bound(StoreError),
    /// The database failed.
    #[error(transparent)]
    Store(StoreError),
}

impl From<Failure> for InsertError {
    fn from(failure: Failure) -> Self {
        Self::Store(failure.into())
    }
}

impl From<rusqlite::Error> for InsertError {
    fn from(error: rusqlite::Error) -> Self {
        Failure::from(error).into()
    }
}

/// The open transaction of an import.
pub struct Import<'a> {
    requests: Requests<'a>,
    since_trim: u32,
}

/// Runs `fill` in one transaction on the database at `path`, which is made if it is not there.
/// Nothing of it is there if `fill` fails, or if the process ends before this returns.
///
/// # Errors
/// [`OpenError`], as `fill`'s error, and that of `fill`.
pub fn import<T, E>(path: &Path, fill: impl FnOnce(&mut Import<'_>) -> Result<T, E>) -> Result<T, E>
where
    E: From<OpenError> + From<InsertError>,
{
    let _lock = open::lock(path)?;
    let mut connection = open::writer(path)?;
    let failed = |error: rusqlite::Error| InsertError::from(error);
    let mut memory = Memory::of(&connection).map_err(failed)?;
    // Undone when it is dropped without a commit.
    let transaction = connection.transaction().map_err(failed)?;
    let now = crate::system::timestamp(std::time::SystemTime::now());
    let mut import = Import {
        requests: Requests::new(&transaction, &mut memory, now, false),
        since_trim: 0,
    };
    let filled = fill(&mut import)?;
    import.requests.finish().map_err(InsertError::from)?;
    drop(import);
    transaction.commit().map_err(failed)?;
    // In pieces of their own, each of which says how far it came: a crash here costs nothing but
    // the time at the next start.
    index::renew(&mut connection).map_err(failed)?;
    connection.close().map_err(|(_, error)| failed(error))?;
    Ok(filled)
}

impl Import<'_> {
    /// Returns `true` if there is a room with this id that has had entries, or people. The lobby's
    /// people do not count: everybody is in it.
    ///
    /// # Errors
    /// [`InsertError::Store`].
    pub fn is_in_use(&mut self, room: &RoomId) -> Result<bool, InsertError> {
        let head = match self.requests.head(room) {
            Ok(head) => head,
            Err(Failure::Request(StoreError::NoSuchRoom)) => return Ok(false),
            Err(failure) => return Err(failure.into()),
        };
        if head.seq > 0 || room.is_lobby() {
            return Ok(head.seq > 0);
        }
        let key = head.key;
        let sql = "SELECT 1 FROM members WHERE room = ?1 UNION ALL
                   SELECT 1 FROM roles WHERE room = ?1 UNION ALL
                   SELECT 1 FROM invited WHERE room = ?1";
        let mut query = self.requests.connection.prepare_cached(sql)?;
        Ok(query.exists([key])?)
    }

    /// Creates a room. One that is there already, as the lobby always is, is taken over if it has
    /// had no entries.
    ///
    /// # Errors
    /// [`InsertError::RoomInUse`], [`InsertError::Store`].
    pub fn room(
        &mut self,
        room: &RoomId,
        topic: Topic,
        private: bool,
        keep: Keep,
    ) -> Result<(), InsertError> {
        if self.is_in_use(room)? {
            return Err(InsertError::RoomInUse(room.clone()));
        }
        match self.requests.head(room).map(|head| head.key) {
            Ok(key) => {
                let sql = "UPDATE rooms SET topic = ?2, private = ?3, keep = ?4 WHERE key = ?1";
                let keep = rows::keep_column(keep).map_err(InsertError::Store)?;
                let values = params![key, topic.as_str(), private, keep];
                self.requests.execute(sql, values)?;
            }
            Err(Failure::Request(StoreError::NoSuchRoom)) => {
                self.requests.change(&Change::RoomCreated {
                    room: room.clone(),
                    topic,
                    private,
                    keep,
                    owner: None,
                })?;
            }
            Err(failure) => return Err(failure.into()),
        }
        Ok(())
    }

    /// Makes somebody a member of a room, who has seen it up to an entry.
    ///
    /// # Errors
    /// [`InsertError::Store`].
    pub fn member(&mut self, room: &RoomId, user: UserId, read: Seq) -> Result<(), InsertError> {
        let (room, user) = self.keys(room, user)?;
        let sql = "INSERT INTO members (room, user, read) VALUES (?1, ?2, ?3)
                   ON CONFLICT (room, user) DO UPDATE SET read = excluded.read";
        self.requests.execute(sql, [room, user, number(read)])?;
        Ok(())
    }

    /// Invites somebody into a room.
    ///
    /// # Errors
    /// [`InsertError::Store`].
    pub fn invited(&mut self, room: &RoomId, user: UserId) -> Result<(), InsertError> {
        let (room, user) = self.keys(room, user)?;
        let sql = "INSERT INTO invited (room, user) VALUES (?1, ?2)
                   ON CONFLICT (room, user) DO NOTHING";
        self.requests.execute(sql, [room, user])?;
        Ok(())
    }

    /// Gives somebody a role in a room, of which they need not be a member.
    ///
    /// # Errors
    /// [`InsertError::Store`].
    pub fn role(&mut self, room: &RoomId, user: UserId, role: Role) -> Result<(), InsertError> {
        let (room, user) = self.keys(room, user)?;
        self.requests.insert_role(room, user, role)?;
        Ok(())
    }

    /// Returns the claimed names, with the keys that have them.
    ///
    /// # Errors
    /// [`InsertError::Store`].
    pub fn names(&self) -> Result<Vec<(UserId, Name)>, InsertError> {
        let sql = "SELECT fingerprint, name FROM names JOIN users ON key = user";
        let mut query = self.requests.connection.prepare(sql)?;
        let names = query.query_map([], |row| {
            let name = rows::parsed(Name::from_stored(row.get_ref(1)?.as_str()?))?;
            Ok((rows::user(row.get(0)?), name))
        })?;
        Ok(names.collect::<rusqlite::Result<_>>()?)
    }

    /// Gives a key a name. Returns `false` if it has another one, which stays.
    ///
    /// # Errors
    /// [`InsertError::Store`].
    pub fn name(&mut self, user: UserId, name: &Name) -> Result<bool, InsertError> {
        let user = self.requests.user(user)?;
        let sql = "INSERT INTO names (user, name) VALUES (?1, ?2) ON CONFLICT (user) DO NOTHING";
        let inserted = self.requests.execute(sql, params![user, name.as_str()])?;
        Ok(inserted == 1)
    }

    /// Notes that a key has used v2.
    ///
    /// # Errors
    /// [`InsertError::Store`].
    pub fn spoke_v2(&mut self, user: UserId) -> Result<(), InsertError> {
        self.requests.change(&Change::SpokeV2 { user })?;
        Ok(())
    }

    /// Puts an entry behind the last one of its room, with the number and the time that it has. What
    /// it deletes loses its text.
    ///
    /// # Errors
    /// [`InsertError`].
    pub fn entry(&mut self, room: &RoomId, mut entry: Entry) -> Result<(), InsertError> {
        self.trim()?;
        let requests = &mut self.requests;
        let (key, last) = requests.head(room).map(|head| (head.key, head.seq))?;
        if entry.seq <= last || entry.seq > SEQ_MAX || rows::named(&entry.event) > SEQ_MAX {
            return Err(InsertError::Number(entry.seq));
        }
        let writer = requests.user(entry.from.id)?;
        entry.event = requests.as_stored(key, &entry.event)?;
        let adds_reaction = requests.adds_reaction(key, writer, &entry.event)?;
        if requests.has_too_many_edits(key, &entry.event)? {
            return Err(InsertError::Bound(StoreError::TooManyEdits));
        }
        if adds_reaction
            && let Some(bound) = requests.too_many_reactions(key, writer, &entry.event)?
        {
            return Err(InsertError::Bound(bound));
        }
        if !requests.insert(key, writer, &entry, adds_reaction)? {
            return Err(InsertError::DuplicateId);
        }
        requests.follow(key, writer, &entry)?;
        requests.head(room)?.advance(&entry);
        Ok(())
    }

    /// Sets the last number of a room, behind which its next entry will be.
    ///
    /// # Errors
    /// [`InsertError::Head`], [`InsertError::Store`].
    pub fn head(&mut self, room: &RoomId, seq: Seq) -> Result<(), InsertError> {
        let last = self.requests.head(room)?.seq;
        if seq < last || seq > SEQ_MAX {
            return Err(InsertError::Head(seq));
        }
        if seq > last {
            self.requests.head(room)?.raise(seq);
        }
        Ok(())
    }

    fn keys(&mut self, room: &RoomId, user: UserId) -> Result<(i64, i64), InsertError> {
        Ok((self.requests.head(room)?.key, self.requests.user(user)?))
    }

    /// Writes the rooms' heads, and forgets remembered rows if they are many: an import may have
    /// more people than memory.
    fn trim(&mut self) -> Result<(), InsertError> {
        self.since_trim += 1;
        if self.since_trim == TRIM_EVERY {
            self.since_trim = 0;
            self.requests.finish()?;
            self.requests.memory.trim();
        }
        Ok(())
    }
}
