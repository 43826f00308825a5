//! Well-behaved Python clients against the server.

use std::process::Stdio;

use serde_json::json;

use shared::chat::UserId;
use shared::chat::entry::DisplayName;

use crate::support::python::{self, Python};
use crate::support::server::Server;
use crate::support::{NON_ASCII, client_key, client_key_file};

const CLIENTS: [&str; 2] = ["client_cryptography.py", "client_pycryptodome.py"];
const MIB: usize = 1024 * 1024;
/// The flags for a text of 1 MiB, whose frame has some 1.4 MiB.
const RAISED: [&str; 5] = [
    "--sends-per-minute=0",
    "--max-frame-bytes",
    "2097152",
    "--max-text-bytes",
    "1048576",
];

/// Returns the name that the server gives to the test key.
fn guest() -> String {
    DisplayName::guest(UserId(client_key().public_key().fingerprint())).to_string()
}

#[test]
fn every_salt_write_json_and_key_form() {
    // v1 accepts every salt: Python programs use 32 bytes or the maximum (§1.3).
    let server = Server::start(&[]);
    let (_folder, key) = client_key_file();
    let merged = ["with the handshake", NON_ASCII, "third"];
    let merge_texts = json!(merged).to_string();
    for program in CLIENTS {
        for salt in ["max", "32"] {
            for write in ["whole", "bytewise", "merged"] {
                for layout in ["compact", "indented"] {
                    for form in ["spki", "pkcs1"] {
                        println!("{program} {salt} {write} {layout} {form}");
                        let options = [
                            ["--key", key.to_str().unwrap()],
                            ["--salt", salt],
                            ["--write", write],
                            ["--json", layout],
                            ["--client-pub", form],
                            ["--merge-texts", &merge_texts],
                        ];
                        let (mut client, _) =
                            Python::client(program, server.port(), &options.concat());
                        let welcome = client.receive();
                        let expected = format!("* Welcome to the lobby, {}.", guest());
                        assert!(welcome.starts_with(&expected), "{welcome}");
                        for text in merged.iter().filter(|_| write == "merged") {
                            assert_eq!(client.receive_line(), format!("{}: {text}", guest()));
                        }
                        for text in ["plain", NON_ASCII] {
                            client.send(text);
                            assert_eq!(client.receive_line(), format!("{}: {text}", guest()));
                        }
                        client.ask(&json!({"op": "half_close"}), "half_closed");
                        let end = client.receive_end();
                        assert_eq!(
                            (&end["truncated"], &end["reset"]),
                            (&false.into(), &false.into())
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn a_text_of_one_mebibyte() {
    let server = Server::start(&RAISED);
    let (_folder, key) = client_key_file();
    for program in CLIENTS {
        for write in ["whole", "bytewise"] {
            let options = ["--key", key.to_str().unwrap(), "--write", write];
            let (mut client, _) = Python::client(program, server.port(), &options);
            let sent = client.ask(&json!({"op": "send_size", "bytes": MIB, "seed": 1}), "sent");
            assert_eq!(sent["bytes"], MIB);
            let line = client.receive_line();
            let text = line.strip_prefix(&format!("{}: ", guest())).unwrap();
            assert_eq!(text.len(), MIB);
            // The client hashes the received line with the name in it. Only a second sending of the
            // text alone can be compared.
            let again = json!({"op": "send", "text": text});
            assert_eq!(client.ask(&again, "sent")["sha256"], sent["sha256"]);
            assert_eq!(client.receive_line(), line);
        }
    }
}

#[test]
fn a_text_over_the_limit_gets_a_notice_and_the_session_goes_on() {
    let server = Server::start(&[]);
    let (_folder, key) = client_key_file();
    for program in CLIENTS {
        let options = ["--key", key.to_str().unwrap()];
        let (mut client, _) = Python::client(program, server.port(), &options);
        client.ask(
            &json!({"op": "send_size", "bytes": 16 * 1024, "seed": 2}),
            "sent",
        );
        let longest = client.receive_line();
        assert_eq!(longest.len(), format!("{}: ", guest()).len() + 16 * 1024);

        client.ask(
            &json!({"op": "send_size", "bytes": 16 * 1024 + 1, "seed": 2}),
            "sent",
        );
        let notice = client.receive();
        assert!(
            notice.starts_with("* ") && notice.contains("too long"),
            "{notice}"
        );
        client.send("still here");
        assert_eq!(client.receive_line(), format!("{}: still here", guest()));
    }
}

#[test]
fn texts_around_the_cipher_block() {
    // PKCS#7 adds a whole block to a text that fills its last one.
    let server = Server::start(&[]);
    let (_folder, key) = client_key_file();
    for program in CLIENTS {
        let options = ["--key", key.to_str().unwrap()];
        let (mut client, _) = Python::client(program, server.port(), &options);
        for size in [1, 2, 15, 16, 17, 31, 32, 33] {
            let text = "x".repeat(size);
            client.send(&text);
            assert_eq!(client.receive_line(), format!("{}: {text}", guest()));
        }
    }
}

#[test]
fn a_client_that_closes_only_its_writing_half_gets_all_its_answers() {
    let server = Server::start(&[]);
    let (_folder, key) = client_key_file();
    for program in CLIENTS {
        let options = ["--key", key.to_str().unwrap()];
        let (mut client, _) = Python::client(program, server.port(), &options);
        for text in ["one", "two", "three"] {
            client.send(text);
        }
        client.ask(&json!({"op": "half_close"}), "half_closed");
        for text in ["one", "two", "three"] {
            assert_eq!(client.receive_line(), format!("{}: {text}", guest()));
        }
        assert_eq!(client.receive_end()["reset"], false);
    }
}

#[test]
fn large_client_keys() {
    let server = Server::start(&[]);
    for bits in ["3072", "4096"] {
        let options = ["--key-bits", bits, "--salt", "max"];
        let (mut client, _) = Python::client(CLIENTS[0], server.port(), &options);
        client.send(bits);
        assert!(client.receive_line().ends_with(&format!(": {bits}")));
    }
}

#[test]
fn the_demos_client_runs_unchanged() {
    let server = Server::start(&[]);
    let output = python::command("seed_client.py")
        .args([
            "127.0.0.1",
            &server.port().to_string(),
            "one",
            NON_ASCII,
            "three",
        ])
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success());
    let printed = String::from_utf8(output.stdout).unwrap();
    // The demo's client prints one reply for each of its three texts: the first ones to arrive.
    assert!(
        printed.starts_with("* Welcome to the lobby, guest-"),
        "{printed}"
    );
    assert!(printed.contains(": one\n"), "{printed}");
}

#[test]
fn clients_of_different_libraries_share_the_lobby() {
    let server = Server::start(&[]);
    let (mut first, _) = Python::client(CLIENTS[0], server.port(), &["--salt", "max"]);
    first.receive();
    let (mut second, _) = Python::client(CLIENTS[1], server.port(), &["--write", "bytewise"]);
    let joined = first.receive();
    assert!(
        joined.starts_with("* guest-") && joined.ends_with(" joined"),
        "{joined}"
    );
    second.send("from the second");
    let line = first.receive_line();
    assert!(line.ends_with(": from the second"), "{line}");
    assert_eq!(second.receive_line(), line);
    first.send("/who");
    let who = first.receive();
    assert!(who.starts_with("* 2 here: "), "{who}");
    second.send("/quit");
    assert_eq!(second.receive(), "* bye");
    second.receive_end();
    assert!(first.receive().ends_with(" left"));
}

#[test]
fn the_announced_key_is_the_persisted_one_and_survives_a_restart() {
    let server = Server::start(&[]);
    let (_client, before) = Python::client(CLIENTS[1], server.port(), &["--write", "whole"]);
    let pem = std::fs::read_to_string(server.key_file()).unwrap();
    let key = shared::identity::PrivateKey::from_pem(&pem).unwrap();
    assert_eq!(before["pem"], key.public_key().to_spki_pem());
    assert_eq!(
        before["fingerprint"],
        key.public_key().fingerprint().to_string()
    );

    let server = Server::start_in(server.stop(), &[]);
    let (_client, after) = Python::client(CLIENTS[0], server.port(), &["--write", "whole"]);
    assert_eq!(before["pem"], after["pem"]);
}

#[test]
fn a_key_that_a_python_server_made_is_taken_over() {
    let data = crate::support::server::private_folder();
    let path = data.path().join("server_key.pem");
    let options = ["--key-file", path.to_str().unwrap()];
    let theirs = Python::start("server_cryptography.py", &options);
    assert!(theirs.line().unwrap().starts_with("listening on "));
    drop(theirs);
    let made = std::fs::read(&path).unwrap();

    let server = Server::start_in(data, &[]);
    let (mut client, announced) = Python::client(CLIENTS[0], server.port(), &["--write", "whole"]);
    assert!(client.receive().starts_with("* Welcome"));
    assert_eq!(std::fs::read(server.key_file()).unwrap(), made);
    let key = shared::identity::PrivateKey::from_pem(&String::from_utf8(made).unwrap()).unwrap();
    assert_eq!(
        announced["fingerprint"],
        key.public_key().fingerprint().to_string()
    );
}
