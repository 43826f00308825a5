//! Tests of muted rooms.

use super::*;
use crate::listing::Listing;
use crate::sorted::SortedSet;

fn two_rooms() -> Chat {
    let mut chat = chat();
    for (name, messages) in [("den", 3), ("attic", 1)] {
        chat.hear(joined(named(name), 0, 0), 0);
        for seq in 1..=messages {
            chat.hear(happens(&named(name), says(seq, "bob", "hi")), 0);
        }
    }
    chat
}

#[test]
fn a_muted_room_is_at_the_end_and_has_only_mentions_as_news() {
    let mut chat = two_rooms();
    let own = |chat: &Chat| -> Vec<String> {
        let listing = Listing::of(chat);
        listing.own().map(|room| room.id.to_string()).collect()
    };
    let place = |chat: &Chat| own(chat).iter().position(|it| it == "den");
    let end = own(&chat).len() - 1;
    assert_ne!(place(&chat), Some(end));
    chat.muted.set(named("den"), true);
    assert_eq!(place(&chat), Some(end));
    assert_eq!(chat.news(&chat.rooms[&named("den")]), (0, 0));
    assert_eq!(chat.news(&chat.rooms[&named("attic")]), (1, 0));
    chat.hear(happens(&named("den"), says(4, "bob", "@ada look")), 0);
    assert_eq!(chat.news(&chat.rooms[&named("den")]), (1, 1));
    assert_eq!(place(&chat), Some(end), "whatever is said there");
    chat.muted.set(named("den"), false);
    assert_eq!(chat.news(&chat.rooms[&named("den")]), (4, 1));
}

#[test]
fn a_muted_room_stays_so_under_its_new_name_and_in_the_next_session() {
    let mut chat = two_rooms();
    chat.muted.set(named("den"), true);
    let changes = chat.muted.changes();
    let to = RoomName::parse("cave").unwrap();
    let room = named("den");
    chat.hear(ServerMessage::Renamed { room, to }, 0);
    assert!(chat.muted.has(&named("cave")) && !chat.muted.has(&named("den")));
    assert!(
        chat.muted.changes() > changes,
        "which a program has to keep"
    );
    chat.clear();
    assert!(chat.muted.has(&named("cave")));
    let changes = chat.muted.changes();
    chat.muted.load(SortedSet::from_iter([named("attic")]));
    assert!(chat.muted.has(&named("attic")) && !chat.muted.has(&named("cave")));
    assert_eq!(
        chat.muted.changes(),
        changes,
        "what was loaded is kept already"
    );
}
