//! The state that outlives the server: rooms, their members, and their entries.
//!
//! The hub keeps everything but entries in memory and writes each change through; entries are
//! only here. A store knows no rights and no connections. It is a trait, so that another can keep
//! the same promises elsewhere (a log that several servers share): an append gets the room's next
//! number, is idempotent by (room, writer, id), and every commit is published in order, whichever
//! server made it. Names, quotas and places under way are judged in the hub's memory, so for now a
//! store has one server.

mod clock;
mod memory;
mod outcome;
mod reactions;
mod rules;
mod sqlite;
#[cfg(test)]
mod tests;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use shared::chat::admission::Invitation;
use shared::chat::entry::DisplayName;
use shared::chat::operator::{Ban, Banned};
use shared::chat::search::Cursor;
use shared::chat::server::RoomEntry;
use shared::chat::{
    AdmissionMode, Entry, Event, Keep, MessageId, Name, Query, Role, RoomId, RoomName, Seq,
    Timestamp, Topic, UserId,
};
use thiserror::Error;
use tokio::sync::mpsc::UnboundedReceiver;

pub use memory::MemoryStore;
pub use outcome::{Committed, Outcome};
pub(crate) use reactions::Reactions;
pub(crate) use rules::{MAX_OWN_REACTIONS, MAX_REACTIONS, not_before, seen_at_entry};
pub use sqlite::{
    CopyError, ExportError, Frozen, Import, InsertError, OpenError, Quiet, SqliteStore, copy,
    export, frozen, import, is_locked, lock, peek, verify,
};

/// The result of a request, which resolves when the request is durable.
pub type Durable<T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send>>;

/// Keeps a server's rooms. Every method only queues its work; the future is the waiting.
pub trait Store: fmt::Debug + Send + Sync {
    /// Returns everything but entries, as it is now.
    fn load(&self) -> Durable<Snapshot>;

    /// Subscribes to the outcomes of all appends, reservations and changes that are asked for from
    /// now on, in the order in which they were asked for and committed; one item for each group
    /// that became durable together. There is one subscriber: a new one takes the former one's
    /// place. Without one, requesters are answered as soon as their request is durable.
    fn subscribe(&self) -> UnboundedReceiver<Vec<Outcome>>;

    /// Appends an entry to a room and gives it the next number. When this resolves the entry
    /// survives the end of the process and of the machine's power.
    ///
    /// The same (room, writer, id) with the same event gives the first one's number again, and
    /// changes nothing; a text that was deleted since counts as the same. [`Event::Deleted`] also
    /// takes away the text of the message that it names, and of that message's edits, also of those
    /// that come later.
    ///
    /// # Errors
    /// [`StoreError::IdReused`] for the same id with another event; [`StoreError::NoSuchRoom`];
    /// [`StoreError::TooManyEdits`], [`StoreError::TooManyOwnReactions`],
    /// [`StoreError::TooManyReactions`];
    /// [`StoreError::Full`], [`StoreError::HistoryFull`] and [`StoreError::Failed`], and then nothing
    /// was appended.
    fn append(&self, room: RoomId, entry: NewEntry) -> Durable<Appended>;

    /// Answers an entry that was stored before as [`append`](Self::append) does, and appends no other
    /// one.
    ///
    /// # Errors
    /// [`StoreError::QuotaReached`] if the entry is not stored; otherwise those of
    /// [`append`](Self::append).
    fn append_again(&self, room: RoomId, entry: NewEntry) -> Durable<Appended>;

    /// Returns the entries after number `after`, oldest first, as many as fit `page`, at least one
    /// if there is one. Sees every append that has resolved.
    ///
    /// # Errors
    /// [`StoreError::NoSuchRoom`], [`StoreError::Failed`].
    fn read_after(&self, room: RoomId, after: Seq, page: PageSize) -> Durable<Vec<Entry>>;

    /// Returns the last entries before number `before`, oldest first, as many as fit `page`, at
    /// least one if there is one.
    ///
    /// # Errors
    /// [`StoreError::NoSuchRoom`], [`StoreError::Failed`].
    fn read_before(&self, room: RoomId, before: Seq, page: PageSize) -> Durable<Vec<Entry>>;

    /// Reserves `numbers` sequence numbers of a room and returns the last one before them. No
    /// append ever gets one of them, not even after a crash.
    ///
    /// # Errors
    /// As [`Self::append`].
    fn reserve(&self, room: RoomId, numbers: u32) -> Durable<Seq>;

    /// Returns one entry, if it is there.
    ///
    /// # Errors
    /// [`StoreError::NoSuchRoom`], [`StoreError::Failed`].
    fn entry(&self, room: RoomId, seq: Seq) -> Durable<Option<Entry>>;

    /// Returns the last messages of these rooms, newest first, whose texts as they are now have all
    /// words of `query` by [`Pattern::matches`](shared::chat::search::Pattern::matches): before
    /// `before`, at most as many as fit `page`. A room that is not there has none. A search that
    /// takes long stops early, and gives its position even if it has found nothing.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    fn search(
        &self,
        rooms: Vec<RoomId>,
        query: Query,
        before: Option<Cursor>,
        page: PageSize,
    ) -> Durable<Found>;

    /// Writes a change of what [`Self::load`] gives. Changes and appends happen in the order in
    /// which they were asked for.
    ///
    /// # Errors
    /// [`StoreError::RoomExists`], [`StoreError::NoSuchRoom`], [`StoreError::RoomInUse`],
    /// [`StoreError::NoSuchInvitation`]; [`StoreError::Full`] and [`StoreError::Failed`]. Then
    /// nothing was changed.
    fn change(&self, change: Change) -> Durable<()>;
}

/// The result of a search.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// Messages with their texts as they are now, newest first.
    pub entries: Vec<RoomEntry>,
    /// The position at which the search stopped, if it did not come to the end.
    pub next: Option<Cursor>,
}

/// An entry before it has its number and time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEntry {
    /// The entry's id, which its writer makes; sent again, it names the same entry.
    pub id: MessageId,
    /// The person who writes the entry.
    pub from: UserId,
    /// The name of the writer at this time.
    pub name: DisplayName,
    /// The effect of the entry.
    pub event: Event,
}

/// The result of an append.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// The entry's number.
    pub seq: Seq,
    /// The time at which the entry was first taken.
    pub at: Timestamp,
    /// `true` if the entry was there before.
    pub again: bool,
}

/// The most that a page may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageSize {
    /// The most entries of a page.
    pub entries: u32,
    /// Most bytes of the entries' texts and about 200 for each, so that a page fits a message.
    pub bytes: usize,
}

/// The state of a store without entries, as a server loads it at its start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// The rooms that are not deleted.
    pub rooms: Vec<RoomRecord>,
    /// The claimed names, with the keys that have them.
    pub names: Vec<(UserId, Name)>,
    /// The keys of the operators.
    pub operators: Vec<UserId>,
    /// The bans of keys and addresses.
    pub bans: Vec<Ban>,
    /// Keys that have used v2.
    pub v2_users: Vec<UserId>,
    /// The admission mode.
    pub admission: AdmissionMode,
    /// Keys that an operator or an invitation has admitted.
    pub admitted: Vec<UserId>,
    /// Open invitations, by number.
    pub invitations: Vec<StoredInvitation>,
}

/// An invitation with the means to recognize its code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredInvitation {
    /// The SHA-256 of the code.
    pub digest: [u8; 32],
    /// The invitation, without its code.
    pub invitation: Invitation,
}

/// A room, without its entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomRecord {
    /// The room's id.
    pub room: RoomId,
    /// The room's topic.
    pub topic: Topic,
    /// `true` if only invited people can see and join it.
    pub private: bool,
    /// The retention rule.
    pub keep: Keep,
    /// The number of its last entry, or the last one that was reserved; 0 if there is none.
    pub head: Seq,
    /// The members, with the last entry that each has seen.
    pub members: Vec<(UserId, Seq)>,
    /// The people who may join it though it is private; in a room of two, one who has left.
    pub invited: Vec<UserId>,
    /// The roles above [`Role::Member`]. An owner may have left.
    pub roles: Vec<(UserId, Role)>,
}

/// One change of a [`Snapshot`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A room is created; one that is there already is an error.
    RoomCreated {
        /// The new room's id.
        room: RoomId,
        /// Its topic, which may be empty.
        topic: Topic,
        /// `true` if only invited people can see and join it.
        private: bool,
        /// The retention rule.
        keep: Keep,
        /// The person who owns it.
        owner: Option<UserId>,
    },
    /// A room has another retention rule. The store removes entries by the rule itself, and soon.
    /// With [`Keep::Nothing`] it still takes appends: a caller who wants nothing written does not
    /// append.
    Kept {
        /// The room whose rule changes.
        room: RoomId,
        /// The retention rule.
        keep: Keep,
    },
    /// A room is deleted with everything in it.
    RoomDeleted {
        /// The room that is deleted.
        room: RoomId,
    },
    /// A room ends in which nobody is and nothing is kept; any other one is an error.
    RoomEnded {
        /// The room that ends.
        room: RoomId,
    },
    /// A person joins a room, whose earlier entries count as seen. Uses up an invitation; a member
    /// who joins again changes nothing else.
    Joined {
        /// The room that is joined.
        room: RoomId,
        /// The person who joins.
        user: UserId,
        /// The other person of a room of two, who brings them in. Not stored.
        by: Option<UserId>,
    },
    /// A person leaves a room and loses their role in it, unless they own it: they stay the owner.
    /// In a room of two they count as invited.
    Left {
        /// The room that is left.
        room: RoomId,
        /// The person who leaves, or is removed.
        user: UserId,
    },
    /// A person may join a private room. Changes nothing for members.
    Invited {
        /// The private room.
        room: RoomName,
        /// The person who may join.
        user: UserId,
        /// The member who invites them. Not stored.
        by: UserId,
    },
    /// An invitation to a private room is taken back.
    Uninvited {
        /// The private room.
        room: RoomName,
        /// The person who is no longer invited.
        user: UserId,
    },
    /// A member has another role in a room. A new owner makes the former one a moderator; nothing
    /// else takes the role of an owner away. One who is no member gets no role.
    Role {
        /// The room in which the role counts.
        room: RoomId,
        /// The member who gets the role.
        user: UserId,
        /// The role from now on.
        role: Role,
    },
    /// A room has another topic.
    Topic {
        /// The room whose topic changes.
        room: RoomId,
        /// The topic from now on.
        topic: Topic,
    },
    /// A room has another name; one that is taken is an error.
    Renamed {
        /// The former name.
        room: RoomName,
        /// The new name.
        to: RoomName,
    },
    /// A member has read a room up to an entry; two devices report in any order.
    Read {
        /// The room that was read.
        room: RoomId,
        /// The person who has read it.
        user: UserId,
        /// The last entry that was read.
        seq: Seq,
        /// The marker goes there also if it is further; otherwise it never goes back.
        back: bool,
    },
    /// A person has another name; the former one is free.
    Named {
        /// The person who has the name.
        user: UserId,
        /// The name from now on.
        name: Name,
    },
    /// A person loses their name, which is free.
    NameReleased {
        /// The person who loses the name.
        user: UserId,
    },
    /// A key has used v2.
    SpokeV2 {
        /// The key's person.
        user: UserId,
    },
    /// A key is admitted for good.
    Admitted {
        /// The key that is admitted.
        user: UserId,
    },
    /// The server has another admission mode.
    AdmissionMode(AdmissionMode),
    /// There is a new invitation.
    InvitationMade(StoredInvitation),
    /// An invitation admits nobody any more.
    InvitationEnded {
        /// The invitation's number.
        number: u32,
    },
    /// An invitation admits a key for good, and has one use less; without uses it ends. One that is
    /// not there, or has none, is an error.
    Redeemed {
        /// The invitation's number.
        number: u32,
        /// The key that it admits.
        user: UserId,
    },
    /// A key or address is banned, or its ban has another reason.
    Banned(Ban),
    /// The ban of a key or address is lifted.
    Unbanned(Banned),
    /// A person becomes an operator, or is one no longer.
    Operator {
        /// The person whose rights change.
        user: UserId,
        /// `true` if the person is an operator from now on.
        is: bool,
    },
}

/// The reason for which something could not be stored or read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The id was used by the same writer in the same room for something else.
    #[error("the id was used for something else")]
    IdReused,
    /// There is no such room.
    #[error("there is no such room")]
    NoSuchRoom,
    /// The room is there already.
    #[error("the room is there already")]
    RoomExists,
    /// Somebody is in the room, or it has entries.
    #[error("the room is in use")]
    RoomInUse,
    /// The invitation is not there, or admits nobody any more.
    #[error("there is no such invitation")]
    NoSuchInvitation,
    /// The person is not invited into the room, or not any more.
    #[error("the person is not invited")]
    NotInvited,
    /// A search took longer than one may.
    #[error("the search took too long")]
    TooLong,
    /// The disk is full. Nothing was changed; it may work later.
    #[error("the disk is full")]
    Full,
    /// Earlier changes of messages are still under way.
    #[error("earlier changes are still under way")]
    Busy,
    /// The message was changed as often as it may be.
    #[error("the message was changed as often as it may be")]
    TooManyEdits,
    /// The writer has as many different reactions on the message as one may.
    #[error("the writer has as many reactions on the message as one may")]
    TooManyOwnReactions,
    /// The message has as many different reactions as it may.
    #[error("the message has as many reactions as it may")]
    TooManyReactions,
    /// The writer may write no more for now.
    #[error("the writer has written as much as one may")]
    QuotaReached,
    /// The database has the size that it may have.
    #[error("the history has the size that it may have")]
    HistoryFull,
    /// Another failure; nothing was changed. The text is for the log.
    #[error("the store failed: {0}")]
    Failed(#[source] Cause),
}

/// The error behind [`StoreError::Failed`], of whatever library the store is built on.
// Shared, because one failure of a commit is the answer to every request in its group.
#[derive(Debug, Clone)]
pub struct Cause(Arc<dyn std::error::Error + Send + Sync>);

impl Cause {
    /// Wraps the error of a library.
    pub fn new(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self(Arc::new(error))
    }
}

impl From<&str> for Cause {
    fn from(text: &str) -> Self {
        Self(Box::<dyn std::error::Error + Send + Sync>::from(text).into())
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl std::error::Error for Cause {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.0)
    }
}

/// Compares what a log would show: the errors of most libraries cannot be compared.
impl PartialEq for Cause {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

impl Eq for Cause {}
