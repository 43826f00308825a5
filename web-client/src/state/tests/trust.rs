//! Stories of trust: first contact, pins, links, changed keys, downgrades.

use super::*;
use shared::trust::Way;

fn presented(story: &Story) -> Option<Fingerprint> {
    match story.0.connection {
        Connection::Asking { presented } => Some(presented),
        _ => None,
    }
}

fn block(story: &Story) -> &Block {
    match &story.0.connection {
        Connection::Blocked(block) => block,
        other => panic!("{other:?}"),
    }
}

fn unknown(name: &str) -> SessionEvent {
    SessionEvent::Untrusted(Untrusted::Unknown {
        presented: key(name),
    })
}

fn changed(pinned: &str, presented: &str) -> SessionEvent {
    SessionEvent::Untrusted(Untrusted::Changed {
        pinned: key(pinned),
        presented: key(presented),
    })
}

/// Returns the story at the question of the first contact.
fn first_contact() -> Story {
    let story = Story::with_key()
        .then(Action::Connect(target("ada")))
        .with_pin(None);
    assert_eq!(story.0.accepts, Some(Trust::Learn));
    story.event(unknown("a"))
}

#[test]
fn first_contact_asks_and_then_connects_with_the_pinned_key() {
    // Two connections: the first only learns the key, the second accepts no other one.
    let story = first_contact();
    assert_eq!(presented(&story), Some(key("a")));
    assert!(!story.0.connection.is_live(), "nothing waits for a person");
    assert_eq!(story.0.accepts, None);
    // The pin has been stored: that is the engine's work.
    let story = story.retry();
    assert_eq!(story.0.connection, Connection::Opening);
    assert_eq!(story.0.accepts, Some(Trust::Pinned(key("a"))));
    assert_eq!(story.0.target.unwrap().name, "ada");
}

#[test]
fn first_contact_that_is_refused_leaves_nothing_behind() {
    // Nothing may connect behind the back of a person who has said no.
    let story = first_contact().then(Action::Refuse);
    assert_eq!(story.0.connection, Connection::Idle);
    let story = story.then(Action::Retry).then(Action::NetworkBack);
    assert_eq!(story.0.connection, Connection::Idle);
}

#[test]
fn a_dialog_that_closes_after_the_answer_refuses_nothing() {
    // The dialog reports its close after a yes, too.
    let story = first_contact().retry().then(Action::Refuse);
    assert_eq!(story.0.connection, Connection::Opening);
    let story = Story::connected("").then(Action::Refuse);
    assert_eq!(story.0.connection, Connection::Ready);
}

#[test]
fn first_contact_is_not_answered_by_the_network_or_by_pins_alone() {
    // An attacker in between can switch the network off and on, but must not answer for the person.
    let story = first_contact()
        .then(Action::NetworkLost)
        .then(Action::NetworkBack)
        .with_pin(Some("a"));
    assert_eq!(presented(&story), Some(key("a")));
}

#[test]
fn changed_key_blocks_and_keeps_what_is_not_sent() {
    // Only a decision of the person ends the block: an attacker waits for an impatient retry.
    let story = Story::connected("")
        .types("one", 1)
        .ended(Ending::Lost)
        .retry()
        .event(changed("a", "b"));
    let expected = Block::KeyChanged {
        expected: key("a"),
        by: Expected::Pin,
        presented: key("b"),
    };
    assert_eq!(block(&story), &expected);
    for action in [Action::Retry, Action::NetworkBack, Action::ForgetLink] {
        let story = Story(story.0.reduce(action));
        assert_eq!(block(&story), &expected, "nothing else goes on");
    }
    assert_eq!(story.0.chat.outbox.lines().len(), 1);
    let story = story.then(Action::Disconnect);
    assert_eq!(story.0.connection, Connection::Idle);
    assert_eq!(story.0.chat.outbox.lines().len(), 1);
}

// The attack: a server with another key gives out a page of its own, and the bar that offers it is the
// only button in sight that goes on.
#[test]
fn the_page_of_a_server_with_another_key_is_not_offered() {
    let offered = |story: &Story| story.0.version.is_offered();
    let story = Story::connected("")
        .then(Action::PageIsAnother(true))
        .ended(Ending::Lost);
    assert!(offered(&story));
    let story = story.retry().event(changed("a", "b"));
    assert!(!offered(&story));
    // Also for a reason that comes later, and on the first screen.
    let story = story
        .then(Action::PageIsAnother(true))
        .then(Action::Disconnect);
    assert_eq!(story.0.connection, Connection::Idle);
    assert!(!offered(&story));
    // Another server has nothing to say about this one's page.
    let story = connects(story, foreign());
    assert!(!offered(&story));
    let story = connects(story, target("ada"));
    assert!(offered(&story));
}

#[test]
fn changed_key_is_left_by_removing_the_pin() {
    // The way out leads through a new first contact, and not past the comparison of keys.
    let story = Story::with_key()
        .connect(target(""))
        .event(changed("a", "b"))
        .with_pin(Some("a"));
    assert!(matches!(block(&story), Block::KeyChanged { .. }));
    let story = story.with_pin(None);
    assert_eq!(story.0.connection, Connection::Idle);
    let story = story.then(Action::Connect(target(""))).with_pin(None);
    assert_eq!(story.0.accepts, Some(Trust::Learn), "and it is asked again");
}

#[test]
fn version_floor_refuses_v1_before_a_socket_is_opened() {
    // v1 can prove nothing, so an attacker who keeps the page from v2 could be anybody.
    let story = Story::with_key().connect(target_v1(""));
    assert!(matches!(
        block(&story),
        Block::VersionFloor { chosen: Version::V1, pin } if pin.fingerprint == key("a")
    ));
    assert_eq!(story.0.accepts, None);
    let story = story.with_pin(None);
    let story = story.then(Action::Connect(target_v1(""))).with_pin(None);
    assert_eq!(story.0.accepts, Some(Trust::Any));
}

#[test]
fn another_tab_may_pin_between_two_attempts() {
    // The pins of the former attempt may be out of date.
    let story = Story::with_key()
        .then(Action::Connect(target_v1("")))
        .with_pin(None)
        .ended(Ending::Lost)
        .retry();
    assert!(matches!(block(&story), Block::VersionFloor { .. }));
}

#[test]
fn a_link_answers_the_first_contact_of_its_own_server_only() {
    // A link that spoke for every server would let the owner of one page vouch for others.
    let link = Action::Link(Link::Pin(key("a")));
    let story = Story::with_key()
        .then(link.clone())
        .then(Action::Connect(target("")))
        .with_pin(None);
    assert_eq!(story.0.accepts, Some(Trust::Pinned(key("a"))));

    let mut elsewhere = target("");
    elsewhere.server.own = false;
    let story = Story::with_key()
        .then(link)
        .then(Action::Connect(elsewhere))
        .with_pin(None);
    assert_eq!(story.0.accepts, Some(Trust::Learn));
}

#[test]
fn a_link_with_the_wrong_key_blocks_until_it_is_forgotten() {
    // Either the link or the server is false, and the page cannot know which.
    let story = Story::with_key()
        .then(Action::Link(Link::Pin(key("b"))))
        .then(Action::Connect(target("")))
        .with_pin(None)
        .event(changed("b", "a"));
    let expected = Block::KeyChanged {
        expected: key("b"),
        by: Expected::Link,
        presented: key("a"),
    };
    assert_eq!(block(&story), &expected);
    let story = story.with_pin(None);
    assert_eq!(block(&story), &expected, "there never was a pin to remove");
    let story = story.then(Action::ForgetLink);
    assert_eq!(story.0.connection, Connection::Idle);
    let story = story.then(Action::Connect(target(""))).with_pin(None);
    assert_eq!(story.0.accepts, Some(Trust::Learn));
}

#[test]
fn a_link_that_contradicts_the_pin_blocks_and_changes_nothing() {
    // Anybody can send a person a link.
    let story = Story::with_key()
        .then(Action::Link(Link::Pin(key("b"))))
        .connect(target(""));
    assert!(matches!(block(&story), Block::LinkContradicts { .. }));
    let story = story.then(Action::ForgetLink).connect(target(""));
    assert_eq!(story.0.accepts, Some(Trust::Pinned(key("a"))));
}

#[test]
fn a_link_is_dropped_when_its_key_is_pinned_as_compared() {
    let story = Story::with_key()
        .then(Action::Link(Link::Pin(key("a"))))
        .then(Action::Connect(target("")))
        .with_pin(None);
    assert_eq!(story.0.link, Some(Link::Pin(key("a"))));
    // The proof is to be recorded as one of a key that a link has named.
    let story = story.with_pin(Some("a"));
    assert_eq!(story.0.link, Some(Link::Pin(key("a"))));
    let compared = Pin::new(key("a"), UnixTime(1), Version::V2).compared(UnixTime(1), Way::Link);
    let address = target("").server.address;
    let pins = Pins::Loaded([(address, Record::Pin(compared))].into());
    assert_eq!(story.then(Action::Pins(pins)).0.link, None);
}

#[test]
fn a_malformed_link_answers_nothing() {
    // The person is asked as if there were no link.
    let story = Story::with_key()
        .then(Action::Link(Link::Malformed))
        .then(Action::Connect(target("")))
        .with_pin(None);
    assert_eq!(story.0.accepts, Some(Trust::Learn));
}

#[test]
fn without_its_pins_the_page_connects_nowhere() {
    // Without them a known server looks like an unknown one.
    let story = Story::with_key()
        .then(Action::Connect(target("")))
        .then(Action::Pins(Pins::Unavailable("denied".into())));
    assert!(matches!(
        &story.0.connection,
        Connection::Stopped { ending: Ending::PinsUnavailable(why) } if why == "denied"
    ));
    let story = story.retry();
    assert_eq!(story.0.connection, Connection::Opening, "it is read again");
}

#[test]
fn only_a_proven_key_is_remembered() {
    // A pin from a mere announcement would let an attacker pin a key of its own.
    let server_key = |proven| {
        SessionEvent::ServerKey(ServerKey {
            fingerprint: key("a"),
            bits: 2048,
            proven,
        })
    };
    let established = || SessionEvent::Established { session_id: None };
    let opened = |target| Story::with_key().connect(target);

    let story = opened(target("")).event(server_key(true));
    assert_eq!(story.0.met(), None, "the session is not there yet");
    let address = target("").server.address;
    let story = story.event(established());
    let met = story.0.met().unwrap();
    let expected = (address, key("a"), Version::V2, false);
    assert_eq!(
        (met.address, met.fingerprint, met.version, met.by_link),
        expected
    );

    let story = Story::with_key()
        .then(Action::Connect(target_v1("")))
        .with_pin(None)
        .event(server_key(false))
        .event(established());
    assert_eq!(story.0.met(), None, "v1 has proven nothing");
}

#[test]
fn the_session_has_a_name_and_counts_its_keys() {
    use shared::connection::Direction;
    let story = Story::with_key()
        .connect(target(""))
        .event(SessionEvent::Established {
            session_id: Some("00ff".into()),
        })
        .event(SessionEvent::Rekeyed(Direction::Sent));
    assert_eq!(story.0.handshake.session_id.as_deref(), Some("00ff"));
    assert_eq!(story.0.handshake.traffic.rekeys_sent, 1);
}
