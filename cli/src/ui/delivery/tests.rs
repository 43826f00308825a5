//! Tests of a delivery without a server: what it asks, and how it ends.

use shared::chat::server::{ServerLimits, ServerMessage};
use shared::chat::{Author, ChatErrorCode};
use shared::identity::Fingerprint;

use super::*;

/// A delivery, and the clock that it is told.
struct Scene {
    delivery: Delivery,
    now: Instant,
}

impl Scene {
    /// Returns a delivery to the lobby that is in the room, as `guest-1`.
    fn joined() -> Self {
        let now = Instant::now();
        let mut delivery = Delivery::new(RoomName::lobby(), None);
        delivery.established(Version::V2, now);
        let mut scene = Self { delivery, now };
        scene.welcome("guest-1");
        scene.hear(&joined(&RoomName::lobby().into()));
        scene.delivery.requests.clear();
        scene.delivery.output.clear();
        scene
    }

    fn hear(&mut self, message: &ServerMessage) {
        let json = serde_json::to_vec(message).unwrap();
        self.delivery.hear(&json, self.now);
        self.delivery.settle(self.now);
    }

    fn welcome(&mut self, name: &str) {
        self.hear(&ServerMessage::Welcome {
            you: author(name),
            server: String::new(),
            rooms: Vec::new(),
            more: false,
            operator: false,
            limits: ServerLimits {
                text_bytes: 1000,
                page_entries: 50,
            },
        });
    }

    fn refuse(&mut self, code: ChatErrorCode, about: &str, retry_after: Option<u64>) {
        self.hear(&ServerMessage::Error {
            code,
            message: "no".to_owned(),
            retry_after,
            about: Some(about.to_owned()),
        });
    }

    fn line(&mut self, number: u8, text: &str) {
        let (delivery, now) = (&mut self.delivery, self.now);
        delivery.line(number.into(), text.as_bytes(), id(number), now);
        delivery.settle(now);
    }

    fn ack(&mut self, number: u8) {
        self.hear(&ServerMessage::Ack {
            id: id(number),
            room: self.delivery.room.clone(),
            seq: number.into(),
            at: serde_json::from_str("\"2026-11-24T03:45:00.000Z\"").unwrap(),
        });
    }

    /// Passes the time up to the next deadline.
    fn wait(&mut self) {
        if let Some(until) = self.delivery.deadline() {
            self.now = self.now.max(until);
        }
        self.delivery.settle(self.now);
    }

    /// Returns the requests since the last call.
    fn asked(&mut self) -> Vec<ClientMessage> {
        self.delivery.requests.drain(..).collect()
    }

    fn ends(self) -> Failure {
        self.delivery.verdict(Ok(())).unwrap_err()
    }
}

fn id(number: u8) -> MessageId {
    MessageId::from_random([number; 16])
}

fn author(name: &str) -> Author {
    Author {
        id: UserId(Fingerprint::of_spki(b"me")),
        name: serde_json::from_value(name.into()).unwrap(),
    }
}

fn joined(room: &RoomId) -> ServerMessage {
    let text = format!(
        r#"{{"type":"joined","room":"{room}","topic":"","private":false,"members":[],"head":0,"read":0}}"#
    );
    serde_json::from_str(&text).unwrap()
}

fn texts(asked: &[ClientMessage]) -> Vec<&str> {
    let texts = asked.iter().filter_map(|request| match request {
        ClientMessage::Send { text, .. } => Some(text.as_str()),
        _ => None,
    });
    texts.collect()
}

// The loss: `/name` was asked for at once, and the lines around it went out under either name.
#[test]
fn a_name_waits_for_the_lines_before_it_and_the_lines_behind_it_for_the_name() {
    let mut scene = Scene::joined();
    for (number, line) in [(1, "before"), (2, "/name zoe"), (3, "after"), (4, "last")] {
        scene.line(number, line);
    }
    assert_eq!(texts(&scene.asked()), ["before"]);
    scene.ack(1);
    assert_eq!(scene.asked(), [hello(Some("zoe"))]);
    // The welcome of another hello is no answer to this one.
    scene.welcome("guest-1");
    assert_eq!(scene.asked(), []);
    scene.welcome("zoe");
    assert_eq!(texts(&scene.asked()), ["after"]);
    scene.ack(3);
    assert_eq!(texts(&scene.asked()), ["last"]);
}

#[test]
fn a_name_that_is_refused_for_its_rate_is_asked_for_again_and_then_given_up() {
    let mut scene = Scene::joined();
    scene.line(1, "/name zoe");
    scene.line(2, "secret");
    let mut attempts = 0;
    while !scene.delivery.has_failed() {
        assert_eq!(scene.asked(), [hello(Some("zoe"))]);
        attempts += 1;
        scene.refuse(ChatErrorCode::RateLimited, "hello", Some(60_000));
        scene.wait();
    }
    assert_eq!((attempts, scene.asked()), (5, vec![]));
    let failure = scene.ends();
    assert_eq!(failure.code, Code::Name);
    assert!(
        failure.text.contains("not delivered: line(s) 2"),
        "{failure}"
    );
}

// A new key waits for hours before it gets a second name.
#[test]
fn a_name_that_takes_longer_than_any_rate_is_not_waited_for() {
    let mut scene = Scene::joined();
    scene.line(1, "/name zoe");
    scene.refuse(ChatErrorCode::RateLimited, "hello", Some(3_600_000));
    assert_eq!(scene.ends().code, Code::Name);
}

#[test]
fn a_text_that_can_be_no_name_ends_the_delivery_when_its_turn_comes() {
    let mut scene = Scene::joined();
    scene.line(1, "before");
    scene.line(2, "/name two words");
    scene.line(3, "secret");
    assert!(!scene.delivery.has_failed());
    scene.ack(1);
    let failure = scene.ends();
    assert_eq!(failure.code, Code::Name);
    assert!(
        failure.text.contains("not delivered: line(s) 3"),
        "{failure}"
    );
}

fn renamed(from: &str, to: &str) -> ServerMessage {
    ServerMessage::Renamed {
        room: RoomId::parse(from).unwrap(),
        to: RoomName::parse(to).unwrap(),
    }
}

/// Returns the room that the only request names.
fn room_of(asked: &[ClientMessage]) -> String {
    match asked {
        [ClientMessage::Send { room, .. } | ClientMessage::Join { room, .. }] => room.to_string(),
        other => panic!("{other:?}"),
    }
}

// The loss: the pipe went on under the former name, heard nothing more, and ended with 0.
#[test]
fn a_line_that_a_renamed_room_has_missed_is_sent_under_the_new_name() {
    let mut scene = Scene::joined();
    scene.delivery.room = RoomId::parse("ls").unwrap();
    scene.line(1, "one");
    scene.line(2, "two");
    assert_eq!(room_of(&scene.asked()), "ls");
    // The refusal may come before the announcement.
    scene.refuse(ChatErrorCode::NoSuchRoom, &id(1).to_string(), None);
    scene.hear(&renamed("ls", "ls2"));
    scene.wait();
    let asked = scene.asked();
    assert_eq!(
        (room_of(&asked).as_str(), texts(&asked)),
        ("ls2", vec!["one"])
    );
    scene.ack(1);
    // This request was not handed over yet.
    scene.hear(&renamed("ls2", "ls3"));
    let asked = scene.asked();
    assert_eq!(
        (room_of(&asked).as_str(), texts(&asked)),
        ("ls3", vec!["two"])
    );
    let notes = scene.delivery.output.iter().filter_map(|it| match it {
        Output::Note(text) => Some(text.as_str()),
        Output::Line(_) => None,
    });
    assert_eq!(
        notes.collect::<Vec<_>>(),
        [
            "the room ls is called ls2 now",
            "the room ls2 is called ls3 now"
        ]
    );
}

#[test]
fn a_room_that_is_renamed_while_it_is_joined_is_joined_under_its_new_name() {
    let now = Instant::now();
    let mut delivery = Delivery::new(RoomName::parse("ls").unwrap(), None);
    delivery.established(Version::V2, now);
    let mut scene = Scene { delivery, now };
    scene.welcome("guest-1");
    scene.asked();
    scene.hear(&renamed("ls", "ls2"));
    assert_eq!(room_of(&scene.asked()), "ls2");
    scene.refuse(ChatErrorCode::NoSuchRoom, "ls", None);
    assert!(!scene.delivery.has_failed());
    scene.hear(&joined(&RoomId::parse("ls2").unwrap()));
    scene.line(1, "one");
    assert_eq!(room_of(&scene.asked()), "ls2");
}

#[test]
fn a_name_that_was_taken_away_is_reported() {
    let mut scene = Scene::joined();
    let member = shared::chat::server::Member {
        id: author("guest-1").id,
        name: author("guest-2").name,
        online: true,
        role: shared::chat::Role::Member,
    };
    scene.hear(&ServerMessage::Member {
        room: RoomName::lobby().into(),
        member,
        change: shared::chat::server::MemberChange::Renamed,
    });
    let output = format!("{:?}", scene.delivery.output);
    assert!(output.contains("your name here is guest-2 now"), "{output}");
}
