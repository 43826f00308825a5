//! Tests of the chat: messages of the server, and their effect.

mod browsing;
mod listing;
mod lists;
mod muted;
mod outbox;
mod renaming;
mod rooms;
mod unread;

use super::outbox::{Account, DeliveryState, Outgoing, Writing};
use super::*;
use crate::testing::{author, entry, says};
use shared::chat::server::{ChatErrorCode, Member, RoomEntry, RoomSummary, ServerLimits};
use shared::chat::{
    DirectId, Entry, Event, Keep, MessageId, Role, ServerMessage, Text, Timestamp, Topic,
};

fn lobby() -> RoomId {
    RoomName::lobby().into()
}

fn named(name: &str) -> RoomId {
    RoomId::parse(name).unwrap()
}

fn summary(room: RoomId, joined: bool, head: Seq, read: Seq) -> RoomSummary {
    RoomSummary {
        room,
        topic: Topic::default(),
        private: false,
        keep: Keep::Forever,
        joined,
        head,
        read,
        with: None,
    }
}

fn welcome(rooms: Vec<RoomSummary>) -> ServerMessage {
    ServerMessage::Welcome {
        you: author("ada"),
        server: "test".into(),
        rooms,
        more: false,
        operator: false,
        limits: ServerLimits {
            text_bytes: 99,
            page_entries: 100,
        },
    }
}

fn joined(room: RoomId, head: Seq, read: Seq) -> ServerMessage {
    ServerMessage::Joined {
        room,
        topic: Topic::default(),
        private: false,
        members: ["bob", "ada"].map(|name| member(name, true)).to_vec(),
        count: 0,
        more: false,
        role: Role::Member,
        head,
        read,
        keep: Keep::Forever,
        gone: 0,
    }
}

fn member(name: &str, online: bool) -> Member {
    Member {
        id: author(name).id,
        name: author(name).name,
        online,
        role: Role::Member,
    }
}

fn happens(room: &RoomId, entry: Entry) -> ServerMessage {
    ServerMessage::Entry(RoomEntry {
        room: room.clone(),
        entry,
    })
}

/// Returns Ada's chat, in the lobby, with three messages of Bob's, one of which she has seen.
fn chat() -> Chat {
    let mut chat = Chat::default();
    chat.begin(None, "test");
    let rooms = vec![
        summary(lobby(), true, 3, 1),
        summary(named("rust"), false, 9, 0),
    ];
    chat.hear(welcome(rooms), 1);
    chat.hear(joined(lobby(), 3, 1), 1);
    let entries = (1..=3).map(|seq| says(seq, "bob", "hi")).collect();
    let page = ServerMessage::Page {
        room: lobby(),
        entries,
    };
    chat.hear(page, 1);
    chat
}

fn asked(chat: &mut Chat) -> Vec<ClientMessage> {
    let waiting = std::mem::take(&mut chat.requests.waiting);
    waiting.into_iter().map(|(_, message)| message).collect()
}

fn write(chat: &mut Chat, number: u64) -> MessageId {
    let id = MessageId::new(number, [1; 10]);
    chat.outbox.push(Outgoing {
        id,
        account: Account::default(),
        room: lobby(),
        what: Writing::Say {
            text: Text::parse("hi").unwrap(),
            reply_to: None,
        },
        state: DeliveryState::Queued,
        at: 1,
    });
    id
}

#[test]
fn after_a_reconnect_only_what_was_missed_is_asked_for() {
    let mut chat = chat();
    let first = asked(&mut chat);
    assert!(matches!(
        &first[..],
        [
            ClientMessage::Hello { .. },
            ClientMessage::Join { after: None, .. },
        ]
    ));
    chat.end();
    chat.begin(Some("ada"), "test");
    chat.hear(welcome(vec![summary(lobby(), true, 5, 1)]), 1);
    let again = asked(&mut chat);
    assert_eq!(
        again[1],
        ClientMessage::Join {
            room: lobby(),
            after: Some(3),
        }
    );
    assert!(!chat.rooms.contains_key(&named("rust")), "it is gone");
    chat.hear(joined(lobby(), 5, 1), 1);
    // The page may repeat entries. It comes before entries that happen now.
    let entries = (2..=5).map(|seq| says(seq, "bob", "hi")).collect();
    chat.hear(
        ServerMessage::Page {
            room: lobby(),
            entries,
        },
        1,
    );
    chat.hear(happens(&lobby(), says(6, "bob", "hi")), 1);
    let room = chat.room().unwrap();
    let seqs: Vec<_> = room.log.messages().iter().map(|it| it.seq).collect();
    assert_eq!(seqs, [1, 2, 3, 4, 5, 6]);
}

#[test]
fn a_gap_is_noticed_and_what_is_missing_asked_for() {
    let mut chat = chat();
    asked(&mut chat);
    chat.hear(happens(&lobby(), says(7, "bob", "hi")), 1);
    assert_eq!(
        asked(&mut chat),
        [ClientMessage::Join {
            room: lobby(),
            after: Some(3),
        }]
    );
}

#[test]
fn a_server_that_was_set_back_is_believed() {
    let mut chat = chat();
    chat.end();
    chat.begin(None, "test");
    chat.hear(welcome(vec![summary(lobby(), true, 1, 1)]), 1);
    chat.hear(joined(lobby(), 1, 1), 1);
    chat.hear(
        ServerMessage::Page {
            room: lobby(),
            entries: vec![says(1, "bob", "another")],
        },
        1,
    );
    let messages = chat.room().unwrap().log.messages();
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0].text.as_deref(), Some("another"));
}

#[test]
fn older_messages_are_asked_for_once_and_come_before() {
    let mut chat = Chat::default();
    chat.begin(None, "test");
    chat.hear(welcome(vec![summary(lobby(), true, 60, 60)]), 1);
    chat.hear(joined(lobby(), 60, 60), 1);
    let page = |from: Seq, to: Seq| ServerMessage::Page {
        room: lobby(),
        entries: (from..=to).map(|seq| says(seq, "bob", "hi")).collect(),
    };
    chat.hear(page(51, 60), 1);
    asked(&mut chat);
    chat.load_older(&lobby());
    chat.load_older(&lobby());
    assert_eq!(
        asked(&mut chat),
        [ClientMessage::History {
            room: lobby(),
            before: 51,
            limit: None,
        }]
    );
    chat.hear(page(1, 50), 1);
    let room = chat.room().unwrap();
    assert!(!room.loading && !room.has_older());
    assert_eq!(room.log.messages().len(), 60);
    chat.load_older(&lobby());
    assert!(
        asked(&mut chat).is_empty(),
        "there is nothing before the first"
    );
}

#[test]
fn numbers_of_requests_go_on_with_the_next_server() {
    let mut chat = chat();
    let last = chat.requests.waiting().last().unwrap().0;
    chat.clear();
    chat.begin(None, "test");
    let waiting: Vec<_> = chat.requests.waiting().iter().map(|(it, _)| *it).collect();
    assert_eq!(waiting, [last + 1]);
}

#[test]
fn whoever_has_written_writes_no_more() {
    let mut chat = chat();
    let typing = ServerMessage::Typing {
        room: lobby(),
        from: author("bob"),
    };
    chat.hear(typing, 5);
    assert_eq!(chat.room().unwrap().typing.len(), 1);
    let event = Event::Deleted { of: 1 };
    chat.hear(happens(&lobby(), entry(4, "bob", event)), 6);
    assert!(chat.room().unwrap().typing.is_empty());
}

/// Returns Ada's chat, in a lobby whose seven entries she has not got.
fn in_lobby() -> Chat {
    let mut chat = Chat::default();
    chat.begin(None, "test");
    let lobby = chat.current.clone();
    chat.hear(welcome(vec![summary(lobby.clone(), true, 0, 0)]), 1);
    chat.hear(joined(lobby, 7, 0), 1);
    chat
}

#[test]
fn what_is_gone_is_not_asked_for_and_no_gap_is_shown() {
    let mut chat = in_lobby();
    let lobby = chat.current.clone();
    let page = |seqs: std::ops::RangeInclusive<Seq>| ServerMessage::Page {
        room: RoomName::lobby().into(),
        entries: seqs.map(|seq| says(seq, "bob", "x")).collect(),
    };
    chat.hear(page(1..=3), 1);
    assert_eq!(chat.rooms[&lobby].log.last(), Some(3));
    // Entries that a page leaves out are gone.
    chat.hear(page(6..=7), 1);
    let room = &chat.rooms[&lobby];
    assert_eq!((room.log.first(), room.gone), (Some(6), 5));
    assert!(!room.has_older());
    // `joined` may say too that entries are gone.
    let mut again = joined(lobby.clone(), 20, 0);
    if let ServerMessage::Joined { gone, .. } = &mut again {
        *gone = 10;
    }
    chat.hear(again, 1);
    assert_eq!(chat.rooms[&lobby].log.last(), None);
    assert_eq!(
        chat.rooms[&lobby].unread(None),
        10,
        "not those that are gone"
    );
    chat.hear(page(11..=20), 1);
    assert!(!chat.rooms[&lobby].has_older());
    // An empty page ends the history too.
    let mut chat = in_lobby();
    chat.hear(page(6..=7), 1);
    chat.load_older(&lobby);
    assert!(chat.rooms[&lobby].loading);
    let nothing = ServerMessage::Page {
        room: RoomName::lobby().into(),
        entries: Vec::new(),
    };
    chat.hear(nothing, 1);
    assert!(!chat.rooms[&lobby].has_older() && !chat.rooms[&lobby].loading);
}

#[test]
fn writing_is_told_once_in_three_seconds_in_each_room() {
    let mut chat = chat();
    chat.hear(joined(named("rust"), 0, 0), 1);
    asked(&mut chat);
    for at in [10_000, 11_000, 12_999] {
        chat.say_typing(at);
    }
    let typing = |room: RoomId| ClientMessage::Typing { room };
    assert_eq!(asked(&mut chat), [typing(lobby())]);
    chat.open(named("rust"));
    chat.say_typing(12_999);
    assert_eq!(asked(&mut chat), [typing(named("rust"))]);
    chat.open(lobby());
    chat.say_typing(13_000);
    assert_eq!(asked(&mut chat), [typing(lobby())]);
    chat.end();
    chat.say_typing(20_000);
    assert!(asked(&mut chat).is_empty(), "there is no session");
}

#[test]
fn a_search_that_finds_nothing_goes_on_by_itself_a_few_times_and_then_on_demand() {
    let mut chat = chat();
    asked(&mut chat);
    let query = shared::chat::Query::parse("wolke").unwrap();
    let search = |before| ClientMessage::Search {
        room: None,
        query: query.clone(),
        before,
        limit: None,
    };
    chat.ask(search(None));
    let mut at = 1_000;
    let mut times = 0;
    while asked(&mut chat)
        .iter()
        .any(|it| matches!(it, ClientMessage::Search { .. }))
    {
        times += 1;
        assert!(times < 100, "it never stops");
        at -= 1;
        chat.hear(
            ServerMessage::Found {
                query: query.clone(),
                room: None,
                entries: Vec::new(),
                more: true,
                next: Some(shared::chat::search::Cursor {
                    room: lobby(),
                    seq: at,
                    at: None,
                }),
            },
            1,
        );
    }
    assert!(times > 1);
    let rest = chat.search.rest(&query);
    assert_eq!(rest.as_ref().map(|rest| rest.seq), Some(at));
    chat.ask(search(rest));
    assert!(chat.search.is_asking(), "the person goes on");
}
