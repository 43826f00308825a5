//! Certificates from an ACME directory: `pebble` as it is, and directories that misbehave.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use shared::connection::Version;

use crate::support::client::{Client, Wire};
use crate::support::pebble::{self, Pebble, flags};
use crate::support::server::{Server, private_folder};
use crate::support::tls::{
    Issued, issue, issue_by_authority, open, open_verified, presented, try_open,
};
use crate::support::tls_tunnel::TlsTunnel;
use crate::support::{eventually, free};

const NAME: &str = "chat.example";
const SESSION: &[u8] = b"secure-chat";
const HTTP: &[u8] = b"http/1.1";
const CHALLENGE: &[u8] = b"acme-tls/1";

/// Longer than a test takes, in seconds.
const LONG: u32 = 90 * 24 * 60 * 60;

fn start(flags: &[String]) -> Server {
    Server::start(&flags.iter().map(String::as_str).collect::<Vec<_>>())
}

fn start_in(data: tempfile::TempDir, flags: &[String]) -> Server {
    let flags: Vec<_> = flags.iter().map(String::as_str).collect();
    Server::start_in(data, &flags)
}

/// Waits until the server shows a certificate that the directory has issued.
fn wait_for_certificate(server: &Server, root: &str) {
    eventually("a certificate", || {
        open_verified(server.http(), NAME, root, &[HTTP]).ok()
    });
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Writes a file for its owner alone.
fn write(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn from_a_clean_folder_to_a_page_over_https() {
    if !pebble::is_there() {
        return;
    }
    let mut pebble = Pebble::start(LONG);
    let server = start(&pebble.flags());
    let root = pebble.root();
    wait_for_certificate(&server, &root);
    let mut page = open_verified(server.http(), NAME, &root, &[HTTP]).unwrap();
    let head = "GET /healthz HTTP/1.1\r\nHost: chat.example\r\nConnection: close\r\n\r\n";
    page.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    let _ = page.read_to_string(&mut answer);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    server.wait_for_log(&[
        "got a TLS certificate",
        "names=\"chat.example\"",
        "renewal=",
    ]);
    server.wait_for_log(&["the page is at https://chat.example/"]);
    for name in [
        "acme_accounts.json",
        "acme_certificate.pem",
        "acme_attempts.json",
    ] {
        assert_eq!(mode(&server.data().join(name)), 0o600, "{name}");
    }
    // Nobody gets an answer to a challenge that is not open.
    let refused = try_open(server.http(), &[CHALLENGE]).unwrap_err();
    assert!(refused.to_string().contains("AccessDenied"), "{refused}");
    let issued = presented(server.http());
    // A stored certificate needs no directory.
    pebble.end();
    let server = start_in(server.kill(), &pebble.flags());
    assert_eq!(presented(server.http()), issued);
    server.signal("HUP");
    server.wait_for_log(&["told to reload: the certificate is not renewed now"]);
    assert_eq!(presented(server.http()), issued);
}

/// Sends a numbered text, and waits until it is back.
fn say<W: Wire>(client: &mut Client<W>, number: usize) {
    client.say(&format!("number {number}"));
    loop {
        let text = client.receive_text();
        if let Some((_, back)) = text.split_once(": number ") {
            assert_eq!(back.parse(), Ok(number), "lost or doubled");
            return;
        }
    }
}

/// Reads what the other one has sent, which must be all of it, in order and once.
fn hear<W: Wire>(client: &mut Client<W>, numbers: std::ops::Range<usize>) {
    for number in numbers {
        let text = client.receive_text();
        assert!(text.ends_with(&format!(": number {number}")), "{text}");
    }
}

#[test]
fn a_certificate_is_renewed_while_people_chat() {
    if !pebble::is_there() {
        return;
    }
    // Renewed after two thirds.
    let pebble = Pebble::start(12);
    let server = start(&pebble.flags());
    eventually("a certificate", || try_open(server.http(), &[HTTP]).ok());
    let first = presented(server.http());
    let mut direct = Client::speaking(open(server.http(), &[SESSION]), Version::V2);
    direct.establish();
    let tunnel = TlsTunnel::open(open(server.http(), &[HTTP]), NAME, "");
    let mut tunnel = Client::speaking(tunnel, Version::V2);
    tunnel.establish();
    let mut said = 0;
    while presented(server.http()) == first {
        say(&mut direct, said);
        said += 1;
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    say(&mut direct, said);
    hear(&mut tunnel, 0..said + 1);
    say(&mut tunnel, said + 1);
    hear(&mut direct, said + 1..said + 2);
    assert!(server.logged(&["no new certificate"]).is_empty());
}

#[test]
fn a_directory_that_is_down_is_not_asked_by_a_restart_and_is_by_a_person() {
    if !pebble::is_there() {
        return;
    }
    let mut pebble = Pebble::prepare(LONG);
    let server = start(&pebble.flags());
    let failed = "no certificate, and clients are refused until there is one";
    server.wait_for_log(&[failed, "Connection refused", "next="]);
    // Clients are told by the alert, those without TLS by the sentence of any TLS port.
    let refused = try_open(server.http(), &[HTTP]).unwrap_err();
    assert!(refused.to_string().contains("AccessDenied"), "{refused}");
    server.wait_for_log(&["TLS handshake failed", "there is no certificate yet"]);
    // Other listeners serve.
    Client::join(server.tcp());
    let server = start_in(server.kill(), &pebble.flags());
    server.wait_for_log(&["the last attempt to get a certificate has failed", "next="]);
    pebble.run(&[]);
    assert!(server.logged(&["got a TLS"]).is_empty(), "{}", server.log());
    assert!(server.logged(&[failed]).is_empty(), "{}", server.log());
    server.signal("HUP");
    wait_for_certificate(&server, &pebble.root());
}

#[test]
fn a_directory_that_rejects_names_the_cause_and_keeps_the_certificate() {
    if !pebble::is_there() {
        return;
    }
    let mut pebble = Pebble::start(LONG);
    let data = private_folder();
    // For another name, so that a certificate for this one is wanted, too.
    let old = issue("old.example", 10);
    let certificate = old.chain.clone() + &old.key;
    write(&data.path().join("acme_certificate.pem"), &certificate);
    let mut flags = pebble.flags();
    // The directory connects to a port where nobody is.
    flags[1] = free().to_string();
    let server = start_in(data, &flags);
    server.wait_for_log(&[
        "no new certificate, and the one in use goes on",
        "has not accepted the proof for chat.example",
        "next=",
    ]);
    assert_eq!(presented(server.http()), old.der);
    // Every nonce is refused.
    pebble.end();
    pebble.run(&[("PEBBLE_WFE_NONCEREJECT", "100")]);
    server.signal("HUP");
    server.wait_for_log(&["the one in use goes on", "badNonce"]);
    assert_eq!(presented(server.http()), old.der);
    let kept = fs::read_to_string(server.data().join("acme_certificate.pem")).unwrap();
    assert_eq!(kept, certificate);
}

#[test]
fn a_flood_of_signals_asks_no_more_often_than_a_directory_allows() {
    if !pebble::is_there() {
        return;
    }
    let pebble = Pebble::start(LONG);
    let mut flags = pebble.flags();
    flags[1] = free().to_string();
    let server = start(&flags);
    let failed = || {
        server
            .logged(&["no certificate, and", "has not accepted"])
            .len()
    };
    for attempt in 1..=5 {
        eventually("an attempt", || (failed() >= attempt).then_some(()));
        for _ in 0..10 {
            server.signal("HUP");
        }
    }
    server.wait_for_log(&["told to reload: the certificate is not renewed now"]);
    assert_eq!(failed(), 5, "{}", server.log());
    // Nor do restarts.
    let server = start_in(server.kill(), &flags);
    server.signal("HUP");
    server.wait_for_log(&["told to reload: the certificate is not renewed now"]);
    assert!(server.logged(&["no certificate, and"]).is_empty());
}

#[test]
fn state_files_that_are_damaged_expired_or_exposed() {
    if !pebble::is_there() {
        return;
    }
    let mut pebble = Pebble::start(LONG);
    let server = start(&pebble.flags());
    wait_for_certificate(&server, &pebble.root());
    let mut data = server.kill();
    let whole = fs::read_to_string(data.path().join("acme_certificate.pem")).unwrap();
    let expired = issue(NAME, -1);
    let other = issue(NAME, 90);
    for (what, certificate, rights, words) in [
        (
            "half of it",
            whole[..whole.len() / 2].to_owned(),
            0o600,
            "another certificate is needed",
        ),
        (
            "another's key",
            expired.chain.clone() + &other.key,
            0o600,
            "cannot be used with",
        ),
        (
            "expired",
            expired.chain.clone() + &expired.key,
            0o600,
            "has expired on",
        ),
        ("exposed", whole.clone(), 0o644, "others have rights in it"),
    ] {
        let path = data.path().join("acme_certificate.pem");
        fs::write(&path, certificate).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(rights)).unwrap();
        // An attempt for each is more than an hour's.
        write(&data.path().join("acme_attempts.json"), "{\"attempts\": [");
        let server = start_in(data, &pebble.flags());
        server.wait_for_log(&["another certificate is needed", words]);
        server.wait_for_log(&["are counted anew", "acme_attempts.json is damaged"]);
        server.wait_for_log(&["got a TLS certificate"]);
        wait_for_certificate(&server, &pebble.root());
        assert_eq!(mode(&path), 0o600, "{what}");
        data = server.kill();
    }
    // A damaged account is not replaced: its key is worth something.
    let accounts = data.path().join("acme_accounts.json");
    let account = fs::read_to_string(&accounts).unwrap();
    let half = &account[..account.len() / 2];
    write(&accounts, half);
    fs::remove_file(data.path().join("acme_certificate.pem")).unwrap();
    fs::remove_file(data.path().join("acme_attempts.json")).unwrap();
    let server = start_in(data, &pebble.flags());
    server.wait_for_log(&["no certificate, and", "acme_accounts.json is damaged"]);
    assert_eq!(fs::read_to_string(&accounts).unwrap(), half);
    // A directory that has forgotten the account.
    write(&accounts, &account);
    pebble.end();
    pebble.run(&[]);
    server.signal("HUP");
    server.wait_for_log(&["does not know the account any more"]);
    wait_for_certificate(&server, &pebble.root());
}

/// Writes the answer to a connection.
type Answer = &'static (dyn Fn(&mut dyn std::io::Write) + Sync);

/// A server of TLS that answers every connection with the same bytes, and counts them.
struct Garbage {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Garbage {
    fn start(issued: &Issued, answer: Answer) -> Self {
        use rustls::pki_types::pem::PemObject as _;
        use rustls::pki_types::{CertificateDer, PrivateKeyDer};
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let chain = CertificateDer::from_pem_slice(issued.chain.as_bytes()).unwrap();
        let key = PrivateKeyDer::from_pem_slice(issued.key.as_bytes()).unwrap();
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![chain], key)
            .unwrap();
        let (config, listener) = (Arc::new(config), TcpListener::bind("127.0.0.1:0").unwrap());
        let garbage = Self {
            address: listener.local_addr().unwrap(),
            connections: Arc::default(),
        };
        let connections = Arc::clone(&garbage.connections);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                connections.fetch_add(1, Ordering::SeqCst);
                let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
                let mut stream: StreamOwned<_, TcpStream> = StreamOwned::new(connection, stream);
                let mut head = [0; 4096];
                // A client that does not take the certificate ends here.
                if matches!(stream.read(&mut head), Ok(length) if length > 0) {
                    answer(&mut stream);
                }
            }
        });
        garbage
    }

    fn url(&self) -> String {
        format!("https://{}/dir", self.address)
    }
}

fn say_bytes(out: &mut dyn std::io::Write, bytes: &[u8]) {
    // A client that has read enough is gone.
    let _ = out.write_all(bytes);
    let _ = out.flush();
}

fn json(out: &mut dyn std::io::Write, body: &str) {
    let length = body.len();
    let head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
    say_bytes(out, (head + body).as_bytes());
}

fn endless(out: &mut dyn std::io::Write) {
    let head = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"newNonce\": \"";
    say_bytes(out, head);
    while out.write_all(&[b'x'; 16 * 1024]).is_ok() {}
}

#[test]
fn directories_that_send_garbage_are_asked_once_and_named() {
    let (root, issued) = issue_by_authority();
    let folder = private_folder();
    let ca = folder.path().join("ca.pem");
    fs::write(&ca, root).unwrap();
    let answers: [(Answer, &str); 6] = [
        (&|out| json(out, "<html>"), "JSON"),
        (&|out| json(out, ""), "JSON"),
        (&|out| json(out, "{\"newNonce\": 1}"), "JSON"),
        (
            &|out| {
                json(
                    out,
                    "{\"newNonce\": \"http://127.0.0.1:1/\", \"newAccount\": \"x\", \"newOrder\": \
                     \"\\u001b[2J\"}",
                );
            },
            "unsupported scheme http",
        ),
        (
            &|out| say_bytes(out, b"SSH-2.0-OpenSSH\r\n"),
            "invalid HTTP",
        ),
        (&endless, "length limit exceeded"),
    ];
    for (answer, cause) in answers {
        let garbage = Garbage::start(&issued, answer);
        let server = start(&flags(free(), &garbage.url(), &ca));
        server.wait_for_log(&["no certificate, and clients are refused", cause]);
        assert!(!server.log().contains('\u{1b}'), "{}", server.log());
        let asked = garbage.connections.load(Ordering::SeqCst);
        let server = start_in(server.kill(), &flags(free(), &garbage.url(), &ca));
        server.wait_for_log(&["the last attempt to get a certificate has failed", cause]);
        Client::join(server.tcp());
        assert_eq!(garbage.connections.load(Ordering::SeqCst), asked, "{cause}");
    }
    // A directory that nobody vouches for is not told anything.
    let garbage = Garbage::start(&issued, &|out| json(out, "{}"));
    let (other, _) = issue_by_authority();
    fs::write(&ca, other).unwrap();
    let server = start(&flags(free(), &garbage.url(), &ca));
    server.wait_for_log(&["no certificate, and", "invalid peer certificate"]);
}

#[test]
fn a_directory_that_asks_for_patience_gets_it() {
    let (root, issued) = issue_by_authority();
    let folder = private_folder();
    let ca = folder.path().join("ca.pem");
    fs::write(&ca, root).unwrap();
    let garbage = Garbage::start(&issued, &|out| {
        let head = "HTTP/1.1 429 Slow\r\nconnection: close\r\nretry-after: 86400\r\n\
                    content-length: 2\r\n\r\n{}";
        say_bytes(out, head.as_bytes());
    });
    let server = start(&flags(free(), &garbage.url(), &ca));
    server.wait_for_log(&["no certificate, and"]);
    for _ in 0..20 {
        server.signal("HUP");
    }
    server.wait_for_log(&["told to reload: the certificate is not renewed now"]);
    assert_eq!(garbage.connections.load(Ordering::SeqCst), 1);
}
