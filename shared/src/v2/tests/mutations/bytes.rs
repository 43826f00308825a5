//! Every byte of both streams: changed, dropped, doubled, swapped with the next.

use std::collections::BTreeSet;

use super::*;

/// Which bytes: all of them, and in wasm, which is the same code and slower, some of every frame.
const STEP: usize = if cfg!(target_arch = "wasm32") { 41 } else { 1 };

/// Which codes came of changes to each frame; "none" is a receiver that only waits for bytes which
/// do not come.
type Codes = [BTreeSet<&'static str>; 5];

/// Does `change` to each place of a stream: it gives what to remove and what to insert.
fn everywhere(way: Way, name: &str, change: fn(&[u8], usize) -> (usize, Vec<u8>)) -> Codes {
    let stream = reference().stream(way);
    let mut codes = Codes::default();
    for at in (0..stream.len()).step_by(STEP) {
        let (remove, insert) = change(&stream, at);
        // Nothing is changed by swapping two alike.
        if stream[at..at + remove] == insert {
            continue;
        }
        let splice = Splice {
            way,
            at,
            remove,
            insert,
        };
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

/// Of a sealed frame: its length's bytes, its type, and all the rest.
const RECORD: [&str; 4] = [
    "bad_record",
    "frame_too_large",
    "none",
    "unexpected_message",
];

/// Where every byte was changed, exactly these came; where some were, no others.
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
            // Another first byte is v1's, where everything up to an empty line is one frame.
            &["none", "unexpected_message"],
            // Bytes of the key that make it malformed fail at once, all others with the first record.
            &["bad_record", "frame_too_large", "handshake_failed", "none", "unexpected_message"],
            &RECORD, &RECORD, &RECORD,
        ]);
    }

    fn every_byte_to_the_client_flipped() {
        let codes = everywhere(Way::Down, "flipped", flipped);
        assert_codes(&codes, &[
            // What reads as an allowed key all the same, be it the same, fails with the first record.
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
                    // The last one is the type.
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
