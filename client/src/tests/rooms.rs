//! Tests of how rooms are entered, opened and offered.

use super::*;

#[test]
fn a_room_is_shown_when_we_are_in_it() {
    let mut chat = chat();
    asked(&mut chat);
    chat.open(named("rust"));
    // The screen stays where it is until the server agrees.
    assert_eq!(chat.current, lobby());
    assert_eq!(
        asked(&mut chat),
        [ClientMessage::Join {
            room: named("rust"),
            after: None,
        }]
    );
    chat.hear(joined(named("rust"), 9, 4), 1);
    assert_eq!(chat.current, named("rust"));
    assert_eq!(chat.room().unwrap().divider, Some(4));
    chat.hear(
        ServerMessage::Left {
            room: named("rust"),
            closed: false,
        },
        1,
    );
    assert_eq!(chat.current, lobby());
    assert!(
        !chat.rooms[&named("rust")].is_joined(),
        "it can be joined again"
    );
}

#[test]
fn whoever_a_link_leads_to_a_private_room_learns_whom_to_ask() {
    let mut chat = chat();
    chat.join(named("cellar"));
    let refusal = || ServerMessage::Error {
        code: ChatErrorCode::NoSuchRoom,
        message: "There is no room cellar, or not for you.".into(),
        retry_after: None,
        about: Some("cellar".into()),
    };
    chat.hear(refusal(), 1);
    let said = |chat: &Chat| chat.room().unwrap().notices.last().unwrap().text.clone();
    assert!(said(&chat).starts_with("The room cellar is private, or there is none."));
    // What nobody asked to enter is not explained.
    chat.hear(refusal(), 1);
    assert_eq!(said(&chat), "There is no room cellar, or not for you.");
}

#[test]
fn a_room_that_is_there_is_joined_instead_of_made() {
    let mut chat = chat();
    asked(&mut chat);
    chat.ask(ClientMessage::Create {
        room: RoomName::parse("new").unwrap(),
        topic: Topic::default(),
        private: false,
        keep: None,
    });
    asked(&mut chat);
    chat.hear(
        ServerMessage::Error {
            code: ChatErrorCode::RoomExists,
            message: "There is a room of this name already.".into(),
            retry_after: None,
            about: Some("new".into()),
        },
        1,
    );
    assert_eq!(
        asked(&mut chat),
        [ClientMessage::Join {
            room: named("new"),
            after: None,
        }]
    );
    assert!(chat.room().unwrap().notices.is_empty());
    let room = summary(named("other"), false, 0, 0);
    chat.hear(ServerMessage::Room { room }, 1);
    assert!(!chat.rooms[&named("other")].is_joined());
}

#[test]
fn a_room_of_two_opens_for_both() {
    let direct = RoomId::Direct(DirectId::of(author("ada").id, author("bob").id).unwrap());
    let mut ada = chat();
    ada.ask(ClientMessage::Direct {
        to: author("bob").id,
    });
    ada.hear(joined(direct.clone(), 0, 0), 1);
    assert_eq!(ada.current, direct);
    assert_eq!(ada.room().unwrap().title(), "bob");

    let mut ada = chat();
    asked(&mut ada);
    let invited = ServerMessage::Invited {
        room: summary(direct.clone(), true, 0, 0),
        by: author("bob"),
    };
    ada.hear(invited, 1);
    assert_eq!(
        ada.current,
        lobby(),
        "nobody is torn away from what they read"
    );
    assert!(matches!(&asked(&mut ada)[..], [ClientMessage::Join { room, .. }] if *room == direct));
}

#[test]
fn an_invitation_waits_until_it_is_taken() {
    let mut chat = chat();
    asked(&mut chat);
    let invited = ServerMessage::Invited {
        room: summary(named("secret"), false, 0, 0),
        by: author("bob"),
    };
    chat.hear(invited, 1);
    assert!(asked(&mut chat).is_empty());
    let room = &chat.rooms[&named("secret")];
    assert_eq!(room.invited_by, Some(author("bob")));
    let notice = &chat.room().unwrap().notices[0];
    assert_eq!(notice.text, "bob invites you to secret.");
}
