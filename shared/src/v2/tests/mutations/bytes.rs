//! Changes of every byte of both streams: flipped, dropped, doubled, swapped with the next.

use std::collections::BTreeSet;

use super::*;

/// The step between the changed bytes: every byte natively, and some of every frame in wasm, which
/// runs the same code and is slower.
const STEP: usize = if cfg!(target_arch = "wasm32") { 41 } else { 1 };

/// The codes that changes of each frame caused; "none" is a receiver that only waits for bytes
/// which do not come.
type Codes = [BTreeSet<&'static str>; 5];

/// Changes each byte of a stream by `change`, which returns the number of bytes to remove and the
/// bytes to insert.
fn everywhere(way: Way, name: &str, change: fn(&[u8], usize) -> (usize, Vec<u8>)) -> Codes {
    let stream = reference().stream(way);
    let mut codes = Codes::default();
    for at in (0..stream.len()).step_by(STEP) {
        let (remove, insert) = change(&stream, at);
        // Swapping two equal bytes changes nothing, so there is nothing to check.
        if stream[at..at + remove] == insert {
            continue;
        }
        let splice = Splice {
            way,
            at,
            remove,
            insert,
        };
        // Both kinds of end, in turn, so that each is tried in every frame.
        let wait = [Wait::Cut, Wait::UntilTheDeadline][at % 2];
        let code = check(&splice, wait, &format!("{way:?}: byte {at} {name}"));
        let frame = (0..5).rfind(|frame| reference().start(way, *frame) <= at);
        codes[frame.unwrap()].insert(code.map_or("none", ErrorCode::as_str));
    }
    codes
}

fn flipped(stream: &[u8], at: usize) -> (usize, Vec<u8>) {
    (1, vec![stream[at] ^ (1 << (at % 8))])
}

fn dropped(_: &[u8], _: usize) -> (usize, Vec<u8>) {
    (1, Vec::new())
}

fn doubled(stream: &[u8], at: usize) -> (usize, Vec<u8>) {
    (0, vec![stream[at]])
}

fn swapped(stream: &[u8], at: usize) -> (usize, Vec<u8>) {
    let pair = &stream[at..stream.len().min(at + 2)];
    (pair.len(), pair.iter().rev().copied().collect())
}

/// The codes of a sealed frame: of its length's bytes, of its type, and of all the rest.
const RECORD: [&str; 4] = [
    "bad_record",
    "frame_too_large",
    "none",
    "unexpected_message",
];

/// Asserts that exactly the expected codes came if every byte was changed, and no others if some
/// were.
fn assert_codes(codes: &Codes, expected: &[&[&str]; 5]) {
    for (codes, expected) in codes.iter().zip(expected) {
        let expected: BTreeSet<_> = expected.iter().copied().collect();
        assert!(codes.is_subset(&expected), "{codes:?}");
        assert!(STEP > 1 || *codes == expected, "{codes:?}");
    }
}

portable_test! {
    fn every_byte_to_the_server_flipped() {
        let codes = everywhere(Way::Up, "flipped", flipped);
        assert_codes(&codes, &[
            // Another first byte starts v1, where everything up to an empty line is one frame.
            &["none", "unexpected_message"],
            // Bytes of the key that make it malformed fail at once, and all others with the first
            // record.
            &["bad_record", "frame_too_large", "handshake_failed", "none", "unexpected_message"],
            &RECORD, &RECORD, &RECORD,
        ]);
    }

    fn every_byte_to_the_client_flipped() {
        let codes = everywhere(Way::Down, "flipped", flipped);
        assert_codes(&codes, &[
            // An announcement that still reads as an allowed key, be it the same, fails with the
            // first record, because its bytes are in the transcript.
            &["bad_record", "handshake_failed", "malformed", "none"],
            &["bad_record", "frame_too_large", "handshake_failed", "unexpected_message"],
            &RECORD, &RECORD, &RECORD,
        ]);
    }

    fn every_byte_to_the_server_dropped() {
        everywhere(Way::Up, "dropped", dropped);
    }

    fn every_byte_to_the_client_dropped() {
        everywhere(Way::Down, "dropped", dropped);
    }

    fn every_byte_to_the_server_doubled() {
        everywhere(Way::Up, "doubled", doubled);
    }

    fn every_byte_to_the_client_doubled() {
        everywhere(Way::Down, "doubled", doubled);
    }

    fn every_byte_to_the_server_swapped_with_the_next() {
        everywhere(Way::Up, "swapped", swapped);
    }

    fn every_byte_to_the_client_swapped_with_the_next() {
        everywhere(Way::Down, "swapped", swapped);
    }

    fn every_type_of_a_frame_and_many_lengths() {
        for way in [Way::Up, Way::Down] {
            for frame in 1..5 {
                let start = reference().start(way, frame);
                for at in start..start + 5 {
                    // The last of the five bytes is the type, of which every value is tried.
                    let step = if at == start + 4 { STEP } else { STEP.max(15) };
                    for value in (0..=255).step_by(step) {
                        if reference().stream(way)[at] == value { continue }
                        let splice = Splice { way, at, remove: 1, insert: vec![value] };
                        let name = format!("{way:?}: byte {at} is {value}");
                        check(&splice, Wait::UntilTheDeadline, &name);
                    }
                }
            }
        }
    }
}
