//! The cursor with which every frame is read and written: each call names the field that it takes
//! or puts, so the fields that an inspector shows are those of the real parser.
//!
//! [`reader`] takes fields from bytes, [`writer`] puts them behind each other, [`fields`] has their
//! names and what the protocol's document says of them, [`span`] is a named range of bytes, and
//! [`trace`] is where spans are kept while one frame is read or built.
//!
//! Spans exist only in builds that can observe frames (feature `observe`, and tests). In all others
//! [`trace::Spans`] and [`trace::Trace`] have no size and do nothing, so that what is left of a
//! cursor is the same bounds checks as without it, and no field's name is linked.

pub(crate) mod fields;
pub(crate) mod length;
pub(crate) mod reader;
pub(crate) mod span;
pub(crate) mod trace;
pub(crate) mod writer;
