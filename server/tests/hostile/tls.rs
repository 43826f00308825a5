//! TLS of the server's own: certificates that are replaced, badly or well, and clients that speak
//! something else.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use shared::connection::{CloseReason, Version};
use shared::error::ErrorCode;

use crate::support::client::{Client, connect};
use crate::support::eventually;
use crate::support::server::{Server, private_folder, run_to_end};
use crate::support::tls::{Issued, Tls, issue, open, presented, try_open};
use crate::support::websocket::{ask, upgrade_head};

const SESSION: &[u8] = b"secure-chat";
const HTTP: &[u8] = b"http/1.1";

/// The files of a certificate, and the flags that name them.
struct Files {
    folder: tempfile::TempDir,
}

impl Files {
    fn with(issued: &Issued) -> Self {
        let files = Self {
            folder: private_folder(),
        };
        files.write(&issued.chain, &issued.key);
        files
    }

    fn chain(&self) -> PathBuf {
        self.folder.path().join("chain.pem")
    }

    fn key(&self) -> PathBuf {
        self.folder.path().join("key.pem")
    }

    fn write(&self, chain: &str, key: &str) {
        replace(&self.chain(), chain, 0o644);
        replace(&self.key(), key, 0o600);
    }

    fn flags(&self) -> Vec<String> {
        let path = |path: PathBuf| path.to_str().unwrap().to_owned();
        let public = "https://chat.example".to_owned();
        let mut flags = vec!["--public-url".to_owned(), public];
        flags.extend(["--tls-cert".to_owned(), path(self.chain())]);
        flags.extend(["--tls-key".to_owned(), path(self.key())]);
        flags
    }

    fn start(&self) -> Server {
        let flags = self.flags();
        Server::start(&flags.iter().map(String::as_str).collect::<Vec<_>>())
    }
}

fn replace(path: &Path, text: &str, mode: u32) {
    let new = path.with_extension("new");
    fs::write(&new, text).unwrap();
    fs::set_permissions(&new, fs::Permissions::from_mode(mode)).unwrap();
    fs::rename(&new, path).unwrap();
}

fn send(stream: &mut Tls, head: &str) {
    let head = format!("{}\r\n\r\n", head.replace('\n', "\r\n"));
    stream.write_all(head.as_bytes()).unwrap();
}

fn read_until(stream: &mut Tls, words: &str) -> String {
    let mut all = Vec::new();
    while !String::from_utf8_lossy(&all).contains(words) {
        let mut more = [0; 1024];
        let length = stream.read(&mut more).unwrap();
        let so_far = String::from_utf8_lossy(&all);
        assert!(length > 0, "the end instead of {words}: {so_far}");
        all.extend_from_slice(&more[..length]);
    }
    String::from_utf8_lossy(&all).into_owned()
}

/// Chats in a session directly inside of TLS.
fn join(server: &Server) -> Client<Tls> {
    let mut client = Client::speaking(open(server.http(), &[SESSION]), Version::V2);
    client.establish();
    client
}

fn assert_chats(client: &mut Client<Tls>) {
    client.say("still here");
    while !client.receive().ends_with(": still here") {}
}

#[test]
fn page_tunnel_and_sessions_share_one_port() {
    let server = Files::with(&issue("chat.example", 90)).start();
    for protocols in [&[HTTP][..], &[]] {
        let mut page = open(server.http(), protocols);
        send(&mut page, "GET /healthz HTTP/1.1\nHost: chat.example");
        assert!(read_until(&mut page, "ok\n").starts_with("HTTP/1.1 200"));
    }
    let mut tunnel = open(server.http(), &[HTTP]);
    let origin = "Origin: https://chat.example";
    send(&mut tunnel, &upgrade_head("chat.example", "", origin));
    let answer = read_until(&mut tunnel, "SERVER_PUB");
    assert!(answer.starts_with("HTTP/1.1 101"), "{answer}");
    let mut direct = join(&server);
    assert_chats(&mut direct);
    server.wait_for_log(&["handshake done", "transport=tls", &direct.address()]);
    server.wait_for_log(&["the page is at https://chat.example/"]);
    // Another protocol is refused in the handshake, and not taken for HTTP.
    let refused = try_open(server.http(), &[b"imap"]).unwrap_err();
    assert!(
        refused.to_string().contains("NoApplicationProtocol"),
        "{refused}"
    );
}

#[test]
fn v1_inside_of_tls_by_the_public_name() {
    // A proxy on this machine may pass TLS on as it is: then everybody has a loopback peer.
    let issued = issue("chat.example", 90);
    let server = Files::with(&issued).start();
    let mut named = Client::over(open(server.http(), &[SESSION]));
    named.assert_told(ErrorCode::V1Disabled);
    let local = Server::start(&["--tls-self-signed"]);
    Client::over(open(local.http(), &[SESSION])).establish();
}

#[test]
fn a_certificate_that_is_replaced_while_people_chat() {
    let (first, second, third) = (
        issue("chat.example", 90),
        issue("chat.example", 91),
        issue("chat.example", 92),
    );
    let files = Files::with(&first);
    let server = files.start();
    let mut client = join(&server);
    assert_eq!(presented(server.http()), first.der);
    files.write(&second.chain, &second.key);
    server.signal("HUP");
    eventually("the second certificate", || {
        (presented(server.http()) == second.der).then_some(())
    });
    assert_chats(&mut client);
    // Without a signal, too.
    files.write(&third.chain, &third.key);
    eventually("the third certificate", || {
        (presented(server.http()) == third.der).then_some(())
    });
    assert_chats(&mut client);
    assert!(
        server.logged(&["certificate in use goes on"]).is_empty(),
        "{}",
        server.log()
    );
}

/// The ways in which a replacement can be wrong, and what is said of each.
fn wrong() -> Vec<(&'static str, String, String, &'static str)> {
    let good = issue("chat.example", 90);
    let half = |text: &str| text[..text.len() / 2].to_owned();
    let (expired, other) = (issue("chat.example", -1), issue("other.example", 90));
    vec![
        (
            "half a chain",
            half(&good.chain),
            good.key.clone(),
            "no whole certificate",
        ),
        (
            "half a key",
            good.chain.clone(),
            half(&good.key),
            "no whole private key",
        ),
        (
            "nothing",
            String::new(),
            good.key.clone(),
            "no whole certificate",
        ),
        (
            "another's key",
            good.chain.clone(),
            other.key.clone(),
            "key cannot be used with",
        ),
        (
            "an expired one",
            expired.chain,
            expired.key,
            "has expired on",
        ),
        (
            "another name",
            other.chain,
            other.key,
            "not for chat.example",
        ),
    ]
}

#[test]
fn a_wrong_replacement_keeps_the_certificate_with_one_line() {
    let good = issue("chat.example", 90);
    let files = Files::with(&good);
    let server = files.start();
    let mut client = join(&server);
    for (what, chain, key, cause) in wrong() {
        let before = server.logged(&["goes on", cause]).len();
        files.write(&chain, &key);
        server.signal("HUP");
        eventually(what, || {
            (server.logged(&["goes on", cause]).len() > before).then_some(())
        });
        assert_eq!(presented(server.http()), good.der, "{what}");
    }
    assert_chats(&mut client);
    // What is looked at again and again is complained about once.
    let lines = server.logged(&["goes on"]).len();
    assert_eq!(lines, wrong().len(), "{}", server.log());
    let better = issue("chat.example", 93);
    files.write(&better.chain, &better.key);
    server.signal("HUP");
    eventually("a good certificate", || {
        (presented(server.http()) == better.der).then_some(())
    });
}

#[test]
fn a_flood_of_signals() {
    let files = Files::with(&issue("chat.example", 90));
    let server = files.start();
    let mut client = join(&server);
    for _ in 0..200 {
        server.signal("HUP");
    }
    assert_chats(&mut client);
    server.wait_for_log(&["loaded the TLS certificate"]);
}

#[test]
fn a_server_with_a_wrong_certificate_does_not_start() {
    let data = private_folder();
    for (what, chain, key, cause) in wrong() {
        let files = Files::with(&Issued {
            der: Vec::new(),
            chain,
            key,
        });
        let flags = files.flags();
        let flags: Vec<_> = flags.iter().map(String::as_str).collect();
        let ended = run_to_end(data.path(), &flags);
        assert_eq!(ended.code, Some(1), "{what}: {ended:?}");
        assert!(ended.stderr.contains(cause), "{what}: {ended:?}");
    }
    // A key that everybody can read is everybody's.
    let files = Files::with(&issue("chat.example", 90));
    fs::set_permissions(files.key(), fs::Permissions::from_mode(0o644)).unwrap();
    let flags = files.flags();
    let flags: Vec<_> = flags.iter().map(String::as_str).collect();
    let ended = run_to_end(data.path(), &flags);
    assert!(
        ended.stderr.contains("others have rights in it (mode 644)"),
        "{ended:?}"
    );
    for (flags, cause) in [
        (&["--tls-cert", "a"][..], "tls_cert needs tls_key"),
        (&["--tls-key", "a"], "tls_key needs tls_cert"),
        (
            &["--tls-self-signed", "--tls-key", "a"],
            "leave tls_cert and tls_key out",
        ),
    ] {
        let ended = run_to_end(data.path(), flags);
        assert_eq!(ended.code, Some(64), "{ended:?}");
        assert!(ended.stderr.contains(cause), "{ended:?}");
    }
}

#[test]
fn whoever_speaks_something_else_is_told_what_this_port_is() {
    let server = Files::with(&issue("chat.example", 90)).start();
    let sentence = "This port speaks TLS";
    let page = ask(server.http(), "GET / HTTP/1.1\nHost: chat.example");
    assert_eq!(page.status, 400);
    assert!(page.body.contains(sentence), "{page:?}");
    let mut lost = Client::speaking(connect(server.http()), Version::V2);
    match lost.receive_end() {
        CloseReason::Reported { message, .. } => assert!(message.contains(sentence)),
        other => panic!("{other:?}"),
    }
    server.wait_for_log(&["refused: it is not TLS", &lost.address()]);

    let plain = Server::start(&[]);
    let refused = try_open(plain.http(), &[HTTP]).unwrap_err();
    assert!(
        refused.to_string().contains("InvalidMessage") || refused.to_string().contains("corrupt"),
        "{refused}"
    );
    plain.wait_for_log(&["refused: it is TLS, and not HTTP"]);
    let refused = try_open(plain.tcp(), &[SESSION]).unwrap_err();
    assert!(refused.to_string().contains("corrupt"), "{refused}");
}

#[test]
fn silent_and_broken_handshakes_are_ended_and_counted() {
    let server = Files::with(&issue("chat.example", 90)).start();
    let mut chatting = join(&server);
    // All that one address may have, each in the middle of its handshake.
    let silent: Vec<_> = (0..64)
        .map(|_| {
            let mut stream = connect(server.http());
            stream.write_all(b"\x16\x03\x01\x02\x00").unwrap();
            stream
        })
        .collect();
    server.wait_for_log(&["handshake done"]);
    let mut refused = connect(server.http());
    assert_eq!(refused.read(&mut [0; 16]).unwrap_or(0), 0);
    server.wait_for_log(&["refused: too many connections"]);
    assert_chats(&mut chatting);
    for mut stream in silent {
        let _ = stream.read_to_end(&mut Vec::new());
    }
    server.wait_for_log(&["TLS handshake failed", "no TLS handshake within 10 s"]);
    // An alert, and not only an end, for bytes that are no handshake.
    let mut broken = connect(server.http());
    broken
        .write_all(b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00")
        .unwrap();
    let mut answer = Vec::new();
    broken.read_to_end(&mut answer).unwrap();
    assert_eq!(answer.first(), Some(&21), "{answer:?}");
}

#[test]
fn a_certificate_of_its_own_keeps_its_fingerprint() {
    let server = Server::start(&["--tls-self-signed"]);
    let first = presented(server.http());
    let hex: Vec<_> = Sha256::digest(&first)
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect();
    server.wait_for_log(&["fingerprint (SHA-256):", &hex.join(":")]);
    let path = server.data().join("tls_self_signed.pem");
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let link = server.claim_link();
    assert!(link.contains("https://127.0.0.1:"), "{link}");
    let server = Server::start_in(server.kill(), &["--tls-self-signed"]);
    assert_eq!(presented(server.http()), first);
    // For another name it has to be another one.
    let named = ["--tls-self-signed", "--public-url", "https://chat.lan"];
    let server = Server::start_in(server.kill(), &named);
    assert_ne!(presented(server.http()), first);
}

#[test]
fn the_page_without_tls_for_other_machines_needs_a_word() {
    let data = private_folder();
    for http in ["0.0.0.0:0", "[::]:0"] {
        let ended = run_to_end(data.path(), &["--http", http]);
        assert_eq!(ended.code, Some(64), "{ended:?}");
        for words in [
            "without TLS",
            "--insecure-http",
            "--trusted-proxy",
            "--tls-self-signed",
        ] {
            assert!(ended.stderr.contains(words), "{ended:?}");
        }
    }
    for flags in [
        &["--http", "0.0.0.0:0", "--insecure-http"][..],
        &["--http", "0.0.0.0:0", "--trusted-proxy", "10.0.0.0/8"],
        &["--http", "0.0.0.0:0", "--tls-self-signed"],
    ] {
        Server::start(flags);
    }
    // TCP sessions have the chat's own protection.
    Server::start(&["--listen", "0.0.0.0:0"]);
}
