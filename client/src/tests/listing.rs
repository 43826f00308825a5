//! Tests of the list of rooms.

use super::*;
use crate::listing::Listing;

fn names(rooms: &[Rc<Room>]) -> Vec<String> {
    rooms.iter().map(|room| room.id.to_string()).collect()
}

#[test]
fn the_room_with_the_latest_message_is_the_first() {
    let mut chat = Chat::default();
    let rooms = ["attic", "cellar", "den", "yard"];
    let summaries = rooms.map(|name| summary(named(name), name != "yard", 0, 0));
    chat.hear(welcome(summaries.to_vec()), 0);
    let own = |chat: &Chat| names(&Listing::of(chat).named);
    assert_eq!(own(&chat), ["attic", "cellar", "den"]);
    for name in ["den", "cellar"] {
        chat.hear(joined(named(name), 0, 0), 0);
    }
    for (name, seq) in [("den", 1), ("cellar", 1), ("cellar", 2)] {
        chat.hear(happens(&named(name), says(seq, "bob", "hi")), 0);
    }
    assert_eq!(own(&chat), ["cellar", "den", "attic"]);
    // The lobby is known before one is in it.
    assert_eq!(names(&Listing::of(&chat).others), ["lobby", "yard"]);
}
