//! Rooms that move from one server to another, by the program.

use std::fs;

use serde_json::json;
use shared::connection::Version;

use crate::support::client::{Client, connect};
use crate::support::json::{UNHURRIED, hear, join, key, over_tcp, refusal, say, send};
use crate::support::server::{Server, private_folder, run_to_end, write_key};
use crate::support::server_key;

#[test]
fn people_find_their_rooms_on_the_server_that_they_were_moved_to() {
    let server = Server::start(&UNHURRIED);
    let mut anna = over_tcp(server.tcp(), 1, "anna");
    say(
        &mut anna,
        &json!({"type": "create", "room": "den", "topic": "a place", "private": true}),
    );
    hear(&mut anna, "joined");
    for number in 1..=3 {
        say(&mut anna, &send("den", number, "in the den"));
        hear(&mut anna, "ack");
    }
    say(
        &mut anna,
        &json!({"type": "delete", "room": "den", "of": 2, "id": crate::support::json::id(9)}),
    );
    hear(&mut anna, "ack");
    // While the server runs.
    let exported = run_to_end(server.data(), &["export"]);
    assert_eq!(exported.code, Some(0), "{exported:?}");
    let outer = private_folder();
    let file = outer.path().join("rooms.jsonl");
    fs::write(&file, &exported.stdout).unwrap();
    let file = file.to_str().unwrap();
    let running = run_to_end(server.data(), &["import", file]);
    assert_eq!(running.code, Some(1), "{running:?}");
    assert!(
        running.stderr.contains("another server uses"),
        "{running:?}"
    );
    drop((anna, server));

    // To a server with another key.
    let data = private_folder();
    write_key(data.path(), server_key().to_pkcs8_pem().unwrap().as_bytes());
    let imported = run_to_end(data.path(), &["import", file]);
    assert_eq!(imported.code, Some(0), "{imported:?}");
    println!("{}", imported.stdout);
    let again = run_to_end(data.path(), &["export"]);
    assert!(
        again.stdout == exported.stdout,
        "{}\n{}",
        again.stdout,
        exported.stdout
    );
    let server = Server::start_in(data, &UNHURRIED);
    let mut anna = over_tcp(server.tcp(), 1, "anna");
    join(&mut anna, "den", 0);
    let page = hear(&mut anna, "page");
    let entries = page["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 4, "{page}");
    assert_eq!(entries[0]["text"], "in the den");
    assert_eq!(entries[0]["from"]["name"], "anna");
    assert!(entries[1]["text"].is_null(), "{page}");
    say(&mut anna, &send("den", 4, "and on"));
    assert_eq!(hear(&mut anna, "ack")["seq"], 5);
}

// The attack: somebody who passes for a person of the former chat.
#[test]
fn nobody_takes_the_name_of_an_imported_person() {
    let data = private_folder();
    write_key(data.path(), server_key().to_pkcs8_pem().unwrap().as_bytes());
    let export = data.path().join("slack");
    fs::create_dir_all(export.join("general")).unwrap();
    for (name, content) in [
        ("channels.json", r#"[{"id":"C1","name":"general"}]"#),
        ("users.json", r#"[{"id":"U1","name":"anna"}]"#),
        (
            "general/2020-01-01.json",
            r#"[{"user":"U1","text":"hello","ts":"1577836800.000100"}]"#,
        ),
    ] {
        fs::write(export.join(name), content).unwrap();
    }
    let imported = run_to_end(data.path(), &["import", export.to_str().unwrap()]);
    assert_eq!(imported.code, Some(0), "{imported:?}");
    let server = Server::start_in(data, &UNHURRIED);
    let mut eve = over_tcp(server.tcp(), 1, "eve");
    join(&mut eve, "general", 0);
    let page = hear(&mut eve, "page");
    assert_eq!(
        page["entries"][0]["from"]["name"], "anna[imported]",
        "{page}"
    );
    for name in [
        "anna[imported]",
        "anna[lmported]",
        "ANNA[IMPORTED]",
        "anna\u{ff3b}imported\u{ff3d}",
    ] {
        let mut eve = Client::of(key(2), connect(server.tcp()), Version::V2);
        eve.shake_hands();
        say(&mut eve, &json!({"type": "hello", "name": name}));
        let (code, _) = refusal(&mut eve);
        assert_eq!(code, "name_invalid", "{name}");
    }
    // The name itself is for whoever comes first.
    over_tcp(server.tcp(), 2, "anna");
}
