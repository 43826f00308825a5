//! Changes of whole frames: dropped, doubled, swapped, sent early or late, of the other direction,
//! of another session.

use super::*;

const FRAMES: usize = 5;

/// Returns `true` if two neighbouring frames of a direction are sent without waiting in between.
/// Otherwise the sender waits for its peer between them, so an attacker on the path never holds both
/// and cannot swap them.
fn same_flight(way: Way, first: usize) -> bool {
    match way {
        Way::Up => first != 1,
        Way::Down => first == 1 || first == 2,
    }
}

/// Checks a change, with both ends of a receiver that only waits, if it does.
fn check_waits(splice: &Splice, name: &str) {
    if check(splice, Wait::Cut, name).is_none() {
        check(splice, Wait::UntilTheDeadline, name);
    }
}

/// Checks a change at every frame, both ways.
fn check_all(remove: bool, name: &str, insert: impl Fn(Way, usize) -> Vec<Vec<u8>>) {
    for way in [Way::Up, Way::Down] {
        for place in 0..FRAMES {
            let honest = &reference().frames(way)[place];
            for bytes in insert(way, place) {
                if remove && bytes == *honest {
                    continue;
                }
                let splice = Splice {
                    way,
                    at: reference().start(way, place),
                    remove: if remove { honest.len() } else { 0 },
                    insert: bytes,
                };
                let length = splice.insert.len();
                let name = format!("{way:?}: frame {place} {name}, {length} bytes");
                check_waits(&splice, &name);
            }
        }
    }
}

fn other(way: Way) -> Way {
    match way {
        Way::Up => Way::Down,
        Way::Down => Way::Up,
    }
}

portable_test! {
    fn the_honest_conversation_is_as_the_model_says() {
        for way in [Way::Up, Way::Down] {
            let splice = Splice { way, at: 0, remove: 0, insert: Vec::new() };
            check(&splice, Wait::Cut, "honest");
        }
    }

    // The transcript and the sequence numbers notice a missing frame (PROTOCOL.md §2.5).
    fn dropped_frames() {
        check_all(true, "dropped", |_, _| vec![Vec::new()]);
    }

    // Every frame of the session before every frame: so replays and early messages are tried in
    // each state.
    fn frames_sent_twice_early_or_late() {
        check_all(false, "preceded", |way, _| reference().frames(way).to_vec());
    }

    fn a_frame_in_place_of_another() {
        check_all(true, "replaced", |way, _| reference().frames(way).to_vec());
    }

    fn swapped_frames() {
        for way in [Way::Up, Way::Down] {
            let frames = reference().frames(way);
            for first in (0..FRAMES - 1).filter(|first| same_flight(way, *first)) {
                let splice = Splice {
                    way,
                    at: reference().start(way, first),
                    remove: frames[first].len() + frames[first + 1].len(),
                    insert: [&frames[first + 1][..], &frames[first]].concat(),
                };
                check_waits(&splice, &format!("{way:?}: frame {first} swapped"));
            }
        }
    }

    // Each direction has its own secrets, so a side's own words, sent back, do not open.
    fn reflected_frames() {
        check_all(false, "preceded by a reflected one",
            |way, _| reference().frames(other(way)).to_vec());
        check_all(true, "replaced by a reflected one",
            |way, _| reference().frames(other(way)).to_vec());
    }

    // Both hellos draw fresh randomness, so no frame of one session fits another.
    fn frames_of_another_session() {
        let session = converse(0x40);
        assert_ne!(session.up[1], reference().up[1]);
        check_all(true, "of another session", |way, place| {
            vec![session.frames(way)[place].clone()]
        });
        check_all(false, "preceded by one of another session",
            |way, _| session.frames(way).to_vec());
    }

    fn a_whole_session_said_again() {
        // Everything that the client ever sent, to a server that draws anew: nothing opens.
        let mut run = Run::new(0, None, Some(reference()));
        run.server = ServerConnection::new(server_config().into(), seeded(0x49), run.now);
        run.server.handle_bytes(&reference().stream(Way::Up), run.now);
        let mut sign = |message: &[u8]| sign_once(server_key(), message);
        drain(&mut run.server, &mut run.seen[1], &mut run.frames[1], DOWN_TEXT, &mut sign, run.now);
        let cause = PeerMisbehaved::UnopenableRecord.into();
        assert_eq!(run.seen[1].closed, Some(CloseReason::Failed(cause)));
        assert!(!run.seen[1].established && run.seen[1].messages.is_empty());
    }
}
