//! The markup of messages, fed with any text: nothing is lost, nothing nests without a bound, and
//! every link is safe.
#![no_main]

use client::testing::{hostile, shown};
use libfuzzer_sys::fuzz_target;

fuzz_target!(
    init: fuzz::seeds::write(|| hostile::PIECES.iter().map(|piece| piece.repeat(3).into_bytes()).collect()),
    |text: &str| shown::check(text)
);
