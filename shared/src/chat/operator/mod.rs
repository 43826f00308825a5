//! The requests of operators, and the server's answers to them.

mod answer;
mod ban;
mod record;
mod request;

pub use answer::OperatorAnswer;
pub use ban::{Ban, Banned, BansCursor, Reason};
pub use record::{ConnectionInfo, LogLevel, LogLine, OperatorLimits, RoomInfo, ServerStatus};
pub use request::{Kicked, OperatorRequest};
