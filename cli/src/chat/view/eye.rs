//! The surroundings in which every part of the screen is drawn.

use super::super::style::Look;
use super::super::zone::Zone;

/// The surroundings that drawing needs beside the chat.
#[derive(Clone, Copy)]
pub(crate) struct Eye<'a> {
    pub(crate) look: Look,
    pub(crate) zone: &'a Zone,
    /// The present time, in milliseconds since 1970.
    pub(crate) at: u64,
}
