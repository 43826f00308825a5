//! The chat inside the secure session: what plaintexts mean. The same over every version and
//! transport; shared by server, page and terminal client, so that they cannot disagree.

pub mod name;
pub mod plain;
