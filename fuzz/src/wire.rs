//! The bytes between the two ends, and the changes that an attacker there can make.

use std::collections::VecDeque;

/// The bytes of one direction that were sent and not delivered yet.
#[derive(Debug, Default)]
pub struct Wire {
    pending: Vec<u8>,
    /// The last bytes that were delivered, to be sent again.
    delivered: Vec<u8>,
    /// The last writes, newest first, each as one piece: its frames can be sent again whole.
    writes: VecDeque<Vec<u8>>,
}

/// Most bytes that are remembered for a replay.
const REPLAYED: usize = 4096;

/// Most writes that are remembered for a replay.
const WRITES: usize = 8;

impl Wire {
    pub fn send(&mut self, bytes: &[u8]) {
        self.pending.extend_from_slice(bytes);
        if !bytes.is_empty() {
            self.writes.push_front(bytes.to_vec());
            self.writes.truncate(WRITES);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    /// Takes the next `count` bytes, or as many as there are.
    pub fn deliver(&mut self, count: usize) -> Vec<u8> {
        let bytes: Vec<u8> = self
            .pending
            .drain(..count.min(self.pending.len()))
            .collect();
        self.delivered.extend_from_slice(&bytes);
        // A long program would otherwise copy more and more with each replay.
        let forgotten = self.delivered.len().saturating_sub(REPLAYED);
        self.delivered.drain(..forgotten);
        bytes
    }

    pub fn flip(&mut self, offset: usize, mask: u8) {
        // Offsets wrap, so that nearly every input of the fuzzer hits something.
        let at = offset % self.pending.len().max(1);
        if let Some(byte) = self.pending.get_mut(at) {
            *byte ^= mask;
        }
    }

    pub fn insert(&mut self, offset: usize, bytes: &[u8]) {
        let at = offset % (self.pending.len() + 1);
        self.pending.splice(at..at, bytes.iter().copied());
    }

    pub fn cut(&mut self, offset: usize, count: usize) {
        let start = offset % (self.pending.len() + 1);
        let end = (start + count).min(self.pending.len());
        self.pending.drain(start..end);
    }

    /// Sends the last delivered bytes again.
    pub fn replay(&mut self, count: usize) {
        let start = self.delivered.len().saturating_sub(count);
        let again = self.delivered[start..].to_vec();
        self.pending.splice(0..0, again);
    }

    /// Sends one of the last writes again, the last one for 0. Whole frames, because a guess at
    /// their lengths nearly never hits, and a piece of one says nothing about replays.
    pub fn replay_write(&mut self, back: usize) {
        if let Some(write) = self.writes.get(back % self.writes.len().max(1)) {
            self.pending.splice(0..0, write.iter().copied());
        }
    }

    /// Sends a frame of v2 without its last byte, longer than any input of the fuzzer could carry.
    pub fn flood(&mut self, length: u32) {
        let frame = length.to_be_bytes().into_iter().chain([3]);
        let body = std::iter::repeat_n(1, (length as usize).saturating_sub(1));
        self.pending.splice(0..0, frame.chain(body));
    }

    /// Returns a copy of the bytes that are under way.
    pub fn peek(&self, count: usize) -> Vec<u8> {
        self.pending[..count.min(self.pending.len())].to_vec()
    }
}
