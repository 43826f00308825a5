//! The passive observer: of a recorded conversation it makes the records that its observed ends
//! have made, and hostile bytes do it no harm.

use super::observed::{ROUNDS, Side, conversation_of};
use super::*;
use crate::observe::{
    Document, FrameRecord, KeyLog, KeyLogWriter, Observer, Opening, VerdictRecord,
};
use crate::testing::v2_client_config;

/// The number of places in a frame that are changed.
const PLACES: usize = if cfg!(target_arch = "wasm32") { 2 } else { 23 };

/// Returns the frames of an observed client, in their order, and the lines of its key log.
fn recorded(version: Version, seed: u8) -> (Vec<ObservedFrame>, String) {
    let (mut client, _) = conversation_of(version, seed, Observe::WithSecrets);
    client.frames.sort_by_key(|frame| frame.number);
    let mut writer = KeyLogWriter::default();
    let lines = client
        .frames
        .iter()
        .map(|frame| writer.lines(frame).to_string());
    let lines = lines.collect();
    (client.frames, lines)
}

fn key_log(lines: &str) -> KeyLog {
    let mut log = KeyLog::default();
    lines.lines().for_each(|line| log.line(line).unwrap());
    log
}

/// Feeds an observer these frames, in pieces of at most `size` bytes.
fn observe(frames: &[ObservedFrame], lines: &str, size: usize) -> (Vec<FrameRecord>, Observer) {
    let mut observer = Observer::new(key_log(lines), Observe::WithSecrets);
    let now = Time::default();
    // Frames that follow each other in a direction come as one stream.
    for run in frames.chunk_by(|a, b| a.direction == b.direction) {
        let bytes: Vec<u8> = run.iter().flat_map(|frame| frame.wire.clone()).collect();
        for piece in bytes.chunks(size) {
            observer.handle_bytes(run[0].direction, piece, now);
        }
    }
    let records = std::iter::from_fn(|| observer.poll_record()).collect();
    (records, observer)
}

fn both_versions() -> impl Iterator<Item = (Version, u8)> {
    let versions = [Version::V1, Version::V2].into_iter();
    versions.flat_map(|version| (0..ROUNDS).map(move |seed| (version, seed)))
}

/// Returns the received frames, without their numbers.
fn received_of(records: impl IntoIterator<Item = FrameRecord>) -> Vec<FrameRecord> {
    let received = records
        .into_iter()
        .filter(|it| it.direction == Direction::Received);
    received
        .map(|mut record| {
            record.number = 0;
            // The bytes that had come when a length was refused depend on the pieces, and the
            // limit on whether keys are known.
            if let VerdictRecord::Refused { check, error, .. } = &mut record.verdict
                && check.contains("frame_length")
            {
                error.clear();
                record.wire.clear();
                record.layers.clear();
            }
            record
        })
        .collect()
}

/// Feeds the client of a recording what the server has sent in `frames`, and returns the frames that
/// it reports as received, and the lines of its key log.
fn heard_by_client(
    version: Version,
    seed: u8,
    frames: &[ObservedFrame],
) -> (Vec<FrameRecord>, String) {
    let now = Time::default();
    let mut config = match version {
        Version::V1 => client_config(),
        Version::V2 => v2_client_config(),
    };
    config.observe = Observe::WithSecrets;
    let client = ClientConnection::new(config, seeded(seed), now);
    let mut side = Side::new(client, client_key());
    let heard = frames
        .iter()
        .filter(|it| it.direction == Direction::Received);
    for frame in heard {
        side.connection.handle_bytes(&frame.wire, now);
        side.drain(now);
    }
    let mut writer = KeyLogWriter::default();
    let lines = side
        .frames
        .iter()
        .map(|frame| writer.lines(frame).to_string());
    (
        received_of(side.frames.iter().map(FrameRecord::from)),
        lines.collect(),
    )
}

portable_test! {
    fn an_observer_with_the_key_log_makes_the_records_of_the_observed_connection() {
        for (version, seed) in both_versions() {
            let (frames, lines) = recorded(version, seed);
            let expected: Vec<_> = frames.iter().map(FrameRecord::from).collect();
            for size in [usize::MAX, 1 + usize::from(seed) * 37] {
                let (records, observer) = observe(&frames, &lines, size);
                assert_eq!(records, expected, "{version} {seed}");
                assert_eq!(observer.version(), Some(version));
                assert_eq!(observer.opening(), Opening::Opened);
                assert_eq!(observer.unread(Direction::Sent), 0);
                assert_eq!(observer.unread(Direction::Received), 0);
            }
        }
    }

    fn records_survive_their_json() {
        for (version, seed) in both_versions() {
            let (frames, lines) = recorded(version, seed);
            let (records, _) = observe(&frames, &lines, usize::MAX);
            for record in &records {
                record.check().unwrap();
            }
            let document = Document::new(Some(version), records);
            let json = serde_json::to_string(&document).unwrap();
            assert_eq!(serde_json::from_str::<Document>(&json).unwrap(), document);
        }
    }

    fn without_a_key_log_the_sealed_layer_is_all_that_is_seen() {
        for (version, seed) in both_versions() {
            let (frames, _) = recorded(version, seed);
            let (records, observer) = observe(&frames, "", 100);
            assert_eq!(observer.opening(), Opening::Unknown);
            assert_eq!(records.len(), frames.len());
            for (record, frame) in records.iter().zip(&frames) {
                assert_eq!(record.wire, frame.wire);
                record.check().unwrap();
                let sealed = !matches!(
                    frame.kind,
                    FrameKind::Announcement | FrameKind::Preface
                        | FrameKind::ClientHello | FrameKind::ServerHello
                );
                let unchecked = record.verdict == VerdictRecord::Unchecked;
                assert_eq!(unchecked, sealed, "{record:?}");
                let inside = record.layers.iter().any(|layer| layer.name == "plaintext");
                assert!(!inside, "{record:?}");
            }
        }
    }

    fn the_secrets_of_another_connection_are_not_taken_and_wrong_ones_refuse_the_first_record() {
        for version in [Version::V1, Version::V2] {
            let (frames, lines) = recorded(version, 1);
            let (_, others) = recorded(version, 2);
            let (_, observer) = observe(&frames, &others, 1000);
            assert_eq!(observer.opening(), Opening::Unknown);
            // The right connection with the secrets of another one.
            let words = |text: &str| -> Vec<Vec<String>> {
                let lines = text.lines();
                lines.map(|line| line.split(' ').map(str::to_owned).collect()).collect()
            };
            let mut wrong = words(&lines);
            for line in &mut wrong {
                line[4] = "42".repeat(line[4].len() / 2);
            }
            let wrong: Vec<_> = wrong.iter().map(|line| line.join(" ")).collect();
            let (records, observer) = observe(&frames, &wrong.join("\n"), 1000);
            assert_eq!(observer.opening(), Opening::Wrong);
            let refused: Vec<_> = records.iter().filter_map(|record| match &record.verdict {
                VerdictRecord::Refused { check, .. } => Some(check.as_ref()),
                _ => None,
            }).collect();
            let expected = match version {
                Version::V1 => "session_signature",
                Version::V2 => "record_tag",
            };
            assert!(refused.contains(&expected), "{refused:?}");
        }
    }

    fn a_cut_or_changed_recording_gives_no_panic_and_records_that_fit_their_bytes() {
        for version in [Version::V1, Version::V2] {
            let (frames, lines) = recorded(version, 3);
            let total: usize = frames.iter().map(|frame| frame.wire.len()).sum();
            let step = total / 61 + 1;
            for at in (0..total).step_by(step) {
                for flip in [false, true] {
                    let mut observer = Observer::new(key_log(&lines), Observe::Frames);
                    let mut passed = 0;
                    for frame in &frames {
                        let mut wire = frame.wire.clone();
                        if let Some(here) = at.checked_sub(passed).filter(|it| *it < wire.len()) {
                            if flip { wire[here] ^= 1 } else { wire.truncate(here) }
                        }
                        passed += frame.wire.len();
                        observer.handle_bytes(frame.direction, &wire, Time::default());
                        if !flip && passed > at { break }
                    }
                    while let Some(record) = observer.poll_record() {
                        record.check().unwrap();
                    }
                }
            }
        }
    }

    fn a_changed_frame_is_refused_by_the_same_check_as_by_its_receiver() {
        let mut refused = 0;
        for (version, seed) in [(Version::V1, 4), (Version::V2, 5)] {
            let (mut frames, _) = recorded(version, seed);
            // Another key in the announcement is for the client's pins to judge, in v1 alone.
            let first = usize::from(version == Version::V1);
            let received: Vec<_> = (first..frames.len())
                .filter(|at| frames[*at].direction == Direction::Received)
                .collect();
            for at in received {
                let length = frames[at].wire.len();
                for offset in (0..length).step_by(length / PLACES + 1) {
                    for bit in [1, 0x80] {
                        frames[at].wire[offset] ^= bit;
                        let (expected, lines) = heard_by_client(version, seed, &frames);
                        let (records, _) = observe(&frames, &lines, usize::MAX);
                        let seen = received_of(records);
                        assert_eq!(seen, expected, "{version}: bit {bit} of byte {offset} of frame {at}");
                        refused += usize::from(matches!(
                            seen.last().map(|record| &record.verdict),
                            Some(VerdictRecord::Refused { .. })
                        ));
                        frames[at].wire[offset] ^= bit;
                    }
                }
            }
        }
        assert!(refused > 4 * PLACES, "{refused}");
    }

    fn bytes_of_another_program_are_refused_by_name() {
        for (direction, bytes, expected) in [
            (Direction::Received, &b"HTTP/1.1 200 OK\n\n"[..], "announcement"),
            (Direction::Sent, b"GET / HTTP/1.1\n\n", "json"),
            (Direction::Sent, b"SSH-2.0-x", "preface"),
        ] {
            let mut observer = Observer::new(KeyLog::default(), Observe::Frames);
            observer.handle_bytes(direction, bytes, Time::default());
            let record = observer.poll_record().unwrap();
            let VerdictRecord::Refused { check, .. } = record.verdict else { panic!("accepted") };
            assert_eq!(check, expected);
        }
    }

    fn lines_of_a_key_log() {
        let mut log = KeyLog::default();
        let name = "ab".repeat(32);
        for line in ["", "# a comment", "CLIENT_RANDOM 00 11"] {
            log.line(line).unwrap();
        }
        assert!(log.is_empty());
        log.line(&format!("SECURE_CHAT_V2 hs_c 0 {name} {name}")).unwrap();
        assert_eq!(format!("{log:?}"), "KeyLog(1 secrets)");
        for line in [
            "SECURE_CHAT_V2".to_owned(),
            format!("SECURE_CHAT_V2 hs_c x {name} {name}"),
            format!("SECURE_CHAT_V2 hs_c 0 {name}00 {name}"),
            format!("SECURE_CHAT_V2 hs_c 0 {name} {name}0"),
            format!("SECURE_CHAT_V2 hs_c 0 {name} {name} more"),
            format!("SECURE_CHAT_V1 iv 0 {name} zz"),
        ] {
            assert!(log.line(&line).is_err(), "{line}");
        }
    }

    fn a_record_that_does_not_fit_is_found() {
        let (frames, _) = recorded(Version::V2, 0);
        let good = FrameRecord::from(&frames[1]);
        for change in [
            |record: &mut FrameRecord| { record.wire.pop(); },
            |record: &mut FrameRecord| record.layers[0].fields[0].end += 1,
            |record: &mut FrameRecord| { record.layers[0].fields.pop(); },
            |record: &mut FrameRecord| record.layers[0].bytes = Some(vec![]),
        ] {
            let mut record = good.clone();
            change(&mut record);
            assert!(record.check().is_err());
        }
    }
}
