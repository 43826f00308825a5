//! The type of a sealed message: the last byte inside of a record that is not padding.
//!
//! Apart from `record.rs`, because the transcript hashes it too, and the keys of records come from
//! the transcript.

use crate::frame::FrameKind;

/// The type of the message that is sealed in a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum InnerType {
    ServerAuth = 1,
    ServerFinished = 2,
    ClientAuth = 3,
    ClientFinished = 4,
    Data = 5,
    KeyUpdate = 6,
    Alert = 7,
    Close = 8,
}

impl InnerType {
    pub(crate) fn from_byte(byte: u8) -> Option<Self> {
        [
            Self::ServerAuth,
            Self::ServerFinished,
            Self::ClientAuth,
            Self::ClientFinished,
            Self::Data,
            Self::KeyUpdate,
            Self::Alert,
            Self::Close,
        ]
        .into_iter()
        .find(|inner_type| *inner_type as u8 == byte)
    }

    pub(crate) fn kind(self) -> FrameKind {
        match self {
            Self::ServerAuth => FrameKind::ServerAuth,
            Self::ServerFinished => FrameKind::ServerFinished,
            Self::ClientAuth => FrameKind::ClientAuth,
            Self::ClientFinished => FrameKind::ClientFinished,
            Self::Data => FrameKind::Message,
            Self::KeyUpdate => FrameKind::KeyUpdate,
            Self::Alert => FrameKind::Alert,
            Self::Close => FrameKind::Close,
        }
    }
}
