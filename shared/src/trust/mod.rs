//! Which key a server must have: pins, what they allow, and how a key is shown to people.
//!
//! A client pins the key of each server by an explicit act, and from then on accepts no other at
//! that address. Where pins are kept, and how a person is asked, is the driver's business: nothing
//! here opens a file, reads a clock or waits for anybody.

mod judge;
mod pin;
mod pins;
mod words;

#[cfg(test)]
mod tests;

pub use judge::{Judgement, judge};
pub use pin::{Pin, UnixTime};
pub use pins::{InvalidAddress, Pins, PinsError, PinsErrorCause};
pub use words::{WORD_COUNT, Words, words};
