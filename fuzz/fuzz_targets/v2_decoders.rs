//! v2's framing, hellos, proofs, records, data and alerts, fed with any bytes, from a stranger and
//! from a peer that has the keys.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(
    init: fuzz::seeds::write(|| shared::fuzzing::v2_seeds(fuzz::keys::client(), &mut fuzz::keys::seeded(1))),
    |data: &[u8]| shared::fuzzing::v2_decoders(data)
);
