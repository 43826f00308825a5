//! Tests of the return of a page that was loaded again.

use super::*;

#[test]
fn a_page_comes_back_to_a_pinned_server_alone() {
    let loaded = |pins: &[&str]| {
        let pins = pins.iter().map(|address| {
            let pin = Pin::new(Fingerprint::of_spki(b"k"), UnixTime(1), Version::V2);
            ((*address).to_owned(), Record::Pin(pin))
        });
        Action::Pins(Pins::Loaded(pins.collect()))
    };
    let back = target("ada");
    let address = back.server.address.clone();
    let opened = || Story(State::opened_by(Some(back.clone()), None, None, None, None));
    assert!(opened().0.is_coming_back());
    let story = opened().then(loaded(&[]));
    assert!(!story.0.is_coming_back());
    assert_eq!(story.0.connection, Connection::Idle);
    // The key may be there later than the pins, which are read anew for the attempt.
    let story = opened().then(loaded(&[&address]));
    assert_eq!(story.0.connection, Connection::WaitingForKey);
    let story = story
        .then(Action::Identity(Identity::Ready(profile("aa"))))
        .then(loaded(&[&address]));
    assert!(story.0.is_coming_back() && story.0.connection.is_under_way());
    // Whatever ends the attempt, the person decides again.
    let story = story.then(Action::Disconnect);
    assert!(!story.0.is_coming_back());
    let story = story.then(loaded(&[&address]));
    assert_eq!(story.0.connection, Connection::Idle);
}

#[test]
fn a_page_comes_back_with_the_key_that_it_remembers_before_the_vault_has_started() {
    let back = target("ada");
    let pin = Pin::new(Fingerprint::of_spki(b"k"), UnixTime(1), Version::V2);
    let record = (back.server.address.clone(), Record::Pin(pin));
    let pins = Action::Pins(Pins::Loaded([record].into_iter().collect()));
    let story = Story(State::opened_by(Some(back), None, None, None, None))
        .then(Action::Identity(Identity::Remembered(profile("aa"))))
        .then(pins);
    assert_eq!(story.0.connection, Connection::Opening);
    let attempt = story.0.attempt;
    // It is the vault's key: the attempt goes on.
    let same = Story(story.0.clone()).then(Action::Identity(Identity::Ready(profile("aa"))));
    assert_eq!(same.0.attempt, attempt);
    assert_eq!(same.0.connection, Connection::Opening);
    // The key was replaced, or the browser has lost it: the handshake of the former one ends.
    let other = story.then(Action::Identity(Identity::Ready(profile("bb"))));
    assert!(other.0.attempt > attempt);
    assert_eq!(other.0.connection, Connection::WaitingForPins);
    assert_eq!(other.0.sender().key, "SHA256:bb");
}
