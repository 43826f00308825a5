//! Tests of the program as a part of a pipe: its input and output, and how it ends.

use std::net::TcpListener;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{Home, PATIENCE, Relay, Server, puppet};

/// Returns the arguments of every way to connect: over TCP and through the WebSocket, in both
/// versions. First v1, which is refused to a key that has used v2.
fn ways(server: &Server) -> Vec<Vec<String>> {
    let mut ways = Vec::new();
    for version in ["v1", "v2"] {
        for address in [server.tcp(), server.ws()] {
            let arguments = ["connect", &address, "--accept-new", "--protocol", version];
            ways.push(arguments.map(str::to_owned).to_vec());
        }
    }
    ways
}

fn wait_for(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < PATIENCE, "{what} never came");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn lines_go_out_and_every_answer_comes_back() {
    let server = Server::start();
    let home = Home::new();
    let lines: Vec<String> = (0..500).map(|n| format!("größer 🦀 {n}")).collect();
    for way in ways(&server) {
        let mut arguments: Vec<_> = way.iter().map(String::as_str).collect();
        arguments.extend(["--name", "anna"]);
        let finished = home.run(&arguments, lines.join("\n")).expect(0);
        // The input ended at once: the lines that were under way were delivered all the same.
        let heard: Vec<_> = finished
            .stdout
            .lines()
            .filter_map(|line| line.strip_prefix("anna: "))
            .collect();
        assert_eq!(heard, lines, "{way:?}");
        assert!(finished.stdout.starts_with("* Welcome"), "{way:?}");
    }
    server.wait_for_no_clients();
}

#[test]
fn much_goes_both_ways_at_once() {
    let server = Server::start();
    let home = Home::new();
    let line = "x".repeat(8000);
    let input = format!("{line}\n").repeat(1000);
    for way in ways(&server) {
        let arguments: Vec<_> = way.iter().map(String::as_str).collect();
        let finished = home.run(&arguments, &input).expect(0);
        let heard = finished.stdout.matches(&line).count();
        assert_eq!(heard, 1000, "{way:?}");
    }
}

#[test]
fn a_server_that_sends_terminal_escapes_shows_them_as_pictures() {
    let address = puppet(&[
        b"\x1b[2J\x1b]0;owned\x07",
        "\u{9b}31m\u{202e}txt\r\n".as_bytes(),
        b"anna: one\nbert: two",
        b"\xff\xfe",
    ]);
    for version in ["v1", "v2"] {
        let arguments = ["connect", &address, "--accept-new", "--protocol", version];
        let finished = Home::new().run(&arguments, "").expect(0);
        assert_eq!(
            finished.stdout,
            "␛[2J␛]0;owned␇\n\u{fffd}31m\u{fffd}txt␍␊\nanna: one␊bert: two\n\u{fffd}\u{fffd}\n"
        );
    }
}

#[test]
fn a_line_that_does_not_fit_is_reported_and_the_rest_is_sent() {
    let server = Server::start();
    let home = Home::new();
    let long = "x".repeat(65_537);
    let arguments = ["connect", &server.tcp(), "--accept-new"];
    let finished = home
        .run(&arguments, format!("before\n{long}\nafter\n"))
        .expect(9);
    finished.says(&["line 2 was not delivered", "not delivered: line(s) 2"]);
    assert!(finished.stdout.contains(": before\n"), "{finished:?}");
    assert!(finished.stdout.contains(": after\n"), "{finished:?}");
}

#[test]
fn a_reader_that_goes_away_ends_it_with_a_code_of_its_own() {
    let server = Server::start();
    let home = Home::new();
    for way in ways(&server) {
        let arguments: Vec<_> = way.iter().map(String::as_str).collect();
        let mut running = home.start(&arguments);
        running.read_until("* Welcome");
        drop(running.stdout.take());
        running.talk_to_the_end("to myself");
        let finished = running.finish().expect(11);
        finished.says(&["standard output failed"]);
        server.wait_for_no_clients();
    }
}

#[test]
fn every_line_is_delivered_in_order_over_a_rate_limit() {
    // The limit is lower than the number of lines: the rest has to wait for the server's
    // permission.
    let server = Server::limited_to(600);
    let home = Home::new();
    let lines: Vec<String> = (1..=640).map(|n| n.to_string()).collect();
    let arguments = ["connect", &server.tcp(), "--accept-new", "--name", "anna"];
    let finished = home.run(&arguments, lines.join("\n")).expect(0);
    let heard: Vec<_> = finished
        .stdout
        .lines()
        .filter_map(|line| line.strip_prefix("anna: "))
        .collect();
    assert_eq!(heard, lines);
}

#[test]
fn lines_that_no_server_takes_are_named_and_the_others_are_delivered() {
    let server = Server::start();
    let home = Home::new();
    let mut input = b"one\n\xff\xfe\n".to_vec();
    input.extend(vec![b'x'; 20_000]);
    input.extend(b"\n/dance\nlast\n");
    let arguments = ["connect", &server.tcp(), "--accept-new"];
    let finished = home.run(&arguments, input).expect(9);
    assert!(finished.stdout.contains(": one\n"), "{finished:?}");
    assert!(finished.stdout.contains(": last\n"), "{finished:?}");
    finished.says(&["line 2 was not", "UTF-8", "not delivered: line(s) 2-4"]);
}

#[test]
fn a_taken_name_ends_it_before_anything_is_sent() {
    let server = Server::start();
    let (anna, other) = (Home::new(), Home::new());
    let address = server.tcp();
    let arguments = ["connect", &address, "--accept-new", "--name", "anna"];
    let mut listening = anna.start(&arguments);
    listening.read_until("is now anna");
    let finished = other.run(&arguments, "not under another name\n").expect(10);
    finished.says(&["name_taken", "Nothing was sent"]);
    // The answer may come before the first line is read.
    let said = ["not delivered: line(s) 1", "no line was read"];
    assert!(
        said.iter().any(|said| finished.stderr.contains(said)),
        "{finished:?}"
    );
    drop(listening.stdin.take());
    let heard = listening.finish().expect(0).stdout;
    assert!(!heard.contains("under another"), "{heard}");
}

/// Returns the texts that somebody called `name` has said, in order.
fn said<'a>(stdout: &'a str, name: &str) -> Vec<&'a str> {
    let start = format!("{name}: ");
    let lines = stdout.lines();
    lines
        .filter_map(|line| line.strip_prefix(start.as_str()))
        .collect()
}

// The loss: lines around `/name` went out under either name.
#[test]
fn every_line_goes_out_under_the_name_that_was_asked_for_before_it() {
    let server = Server::start();
    let arguments = ["connect", &server.tcp(), "--accept-new"];
    let input = "a\nb\nc\n/name zoe\nd\n";
    let finished = Home::new().run(&arguments, input).expect(0);
    assert_eq!(said(&finished.stdout, "zoe"), ["d"], "{finished:?}");
    let mut running = Home::new().start(&arguments);
    running.read_until("* Welcome");
    for line in ["/name bob", "after 1", "after 2"] {
        running.line(line);
    }
    let finished = running.finish().expect(0);
    assert_eq!(said(&finished.stdout, "bob"), ["after 1", "after 2"]);
}

#[test]
fn a_taken_name_in_the_middle_ends_it_and_names_the_lines_behind_it() {
    let server = Server::start();
    let address = server.tcp();
    let arguments = ["connect", &address, "--accept-new", "--name", "observer"];
    let mut listening = Home::new().start(&arguments);
    listening.read_until("is now observer");
    let arguments = ["connect", &address, "--accept-new"];
    let input = "a\n/name observer\nsecret\n";
    let finished = Home::new().run(&arguments, input).expect(10);
    finished.says(&["name of line 2", "name_taken", "not delivered: line(s) 3"]);
    let heard = listening.finish().expect(0).stdout;
    assert!(heard.contains(": a\n"), "{heard}");
    assert!(!heard.contains("secret"), "{heard}");
}

#[test]
fn a_name_in_another_normal_form_is_recognized_when_it_is_given() {
    let server = Server::start();
    let arguments = ["connect", &server.tcp(), "--accept-new"];
    let input = "/name zoe\u{308}\nhello\n";
    let finished = Home::new().run(&arguments, input).expect(0);
    assert_eq!(said(&finished.stdout, "zo\u{eb}"), ["hello"]);
}

#[test]
fn what_follows_quit_is_named_as_not_delivered() {
    let server = Server::start();
    let arguments = ["connect", &server.tcp(), "--accept-new"];
    let input = "a\n/quit\nb\n\nc\n";
    let finished = Home::new().run(&arguments, input).expect(9);
    finished.says(&["not delivered: line(s) 3-5"]);
    assert!(finished.stdout.contains(": a\n"), "{finished:?}");
    assert!(!finished.stdout.contains(": b\n"), "{finished:?}");
    Home::new().run(&arguments, "a\n/quit\n\n").expect(0);
}

// The loss: the pipe heard nothing more under the former name, and ended with 0.
#[cfg(unix)]
#[test]
fn a_room_that_is_renamed_is_followed() {
    let server = Server::start();
    let address = server.tcp();
    let anna = Home::new();
    let arguments = ["chat", &address, "--accept-new", "--name", "anna"];
    let mut owner = crate::support::Session::start(&anna, &arguments);
    owner.see("anna · v2");
    owner.type_keys("/join ls\r");
    owner.see("beginning of");
    let arguments = ["connect", &address, "--accept-new", "--room", "ls"];
    let mut running = Home::new().start(&arguments);
    running.read_until("Welcome to ls");
    owner.type_keys("/rename ls2\r");
    owner.see("ls2");
    owner.type_keys("still here?\r");
    running.read_until("still here?");
    running.line("yes");
    running.read_until(": yes");
    owner.see("yes");
    running.finish().expect(0).says(&["ls is called ls2"]);
}

#[test]
fn a_server_that_does_not_admit_the_key_is_named_and_nothing_is_lost_unseen() {
    let server = Server::by_invitation();
    let home = Home::new();
    let arguments = ["connect", &server.tcp(), "--accept-new", "--name", "anna"];
    let finished = home.run(&arguments, "hello\n").expect(8);
    finished.says(&["by invitation"]);
    let said = ["not delivered: line(s) 1", "no line was read"];
    assert!(
        said.iter().any(|said| finished.stderr.contains(said)),
        "{finished:?}"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_behind_standard_output_has_a_code_of_its_own() {
    let server = Server::start();
    let full = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let status = Home::new()
        .command(&["connect", &server.tcp(), "--accept-new"])
        .stdin(std::process::Stdio::null())
        .stdout(full)
        .stderr(std::process::Stdio::null())
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(11));
}

#[test]
fn a_server_that_goes_away_in_the_middle_leaves_no_line_unnamed() {
    let server = Server::start();
    let relay = Relay::to(server.address());
    let mut running = Home::new().start(&["connect", &relay.tcp(), "--accept-new"]);
    running.line("delivered");
    running.read_until(": delivered");
    relay.stall();
    running.line("lost");
    wait_for("the lost line at the relay", || relay.swallowed() > 0);
    relay.sever();
    let stdin = running.stdin.take();
    running.finish().expect(7).says(&[
        "not delivered: line(s) 2",
        "what came after line 2 was not read",
    ]);
    drop(stdin);
}

#[cfg(unix)]
#[test]
fn an_interrupt_says_goodbye_and_ends() {
    let server = Server::start();
    let home = Home::new();
    for way in ways(&server) {
        let arguments: Vec<_> = way.iter().map(String::as_str).collect();
        let mut running = home.start(&arguments);
        running.read_until("* Welcome");
        assert!(
            Command::new("kill")
                .args(["-INT", &running.id()])
                .status()
                .unwrap()
                .success()
        );
        let stdin = running.stdin.take();
        let finished = running.finish().expect(130);
        assert!(!finished.stderr.contains("secure-chat:"), "{finished:?}");
        drop(stdin);
        server.wait_for_no_clients();
    }
}

#[test]
fn quitting_ends_it_while_input_is_open() {
    let server = Server::start();
    let home = Home::new();
    for way in ways(&server) {
        let arguments: Vec<_> = way.iter().map(String::as_str).collect();
        let mut running = home.start(&arguments);
        running.line("/quit");
        running.read_until("* bye");
        let stdin = running.stdin.take();
        running.finish().expect(0);
        drop(stdin);
    }
}

#[test]
fn a_server_that_stops_is_reported_with_its_code() {
    for place in 0..4 {
        let server = Server::start();
        let home = Home::new();
        let way = &ways(&server)[place];
        let arguments: Vec<_> = way.iter().map(String::as_str).collect();
        let mut running = home.start(&arguments);
        running.read_until("* Welcome");
        server.stop();
        let stdin = running.stdin.take();
        running.finish().expect(8).says(&["server_stopping"]);
        drop(stdin);
    }
}

#[test]
fn two_programs_hear_each_other() {
    let server = Server::start();
    let (anna, bert) = (Home::new(), Home::new());
    let tcp = server.tcp();
    let mut listening = anna.start(&["connect", &tcp, "--accept-new", "--name", "anna"]);
    listening.read_until("is now anna");
    let ws = server.ws();
    bert.run(
        &["connect", &ws, "--accept-new", "--name", "bert"],
        "hello anna\n",
    )
    .expect(0);
    assert_eq!(listening.read_until("hello"), "bert: hello anna\n");
    listening.finish().expect(0);
}

#[test]
fn no_connection_has_a_code_of_its_own() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = listener.local_addr().unwrap().to_string();
    drop(listener);
    let server = Server::start();
    let no_tunnel = server.ws().replace("/ws", "/nothing");
    for (address, words) in [
        (closed.clone(), "refused"),
        (format!("ws://{closed}/ws"), "refused"),
        (format!("wss://{closed}/ws"), "refused"),
        (no_tunnel, "404"),
        // TLS to a server that has none.
        (server.ws().replace("ws://", "wss://"), "TLS"),
    ] {
        let finished = Home::new()
            .run(&["connect", &address, "--accept-new"], "x\n")
            .expect(2);
        finished.says(&["cannot connect", &address, words]);
    }
}

#[test]
fn an_address_for_another_port_names_the_right_one() {
    let server = Server::start();
    let (tcp, http) = (server.tcp(), server.http().to_string());
    let of_http = format!("ws://{http}/ws");
    for (address, code, words) in [
        (format!("ws://{tcp}/ws"), 2, ["no HTTP", &tcp]),
        (format!("wss://{http}/ws"), 2, ["no TLS", &of_http]),
        (format!("wss://{tcp}/ws"), 2, ["no TLS", &tcp]),
        // The server's own answer.
        (http.clone(), 8, ["web server", "ws://"]),
    ] {
        let arguments = ["connect", &address, "--accept-new"];
        let finished = Home::new().run(&arguments, "x\n").expect(code);
        finished.says(&words);
    }
    // A TLS server that gets other bytes: unexpected_message.
    let tls = crate::support::raw_server(b"\x15\x03\x03\x00\x02\x02\x0a");
    let arguments = ["connect", &tls, "--accept-new"];
    let finished = Home::new().run(&arguments, "x\n").expect(6);
    finished.says(&["speaks TLS", &format!("wss://{tls}/ws")]);
}
