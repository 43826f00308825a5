//! The buffer of bytes that were read from the stream and not handled yet. It knows nothing of
//! frames: the protocol decides how many bytes may wait.

use zeroize::Zeroize;

/// The capacity in bytes that an emptied buffer keeps at most. A larger one is given back to the
/// allocator, so that an idle connection does not keep the memory of its largest message.
pub(crate) const KEPT_CAPACITY: usize = 1024;

/// Unread bytes in the order of the stream.
#[derive(Debug, Default)]
pub(crate) struct Input {
    buffer: Vec<u8>,
    /// The start of the bytes that were not taken yet.
    start: usize,
}

impl Input {
    /// Adds bytes that were read from the stream.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Returns the bytes that were not taken yet.
    pub(crate) fn unread(&self) -> &[u8] {
        &self.buffer[self.start..]
    }

    /// Returns the first byte that was not taken yet.
    pub(crate) fn first_byte(&self) -> Option<u8> {
        self.unread().first().copied()
    }

    /// Takes the next `length` bytes. The caller has checked that there are so many.
    pub(crate) fn take(&mut self, length: usize) -> &mut [u8] {
        let taken = self.start..self.start + length;
        self.start = taken.end;
        &mut self.buffer[taken]
    }

    /// Forgets the taken bytes. The caller has no further whole frame to take.
    pub(crate) fn compact(&mut self) {
        // Records are opened in place, so the taken bytes hold plaintexts and proofs.
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
        // A connection may end before `compact` has wiped a record that was opened in place.
        self.buffer.zeroize();
    }
}
