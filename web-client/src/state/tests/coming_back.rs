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
