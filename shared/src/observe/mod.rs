//! Frames for other programs: their JSON form, the log of a connection's secrets, and an observer
//! that reads a recorded connection as its two ends did.
//!
//! `docs/INSPECTOR.md` describes the formats. An observed connection and the [`Observer`] make the
//! same [`FrameRecord`]s, because both read with the protocol's own codec.

mod dissector;
mod key_log;
mod observer;
mod record;

pub use dissector::dissector;
pub use key_log::{InvalidLine, KeyLog, KeyLogWriter};
pub use observer::{Observer, Opening};
pub use record::{
    Document, FORMAT, FORMAT_VERSION, FieldRecord, FrameRecord, InvalidRecord, KeyRecord,
    LayerRecord, VerdictRecord,
};
