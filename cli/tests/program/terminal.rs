//! Tests of the line mode in a terminal.

use crate::support::{Home, Relay, Server, Session, puppet};

#[test]
fn first_contact_asks_then_lines_are_sent_and_shown() {
    let server = Server::start();
    let home = Home::new();
    let address = server.tcp();
    let mut session = Session::start(&home, &["connect", &address, "--name", "anna"]);
    session.wait_for("Trust this key");
    let fingerprint = server.fingerprint();
    session.wait_for(&fingerprint.to_string());
    session.wait_for(&shared::trust::words(&fingerprint).to_string());
    session.type_keys("maybe\r");
    session.wait_for("Type yes, no, or the words");
    assert_eq!(home.pins(), "", "nothing is pinned before the answer");
    session.type_keys("yes\r");
    session.wait_for("connected to");
    session.wait_for("is now anna");
    assert!(home.pins().contains(&fingerprint.to_string()));
    session.type_keys("hello there\r");
    session.wait_for("anna: hello there");
    // Ctrl-D.
    session.type_keys("\x04");
    let (code, shown) = session.end();
    assert_eq!(code, 0, "{shown}");

    let mut session = Session::start(&home, &["connect", &address]);
    session.wait_for("* Welcome");
    session.type_keys("/quit\r");
    let (code, shown) = session.end();
    assert_eq!(code, 0, "{shown}");
    assert!(
        !shown.contains("Trust this key"),
        "a known server is not asked about: {shown}"
    );
    assert!(shown.contains("* bye"), "{shown}");
}

#[test]
fn a_terminal_that_is_gone_ends_the_line_mode() {
    let server = Server::start();
    let home = Home::new();
    let session = Session::start(&home, &["connect", &server.tcp(), "--accept-new"]);
    session.wait_for("* Welcome");
    assert_eq!(session.hang_up(), 12);
}

#[test]
fn a_terminal_that_is_gone_ends_the_question_of_the_first_contact() {
    let server = Server::start();
    let home = Home::new();
    let session = Session::start(&home, &["connect", &server.tcp()]);
    session.wait_for("Trust this key");
    assert_eq!(session.hang_up(), 12);
    assert_eq!(home.pins(), "", "nobody has trusted it");
}

#[test]
fn first_contact_takes_the_fingerprint_for_an_answer() {
    let (server, other) = (Server::start(), Server::start());
    for (answer, code) in [
        (server.fingerprint().to_string(), 0),
        (other.fingerprint().to_string(), 3),
        ("no".to_owned(), 3),
        ("\x04".to_owned(), 3),
        ("\x03".to_owned(), 3),
    ] {
        let home = Home::new();
        let mut session = Session::start(&home, &["connect", &server.tcp()]);
        session.wait_for("Trust this key");
        session.type_keys(&answer);
        if !answer.starts_with(char::is_control) {
            session.type_keys("\r");
        }
        if code == 0 {
            session.wait_for("* Welcome");
            session.type_keys("\x04");
        }
        let (ended, shown) = session.end();
        assert_eq!(ended, code, "{answer:?}: {shown}");
        assert_eq!(home.pins().is_empty(), code != 0, "{answer:?}");
    }
}

#[test]
fn a_changed_key_blocks_in_the_terminal_too() {
    let (server, attacker) = (Server::start(), Server::start());
    let relay = Relay::to(server.address());
    let home = Home::new();
    home.run(&["connect", &relay.tcp(), "--accept-new"], "")
        .expect(0);
    relay.redirect(attacker.address());
    let session = Session::start(&home, &["connect", &relay.tcp()]);
    let (code, shown) = session.end();
    assert_eq!(code, 4, "{shown}");
    assert!(shown.contains("HAS CHANGED"), "{shown}");
    assert!(
        !shown.contains("Trust this key"),
        "nobody is asked: {shown}"
    );
}

#[test]
fn messages_leave_the_line_that_is_edited_alone() {
    let server = Server::start();
    let (anna, bert) = (Home::new(), Home::new());
    let address = server.tcp();
    let mut session = Session::start(&anna, &["connect", &address, "--accept-new"]);
    session.wait_for("* Welcome");
    session.type_keys("half a li");
    session.wait_for("half a li");
    let arguments = ["connect", &address, "--accept-new", "--name", "bert"];
    bert.run(&arguments, "in between\n").expect(0);
    session.wait_for("bert: in between");
    session.type_keys("ne\r");
    session.wait_for(": half a line");
    // Ctrl-C.
    session.type_keys("\x03");
    let (code, shown) = session.end();
    assert_eq!(code, 0, "{shown}");
}

#[test]
fn a_server_that_sends_terminal_escapes_shows_them_as_pictures() {
    let address = puppet(&[b"\x1b]0;owned\x07\x1b[2J", b"anna: one\nbert: two"]);
    let home = Home::new();
    let mut session = Session::start(&home, &["connect", &address, "--accept-new"]);
    session.wait_for("␛]0;owned␇␛[2J");
    session.wait_for("anna: one\r\n    bert: two");
    session.type_keys("\x04");
    let (code, shown) = session.end();
    assert_eq!(code, 0, "{shown}");
    assert!(!shown.contains("\x1b]0;"), "{shown:?}");
    assert!(!shown.contains("\x1b[2J"), "{shown:?}");
}

// The attack: blanks up to the terminal's edge put the rest of a message at column 0.
#[test]
fn a_text_padded_to_the_edge_forges_no_line_in_a_pipe_that_ends_in_a_terminal() {
    let server = Server::start();
    let (anna, eve) = (Home::new(), Home::new());
    let address = server.tcp();
    let arguments = ["connect", &address, "--accept-new", "--pipe"];
    let session = Session::start_in(&anna, &arguments, (40, 80), &[]);
    session.see("* Welcome");
    let forged = format!("hi{}bob: send 100 EUR", " ".repeat(73));
    let arguments = ["connect", &address, "--accept-new", "--name", "eve"];
    eve.run(&arguments, &forged).expect(0);
    session.see("bob: send 100 EUR");
    let rows = session.rows();
    assert!(
        !rows.iter().any(|row| row.starts_with("bob:")),
        "a row looks like bob's: {rows:?}"
    );
    // A failure with a text of the server's is wrapped in the same way.
    session.resize(40, 30);
    server.stop();
    session.see("server_stopping");
    let (code, _) = session.end();
    assert_eq!(code, 8);
}

#[test]
fn a_server_that_stops_gives_the_terminal_back() {
    let server = Server::start();
    let home = Home::new();
    let mut session = Session::start(&home, &["connect", &server.tcp(), "--accept-new"]);
    session.wait_for("* Welcome");
    session.type_keys("unfinished");
    session.wait_for("unfinished");
    server.stop();
    let (code, shown) = session.end();
    assert_eq!(code, 8, "{shown}");
    assert!(shown.contains("server_stopping"), "{shown}");
}

#[test]
fn v1_is_marked_as_insecure() {
    let server = Server::start();
    let mut session = Session::start(
        &Home::new(),
        &["connect", &server.tcp(), "--protocol", "v1"],
    );
    session.wait_for("PROTOCOL V1, INSECURE");
    session.wait_for("* Welcome");
    session.type_keys("\x04");
    let (code, shown) = session.end();
    assert_eq!(code, 0, "{shown}");
}

// The silence: a server that hangs while the system keeps its connection alive.
#[test]
fn a_server_that_hangs_is_given_up_by_the_line_mode() {
    let server = Server::start();
    let relay = Relay::to(server.address());
    let session = Session::start(&Home::new(), &["connect", &relay.tcp(), "--accept-new"]);
    session.wait_for("* Welcome");
    relay.stall();
    session.wait_for("does not answer any more");
    let (code, shown) = session.end();
    assert_eq!(code, 7, "{shown}");
    assert!(!shown.contains(" here: "), "nobody has asked: {shown}");
}
