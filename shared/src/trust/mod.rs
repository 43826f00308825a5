//! The keys that servers must have: pins, the connections that they allow, and the words that
//! people compare.
//!
//! A client pins the key of each server by an explicit act, and from then on accepts no other key
//! at that address. The driver decides where pins are kept, and how a person is asked: nothing here
//! opens a file, reads a clock or waits for anybody.

mod judge;
mod pin;
mod pins;
mod told;
mod words;

#[cfg(test)]
mod tests;

pub use judge::{Judgement, judge};
pub use pin::{Compared, Pin, UnixTime, Way};
pub use pins::{InvalidAddress, Pins, PinsError, PinsErrorCause};
pub use told::{Told, Unclear, compare};
pub use words::{WORD_COUNT, Words, words};
