//! The chat's limits. A server may lower the defaults; the limits that are part of a type are
//! fixed.

/// The longest text of a message that a server takes by default, in bytes of UTF-8. In JSON it at
/// most doubles, and so fits a message of v2 (64 KiB) with everything around it.
pub const TEXT_BYTES: usize = 16 * 1024;

/// The longest [`Text`](super::Text), however a server is configured: as much as v1's largest
/// frames can carry.
pub const TEXT_MAX_BYTES: usize = 1024 * 1024;

/// The longest name of a room in characters: twice the width of a list on a telephone.
pub const ROOM_NAME_CHARACTERS: usize = 64;

/// The longest topic of a room in characters: two lines above the messages.
pub const TOPIC_CHARACTERS: usize = 250;

/// The longest reaction in bytes of UTF-8. The longest sequences in use, families and flags of
/// regions with skin tones, take 35.
pub const EMOJI_BYTES: usize = 40;

/// The most entries of one page of history.
pub const PAGE_ENTRIES: u32 = 100;

/// The entries of a page when the client does not say how many: some screens full.
pub const PAGE_ENTRIES_DEFAULT: u32 = 50;

/// The bytes of texts, and 200 for each entry, after which a page ends. In JSON they at most
/// double, and so fit a message of v2.
pub const PAGE_BYTES: usize = 28 * 1024;

/// The longest search in characters: a sentence.
pub const QUERY_CHARACTERS: usize = 200;

/// The longest reason of a ban in characters: a line of a table.
pub const REASON_CHARACTERS: usize = 100;

/// The longest code of a link in characters; a server's own are shorter.
pub const CODE_CHARACTERS: usize = 128;

/// The longest description of a client's program, in characters.
pub const CLIENT_CHARACTERS: usize = 64;

/// The most bytes of JSON in one message of a server: as many as a data message of v2 carries; v1's
/// frames carry more. Every list ends before it, and the client asks for the rest.
pub const MESSAGE_BYTES: usize = crate::limits::V2_MESSAGE_BYTES;

/// The most members, rooms or rows of a table in one message, so that no request costs much more
/// than another.
pub const LIST_ENTRIES: usize = 100;

/// The most operators of a server: their list fits one message.
pub const MAX_OPERATORS: usize = 100;

/// The most invitations to a server that are open at a time: their list fits one message.
pub const MAX_INVITATIONS: usize = 100;

/// The most keys that one invitation admits.
pub const INVITATION_USES: u32 = 1_000;

/// The longest life of an invitation in days.
pub const INVITATION_DAYS: u32 = 365;
