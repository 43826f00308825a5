//! The errors that the server sends to a Python client which it will not, or can no longer, serve
//! although the client did nothing wrong.

use std::io::Write as _;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::native::{NativeClient, WriteStyle};
use crate::support::python::Python;
use crate::support::server::Server;

const CLIENTS: [&str; 2] = ["client_cryptography.py", "client_pycryptodome.py"];

/// Returns the error frame that follows all messages; the stream must end behind it.
fn error_frame(client: &mut Python) -> Value {
    loop {
        client.tell(&json!({"op": "recv", "timeout": 20}));
        let event = client.any_event().unwrap();
        if event["event"] != "message" {
            assert_eq!(event["event"], "error_frame");
            client.receive_end();
            return event;
        }
    }
}

#[test]
fn too_many_connections_of_one_address() {
    let server = Server::start(&["--max-connections-per-address", "1"]);
    for program in CLIENTS {
        let (mut first, _) = Python::client(program, server.port(), &["--salt", "32"]);
        assert!(first.receive().starts_with("* Welcome"));
        let (mut second, _) = Python::client(program, server.port(), &["--salt", "32"]);
        assert_eq!(error_frame(&mut second)["code"], "too_many_connections");
        first.send("not disturbed");
        assert!(first.receive_line().ends_with(": not disturbed"));
        first.send("/quit");
        first.receive_end();
    }
}

/// Passes connections on to `server` as a proxy does, each with a PROXY header of a client on another
/// machine; returns the port of the proxy.
fn proxy_before(server: SocketAddr) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    // Ends with the test's process.
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let Ok(mut upstream) = TcpStream::connect(server) else {
                return;
            };
            let header = b"PROXY TCP4 203.0.113.7 192.0.2.1 4711 5000\r\n";
            upstream.write_all(header).unwrap();
            for (mut from, mut to) in [
                (client.try_clone().unwrap(), upstream.try_clone().unwrap()),
                (upstream, client),
            ] {
                std::thread::spawn(move || {
                    let _ = std::io::copy(&mut from, &mut to);
                    let _ = to.shutdown(Shutdown::Write);
                });
            }
        }
    });
    port
}

#[test]
fn v1_is_for_clients_on_this_machine_unless_allowed() {
    let behind = ["--proxy-protocol-from", "127.0.0.1"];
    let server = Server::start(&behind);
    let port = proxy_before(server.address());
    for program in CLIENTS {
        let (mut client, _) = Python::client(program, port, &["--salt", "32"]);
        let error = error_frame(&mut client);
        assert_eq!(error["code"], "v1_disabled");
        assert!(
            error["message"].as_str().unwrap().contains("--allow-v1"),
            "{error}"
        );
    }
    let server = Server::start(&[&behind[..], &["--allow-v1"]].concat());
    let port = proxy_before(server.address());
    for program in CLIENTS {
        let (mut client, _) = Python::client(program, port, &["--salt", "32"]);
        assert!(client.receive().starts_with("* Welcome"));
    }
}

#[test]
fn a_server_that_stops_says_so_and_ends_well() {
    let mut server = Server::start(&[]);
    let mut clients =
        CLIENTS.map(|program| Python::client(program, server.port(), &["--salt", "32"]).0);
    for client in &mut clients {
        assert!(client.receive().starts_with("* Welcome"));
    }
    let start = Instant::now();
    server.terminate();
    for client in &mut clients {
        assert_eq!(error_frame(client)["code"], "server_stopping");
    }
    drop(clients);
    assert!(server.wait().success());
    assert!(start.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_client_that_does_not_read_is_put_out_and_slows_nobody() {
    let server = Server::start(&["--sends-per-minute=0"]);
    let mut sender = NativeClient::establish(server.address(), WriteStyle::Merged, &[]);
    let (mut stalled, _) = Python::client(CLIENTS[0], server.port(), &["--salt", "32"]);
    // Who leaves before they are announced, once a second, is announced to nobody.
    while !sender.receive().ends_with(" joined") {}
    let line = "x".repeat(16 * 1024);
    let mut put_out = false;
    // Far more than the queue and the sockets' buffers on the way can hold.
    for _ in 0..4000 {
        sender.send(&line);
        loop {
            let received = sender.receive();
            put_out |= received.starts_with("* guest-") && received.ends_with(" left");
            if received.ends_with(&line) {
                break;
            }
        }
        if put_out {
            break;
        }
    }
    assert!(put_out, "nobody was put out");
    assert_eq!(error_frame(&mut stalled)["code"], "slow_consumer");
}
