//! The log's forms, as programs read them.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::MetadataExt as _;
use std::process::Stdio;

use serde_json::Value;

use crate::support::client::{Client, connect};
use crate::support::server::{Server, command, private_folder};
use crate::support::websocket::ask;

/// Causes lines of all levels, some with text of a stranger's.
fn cause_lines(server: &Server) {
    let hostile = "x\",\"level\":\"ERROR\",\"message\":\"forged".repeat(40);
    for path in ["/", "/ws"] {
        let head = format!("GET {path} HTTP/1.1\nHost: {hostile}");
        assert_eq!(ask(server.http(), &head).status, 403);
    }
    let mut stream = connect(server.tcp());
    stream.write_all(b"{\"\x1b[2J\\n<0>\"}\r\n\r\n").unwrap();
    let mut client = Client::join(server.tcp());
    client.say("/name anna");
    while !client.receive().ends_with("is now anna") {}
    drop(client);
    server.wait_for_log(&["closed"]);
    server.terminate();
    server.wait_for_log(&["stopped"]);
}

#[test]
fn each_line_of_the_log_is_an_object_with_bounded_fields() {
    let server = Server::start(&["--log-format", "json", "--log-level", "debug"]);
    cause_lines(&server);
    let log = server.log();
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}")))
        .collect();
    assert!(lines.len() > 5, "{log}");
    for line in &lines {
        let object = line.as_object().unwrap();
        for field in ["timestamp", "level", "message"] {
            assert!(object[field].is_string(), "{line}");
        }
        let texts = object.values().filter_map(Value::as_str);
        let longest = texts.map(|text| text.chars().count()).max();
        // 100 characters and the quotes around them, but for our own sentences.
        assert!(longest < Some(300), "{line}");
        assert_ne!(line["message"], "forged", "{line}");
        assert_ne!(line["level"], "ERROR", "{line}");
    }
    assert!(!log.contains('\u{1b}'), "{log}");
    let refused = lines.iter().find(|line| line["host"].is_string());
    assert_eq!(refused.unwrap()["level"], "WARN");
    let done = lines
        .iter()
        .find(|line| line["message"] == "handshake done");
    let done = done.unwrap();
    assert_eq!(done["transport"], "tcp");
    assert!(
        done["key"].as_str().unwrap().starts_with("SHA256:"),
        "{done}"
    );
}

#[test]
fn each_line_for_the_journal_begins_with_its_priority() {
    let server = Server::start(&["--log-format", "journal", "--log-level", "debug"]);
    cause_lines(&server);
    let log = server.log();
    for line in log.lines() {
        let priority = line.strip_prefix('<').and_then(|rest| rest.split_once('>'));
        let (priority, rest) = priority.unwrap_or_else(|| panic!("{line}"));
        assert!(["3", "4", "6", "7"].contains(&priority), "{line}");
        assert!(!rest.contains('\u{1b}'), "{line}");
        assert!(
            !rest.starts_with("20"),
            "a time that the journal has itself: {line}"
        );
    }
    for (priority, words) in [
        ("<4>", "refused: Host is not loopback"),
        ("<6>", "handshake done"),
        ("<7>", "connected"),
    ] {
        let found = server.logged(&[words]);
        let first = found.first().unwrap_or_else(|| panic!("{words} in {log}"));
        assert!(first.starts_with(priority), "{first}");
    }
}

/// Returns the first line of a log that goes to a pipe, where `JOURNAL_STREAM` names the pipe, or one
/// with another number.
fn first_line(is_named: bool) -> String {
    let (reader, writer) = std::io::pipe().unwrap();
    let pipe = std::fs::metadata(format!("/proc/self/fd/{}", writer.as_raw_fd())).unwrap();
    let inode = if is_named { pipe.ino() } else { pipe.ino() + 1 };
    let data = private_folder();
    let mut server = command(data.path(), &[])
        .env("JOURNAL_STREAM", format!("{}:{inode}", pipe.dev()))
        .stdout(Stdio::null())
        .stderr(writer)
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(reader).read_line(&mut line).unwrap();
    server.kill().unwrap();
    server.wait().unwrap();
    line
}

#[test]
fn a_log_that_goes_to_the_journal_has_priorities_by_itself() {
    let line = first_line(true);
    assert!(line.starts_with("<6>"), "{line}");
    // The variable is inherited, also by a process whose output goes elsewhere.
    let line = first_line(false);
    assert!(line.starts_with("20"), "{line}");
}

#[test]
fn a_stranger_who_connects_is_no_line_of_an_ordinary_log() {
    for (level, lines) in [("info", 0), ("debug", 1)] {
        let server = Server::start(&["--log-level", level]);
        let stranger = connect(server.tcp());
        let address = stranger.local_addr().unwrap().to_string();
        drop(stranger);
        server.wait_for_log(&[&address, "closed"]);
        let connected = server.logged(&[&address, " connected "]);
        assert_eq!(connected.len(), lines, "{level}: {connected:?}");
    }
}

#[test]
fn a_form_that_is_none() {
    let data = private_folder();
    let ended = crate::support::server::run_to_end(data.path(), &["--log-format", "xml"]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(
        ended
            .stderr
            .contains("[possible values: auto, text, json, journal]"),
        "{ended:?}"
    );
}
