//! The chat's limits. A server may lower what is a default here; what is part of a type is fixed.

/// Longest text of a message that a server takes unless it is told otherwise, in bytes of UTF-8. In
/// JSON it at most doubles, and so fits a message of v2 (64 KiB) with everything around it.
pub const TEXT_BYTES: usize = 16 * 1024;

/// Longest [`Text`](super::Text), whatever a server is told: what v1's largest frames can carry.
pub const TEXT_MAX_BYTES: usize = 1024 * 1024;

/// Longest name of a room in characters: what fits a list on a telephone, twice.
pub const ROOM_NAME_CHARACTERS: usize = 64;

/// Longest topic of a room in characters: two lines above the messages.
pub const TOPIC_CHARACTERS: usize = 250;

/// Longest reaction in bytes of UTF-8. The longest sequences in use, families and flags of regions
/// with skin tones, take 35.
pub const EMOJI_BYTES: usize = 40;

/// Most entries of one page of history.
pub const PAGE_ENTRIES: u32 = 100;

/// Entries of a page when the client does not say how many: some screens full.
pub const PAGE_ENTRIES_DEFAULT: u32 = 50;

/// A page ends before its texts, and 200 bytes for each entry, grow over so many bytes. In JSON they
/// at most double, and so fit a message of v2.
pub const PAGE_BYTES: usize = 28 * 1024;

/// Longest search in characters: a sentence.
pub const QUERY_CHARACTERS: usize = 200;

/// Longest reason of a ban in characters: a line of a table.
pub const REASON_CHARACTERS: usize = 100;

/// Longest code of a claim link in characters; a server's own are shorter.
pub const CLAIM_CHARACTERS: usize = 128;

/// Longest description of a client's program, in characters.
pub const CLIENT_CHARACTERS: usize = 64;

/// Most bytes of JSON in one message of a server: what a data message of v2 carries; v1's
/// frames carry more. Every list ends before it, and the client asks for the rest.
pub const MESSAGE_BYTES: usize = crate::limits::V2_MESSAGE_BYTES;

/// Most members, rooms or rows of a table in one message, so that no request costs much more than
/// another.
pub const LIST_ENTRIES: usize = 100;

/// Most operators of a server: their list fits one message.
pub const MAX_OPERATORS: usize = 100;
