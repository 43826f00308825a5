//! Tests of the search for rooms to join: what is known of them, and what was rejected.

use super::*;
use crate::browsing::Extent;
use shared::chat::RoomFilter;

fn list(names: &[&str], find: Option<&str>, more: bool) -> ServerMessage {
    let rooms = names.iter().map(|name| summary(named(name), false, 0, 0));
    ServerMessage::Rooms {
        rooms: rooms.collect(),
        find: find.map(|find| RoomFilter::from(find.to_owned())),
        more,
    }
}

fn rejection(about: &str, message: &str) -> ServerMessage {
    ServerMessage::Error {
        code: ChatErrorCode::RateLimited,
        message: message.into(),
        about: Some(about.into()),
        retry_after: None,
    }
}

#[test]
fn that_no_room_has_a_name_is_said_only_when_all_are_known() {
    let mut chat = chat();
    assert_eq!(
        (chat.extent(""), chat.extent("at")),
        (Extent::Whole, Extent::Whole)
    );
    chat.hear(list(&["attic"], None, true), 1);
    // A list that is shorter than a page is read on by itself.
    assert_eq!(
        (chat.extent(""), chat.extent("at")),
        (Extent::Asked, Extent::Part)
    );
    chat.find_rooms("At");
    assert_eq!(
        (chat.extent("at"), chat.extent("den")),
        (Extent::Asked, Extent::Part)
    );
    chat.hear(list(&["flat"], Some("at"), false), 1);
    assert_eq!(chat.extent("at"), Extent::Whole);
    assert!(chat.rooms.contains_key(&named("flat")));
    chat.hear(list(&["den"], None, false), 1);
    assert_eq!(
        (chat.extent(""), chat.extent("den")),
        (Extent::Whole, Extent::Whole)
    );
    chat.begin(None, "test");
    assert!(
        chat.browsing == crate::browsing::Browsing::default(),
        "another session"
    );
}

#[test]
fn a_page_that_was_rejected_can_be_asked_for_again() {
    let mut chat = chat();
    asked(&mut chat);
    chat.hear(list(&["attic"], None, true), 1);
    let page = asked(&mut chat);
    assert!(!chat.has_more_rooms(), "it is under way");
    chat.hear(rejection("rooms", "Too often."), 1);
    assert_eq!(chat.browsing.rejection(None), Some("Too often."));
    assert!(chat.has_more_rooms());
    chat.more_rooms();
    assert_eq!(asked(&mut chat), page);
    assert_eq!(chat.browsing.rejection(None), None);
}

#[test]
fn why_a_room_could_not_be_joined_is_told_of_that_room() {
    let mut chat = chat();
    chat.join(named("attic"));
    chat.hear(rejection("attic", "You are banned there."), 1);
    assert_eq!(chat.browsing.rejection(None), None);
    assert_eq!(chat.browsing.rejection(Some("den")), None);
    assert_eq!(
        chat.browsing.rejection(Some("attic")),
        Some("You are banned there.")
    );
    chat.join(named("den"));
    assert_eq!(
        chat.browsing.rejection(Some("attic")),
        None,
        "the person went on"
    );
}
