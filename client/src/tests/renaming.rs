//! Tests of rooms that are renamed.

use super::*;

#[test]
fn a_renamed_room_keeps_what_is_known_of_it_and_on_its_way_to_it() {
    let mut chat = Chat::default();
    let (from, to) = (
        RoomId::parse("den").unwrap(),
        RoomName::parse("cave").unwrap(),
    );
    chat.hear(joined(from.clone(), 7, 3), 0);
    chat.current = from.clone();
    chat.write(
        Writing::Say {
            text: Text::parse("on its way").unwrap(),
            reply_to: None,
        },
        super::compose::Authorship {
            id: MessageId::new(1, [0; 10]),
            account: Account::default(),
            at: 0,
        },
    );
    let message = ServerMessage::Renamed {
        room: from.clone(),
        to: to.clone(),
    };
    chat.hear(message, 0);
    let to = RoomId::from(to);
    assert!(!chat.rooms.contains_key(&from));
    assert_eq!((chat.rooms[&to].head, &chat.current), (7, &to));
    assert_eq!(chat.outbox.lines()[0].room, to);
    let renamed: Vec<_> = chat.renamings(0).map(|it| (&it.from, &it.to)).collect();
    assert_eq!(renamed, [(&from, &to)]);
    assert_eq!(chat.renamings(1).count(), 0);
}

#[test]
fn a_room_that_is_renamed_again_and_again_fills_no_memory() {
    let mut chat = chat();
    let mut from = named("room-0");
    chat.hear(joined(from.clone(), 0, 0), 0);
    let number = chat.rooms[&from].number;
    for turn in 1..=100 {
        let to = RoomName::parse(&format!("room-{turn}")).unwrap();
        let room = std::mem::replace(&mut from, to.clone().into());
        chat.hear(ServerMessage::Renamed { room, to }, 0);
    }
    assert_eq!(chat.renamings(0).count(), hear::RENAMINGS);
    assert_eq!(chat.renamings(0).last().map(|it| it.number), Some(100));
    assert_eq!(chat.rooms[&from].number, number, "it is the same room");
}

#[test]
fn a_request_that_waits_for_a_renamed_room_goes_to_its_new_name() {
    let mut chat = chat();
    let (from, to) = (named("den"), RoomName::parse("cave").unwrap());
    chat.hear(joined(from.clone(), 3, 0), 0);
    asked(&mut chat);
    chat.seen(&from, 2);
    let to_id = RoomId::from(to.clone());
    chat.hear(ServerMessage::Renamed { room: from, to }, 0);
    let read = ClientMessage::Read {
        room: to_id,
        seq: 2,
    };
    assert_eq!(asked(&mut chat), [read]);
}
