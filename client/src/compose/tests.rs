//! Tests of what a person types, and what comes of it.

use super::*;
use crate::room::{Room, Standing};
use crate::testing::author;
use shared::chat::Role;
use std::rc::Rc;

fn authorship() -> Authorship {
    Authorship {
        id: MessageId::new(1, [0; 10]),
        account: Account::default(),
        at: 1,
    }
}

/// Returns Ada's chat, with Bob in the lobby.
fn chat() -> Chat {
    let mut chat = Chat {
        me: Some(author("ada")),
        ..Chat::default()
    };
    let lobby = chat.current.clone();
    let mut room = Room::new(lobby.clone());
    room.standing = Standing::Live;
    room.set_members(vec![member("ada"), member("Bob")]);
    chat.rooms.insert(lobby, Rc::new(room));
    chat
}

fn member(name: &str) -> Member {
    let person = author(name);
    Member {
        id: person.id,
        name: person.name,
        online: true,
        role: Role::Member,
    }
}

fn notices(chat: &Chat) -> Vec<String> {
    let room = chat.room().unwrap();
    room.notices.iter().map(|it| it.text.clone()).collect()
}

fn asked(chat: &Chat) -> Option<&ClientMessage> {
    chat.requests.waiting().last().map(|(_, message)| message)
}

#[test]
fn a_text_goes_out_and_a_slash_does_not() {
    let mut chat = chat();
    assert_eq!(chat.compose("hello", Some(3), authorship()), None);
    let [line] = chat.outbox.lines() else {
        panic!("one line");
    };
    assert!(matches!(
        &line.what,
        Writing::Say {
            reply_to: Some(3),
            ..
        }
    ));
    assert_eq!(chat.compose("/quit", None, authorship()), Some(Asked::Quit));
    assert_eq!(
        chat.compose("/dance  now ", None, authorship()),
        Some(Asked::Command {
            word: "dance",
            rest: "now"
        })
    );
    assert_eq!(chat.outbox.lines().len(), 1);
}

#[test]
fn a_message_to_somebody_waits_for_their_room() {
    let mut chat = chat();
    chat.compose("/msg @bob psst", None, authorship());
    let (ada, bob) = (author("ada").id, author("Bob").id);
    let room = RoomId::Direct(DirectId::of(ada, bob).unwrap());
    assert_eq!(chat.outbox.lines()[0].room, room);
    assert_eq!(asked(&chat), Some(&ClientMessage::Direct { to: bob }));
    assert!(chat.queued(&Account::default()).is_empty());
    chat.compose("/msg eve hello", None, authorship());
    chat.compose("/msg ada hello", None, authorship());
    chat.compose("/msg", None, authorship());
    assert_eq!(chat.outbox.lines().len(), 1);
    assert_eq!(
        notices(&chat),
        [
            "Nobody in your rooms is called eve.",
            "That is you.",
            "Whom? Give a name."
        ]
    );
}

#[test]
fn people_are_invited_by_name() {
    let mut chat = chat();
    chat.compose("/private den", None, authorship());
    assert!(
        matches!(asked(&chat), Some(ClientMessage::Create { private: true, room, .. }) if room.as_str() == "den")
    );
    chat.compose("/invite BOB", None, authorship());
    let (room, id) = (RoomName::lobby(), author("Bob").id);
    assert_eq!(asked(&chat), Some(&ClientMessage::Invite { room, id }));
    let waiting = chat.requests.waiting().len();
    for wrong in [
        "/invite",
        "/invite eve",
        "/private not a room",
        "/join \u{202e}",
    ] {
        assert!(!chat.takes(wrong), "{wrong}");
        assert_eq!(chat.compose(wrong, None, authorship()), Some(Asked::Again));
    }
    assert_eq!(chat.requests.waiting().len(), waiting);
    assert_eq!(notices(&chat).len(), 5, "{:?}", notices(&chat));
}

fn den() -> RoomName {
    RoomName::parse("den").unwrap()
}

/// Returns Ada's chat, in the room `den` with Bob.
fn in_den() -> Chat {
    let mut chat = chat();
    let mut room = (**chat.room().unwrap()).clone();
    room.id = den().into();
    chat.current = den().into();
    chat.rooms.insert(den().into(), Rc::new(room));
    chat
}

#[test]
fn owners_and_moderators_manage_the_room_on_the_screen() {
    let bob = author("Bob").id;
    for (line, expected) in [
        (
            "/topic all about it".to_owned(),
            ClientMessage::Topic {
                room: den(),
                topic: Topic::parse("all about it").unwrap(),
            },
        ),
        (
            "/rename cave".to_owned(),
            ClientMessage::Rename {
                room: den(),
                to: RoomName::parse("cave").unwrap(),
            },
        ),
        (
            "/remove @bob".to_owned(),
            ClientMessage::Remove {
                room: den(),
                id: bob,
            },
        ),
        (
            format!("/mod {bob}"),
            ClientMessage::Role {
                room: den(),
                id: bob,
                role: Role::Moderator,
            },
        ),
        (
            "/handover bob".to_owned(),
            ClientMessage::Role {
                room: den(),
                id: bob,
                role: Role::Owner,
            },
        ),
        (
            "/close den".to_owned(),
            ClientMessage::Close { room: den() },
        ),
    ] {
        let mut chat = in_den();
        assert_eq!(chat.compose(&line, None, authorship()), None);
        assert_eq!(asked(&chat), Some(&expected), "{line}");
    }
}

#[test]
fn a_command_that_cannot_be_meant_so_asks_nothing() {
    for line in [
        "/close",
        "/close cave",
        "/remove eve",
        "/mod",
        "/rename a b",
    ] {
        let mut chat = in_den();
        chat.compose(line, None, authorship());
        assert_eq!(asked(&chat), None, "{line}");
        assert_eq!(notices(&chat).len(), 1, "{line}");
    }
}

#[test]
fn operators_appoint_revoke_release_and_give_rooms_away() {
    use shared::chat::OperatorRequest as R;
    let bob = author("Bob").id;
    for (line, expected) in [
        ("/op operators", R::Operators),
        ("/op rooms", R::Rooms { after: None }),
        ("/op appoint bob", R::Appoint { user: bob }),
        ("/op revoke bob", R::Revoke { user: bob }),
        ("/op release bob", R::ReleaseName { user: bob }),
        (
            "/op owner den bob",
            R::Role {
                room: den(),
                user: bob,
                role: Role::Owner,
            },
        ),
    ] {
        let mut chat = in_den();
        chat.operator = true;
        chat.compose(line, None, authorship());
        let expected = ClientMessage::Operator(expected);
        assert_eq!(asked(&chat), Some(&expected), "{line}");
    }
    for line in [
        "/op dance",
        "/op appoint",
        "/op appoint eve",
        "/op owner den",
    ] {
        let mut chat = in_den();
        chat.operator = true;
        chat.compose(line, None, authorship());
        assert_eq!(asked(&chat), None, "{line}");
        assert_eq!(notices(&chat).len(), 1, "{line}");
    }
    let mut chat = in_den();
    chat.compose("/op rooms", None, authorship());
    assert_eq!(asked(&chat), None, "somebody who is no operator");
}

// Rooms are shown as `#den`, so that is what people type.
#[test]
fn a_room_is_found_with_the_sign_before_its_name() {
    let mut chat = in_den();
    chat.compose("/join #den", None, authorship());
    chat.compose("/close #den", None, authorship());
    assert_eq!(
        asked(&chat),
        Some(&ClientMessage::Close { room: den() }),
        "{:?}",
        notices(&chat)
    );
}
