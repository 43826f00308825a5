//! Tests of a network that is gone, and of a server that does not answer.

use super::*;

#[test]
fn offline_waits_for_the_network() {
    // An attempt without a network can only fail.
    let story = Story::connected("")
        .ended(Ending::Lost)
        .then(Action::NetworkLost);
    assert_eq!(story.0.connection, Connection::Offline);
    let story = story.then(Action::NetworkBack).with_pin(Some("a"));
    assert_eq!(story.0.connection, Connection::Opening);
    let story = Story::connected("")
        .then(Action::NetworkLost)
        .then(Action::NetworkBack);
    assert_eq!(
        story.0.connection,
        Connection::Ready,
        "a local server needs no network"
    );
}

#[test]
fn a_session_with_a_silent_server_is_doubted_until_it_answers() {
    let story = Story::connected("").event(SessionEvent::Silent { since: 7 });
    assert_eq!(story.0.doubt(), Some(Doubt::Silent { since: 7 }));
    assert_eq!(
        story.0.connection,
        Connection::Ready,
        "it has not ended: what is written is still sent"
    );
    let story = story.event(SessionEvent::Answered);
    assert_eq!(story.0.doubt(), None);
    // The next session begins without the former one's doubt.
    let story = story
        .event(SessionEvent::Silent { since: 8 })
        .ended(Ending::TimedOut);
    assert!(matches!(story.0.connection, Connection::Waiting { .. }));
    assert_eq!((story.0.doubt(), story.0.silent_since), (None, None));
}

#[test]
fn a_session_without_a_network_is_doubted_but_not_on_this_machine() {
    let mut story = Story::connected("").then(Action::NetworkLost);
    assert_eq!(story.0.doubt(), None, "a local server needs no network");
    if let Some(target) = &mut story.0.target {
        target.server.host = "chat.example".into();
    }
    assert_eq!(story.0.doubt(), Some(Doubt::Offline));
    assert_eq!(story.then(Action::NetworkBack).0.doubt(), None);
}
