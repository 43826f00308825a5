//! A connection's read buffer.

use std::time::Duration;

/// The read buffer's sizes in bytes: small while a connection is idle, because most are, and large
/// while much arrives.
const SIZES: std::ops::RangeInclusive<usize> = 2 * 1024..=64 * 1024;

/// The time after which a grown read buffer returns to its smallest size: ten thousand clients that
/// sent one large frame each must not hold 640 MB.
pub(super) const IDLE: Duration = Duration::from_secs(1);

/// A read buffer that grows while reads fill it and shrinks when they no longer do.
pub(super) struct ReadBuffer {
    pub(super) bytes: Vec<u8>,
}

impl ReadBuffer {
    pub(super) fn new() -> Self {
        Self {
            bytes: vec![0; *SIZES.start()],
        }
    }

    pub(super) fn adapt(&mut self, length: usize) {
        if length == self.bytes.len() && length < *SIZES.end() {
            self.bytes.resize(length * 2, 0);
        } else if length < *SIZES.start() && self.has_grown() {
            self.shrink();
        }
    }

    pub(super) fn has_grown(&self) -> bool {
        self.bytes.len() > *SIZES.start()
    }

    pub(super) fn shrink(&mut self) {
        // `truncate` alone would keep the allocation, which is what has to be given back.
        self.bytes.truncate(*SIZES.start());
        self.bytes.shrink_to_fit();
    }
}
