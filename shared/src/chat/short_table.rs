//! Reads the short tables of Unicode that `build.rs` writes for the page.
//!
//! Numbers are LEB128, and most are distances from the one before: a compressed table has a third
//! less than as numbers of four bytes.

/// A table that is being read. What is no table ends early.
pub(super) struct ShortTable(pub(super) &'static [u8]);

impl ShortTable {
    pub(super) fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    pub(super) fn number(&mut self) -> Option<u32> {
        let mut number = 0;
        for shift in (0..u32::BITS).step_by(7) {
            let byte = self.byte()?;
            number |= u32::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    pub(super) fn text(&mut self) -> Option<&'static str> {
        let length = self.number()? as usize;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        std::str::from_utf8(text).ok()
    }
}
