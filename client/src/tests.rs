//! Tests of the chat: messages of the server, and their effect.

mod browsing;
mod listing;
mod lists;
mod muted;
mod renaming;
mod rooms;

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

// The log opens at its end, so everything above counted as read though nobody had seen it.
#[test]
fn what_is_above_the_view_stays_unread() {
    let mut chat = chat();
    let me = chat.me.as_ref().map(|me| me.id);
    let first = chat.room().unwrap().first_unread(me).unwrap();
    let last = chat.room().unwrap().log.messages().last().unwrap().seq;
    assert!(first < last);
    asked(&mut chat);
    chat.saw(&lobby(), last, last);
    assert_eq!(asked(&mut chat), []);
    chat.saw(&lobby(), first, first);
    assert_eq!(chat.room().unwrap().first_unread(me), Some(last));
    chat.saw(&lobby(), first, last);
    assert_eq!(chat.room().unwrap().first_unread(me), None);
    assert_eq!(asked(&mut chat).len(), 2);
}

#[test]
fn what_was_seen_is_told_once_and_never_goes_back() {
    let mut chat = chat();
    asked(&mut chat);
    let me = chat.me.as_ref().map(|me| me.id);
    assert_eq!(chat.room().unwrap().unread(me), 2);
    chat.seen(&lobby(), 3);
    chat.seen(&lobby(), 3);
    chat.seen(&lobby(), 2);
    assert_eq!(
        asked(&mut chat),
        [ClientMessage::Read {
            room: lobby(),
            seq: 3,
            back: false,
        }]
    );
    chat.hear(
        ServerMessage::Read {
            room: lobby(),
            seq: 2,
            back: false,
        },
        1,
    );
    assert_eq!(chat.room().unwrap().unread(me), 0);
}

#[test]
fn what_is_marked_as_unread_stays_so_until_the_room_is_opened_again() {
    let mut chat = chat();
    let me = chat.me.as_ref().map(|me| me.id);
    chat.seen(&lobby(), 3);
    asked(&mut chat);
    let first = chat.room().unwrap().log.messages()[0].seq;
    chat.mark_unread(&lobby(), first);
    let back = ClientMessage::Read {
        room: lobby(),
        seq: first - 1,
        back: true,
    };
    assert_eq!(asked(&mut chat), [back]);
    let room = chat.room().unwrap();
    assert_eq!(room.first_unread(me), Some(first));
    assert_eq!(room.divider, Some(first - 1));
    // It is in view, and another device has seen it.
    chat.saw(&lobby(), first, 3);
    assert_eq!(asked(&mut chat), []);
    assert_eq!(chat.room().unwrap().first_unread(me), Some(first));
    chat.open(lobby());
    chat.saw(&lobby(), first, 3);
    assert_eq!(chat.room().unwrap().first_unread(me), None);
    // The same from another device.
    let read = |seq, back| ServerMessage::Read {
        room: lobby(),
        seq,
        back,
    };
    chat.hear(read(first - 1, true), 1);
    assert_eq!(chat.room().unwrap().first_unread(me), Some(first));
    asked(&mut chat);
    chat.saw(&lobby(), first, 3);
    assert_eq!(asked(&mut chat), []);
    // Whoever writes has read.
    chat.mark_read(&lobby());
    assert_eq!(chat.room().unwrap().first_unread(me), None);
}

#[test]
fn an_own_message_leaves_the_outbox_with_its_entry_or_with_a_late_ack() {
    let mut chat = chat();
    let (one, two) = (write(&mut chat, 1), write(&mut chat, 2));
    let ack = |id, seq| ServerMessage::Ack {
        id,
        room: lobby(),
        seq,
        at: Timestamp::from_unix_millis(0).unwrap(),
    };
    chat.hear(ack(one, 4), 1);
    assert_eq!(chat.outbox.lines()[0].state, DeliveryState::Acked(4));
    let mut own = says(4, "ada", "hi");
    own.id = one;
    chat.hear(happens(&lobby(), own), 1);
    assert_eq!(chat.outbox.lines().len(), 1);
    let mut own = says(5, "ada", "hi");
    own.id = two;
    chat.hear(happens(&lobby(), own), 1);
    chat.hear(ack(two, 5), 1);
    assert!(chat.outbox.lines().is_empty());
    // An id of another person may be the same by chance.
    let three = write(&mut chat, 3);
    let mut other = says(6, "bob", "hi");
    other.id = three;
    chat.hear(happens(&lobby(), other), 1);
    assert_eq!(chat.outbox.lines().len(), 1);
}

#[test]
fn a_refusal_belongs_to_what_was_refused() {
    let mut chat = chat();
    let id = write(&mut chat, 1);
    let refuse = |about: String| ServerMessage::Error {
        code: ChatErrorCode::RateLimited,
        message: "Too fast.".into(),
        retry_after: None,
        about: Some(about),
    };
    chat.hear(refuse(id.to_string()), 1);
    assert_eq!(
        chat.outbox.lines()[0].state,
        DeliveryState::Refused("Too fast.".into())
    );
    // An error about a message is shown at the message, and needs no notice.
    assert!(chat.room().unwrap().notices.is_empty());
    chat.hear(refuse("lobby".into()), 1);
    assert_eq!(chat.room().unwrap().notices[0].text, "Too fast.");
}

// The text of an older server names the word of the protocol that it does not know.
#[test]
fn what_an_older_server_cannot_do_is_said_in_plain_words() {
    let mut chat = chat();
    let refuse = |about: Option<String>| ServerMessage::Error {
        code: ChatErrorCode::UnknownType,
        message: "unknown variant `dance`, expected one of `hello`".into(),
        retry_after: None,
        about,
    };
    chat.hear(refuse(None), 1);
    let said = &chat.room().unwrap().notices[0].text;
    assert!(said.contains("earlier version") && !said.contains("variant"));
    let id = write(&mut chat, 1);
    chat.hear(refuse(Some(id.to_string())), 1);
    let DeliveryState::Refused(why) = &chat.outbox.lines()[0].state else {
        panic!("it is not refused");
    };
    assert!(why.contains("earlier version"));
}

// The server has a bound of reactions: a person must see which one was not taken, and why.
#[test]
fn a_refused_reaction_stays_in_the_outbox_with_the_reason_until_it_is_dropped() {
    let mut chat = chat();
    let id = write(&mut chat, 1);
    let mut reaction = chat.outbox.lines()[0].clone();
    chat.outbox.remove(id);
    reaction.what = Writing::React {
        of: 1,
        emoji: shared::chat::Emoji::parse("👍").unwrap(),
        on: true,
    };
    chat.outbox.push(reaction);
    chat.hear(
        ServerMessage::Error {
            code: ChatErrorCode::LimitReached,
            message: "Take one back first.".into(),
            retry_after: None,
            about: Some(id.to_string()),
        },
        1,
    );
    let line = &chat.outbox.lines()[0];
    assert!(matches!(line.what, Writing::React { of: 1, .. }));
    let refused = DeliveryState::Refused("Take one back first.".into());
    assert_eq!(line.state, refused);
    assert!(chat.room().unwrap().notices.is_empty());
    chat.outbox.remove(id);
    assert!(chat.outbox.lines().is_empty());
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
