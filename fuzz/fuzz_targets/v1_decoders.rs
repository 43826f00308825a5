//! v1's framing and the decoders of its four frames, fed with any bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(
    init: fuzz::seeds::write(|| shared::fuzzing::v1_seeds(fuzz::keys::client(), &mut fuzz::keys::seeded(1))),
    |data: &[u8]| shared::fuzzing::v1_decoders(data)
);
