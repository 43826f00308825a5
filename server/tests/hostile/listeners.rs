//! Several listeners, Unix sockets, and sockets of the service manager.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

use crate::support::client::Client;
use crate::support::server::{Server, private_folder, run_to_end};
use crate::support::websocket::ask;

/// Asks for `/healthz` on a Unix socket; returns everything that is answered.
fn ask_unix(path: &Path) -> String {
    let mut stream = UnixStream::connect(path).unwrap();
    let head = "GET /healthz HTTP/1.1\r\nHost: chat.example\r\nConnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn every_listener_is_served() {
    let folder = private_folder();
    let (http, tcp) = (folder.path().join("http"), folder.path().join("tcp"));
    let server = Server::start(&[
        "--listen",
        "127.0.0.1:0",
        "--listen",
        &format!("unix:{}?mode=600", tcp.display()),
        "--http",
        &format!("unix:{}", http.display()),
        "--http",
        "127.0.0.1:0",
    ]);
    Client::join(server.tcp());
    let response = ask(server.http(), "GET /healthz HTTP/1.1\nHost: localhost");
    assert_eq!(response.status, 200);
    assert!(ask_unix(&http).starts_with("HTTP/1.1 200 "));
    let mut announcement = [0; 10];
    UnixStream::connect(&tcp)
        .unwrap()
        .read_exact(&mut announcement)
        .unwrap();
    assert_eq!(&announcement, b"SERVER_PUB");
    for (path, mode) in [(&http, 0o660), (&tcp, 0o600)] {
        let found = fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(found & 0o777, mode, "{}", path.display());
    }
    // The sockets' files go with the server.
    let mut server = server;
    server.terminate();
    assert!(server.wait().success());
    assert!(!http.exists() && !tcp.exists());
}

#[test]
fn a_socket_that_a_killed_server_has_left() {
    let folder = private_folder();
    let path = folder.path().join("http");
    let endpoint = format!("unix:{}", path.display());
    let flags = ["--http", &endpoint, "--http", "127.0.0.1:0"];
    let data = Server::start(&flags).kill();
    assert!(path.exists());
    let server = Server::start_in(data, &flags);
    assert!(ask_unix(&path).starts_with("HTTP/1.1 200 "));
    // A server that runs keeps its socket.
    let other = private_folder();
    let ended = run_to_end(other.path(), &flags);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(
        ended.stderr.contains("another program listens there"),
        "{ended:?}"
    );
    assert!(ask_unix(&path).starts_with("HTTP/1.1 200 "));
    drop(server);
}

#[test]
fn a_file_in_the_place_of_a_socket_is_left_as_it_is() {
    let folder = private_folder();
    let path = folder.path().join("notes");
    fs::write(&path, "kept").unwrap();
    let data = private_folder();
    let ended = run_to_end(
        data.path(),
        &["--http", &format!("unix:{}", path.display())],
    );
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(
        ended.stderr.contains("no socket, which is left as it is"),
        "{ended:?}"
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), "kept");
}

/// Binds sockets as a service manager does, and becomes the server: the first argument has their
/// names, the second the path of a Unix socket for the page or nothing.
const MANAGER: &str = r"
import os, socket, sys
names, path = sys.argv[1:3]
first = socket.socket(); first.bind(('127.0.0.1', 0)); first.listen(8)
second = socket.socket(); second.bind(('127.0.0.1', 0)); second.listen(8)
sockets = [first, second]
if path:
    third = socket.socket(socket.AF_UNIX); third.bind(path); third.listen(8)
    sockets.append(third)
copies = [os.dup(each.fileno()) for each in sockets]
copies = [os.dup2(copy, 100 + at) for at, copy in enumerate(copies)]
for at, copy in enumerate(copies):
    os.dup2(copy, 3 + at); os.set_inheritable(3 + at, True)
os.environ.update(LISTEN_FDS=str(len(sockets)), LISTEN_FDNAMES=names, LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[3], sys.argv[3:])
";

#[test]
fn sockets_of_the_service_manager_take_the_place_of_the_settings() {
    let folder = private_folder();
    let path = folder.path().join("http");
    let taken = UnixListener::bind(folder.path().join("taken")).unwrap();
    let program = [
        "python3",
        "-c",
        MANAGER,
        "tcp:http:http",
        path.to_str().unwrap(),
    ];
    // The settings name what could not be bound.
    let busy = format!("unix:{}", folder.path().join("taken").display());
    let server = Server::start_by(&program, &["--listen", &busy, "--http", &busy]);
    Client::join(server.tcp());
    let response = ask(server.http(), "GET /healthz HTTP/1.1\nHost: localhost");
    assert_eq!(response.status, 200);
    assert!(ask_unix(&path).starts_with("HTTP/1.1 200 "));
    // The file is the manager's, and stays for the next start.
    let mut server = server;
    server.terminate();
    assert!(server.wait().success());
    assert!(path.exists());
    drop(taken);
}

#[test]
fn the_service_manager_hands_on_a_socket_for_whoever_watches() {
    let folder = private_folder();
    let path = folder.path().join("ops");
    let at = path.to_str().unwrap();
    let program = ["python3", "-c", MANAGER, "tcp:http:ops", at];
    let server = Server::start_by(&program, &[]);
    let mut stream = UnixStream::connect(&path).unwrap();
    let head = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("secure_chat_healthy 1"), "{answer}");
    drop(server);
}

#[test]
fn a_socket_of_the_service_manager_without_a_known_name() {
    let data = private_folder();
    let output = std::process::Command::new("python3")
        .args([
            "-c",
            MANAGER,
            "tcp:web",
            "",
            env!("CARGO_BIN_EXE_secure-chat-server"),
        ])
        .arg("--data-dir")
        .arg(data.path())
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(
        stderr.contains("a socket named \"web\"; the names are tcp, http and ops"),
        "{stderr}"
    );
}
