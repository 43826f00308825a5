//! Tests of the reducer: whole stories, told in actions.

mod trust;

mod codes;
mod coming_back;
mod network;
mod vault;

use super::address::Origin;
use super::*;
use crate::state::trust::{Block, Expected};
use crate::vault::messages::Profile;
use client::outbox::{DeliveryState, Outgoing, Writing};
use client::testing::{author, says};
use handshake_report::ServerKey;
use pins::Record;
use shared::chat::server::{RoomEntry, ServerLimits};
use shared::chat::{ChatErrorCode, ClientMessage, Keep, Role, RoomName, ServerMessage, Topic};
use shared::connection::Version;
use shared::error::{ErrorCode, Untrusted};
use shared::identity::Fingerprint;
use shared::trust::{Pin, UnixTime};

fn profile(short: &str) -> Profile {
    Profile {
        fingerprint: format!("SHA256:{short}"),
        short: short.into(),
        public_pem: String::new(),
        bits: 2048,
    }
}

fn target(name: &str) -> Target {
    let origin = Origin {
        secure: false,
        host: "localhost:8080".into(),
    };
    Target {
        name: name.into(),
        server: origin.server(),
        version: Version::V2,
    }
}

fn target_v1(name: &str) -> Target {
    Target {
        version: Version::V1,
        ..target(name)
    }
}

fn key(name: &str) -> Fingerprint {
    Fingerprint::of_spki(name.as_bytes())
}

/// Returns the pins with the stories' server under this key, if any.
fn pinned(name: Option<&str>) -> Pins {
    let address = target("").server.address;
    let pin = name.map(|name| Record::Pin(Pin::new(key(name), UnixTime(1), Version::V2)));
    Pins::Loaded(pin.map(|pin| (address, pin)).into_iter().collect())
}

fn id(number: u64) -> MessageId {
    MessageId::new(number, [7; 10])
}

struct Story(State);

impl Story {
    fn with_key() -> Self {
        Self(State::default()).then(Action::Identity(Identity::Ready(profile("aa"))))
    }

    fn connected(name: &str) -> Self {
        Self::with_key()
            .connect(target(name))
            .event(SessionEvent::Began {
                now: 10,
                version: Version::V2,
            })
            .event(SessionEvent::Opened(20))
            .event(SessionEvent::Established { session_id: None })
            .text("* Welcome to the lobby, guest-1. Type /help for help.")
            .welcomed("guest-1")
    }

    /// Lets the server welcome the client under this name, and puts it into the lobby.
    fn welcomed(self, name: &str) -> Self {
        let you = author(name);
        let welcome = ServerMessage::Welcome {
            you: you.clone(),
            server: "test".into(),
            rooms: Vec::new(),
            more: false,
            operator: false,
            limits: ServerLimits {
                text_bytes: 1000,
                page_entries: 100,
            },
        };
        let joined = ServerMessage::Joined {
            room: RoomName::lobby().into(),
            topic: Topic::default(),
            private: false,
            members: Vec::new(),
            count: 0,
            more: false,
            role: Role::Member,
            head: 0,
            read: 0,
            keep: Keep::Forever,
            gone: 0,
        };
        self.hears(&welcome).hears(&joined)
    }

    fn hears(self, message: &ServerMessage) -> Self {
        self.text(&serde_json::to_string(message).unwrap())
    }

    fn types(self, line: &str, number: u64) -> Self {
        self.then(Action::Compose {
            line: line.into(),
            reply_to: None,
            id: id(number),
            at: 1,
        })
    }

    /// Returns the requests that wait.
    fn asked(&self) -> Vec<ClientMessage> {
        let waiting = self.0.chat.requests.waiting().iter();
        waiting.map(|(_, message)| message.clone()).collect()
    }

    fn notices(&self) -> Vec<String> {
        let room = self.0.chat.room().unwrap();
        room.notices.iter().map(|it| it.text.clone()).collect()
    }

    fn states(&self) -> Vec<DeliveryState> {
        let lines = self.0.chat.outbox.lines().iter();
        lines.map(|line| line.state.clone()).collect()
    }

    /// Asks for a connection to a server that is pinned with the key `a`.
    fn connect(self, target: Target) -> Self {
        self.then(Action::Connect(target)).with_pin(Some("a"))
    }

    fn retry(self) -> Self {
        self.then(Action::Retry).with_pin(Some("a"))
    }

    fn with_pin(self, name: Option<&str>) -> Self {
        self.then(Action::Pins(pinned(name)))
    }

    fn then(self, action: Action) -> Self {
        Self(self.0.reduce(action))
    }

    fn event(self, event: SessionEvent) -> Self {
        let attempt = self.0.attempt;
        self.then(Action::Session { attempt, event })
    }

    fn text(self, text: &str) -> Self {
        self.event(SessionEvent::Text {
            text: text.into(),
            at: 1,
        })
    }

    fn ended(self, ending: Ending) -> Self {
        self.event(SessionEvent::Ended {
            ending,
            at: 5_000,
            jitter: 500,
        })
    }
}

#[test]
fn connect_waits_for_the_key_and_goes_on_by_itself() {
    // Generating a key takes seconds, and the person has asked to connect already.
    let story = Story(State::default()).then(Action::Connect(target("")));
    assert_eq!(story.0.connection, Connection::WaitingForKey);
    let story = story.then(Action::Identity(Identity::Creating { since: 1 }));
    assert_eq!(story.0.connection, Connection::WaitingForKey);
    let story = story.then(Action::Identity(Identity::Ready(profile("aa"))));
    assert_eq!(story.0.connection, Connection::WaitingForPins);
    let story = story.with_pin(Some("a"));
    assert_eq!(story.0.connection, Connection::Opening);
}

#[test]
fn connect_without_a_key_says_why() {
    let failure = Failure::Storage("denied".into());
    let story = Story(State::default())
        .then(Action::Connect(target("")))
        .then(Action::Identity(Identity::Failed(failure)));
    assert!(matches!(
        &story.0.connection,
        Connection::Stopped { ending: Ending::KeyFailed(why) } if why.contains("denied")
    ));
}

#[test]
fn hello_is_said_as_soon_as_the_session_is_there() {
    let story = Story::with_key()
        .connect(target("ada"))
        .event(SessionEvent::Began {
            now: 10,
            version: Version::V2,
        })
        .event(SessionEvent::Opened(20))
        .event(SessionEvent::Established { session_id: None });
    assert!(
        matches!(&story.asked()[..], [ClientMessage::Hello { .. }]),
        "a server greets a silent client only after a second"
    );
    assert_eq!(story.0.connection, Connection::Handshaking);
    let story = story.welcomed("ada");
    assert_eq!(story.0.connection, Connection::Ready);
}

#[test]
fn the_first_opened_text_makes_it_ready() {
    let story = Story::connected("ada");
    assert_eq!(story.0.connection, Connection::Ready);
    assert!(story.0.entered);
    assert!(matches!(
        &story.asked()[0],
        ClientMessage::Hello { name: Some(name), .. } if name == "ada"
    ));
    assert_eq!(story.0.chat.own_name(), Some("guest-1"));
    assert_eq!(story.0.target.unwrap().name, "ada");
}

#[test]
fn no_name_claims_nothing() {
    let story = Story::connected("");
    assert!(matches!(
        &story.asked()[0],
        ClientMessage::Hello { name: None, .. }
    ));
}

#[test]
fn a_name_taken_later_is_claimed_after_a_reconnect() {
    // Otherwise the reconnect would claim the former name again.
    let story = Story::connected("ada")
        .welcomed("ada")
        .types("/name lovelace", 1)
        .welcomed("lovelace");
    assert_eq!(story.0.name_to_remember().as_deref(), Some("lovelace"));
    let story = story
        .ended(Ending::Lost)
        .retry()
        .event(SessionEvent::Opened(1))
        .event(SessionEvent::Established { session_id: None })
        .text("* Welcome to the lobby, guest-1. Hi.");
    assert!(matches!(
        &story.asked()[..],
        [ClientMessage::Hello { name: Some(name), .. }] if name == "lovelace"
    ));
}

#[test]
fn a_refused_name_is_said_and_stays_the_wish() {
    let story = Story::connected("ada").hears(&ServerMessage::Error {
        code: ChatErrorCode::NameTaken,
        message: "name_taken: ada belongs to somebody else.".into(),
        retry_after: None,
        about: Some("hello".into()),
    });
    assert_eq!(
        story.notices(),
        ["ada belongs to somebody else. To take another, write /name NEW."]
    );
    assert_eq!(story.0.name_to_remember().as_deref(), Some("ada"));
    assert_eq!(story.0.target.unwrap().name, "ada");
}

#[test]
fn commands_are_done_here_and_everything_else_is_said() {
    let story = Story::connected("").types("/who", 1);
    assert_eq!(story.notices(), ["0 here: "]);
    assert!(story.0.chat.outbox.lines().is_empty());
    for line in ["/dance", "/usr/bin/env is a path", "/leave it"] {
        let story = Story::connected("").types(line, 1);
        let lines = story.0.chat.outbox.lines();
        assert!(
            matches!(lines, [Outgoing { what: Writing::Say { text, .. }, .. }] if text.as_str() == line),
            "{lines:?}"
        );
    }
    let story = story.types("/join Rust", 3);
    assert!(matches!(
        story.asked().last(),
        Some(ClientMessage::Create { room, .. }) if room.as_str() == "rust"
    ));
    let story = story.types("/quit", 4);
    assert_eq!(
        story.0.connection,
        Connection::Stopped {
            ending: Ending::Quit
        }
    );
}

#[test]
fn a_lost_connection_waits_longer_each_time_and_a_session_resets_that() {
    // A server that is down must not be hammered; one that is back must be reached soon.
    let wait = |story: &Story| match story.0.connection {
        Connection::Waiting { retry_at, .. } => retry_at - 5_000,
        ref other => panic!("{other:?}"),
    };
    let story = Story::connected("").ended(Ending::Lost);
    assert!((500..=3_000).contains(&wait(&story)));
    let mut story = story;
    for _ in 0..5 {
        story = story.retry().ended(Ending::Unreachable);
    }
    assert!((15_000..=30_000).contains(&wait(&story)));
    assert!(story.0.entered, "the chat stays on the screen");
    let story = story.retry().event(SessionEvent::Opened(1)).text("* hi");
    assert_eq!(story.0.failures, 0);
}

#[test]
fn retrying_is_left_alone_where_it_is_pointless() {
    // A server that refuses v1 does so at every attempt.
    let v1_disabled = Ending::Reported {
        code: ErrorCode::V1Disabled,
    };
    let story = Story::with_key()
        .then(Action::Connect(target_v1("")))
        .with_pin(None)
        .ended(v1_disabled.clone());
    assert_eq!(
        story.0.connection,
        Connection::Stopped {
            ending: v1_disabled
        }
    );
    assert!(!story.0.entered);
    assert!(story.0.handshake.failed);
    let story = story.then(Action::Retry).with_pin(None);
    assert_eq!(story.0.connection, Connection::Opening);
}

#[test]
fn events_of_an_earlier_attempt_are_ignored() {
    // A socket can report its end after the next attempt has begun.
    let story = Story::connected("");
    let attempt = story.0.attempt;
    let story = story.ended(Ending::Lost).retry();
    let event = SessionEvent::Ended {
        ending: Ending::Lost,
        at: 1,
        jitter: 0,
    };
    let story = story.then(Action::Session { attempt, event });
    assert_eq!(story.0.connection, Connection::Opening);
}

#[test]
fn disconnect_goes_back_and_keeps_the_outbox() {
    // A message without an ack may be lost, so it is queued again. Its id keeps it from being
    // stored twice.
    let story = Story::connected("")
        .types("one", 1)
        .then(Action::Sent(id(1)))
        .types("two", 2)
        .then(Action::Disconnect);
    assert_eq!(story.0.connection, Connection::Idle);
    assert!(!story.0.entered);
    assert_eq!(
        story.states(),
        [DeliveryState::Queued, DeliveryState::Queued]
    );
    let story = story.then(Action::Retry);
    assert_eq!(
        story.0.connection,
        Connection::Idle,
        "nobody asked to connect"
    );
}

#[test]
fn what_is_written_waits_for_the_room_and_goes_when_its_entry_comes() {
    // The message stays on the screen all the time: in the outbox until its entry is in the log.
    let story = Story::connected("").types("hi", 1);
    let queued = |story: &Story| story.0.chat.queued(&story.0.sender()).len();
    assert_eq!(queued(&story), 1);
    let story = story.ended(Ending::Lost);
    assert_eq!(queued(&story), 0, "we are in no room");
    let story = story.retry().text("* hi").welcomed("guest-1");
    assert_eq!(queued(&story), 1);
    let mut entry = says(1, "guest-1", "hi");
    entry.id = id(1);
    let room = RoomName::lobby().into();
    let story = story
        .then(Action::Sent(id(1)))
        .hears(&ServerMessage::Entry(RoomEntry { room, entry }));
    assert!(story.0.chat.outbox.lines().is_empty());
    assert_eq!(story.0.chat.room().unwrap().log.messages().len(), 1);
}

#[test]
fn a_text_of_a_later_version_is_passed_over() {
    // A newer server must not break an older page.
    let story = Story::connected("")
        .text(r#"{"type":"hologram"}"#)
        .text("plain");
    assert_eq!(story.0.connection, Connection::Ready);
    assert!(story.notices().is_empty());
}

#[test]
fn a_session_ends_with_the_key_it_belongs_to() {
    // To the server the session is that of the old key, which is no longer the person's.
    let story = Story::connected("").then(Action::Identity(Identity::Absent));
    assert!(matches!(story.0.connection, Connection::Stopped { .. }));
    let story = story.then(Action::Retry);
    assert!(
        matches!(story.0.connection, Connection::Stopped { .. }),
        "it would wait for ever"
    );
    let story = Story::connected("");
    let attempt = story.0.attempt;
    let story = story
        .then(Action::Identity(Identity::Ready(profile("bb"))))
        .with_pin(Some("a"));
    assert_eq!(
        story.0.connection,
        Connection::Opening,
        "it begins again with the new key"
    );
    assert!(story.0.attempt > attempt);
}

/// Returns a server that the page did not come from.
fn foreign() -> Target {
    let origin = Origin {
        secure: false,
        host: "localhost:8080".into(),
    };
    Target {
        server: address::parse("evil.example:8080", &origin).unwrap(),
        ..target("ada")
    }
}

/// Connects to this server, which welcomes.
fn connects(story: Story, target: Target) -> Story {
    story
        .connect(target)
        .event(SessionEvent::Opened(20))
        .event(SessionEvent::Established { session_id: None })
        .welcomed("ada")
}
