//! Rooms that move between servers: all of them as lines of JSON, and back, and from the exports of
//! other programs.
//!
//! `docs/KEEPING.md` has the format for people; [`record`] has it in types.

mod error;
mod export;
mod foreign;
mod import;
mod lines;
mod names;
mod record;
#[cfg(test)]
mod tests;

pub use error::{ExportError, ImportError, Problem};
pub use export::{Source, export, write};
pub use import::{Options, Report, import};
pub use record::Record;

/// The version of the format that this program writes and reads.
pub const VERSION: u32 = 1;

/// The longest line of an export, in bytes. The longest text, of 1 MiB, at most doubles in JSON.
pub const MAX_LINE_BYTES: usize = 4 * 1024 * 1024;
