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
        back: false,
    };
    assert_eq!(asked(&mut chat), [read]);
}

// The loss: a message that was on its way when its room was renamed was shown as refused ("The room is
// gone"), though nothing was wrong with it.
#[test]
fn a_message_that_was_sent_to_the_former_name_goes_to_the_new_one() {
    let mut chat = Chat::default();
    let den = RoomId::parse("den").unwrap();
    chat.hear(joined(den.clone(), 7, 3), 0);
    chat.current = den.clone();
    let id = MessageId::new(1, [0; 10]);
    chat.write(
        Writing::Say {
            text: Text::parse("on its way").unwrap(),
            reply_to: None,
        },
        super::compose::Authorship {
            id,
            account: Account::default(),
            at: 0,
        },
    );
    let refusal = || ServerMessage::Error {
        code: ChatErrorCode::NoSuchRoom,
        message: "The room is gone.".into(),
        retry_after: None,
        about: Some(id.to_string()),
    };
    let mut former = den;
    for name in ["cave", "grotto"] {
        chat.outbox.sent(id);
        let to = RoomName::parse(name).unwrap();
        chat.hear(
            ServerMessage::Renamed {
                room: former,
                to: to.clone(),
            },
            0,
        );
        chat.hear(refusal(), 0);
        former = to.into();
        let line = &chat.outbox.lines()[0];
        assert_eq!((&line.state, &line.room), (&DeliveryState::Queued, &former));
    }
    // Under a name that stays it is refused, and not sent without end.
    chat.outbox.sent(id);
    chat.hear(refusal(), 0);
    let state = &chat.outbox.lines()[0].state;
    assert!(matches!(state, DeliveryState::Refused(_)), "{state:?}");
}
