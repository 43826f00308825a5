//! This project's client against a well-behaved Python server.

use std::net::{Ipv4Addr, SocketAddr};

use shared::connection::{CloseReason, SendError};

use crate::support::native::{NativeClient, WriteStyle};
use crate::support::python::Python;
use crate::support::{NON_ASCII, client_key};

const MIB: usize = 1024 * 1024;

/// Starts a Python server, and returns it with its address.
pub(crate) fn python_server(options: &[&str]) -> (Python, SocketAddr) {
    let server = Python::start("server_cryptography.py", options);
    let line = server.line().unwrap();
    let port = line
        .strip_prefix("listening on 127.0.0.1:")
        .unwrap()
        .parse()
        .unwrap();
    (server, SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
}

/// Holds a whole conversation, with everything that must work on every server.
fn converse(options: &[&str], style: WriteStyle) {
    println!("{options:?} {style:?}");
    let options = [options, &["--max-frame-bytes", "2097152"]].concat();
    let (server, address) = python_server(&options);
    // These messages leave in one write with the handshake.
    let merged = ["first", NON_ASCII, "", "sixteen bytes..."];
    let mut client = NativeClient::establish(address, style, &merged);
    let handshake = server.wait_for("handshake");
    let ours = client_key().public_key().fingerprint().to_string();
    assert_eq!(handshake["fingerprint"], ours);
    assert_eq!(handshake["salt_is_32"], true);
    for text in merged {
        assert_eq!(client.receive(), format!("echo: {text}"));
    }
    let mut long = NON_ASCII.repeat(MIB / NON_ASCII.len());
    long.push_str(&".".repeat(MIB - long.len()));
    client.send(&long);
    assert_eq!(client.receive().strip_prefix("echo: "), Some(long.as_str()));
    client.half_close();
    assert_eq!(client.receive_end(), CloseReason::PeerClosed);
}

#[test]
fn every_json_layout_and_write_style() {
    for layout in ["default", "compact", "indented"] {
        for server_writes in ["whole", "bytewise"] {
            for style in [WriteStyle::Merged, WriteStyle::Bytewise] {
                converse(&["--json", layout, "--write", server_writes], style);
            }
        }
    }
}

#[test]
fn an_announcement_with_one_more_newline() {
    // PEM with its own last newline, and then the terminator: a client must accept both (§1.2).
    for server_writes in ["whole", "bytewise"] {
        converse(
            &["--extra-newline", "--write", server_writes],
            WriteStyle::Merged,
        );
    }
}

#[test]
fn large_server_keys() {
    for bits in ["3072", "4096"] {
        converse(&["--key-bits", bits], WriteStyle::Merged);
    }
}

#[test]
fn several_messages_in_one_read() {
    let options = [
        "--greeting",
        "one",
        "--greeting",
        NON_ASCII,
        "--greeting",
        "three",
    ];
    let (_server, address) = python_server(&options);
    let mut client = NativeClient::establish(address, WriteStyle::Merged, &[]);
    for text in ["one", NON_ASCII, "three"] {
        assert_eq!(client.receive(), text);
    }
}

#[test]
fn a_message_over_our_own_limit_is_not_sent_and_the_session_goes_on() {
    let (_server, address) = python_server(&[]);
    let mut client = NativeClient::establish(address, WriteStyle::Merged, &[]);
    let too_long = "x".repeat(2 * MIB);
    assert!(matches!(
        client.queue(&too_long),
        Err(SendError::TooLarge { .. })
    ));
    client.send("fits");
    assert_eq!(client.receive(), "echo: fits");
}
