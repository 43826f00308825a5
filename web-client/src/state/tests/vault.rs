//! Stories in which the worker that keeps the key ends, or the page is of another version.

use super::*;

fn died() -> Action {
    Action::Identity(Identity::Failed(Failure::Stopped("it is gone".into())))
}

// The fault: a worker that had died was never started again from the chat. "Try again" failed with
// the same words for as long as the page lived.
#[test]
fn a_worker_that_died_is_started_anew_by_the_next_attempt() {
    let story = Story::connected("").then(died());
    assert_eq!(
        story.0.connection,
        Connection::Ready,
        "the session goes on: it does not need the key"
    );
    let story = story.ended(Ending::VaultStopped("it is gone".into()));
    assert!(matches!(story.0.connection, Connection::Waiting { .. }));
    assert_eq!(story.0.vault_starts, 0);
    let story = story.retry();
    assert_eq!(story.0.connection, Connection::WaitingForKey);
    assert_eq!(story.0.vault_starts, 1);
    let started = story.then(Action::Identity(Identity::Ready(profile("aa"))));
    assert_eq!(started.0.connection, Connection::WaitingForPins);
}

#[test]
fn a_worker_that_does_not_start_is_not_started_for_ever() {
    let story = Story::connected("").then(died());
    let story = story.ended(Ending::Lost).retry().then(died());
    assert!(
        matches!(&story.0.connection, Connection::Stopped { ending: Ending::KeyFailed(why) } if why.contains("gone"))
    );
    assert_eq!(story.0.vault_starts, 1);
    // A person may ask for as many starts as they like.
    assert_eq!(story.retry().0.vault_starts, 2);
}

#[test]
fn what_is_written_stays_in_its_account_while_the_vault_starts() {
    let story = Story::connected("");
    let account = story.0.sender();
    assert_eq!(account.key, "SHA256:aa");
    let story = story.then(died());
    assert_eq!(story.0.sender(), account);
    let story = story.then(Action::Identity(Identity::Loading));
    assert_eq!(story.0.sender(), account);
    let story = story.then(Action::Identity(Identity::Absent));
    assert_eq!(story.0.sender().key, "");
}

#[test]
fn another_key_after_a_start_ends_the_session_of_the_former_one() {
    let story = Story::connected("").then(died());
    let attempt = story.0.attempt;
    let story = story.then(Action::Identity(Identity::Ready(profile("bb"))));
    assert!(story.0.attempt > attempt);
    assert_eq!(story.0.connection, Connection::WaitingForPins);
}

#[test]
fn a_page_asks_for_its_version_with_every_session_and_when_it_cannot_read_the_server() {
    let story = Story::connected("");
    assert_eq!(story.0.version.doubts, 1);
    let story = story.text(r#"{"type":"hologram"}"#);
    assert_eq!(story.0.version.doubts, 2);
    let story = story.text(r#"{"type":"dance"}"#).text("* plain");
    assert_eq!(story.0.version.doubts, 2, "one reason a session");
    let story = story.then(Action::PageIsAnother(true));
    assert!(story.0.version.is_another);
    let story = story.then(Action::PageIsAnother(false));
    assert!(
        !story.0.version.is_another,
        "the former version was brought back"
    );
}
