//! The client's state machine, in both versions, behind a wire on which somebody changes what the
//! server sends.
#![no_main]

use fuzz::program::{self, Victim};
use libfuzzer_sys::fuzz_target;

fuzz_target!(
    init: fuzz::seeds::write(program::seeds),
    |data: &[u8]| program::run(data, Victim::Client)
);
