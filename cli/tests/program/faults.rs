//! Servers and networks that misbehave, and the exit code of each case.

use crate::support::{Home, Relay, Server, raw_server};

const VERSIONS: [&str; 2] = ["v1", "v2"];

fn connect(address: &str, version: &str) -> crate::support::Finished {
    let arguments = ["connect", address, "--accept-new", "--protocol", version];
    Home::new().run(&arguments, "hello\n")
}

#[test]
fn truncated_within_the_announcement() {
    let server = Server::start();
    let relay = Relay::to(server.address());
    for bytes in [1, 100, 400] {
        relay.cut_after(bytes);
        for version in VERSIONS {
            let finished = connect(&relay.tcp(), version).expect(7);
            finished.says(&["was cut"]);
        }
    }
}

#[test]
fn truncated_anywhere_in_v2_is_never_a_good_end() {
    let server = Server::start();
    let home = Home::new();
    let relay = Relay::to(server.address());
    let address = relay.tcp();
    home.run(&["connect", &address, "--accept-new"], "")
        .expect(0);
    // The announcement, hello and both server records have about 2.3 KiB. The welcome follows them,
    // and v2's close is the last record. Steps that are no multiple of 64 hit no record's end.
    for bytes in (37..2_500).step_by(199) {
        // Standard input stays open, so that the program cannot end by itself before the cut.
        relay.cut_after(bytes);
        let mut running = home.start(&["connect", &address]);
        let stdin = running.stdin.take();
        let finished = running.finish().expect(7);
        finished.says(&["was cut"]);
        drop(stdin);
    }
}

#[test]
fn truncated_between_two_v2_records_is_noticed() {
    // The stream ends with a FIN exactly where a record ends: only the authenticated close is
    // missing. The program's own report of frames shows where the records end.
    let server = Server::start();
    let home = Home::new();
    let relay = Relay::to(server.address());
    let address = relay.tcp();
    let finished = home
        .run(&["connect", &address, "--accept-new"], "")
        .expect(0);
    drop(finished);
    let finished = home.run(&["connect", &address, "-v"], "").expect(0);
    let mut ends = Vec::new();
    let mut total = 0;
    for line in finished
        .stderr
        .lines()
        .filter(|line| line.contains("s <- "))
    {
        let bytes = line.rsplit_once('(').unwrap().1.trim_end_matches(" bytes)");
        total += bytes.parse::<usize>().unwrap();
        ends.push(total);
    }
    assert!(finished.stderr.contains("<- close"), "{finished:?}");
    // The last end is that of the close itself.
    ends.pop();
    assert!(ends.len() >= 5, "{ends:?}");
    for end in ends {
        relay.cut_after(end);
        connect_known(&home, &address).expect(7).says(&["was cut"]);
    }
}

fn connect_known(home: &Home, address: &str) -> crate::support::Finished {
    let mut running = home.start(&["connect", address]);
    let stdin = running.stdin.take();
    let finished = running.finish();
    drop(stdin);
    finished
}

#[test]
fn a_server_that_speaks_something_else() {
    for words in [
        &b"220 mail.example ESMTP\r\n\r\n\n\n"[..],
        b"SERVER_PUB\nnonsense\n\n",
        b"{\"enc_payload\":\"AAAA\"}\n\n",
    ] {
        for version in VERSIONS {
            let finished = connect(&raw_server(words), version).expect(6);
            finished.says(&["was ended"]);
        }
    }
}

#[test]
fn a_server_that_hangs_up_at_once_did_no_handshake() {
    let finished = connect(&raw_server(b""), "v1").expect(6);
    finished.says(&["before the handshake"]);
    // In v2 an end without the authenticated close is a cut, whenever it comes.
    connect(&raw_server(b""), "v2").expect(7);
}

#[test]
fn a_frame_over_the_limit_is_not_waited_for() {
    let words = vec![b'x'; 1024 * 1024];
    for version in VERSIONS {
        connect(&raw_server(&words), version).expect(6);
    }
}

#[test]
fn a_reported_error_is_shown_with_its_code_and_without_escapes() {
    let words = "{\"error\":\"too_many_connections\",\"message\":\"\\u001b[2Jlater\\u202e\"}\n\n";
    for version in VERSIONS {
        let finished = connect(&raw_server(words.as_bytes()), version).expect(8);
        finished.says(&["reported too_many_connections", "later"]);
        assert!(
            !finished.stderr.contains(['\u{1b}', '\u{202e}']),
            "{finished:?}"
        );
    }
}
