//! The program in a terminal: a pseudo-terminal whose other end is this test.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

use crate::support::{Home, PATIENCE, Relay, Server, puppet};

/// A program in a terminal.
struct Session {
    child: Child,
    keyboard: File,
    terminal: File,
    screen: Arc<Mutex<Vec<u8>>>,
}

impl Session {
    fn start(home: &Home, arguments: &[&str]) -> Self {
        let master: OwnedFd = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let size = Winsize {
            ws_row: 40,
            ws_col: 200,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&master, size).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let terminal = OpenOptions::new()
            .read(true)
            .write(true)
            .open(name.to_str().unwrap())
            .unwrap();
        let end = || Stdio::from(terminal.try_clone().unwrap());
        let child = home
            .command(arguments)
            .env("TERM", "xterm-256color")
            .stdin(end())
            .stdout(end())
            .stderr(end())
            .spawn()
            .unwrap();
        let master = File::from(master);
        let screen = Arc::new(Mutex::new(Vec::new()));
        let mut output = master.try_clone().unwrap();
        let sink = Arc::clone(&screen);
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            // Ends with the terminal.
            while let Ok(length @ 1..) = output.read(&mut buffer) {
                sink.lock().unwrap().extend_from_slice(&buffer[..length]);
            }
        });
        Self {
            child,
            keyboard: master,
            terminal,
            screen,
        }
    }

    fn shown(&self) -> String {
        String::from_utf8_lossy(&self.screen.lock().unwrap()).into_owned()
    }

    fn wait_for(&self, text: &str) {
        let start = Instant::now();
        while !self.shown().contains(text) {
            assert!(
                start.elapsed() < PATIENCE,
                "{text:?} never came: {}",
                self.shown()
            );
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn type_keys(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits for the program's end, and asserts that the terminal is as it was.
    fn end(mut self) -> (i32, String) {
        let start = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(
                start.elapsed() < PATIENCE,
                "it does not end: {}",
                self.shown()
            );
            thread::sleep(Duration::from_millis(5));
        };
        let modes = tcgetattr(&self.terminal).unwrap().local_modes;
        let cooked = LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG;
        assert!(
            modes.contains(cooked),
            "the terminal is left in another mode: {modes:?}"
        );
        // What was written last is on its way to the reading thread.
        thread::sleep(Duration::from_millis(50));
        (status.code().unwrap(), self.shown())
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // It may have ended already; either way it must not outlive the test.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

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
    session.wait_for("Type yes, no, or the fingerprint");
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
