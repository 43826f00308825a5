//! Tests of the lists that come in pages: rooms and members.

use super::*;

#[test]
fn a_list_of_rooms_in_pages_is_read_on_and_forgets_only_when_it_is_whole() {
    let room = |name: &str| RoomId::parse(name).unwrap();
    let summary = |name: &str, joined| RoomSummary {
        room: room(name),
        topic: Topic::default(),
        private: false,
        keep: Keep::Forever,
        joined,
        head: 0,
        read: 0,
        with: None,
    };
    let mut chat = Chat::default();
    // The rooms are known from an earlier session, and one of them is gone by now.
    for name in ["gone", "zoo"] {
        let mut known = room::Room::new(room(name));
        known.standing = room::Standing::Member;
        chat.rooms.insert(room(name), std::rc::Rc::new(known));
    }
    chat.begin(None, "test");
    let asked = |chat: &mut Chat| -> Vec<ClientMessage> {
        let waiting: Vec<_> = chat.requests.waiting().to_vec();
        chat.requests.sent(u64::MAX);
        waiting.into_iter().map(|(_, message)| message).collect()
    };
    asked(&mut chat);
    let ServerMessage::Welcome {
        you,
        server,
        operator,
        limits,
        ..
    } = welcome(Vec::new())
    else {
        panic!()
    };
    chat.hear(
        ServerMessage::Welcome {
            you,
            server,
            rooms: vec![summary("lobby", true)],
            more: true,
            operator,
            limits,
        },
        0,
    );
    let requests = asked(&mut chat);
    assert!(requests.contains(&ClientMessage::Rooms {
        after: Some(RoomsCursor {
            others: false,
            room: room("lobby"),
        }),
        find: None,
    }));
    assert!(
        chat.rooms.contains_key(&room("zoo")),
        "not forgotten before its page"
    );
    chat.hear(
        ServerMessage::Rooms {
            rooms: vec![summary("zoo", true), summary("attic", false)],
            find: None,
            more: false,
        },
        0,
    );
    let known: Vec<_> = chat.rooms.keys().map(ToString::to_string).collect();
    assert_eq!(known, ["attic", "lobby", "zoo"]);
    let joins = asked(&mut chat);
    assert!(
        joins
            .iter()
            .any(|it| matches!(it, ClientMessage::Join { room, .. } if room.to_string() == "zoo"))
    );
    assert!(!chat.has_more_rooms());
}

fn public(range: std::ops::Range<usize>) -> Vec<RoomSummary> {
    let name = |at: usize| named(&format!("room-{at:03}"));
    range.map(|at| summary(name(at), false, 0, 0)).collect()
}

#[test]
fn further_public_rooms_are_asked_for_only_when_somebody_wants_them() {
    let mut chat = chat();
    asked(&mut chat);
    chat.begin(None, "test");
    let mut first = welcome(vec![summary(lobby(), true, 0, 0)]);
    if let ServerMessage::Welcome { more, .. } = &mut first {
        *more = true;
    }
    chat.hear(first, 1);
    let rooms = |requests: &[ClientMessage]| {
        let rooms = requests.iter();
        rooms
            .filter(|it| matches!(it, ClientMessage::Rooms { .. }))
            .count()
    };
    assert_eq!(rooms(&asked(&mut chat)), 1);
    let page = |range| ServerMessage::Rooms {
        rooms: public(range),
        find: None,
        more: true,
    };
    chat.hear(page(0..100), 1);
    assert_eq!(rooms(&asked(&mut chat)), 0, "a page is enough");
    assert!(chat.has_more_rooms());
    chat.more_rooms();
    chat.more_rooms();
    let after = Some(RoomsCursor {
        others: true,
        room: named("room-099"),
    });
    let next = ClientMessage::Rooms { after, find: None };
    assert_eq!(asked(&mut chat), [next], "once");
    chat.hear(page(100..200), 1);
    // The lobby is among them, and the room of before, because the list may still come to it.
    assert!(chat.rooms.contains_key(&named("rust")));
    assert_eq!(chat.rooms.len(), 202);
}

#[test]
fn a_room_is_found_by_a_part_of_its_name_while_the_list_goes_on() {
    let mut chat = chat();
    asked(&mut chat);
    chat.find_rooms("at");
    assert!(asked(&mut chat).is_empty(), "all rooms are here");
    let rooms = ServerMessage::Rooms {
        rooms: public(0..100),
        find: None,
        more: true,
    };
    chat.hear(rooms, 1);
    chat.find_rooms(" At ");
    chat.find_rooms(" ");
    let filter = shared::chat::RoomFilter::from("at".to_owned());
    let find = ClientMessage::Rooms {
        after: None,
        find: Some(filter.clone()),
    };
    assert_eq!(asked(&mut chat), [find]);
    let found = ServerMessage::Rooms {
        rooms: vec![summary(named("attic"), false, 0, 0)],
        find: Some(filter.clone()),
        more: true,
    };
    chat.hear(found.clone(), 1);
    assert!(chat.rooms.contains_key(&named("attic")));
    assert!(asked(&mut chat).is_empty(), "something was found");
    chat.hear(found, 1);
    let after = Some(RoomsCursor {
        others: true,
        room: named("attic"),
    });
    let find = Some(filter);
    assert_eq!(
        asked(&mut chat),
        [ClientMessage::Rooms { after, find }],
        "that was known: further on there may be others"
    );
}

#[test]
fn the_members_of_a_large_room_are_read_anew_when_they_are_looked_at() {
    let mut chat = chat();
    asked(&mut chat);
    chat.refresh_members(&lobby());
    assert!(asked(&mut chat).is_empty(), "nothing has changed");
    let roster = ServerMessage::Roster {
        room: lobby(),
        count: 700,
    };
    chat.hear(roster, 1);
    let room = chat.room().unwrap();
    assert_eq!((room.count, room.members.len()), (700, 2));
    chat.refresh_members(&lobby());
    chat.refresh_members(&lobby());
    let first = ClientMessage::Members {
        room: lobby(),
        after: None,
    };
    assert_eq!(asked(&mut chat), [first], "once");
    let page = |names: &[&str], more| ServerMessage::Members {
        room: lobby(),
        members: names.iter().map(|name| member(name, true)).collect(),
        count: 3,
        more,
    };
    chat.hear(page(&["eve"], true), 1);
    let names = |chat: &Chat| -> Vec<_> {
        let members = chat.room().unwrap().members.iter();
        members.map(|it| it.name.to_string()).collect()
    };
    assert_eq!(names(&chat), ["eve"], "the former list is gone");
    let next = ClientMessage::Members {
        room: lobby(),
        after: Some(author("eve").id),
    };
    assert_eq!(asked(&mut chat), [next], "a small list is complete at once");
    chat.hear(page(&["ada"], false), 1);
    assert_eq!(names(&chat), ["ada", "eve"]);
}

// The fault: a row that was made before the last entries, or before the last report, took them back.
#[test]
fn a_row_of_a_list_takes_nothing_back() {
    let mut chat = chat();
    asked(&mut chat);
    let me = chat.me.as_ref().map(|me| me.id);
    let head = chat.room().unwrap().head;
    chat.seen(&lobby(), head);
    for (head, read) in [(head, 0), (head - 1, 0)] {
        let room = summary(lobby(), true, head, read);
        chat.hear(ServerMessage::Room { room }, 1);
    }
    let room = chat.room().unwrap();
    assert_eq!((room.head, room.read, room.unread(me)), (head, head, 0));
}

// The faults: the marker of a log that is no more hid what was written in the next one, and a report
// that never reached the server was not made again.
#[test]
fn a_read_marker_outlives_its_session_and_not_its_log() {
    let mut chat = chat();
    asked(&mut chat);
    let me = chat.me.as_ref().map(|me| me.id);
    let head = chat.room().unwrap().head;
    chat.seen(&lobby(), head);
    // The session ends before the report is sent.
    chat.end();
    chat.begin(None, "test");
    chat.hear(welcome(vec![summary(lobby(), true, head, 0)]), 1);
    asked(&mut chat);
    chat.hear(joined(lobby(), head, 0), 1);
    let report = ClientMessage::Read {
        room: lobby(),
        seq: head,
        back: false,
    };
    assert!(asked(&mut chat).contains(&report));
    assert_eq!(chat.room().unwrap().unread(me), 0);
    // The room was made anew, or its server set back: it has fewer entries, of which none was seen.
    chat.end();
    chat.begin(None, "test");
    chat.hear(welcome(vec![summary(lobby(), true, head - 1, 0)]), 1);
    chat.hear(joined(lobby(), head - 1, 0), 1);
    assert_eq!(chat.room().unwrap().read, 0);
}

// The fault: `/who` in the first second did not name the person who asked.
#[test]
fn one_is_here_oneself_before_it_is_announced() {
    let mut chat = chat();
    let ServerMessage::Joined {
        mut members, room, ..
    } = joined(lobby(), 0, 0)
    else {
        panic!()
    };
    for member in &mut members {
        member.online = false;
    }
    let me = chat.me.as_ref().map(|me| me.id);
    let room = chat.room_mut(&room).unwrap();
    room.meet(members, me);
    let here: Vec<_> = room
        .members
        .iter()
        .filter(|it| it.online)
        .map(|it| it.id)
        .collect();
    assert_eq!(here, me.into_iter().collect::<Vec<_>>());
}
