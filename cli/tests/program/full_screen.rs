//! Tests of the full-screen mode in a terminal, with the real server.

use std::net::TcpListener;

use rustix::process::Signal;

use crate::support::{Home, Relay, Server, Session, puppet};

const UP: &str = "\x1b[A";
const ESCAPE: &str = "\x1b";
const ENTER: &str = "\r";
const CTRL_C: &str = "\x03";
const CTRL_F: &str = "\x06";
const CTRL_K: &str = "\x0b";
const CTRL_O: &str = "\x0f";
const CTRL_R: &str = "\x12";
const PAGE_UP: &str = "\x1b[5~";
const TAB: &str = "\t";

/// Opens the chat of a person called `name`.
fn open(home: &Home, address: &str, name: &str) -> Session {
    let session = connect(home, address, name);
    session.see(&format!("{name} · v2"));
    session
}

/// Starts the program, which may not be let in.
fn connect(home: &Home, address: &str, name: &str) -> Session {
    let arguments = ["chat", address, "--accept-new", "--name", name];
    Session::start_in(home, &arguments, (30, 110), &[])
}

fn leave(mut session: Session) -> String {
    session.type_keys(CTRL_C);
    let (code, shown) = session.end();
    assert_eq!(code, 0, "{shown}");
    shown
}

#[test]
fn two_people_write_reply_react_change_and_delete() {
    let server = Server::start();
    let (anna, bert) = (Home::new(), Home::new());
    let mut anna = Session::start(&anna, &["chat", &server.tcp(), "--name", "anna"]);
    anna.wait_for("Trust this key");
    anna.type_keys("yes\r");
    anna.see("anna · v2");
    let mut bert = open(&bert, &server.ws(), "bert");
    anna.see("bert joined");
    anna.type_keys("first line\nsecond line\r");
    bert.see("second line");
    bert.type_keys("so");
    anna.see("bert is writing");
    bert.type_keys("me answer");
    bert.type_keys(CTRL_C);
    bert.see_no("some answer");
    // The first Up restores the text that Ctrl-C removed, the next one goes to the messages.
    bert.type_keys(UP);
    bert.see("some answer");
    bert.type_keys(UP);
    bert.see("r reply");
    bert.type_keys("r");
    bert.see("Reply to anna: first line");
    bert.type_keys("the answer\r");
    anna.see("↳ anna: first line");
    anna.see("the answer");
    // A reaction is added, and removed again.
    anna.type_keys(UP);
    anna.see("r reply");
    anna.type_keys("+1");
    bert.see("👍 1");
    // The effect of the key depends on what anna's own client shows.
    anna.see("👍 1");
    anna.type_keys("+1");
    bert.see_no("👍 1");
    anna.type_keys("e");
    anna.see("Only who wrote a message changes it");
    anna.type_keys(UP);
    anna.type_keys("e");
    anna.see("Change anna: first line");
    anna.type_keys(" changed\r");
    bert.see("second line changed (edited)");
    // The message is deleted only after the question.
    bert.type_keys(UP);
    bert.see("r reply");
    bert.type_keys("d");
    bert.see("Delete this message of bert");
    bert.type_keys("n");
    bert.see_no("Are you sure");
    bert.type_keys(UP);
    bert.see("r reply");
    bert.type_keys("d");
    bert.see("Are you sure");
    bert.type_keys("y");
    anna.see("(deleted)");
    anna.see_no("the answer");
    leave(anna);
    leave(bert);
}

#[test]
fn rooms_invitations_and_messages_to_somebody_alone() {
    let server = Server::start();
    let (anna, bert) = (Home::new(), Home::new());
    let mut anna = open(&anna, &server.tcp(), "anna");
    let mut bert = open(&bert, &server.tcp(), "bert");
    anna.see("● bert");
    anna.type_keys("/join garden\r");
    anna.see("› #garden");
    bert.see("+ #garden");
    anna.type_keys("who is here?\r");
    bert.type_keys(CTRL_K);
    bert.see("Go to");
    bert.type_keys("gar");
    bert.type_keys(ENTER);
    bert.see("who is here?");
    anna.type_keys("/private den\r");
    anna.see("› #den");
    anna.type_keys("/invite bert\r");
    bert.see("anna invites you to den");
    bert.type_keys("/join den\r");
    bert.see("› #den");
    bert.type_keys("/msg anna psst\r");
    bert.see("psst");
    // The message is counted and the bell rings until the room is opened.
    anna.see("@bert @1");
    anna.wait_for("\x07");
    anna.type_keys("\x1ba");
    anna.see("psst");
    anna.see_no("@bert @1");
    for wrong in ["/msg eve hello", "/dance", "/join not a room"] {
        anna.type_keys(&format!("{wrong}\r"));
    }
    anna.see("Nobody in your rooms is called eve");
    anna.see("There is no command /dance");
    anna.see("No room");
    leave(anna);
    leave(bert);
}

#[test]
fn a_long_history_is_loaded_upwards_and_searched() {
    let server = Server::start();
    let home = Home::new();
    let lines: Vec<_> = (1..=150).map(|line| format!("number {line}.")).collect();
    let arguments = ["connect", &server.tcp(), "--accept-new", "--name", "anna"];
    home.run(&arguments, lines.join("\n")).expect(0);
    let mut session = open(&home, &server.tcp(), "anna");
    session.see("number 150.");
    for _ in 0..40 {
        session.type_keys(PAGE_UP);
    }
    session.see("further down");
    session.type_keys(ESCAPE);
    session.see("number 150.");
    // The server finds a message that is far up; the log then shows it among its neighbours.
    session.type_keys(CTRL_F);
    session.see("Search");
    session.type_keys("17");
    session.type_keys(ENTER);
    session.see("Enter goes there");
    session.see("anna · ");
    session.type_keys(ENTER);
    session.see("number 16.");
    session.see("r reply");
    session.type_keys(ESCAPE);
    session.see("number 150.");
    leave(session);
}

#[test]
fn what_is_written_while_the_connection_is_away_arrives_once() {
    let server = Server::start();
    let nobody = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let relay = Relay::to(server.address());
    let (anna, bert) = (Home::new(), Home::new());
    let mut anna = open(&anna, &relay.tcp(), "anna");
    let bert = open(&bert, &server.tcp(), "bert");
    anna.type_keys("before\r");
    bert.see("before");
    relay.redirect(nobody);
    relay.sever();
    anna.see("Next attempt in");
    anna.type_keys("meanwhile\r");
    anna.see("… waits");
    relay.redirect(server.address());
    anna.type_keys(CTRL_R);
    bert.see("meanwhile");
    anna.see_no("… waits");
    anna.type_keys("after\r");
    bert.see("after");
    for session in [anna, bert] {
        assert_eq!(session.seen().matches("meanwhile").count(), 1);
        assert_eq!(session.seen().matches("before").count(), 1);
        leave(session);
    }
}

#[test]
fn what_was_not_sent_when_the_terminal_was_closed_is_sent_by_the_next_one() {
    let server = Server::start();
    let nobody = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let relay = Relay::to(server.address());
    let home = Home::new();
    let mut session = open(&home, &relay.tcp(), "anna");
    relay.redirect(nobody);
    relay.sever();
    session.see("Next attempt in");
    session.type_keys("kept over the end\r");
    session.see("… waits");
    session.signal(Signal::KILL);
    drop(session);
    relay.redirect(server.address());
    let session = open(&home, &relay.tcp(), "anna");
    session.see("anna ");
    session.see("kept over the end");
    for state in ["… waits", "… sending", "… sent"] {
        session.see_no(state);
    }
    leave(session);
    assert!(!home.path().join("outbox.json").exists());
}

// The loss: the help of exit code 12 says that what was written is kept, and the next composer was
// empty.
#[test]
fn a_draft_is_there_again_after_the_terminal_was_closed_or_a_signal_came() {
    let server = Server::start();
    let home = Home::new();
    let mut session = open(&home, &server.tcp(), "anna");
    session.type_keys("half of the room");
    session.see("half of the room");
    assert_eq!(session.hang_up(), 12);
    let mut session = open(&home, &server.tcp(), "anna");
    session.see("> half of the room");
    session.type_keys("/join garden");
    session.see("/join garden");
    session.signal(Signal::TERM);
    session.end();
    let mut session = open(&home, &server.tcp(), "anna");
    session.see("/join garden");
    session.type_keys(CTRL_C);
    session.type_keys("sent\r");
    session.see("anna ");
    leave(session);
    assert!(!home.path().join("drafts.json").exists());
}

#[test]
fn an_attacker_who_takes_over_in_the_middle_of_a_chat_gets_nothing() {
    let (server, attacker) = (Server::start(), Server::start());
    let relay = Relay::to(server.address());
    let home = Home::new();
    let mut session = open(&home, &relay.tcp(), "anna");
    relay.redirect(attacker.address());
    relay.sever();
    session.see("Next attempt in");
    session.type_keys("secret\r");
    session.type_keys(CTRL_R);
    session.see("THE KEY OF THIS SERVER HAS CHANGED");
    session.see(&attacker.fingerprint().to_string());
    attacker.wait_for_no_clients();
    // The right server comes back, and nothing was lost.
    relay.redirect(server.address());
    session.type_keys(CTRL_R);
    session.see("anna · v2");
    session.see("secret");
    session.see_no("… waits");
    leave(session);
}

#[test]
fn an_operator_stops_the_server_and_keeps_somebody_out() {
    let server = Server::start();
    let (anna, bert) = (Home::new(), Home::new());
    let mut anna = open(&anna, &server.tcp(), "anna");
    let mut bert = open(&bert, &server.tcp(), "bert");
    bert.type_keys(CTRL_O);
    bert.see("You are no operator");
    bert.type_keys("/claim wrong-code\r");
    bert.see_no("> /claim");
    let code = server.claim_code();
    anna.type_keys(&format!("/claim http://localhost/#claim={code}\r"));
    anna.see("You are an operator");
    anna.type_keys(CTRL_O);
    anna.see("takes everybody");
    anna.see("Connections");
    anna.see("A text has at most 16384 bytes");
    anna.see("bert");
    anna.type_keys("s");
    anna.see("Are you sure");
    anna.type_keys("y");
    anna.see("STOPPED");
    bert.see("server_stopping");
    anna.type_keys("s");
    anna.see("takes everybody");
    bert.type_keys(CTRL_R);
    bert.see("bert · v2");
    // The second row is bert's.
    anna.type_keys("r");
    anna.see("127.0.0.1");
    anna.type_keys("\x1b[B");
    anna.type_keys("b");
    anna.see("Keep out the key of bert?");
    anna.type_keys("y");
    bert.see("kicked");
    anna.see("Operators' console");
    anna.type_keys(TAB);
    anna.see("let in again");
    anna.see("SHA256:");
    anna.type_keys("u");
    anna.see_no("SHA256:");
    anna.type_keys(ESCAPE);
    anna.see_no("Operators' console");
    bert.type_keys(CTRL_R);
    bert.see("bert · v2");
    leave(anna);
    leave(bert);
}

#[test]
fn an_invitation_from_an_operator_lets_somebody_in() {
    let server = Server::by_invitation();
    let (anna, bert) = (Home::new(), Home::new());
    let mut anna = connect(&anna, &server.tcp(), "anna");
    anna.see("You need an invitation");
    let code = server.claim_code();
    anna.type_keys(&format!("/claim {code}\r"));
    anna.see("You are admitted");
    anna.see("anna, operator · v2");
    anna.type_keys("/op invite 2 1\r");
    anna.see("#invitation=");
    anna.type_keys("/op admission approval\r");
    let mut bert = connect(&bert, &server.tcp(), "bert");
    bert.see("has to admit you");
    anna.type_keys("/op applicants\r");
    anna.see("1 applicants: bert");
    anna.type_keys("/op admit bert\r");
    bert.see("You are admitted");
    bert.type_keys("I am in\r");
    anna.see("I am in");
    leave(anna);
    leave(bert);
}

#[test]
fn a_paste_is_not_sent_and_a_small_terminal_still_works() {
    let server = Server::start();
    let home = Home::new();
    let mut session = open(&home, &server.tcp(), "anna");
    session.type_keys("\x1b[200~one\rtwo\r\x1b[201~");
    session.see("two");
    session.see_no("… waits");
    assert!(!session.seen().contains("───"), "no day has begun");
    for (rows, columns) in [(10, 40), (6, 20), (3, 10), (1, 1), (50, 200)] {
        session.resize(rows, columns);
    }
    session.see("People here");
    session.resize(12, 40);
    session.see_no("People here");
    session.type_keys(ENTER);
    session.see("───");
    session.see("  two");
    leave(session);
}

#[test]
fn no_color_is_respected_and_help_is_there() {
    let server = Server::start();
    let home = Home::new();
    let arguments = ["chat", &server.tcp(), "--accept-new", "--name", "anna"];
    let mut session = Session::start_in(&home, &arguments, (30, 160), &[("NO_COLOR", "1")]);
    session.see("anna · v2");
    session.type_keys("@anna hello\r");
    session.see("@anna hello");
    session.type_keys("\x1bOP");
    session.see("begin a new line");
    session.type_keys(ESCAPE);
    session.see_no("begin a new line");
    session.type_keys("/verify\r");
    session.see(&server.fingerprint().to_string());
    session.see(&shared::trust::words(&server.fingerprint()).to_string());
    let shown = leave(session);
    for colour in ["\x1b[31m", "\x1b[33m", "\x1b[38;5;"] {
        assert!(!shown.contains(colour), "{shown:?}");
    }
}

#[test]
fn a_server_that_sends_terminal_escapes_shows_them_as_pictures() {
    let address = puppet(&[
        br#"{"type":"notice","text":"\u001b]0;owned\u0007\u001b[2Jmine"}"#,
        b"\x1b[2J",
        b"\xff{",
    ]);
    let home = Home::new();
    let session = Session::start(&home, &["chat", &address, "--accept-new"]);
    session.see("␛]0;owned␇␛[2Jmine");
    let shown = leave(session);
    assert!(!shown.contains("\x1b]0;"), "{shown:?}");
}

#[test]
fn a_signal_gives_the_terminal_back() {
    let server = Server::start();
    let home = Home::new();
    for signal in [Signal::TERM, Signal::HUP] {
        let session = open(&home, &server.tcp(), "anna");
        session.signal(signal);
        let (code, shown) = session.end();
        assert_eq!(code, 0, "{shown}");
    }
    // The full-screen mode refuses to run in a pipe.
    let arguments = ["chat", &server.tcp()];
    let finished = home.run(&arguments, "hello\n").expect(1);
    finished.says(&["needs a terminal"]);
}

#[test]
fn a_stopped_program_gives_the_terminal_to_the_shell_and_comes_back() {
    let server = Server::start();
    let home = Home::new();
    let session = open(&home, &server.tcp(), "anna");
    session.signal(Signal::TSTP);
    session.see_no("anna · v2");
    // The window changes while the program cannot notice.
    session.resize(24, 100);
    session.signal(Signal::CONT);
    session.see("anna · v2");
    leave(session);
}

#[test]
fn a_terminal_that_is_gone_ends_it() {
    let server = Server::start();
    let home = Home::new();
    let session = open(&home, &server.tcp(), "anna");
    assert_eq!(session.hang_up(), 12);
}
