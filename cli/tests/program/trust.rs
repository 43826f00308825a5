//! Tests of trust as people and scripts meet it: first contact, pins, changed keys, and the version
//! floor.

use crate::support::{Home, Relay, Server};

const V1: [&str; 2] = ["--protocol", "v1"];

#[test]
fn an_unknown_server_is_shown_refused_and_not_remembered() {
    let server = Server::start();
    let home = Home::new();
    for address in [server.tcp(), server.ws()] {
        let finished = home.run(&["connect", &address], "secret\n").expect(3);
        let fingerprint = server.fingerprint();
        let words = shared::trust::words(&fingerprint).to_string();
        finished.says(&[
            &fingerprint.to_string(),
            &words,
            "--accept-new",
            "--pin SHA256:",
        ]);
        assert_eq!(finished.stdout, "");
        assert_eq!(home.pins(), "");
    }
}

#[test]
fn a_new_server_is_accepted_once_and_known_afterwards() {
    let server = Server::start();
    let home = Home::new();
    for address in [server.tcp(), server.ws()] {
        home.run(&["connect", &address, "--accept-new"], "one\n")
            .expect(0);
        let line = format!("{address} {} first_seen=", server.fingerprint());
        assert!(home.pins().contains(&line), "{}", home.pins());
        let finished = home.run(&["connect", &address], "two\n").expect(0);
        assert!(finished.stdout.contains(": two\n"), "{finished:?}");
    }
    assert_eq!(home.pins().matches("highest=v2").count(), 2);
}

#[test]
fn a_key_told_ahead_of_time_is_pinned_and_any_other_refused() {
    let (server, other) = (Server::start(), Server::start());
    let home = Home::new();
    let address = server.tcp();
    let (right, wrong) = (
        server.fingerprint().to_string(),
        other.fingerprint().to_string(),
    );

    let finished = home
        .run(&["connect", &address, "--pin", &wrong], "secret\n")
        .expect(4);
    finished.says(&[&right, &wrong, "NOT THE ONE GIVEN WITH --pin"]);
    assert_eq!(home.pins(), "", "a wrong key is not remembered");

    home.run(&["connect", &address, "--pin", &right], "one\n")
        .expect(0);
    assert!(home.pins().contains(&right));
    home.run(&["connect", &address], "two\n").expect(0);

    let finished = home
        .run(&["connect", &address, "--pin", &wrong], "secret\n")
        .expect(4);
    finished.says(&["another key is pinned", "No connection was made"]);
}

#[test]
fn a_man_in_the_middle_with_another_key_is_blocked() {
    let (server, attacker) = (Server::start(), Server::start());
    let relay = Relay::to(server.address());
    let address = relay.tcp();
    let home = Home::new();
    home.run(&["connect", &address, "--accept-new"], "one\n")
        .expect(0);
    let pins = home.pins();

    relay.redirect(attacker.address());
    // No option on the command line overrules a changed key.
    for arguments in [
        &["connect", &address][..],
        &["connect", &address, "--accept-new"],
    ] {
        let finished = home.run(arguments, "secret\n").expect(4);
        finished.says(&[
            "HAS CHANGED",
            "man in the middle",
            "set up anew",
            &server.fingerprint().to_string(),
            &attacker.fingerprint().to_string(),
            &format!("secure-chat pins remove {address}"),
        ]);
        assert_eq!(finished.stdout, "");
        assert_eq!(home.pins(), pins, "the pin stays as it was");
    }

    // The way out that the message names works.
    home.run(&["pins", "remove", &address], "").expect(0);
    home.run(&["connect", &address, "--accept-new"], "two\n")
        .expect(0);
    assert!(home.pins().contains(&attacker.fingerprint().to_string()));
}

#[test]
fn unpinned_v1_cannot_tell_a_man_in_the_middle_and_says_so() {
    let (server, attacker) = (Server::start(), Server::start());
    let relay = Relay::to(server.address());
    let address = relay.tcp();
    let home = Home::new();
    for target in [&server, &attacker] {
        relay.redirect(target.address());
        let arguments = [&["connect", &address][..], &V1].concat();
        let finished = home.run(&arguments, "hello\n").expect(0);
        finished.says(&[
            "INSECURE",
            "not remembered",
            &target.fingerprint().to_string(),
        ]);
        assert!(finished.stdout.contains(": hello\n"), "{finished:?}");
        assert_eq!(home.pins(), "");
    }
}

#[test]
fn downgrade_to_v1_is_refused_before_a_connection_is_made() {
    let server = Server::start();
    let relay = Relay::to(server.address());
    let address = relay.tcp();
    let home = Home::new();
    home.run(&["connect", &address, "--accept-new"], "one\n")
        .expect(0);
    let connections = relay.connections();

    let right = server.fingerprint().to_string();
    for more in [&[][..], &["--accept-new"], &["--pin", &right]] {
        let arguments = [&["connect", &address][..], &V1, more].concat();
        let finished = home.run(&arguments, "secret\n").expect(5);
        finished.says(&[
            "v1 is refused",
            &format!("secure-chat pins remove {address}"),
        ]);
    }
    assert_eq!(relay.connections(), connections);

    home.run(&["pins", "remove", &address], "").expect(0);
    // Without the pin the client would connect, but the server knows that this key has used v2.
    let finished = home.run(&[&["connect", &address][..], &V1].concat(), "two\n");
    finished.expect(8).says(&["v1"]);
}

#[test]
fn v1_with_a_pin_talks_to_that_key_only_and_v2_raises_the_floor() {
    let (server, attacker) = (Server::start(), Server::start());
    let relay = Relay::to(server.address());
    let address = relay.tcp();
    let home = Home::new();
    let right = server.fingerprint().to_string();

    let with_pin = [&["connect", &address, "--pin", &right][..], &V1].concat();
    home.run(&with_pin, "one\n")
        .expect(0)
        .says(&["WARNING: PROTOCOL V1"]);
    assert!(home.pins().contains("highest=v1"), "{}", home.pins());

    relay.redirect(attacker.address());
    let arguments = [&["connect", &address][..], &V1].concat();
    home.run(&arguments, "secret\n")
        .expect(4)
        .says(&["HAS CHANGED"]);

    relay.redirect(server.address());
    home.run(&arguments, "two\n").expect(0);
    home.run(&["connect", &address], "three\n").expect(0);
    assert!(home.pins().contains("highest=v2"), "{}", home.pins());
    home.run(&arguments, "four\n").expect(5);
}
