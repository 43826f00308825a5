//! What was read from the stream and not handled yet. Knows nothing of frames: how many bytes may
//! wait is the protocol's business.

use zeroize::Zeroize;

/// An emptied buffer with more than this capacity, in bytes, is given back to the allocator, so
/// that an idle connection does not keep what its largest message once needed.
pub(crate) const KEPT_CAPACITY: usize = 1024;

/// Bytes in the order of the stream.
#[derive(Debug, Default)]
pub(crate) struct Input {
    buffer: Vec<u8>,
    /// Start of what was not taken yet.
    start: usize,
}

impl Input {
    /// Adds what was read from the stream.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// What was not taken yet.
    pub(crate) fn unread(&self) -> &[u8] {
        &self.buffer[self.start..]
    }

    /// The first byte that was not taken yet.
    pub(crate) fn first_byte(&self) -> Option<u8> {
        self.unread().first().copied()
    }

    /// Takes the next `length` bytes, of which there must be so many.
    pub(crate) fn take(&mut self, length: usize) -> &mut [u8] {
        let taken = self.start..self.start + length;
        self.start = taken.end;
        &mut self.buffer[taken]
    }

    /// Forgets what was taken. To be called when no further frame is due.
    pub(crate) fn compact(&mut self) {
        // Records are opened in place: what was taken holds plaintexts and proofs.
        self.buffer[..self.start].fill(0);
        if self.start == self.buffer.len() {
            self.buffer.clear();
            self.buffer.shrink_to(KEPT_CAPACITY);
        } else {
            self.buffer.drain(..self.start);
        }
        self.start = 0;
    }

    #[cfg(test)]
    pub(crate) fn capacity(&self) -> usize {
        self.buffer.capacity()
    }
}

impl Drop for Input {
    fn drop(&mut self) {
        self.buffer.zeroize();
    }
}
