//! Requests in JSON that people or programs should not make. The one at fault is told and stays
//! connected, and nobody else notices.

use serde_json::{Value, json};
use shared::connection::{CloseReason, Version};
use shared::error::ErrorCode;

use crate::support::client::{Client, Wire, connect};
use crate::support::json::{hear, id, join, key, over_tcp, refusal, say, send, through_tunnel};
use crate::support::websocket::WebSocket;
use crate::support::{Scene, eventually};

/// Asserts that the session goes on as if nothing had been sent.
fn assert_alive<W: Wire>(client: &mut Client<W>) {
    say(client, &json!({"type": "ping"}));
    hear(client, "pong");
}

/// Makes `client` an operator. The server prints the claim link when it starts.
fn make_operator<W: Wire>(scene: &Scene, client: &mut Client<W>) {
    let code = scene.server.claim_code();
    say(client, &json!({"type": "claim", "code": code}));
    assert_eq!(hear(client, "operator")["answer"], "granted");
}

#[test]
fn objects_that_are_none_of_the_chats() {
    let mut scene = Scene::new(&[]);
    let mut tcp = over_tcp(scene.server.tcp(), 1, "mallory");
    let mut tunnel = through_tunnel(scene.server.http(), 2, "mallet");
    // A recursive parser without a bound would overflow its stack.
    let deep = format!(
        "{{\"type\":\"send\",\"x\":{}1{}}}",
        "[".repeat(5000),
        "]".repeat(5000)
    );
    for (what, code) in [
        (r#"{"type":"launch"}"#, "unknown_type"),
        (r#"{"type":""}"#, "unknown_type"),
        (r#"{"type":"send"}"#, "malformed"),
        (r#"{"type":"send","room":7,"id":[],"text":{}}"#, "malformed"),
        (r#"{"type":"join","room":"lobby","after":-1}"#, "malformed"),
        (r#"{"type":"join","room":"lobby","after":1.5}"#, "malformed"),
        (
            r#"{"type":"join","room":"lobby","after":99999999999999999999}"#,
            "malformed",
        ),
        (
            r#"{"type":"join","room":"lobby","room":"lobby"}"#,
            "malformed",
        ),
        (r#"{"type":"history","room":"lobby"}"#, "malformed"),
        (r#"{"type":"create","room":"two words"}"#, "malformed"),
        (
            r#"{"type":"create","room":"den","keep":{"days":0}}"#,
            "malformed",
        ),
        (r#"{"type":"direct","to":"nobody"}"#, "malformed"),
        (r#"{"type":"operator","do":"shutdown"}"#, "unknown_type"),
        (&deep, "malformed"),
    ] {
        tcp.say(what);
        assert_eq!(refusal(&mut tcp).0, code, "{what:.80}");
        tunnel.say(what);
        assert_eq!(refusal(&mut tunnel).0, code, "{what:.80}");
    }
    // A rejection names the id of its request, so that a client knows which of its messages failed.
    let mut wrong = send("lobby", 1, "x");
    wrong["text"] = json!(null);
    say(&mut tcp, &wrong);
    assert_eq!(refusal(&mut tcp), ("malformed".into(), id(1)));
    // Any other text is a plain line, which this connection does not speak any more.
    for line in [
        "hello",
        "[]",
        "{",
        "{\"type\":1}",
        "\u{0}",
        &"{".repeat(60_000),
    ] {
        tcp.say(line);
        assert_eq!(refusal(&mut tcp).0, "malformed");
    }
    assert_alive(&mut tcp);
    assert_alive(&mut tunnel);
    scene.assert_undisturbed();
}

#[test]
fn names_that_pretend_or_cannot_be_shown() {
    // A name that looks like another one would let its owner speak for somebody else.
    let mut scene = Scene::new(&[]);
    let mut mallory = over_tcp(scene.server.tcp(), 1, "mallory");
    let bystander = "bystander";
    for (name, code) in [
        (bystander, "name_taken"),
        ("BYSTANDER", "name_taken"),
        // A Cyrillic letter among Latin ones.
        ("b\u{443}stander", "name_invalid"),
        ("bystander\u{200b}", "name_invalid"),
        ("\u{202e}rednatsyb", "name_invalid"),
        ("by stander", "name_invalid"),
        ("", "name_invalid"),
        ("a\u{7}", "name_invalid"),
        ("guest-00000000", "name_invalid"),
        ("0perator", "name_invalid"),
        (&"x".repeat(33), "name_invalid"),
    ] {
        say(&mut mallory, &json!({"type": "hello", "name": name}));
        let (told, about) = refusal(&mut mallory);
        assert_eq!((told.as_str(), about.as_str()), (code, "hello"), "{name:?}");
    }
    say(&mut mallory, &json!({"type": "hello"}));
    assert_eq!(hear(&mut mallory, "welcome")["you"]["name"], "mallory");
    scene.assert_undisturbed();
}

#[test]
fn texts_in_which_nothing_is_visible() {
    let mut scene = Scene::new(&[]);
    let mut mallory = over_tcp(scene.server.tcp(), 1, "mallory");
    say(&mut mallory, &json!({"type": "create", "room": "den"}));
    hear(&mut mallory, "joined");
    say(&mut mallory, &send("den", 1, "seen"));
    let of = hear(&mut mallory, "ack")["seq"].clone();
    for text in [
        "",
        " \n\t",
        "\u{3000}\u{2003}",
        "\u{200b}",
        "\u{3164}\u{ffa0}",
        "\u{115f}\u{1160}",
        "\u{2800}",
        "\u{ad}",
        "\u{301}\u{302}",
        "\u{202e} \u{202c}",
        "\u{fe0f}\u{200d}",
        "\u{e0061}",
        "\u{1d159}",
    ] {
        for request in [
            send("den", 2, text),
            json!({"type": "edit", "room": "den", "id": id(3), "of": of, "text": text}),
        ] {
            say(&mut mallory, &request);
            assert_eq!(refusal(&mut mallory).0, "malformed", "{text:?}");
        }
    }
    scene.assert_undisturbed();
}

#[test]
fn texts_over_the_limit_and_ids_used_again() {
    let mut scene = Scene::new(&[]);
    let mut anna = over_tcp(scene.server.tcp(), 1, "anna");
    let mut eve = through_tunnel(scene.server.http(), 2, "eve");
    join(&mut eve, "lobby", 0);
    join(&mut anna, "lobby", 0);
    say(&mut anna, &json!({"type": "create", "room": "den"}));
    hear(&mut anna, "joined");
    let longest = "x".repeat(16 * 1024);
    say(&mut anna, &send("den", 1, &format!("{longest}x")));
    assert_eq!(refusal(&mut anna), ("malformed".into(), id(1)));
    say(&mut anna, &send("den", 1, &longest));
    assert_eq!(hear(&mut anna, "ack")["seq"], 1);
    // The same message is the same entry; another text under its id is rejected, and the first one
    // stays.
    say(&mut anna, &send("den", 1, &longest));
    assert_eq!(hear(&mut anna, "ack")["seq"], 1);
    say(&mut anna, &send("den", 1, "another"));
    assert_eq!(refusal(&mut anna), ("id_reused".into(), id(1)));
    // Another person's ids are that person's own.
    join(&mut eve, "den", 0);
    say(&mut eve, &send("den", 1, "mine"));
    assert_eq!(hear(&mut eve, "ack")["seq"], 2);
    // The page of the join arrives first, and it has only the entry that existed then.
    let entries = eventually("both are told", || {
        let history = json!({"type": "history", "room": "den", "before": 99});
        say(&mut eve, &history);
        let entries = hear(&mut eve, "page")["entries"]
            .as_array()
            .unwrap()
            .clone();
        (entries.len() == 2).then_some(entries)
    });
    let texts: Vec<_> = entries.iter().map(|it| &it["text"]).collect();
    assert_eq!(texts, [&json!(longest), &json!("mine")]);
    scene.assert_undisturbed();
}

#[test]
fn rooms_that_are_not_there_or_not_for_everybody() {
    let mut scene = Scene::new(&["--max-rooms", "2"]);
    let mut anna = over_tcp(scene.server.tcp(), 1, "anna");
    let mut eve = over_tcp(scene.server.tcp(), 2, "eve");
    say(
        &mut anna,
        &json!({"type": "create", "room": "den", "private": true}),
    );
    hear(&mut anna, "joined");
    say(&mut anna, &send("den", 1, "secret"));
    hear(&mut anna, "ack");
    // A private room cannot be told from one that does not exist.
    for room in ["den", "nowhere", "@AAAAAAAAAAAAAAAAAAAAAA"] {
        for what in [
            json!({"type": "join", "room": room}),
            json!({"type": "leave", "room": room}),
            json!({"type": "history", "room": room, "before": 9}),
            json!({"type": "read", "room": room, "seq": 1}),
            json!({"type": "typing", "room": room}),
            json!({"type": "search", "room": room, "query": "secret"}),
            send(room, 1, "let me in"),
        ] {
            say(&mut eve, &what);
            assert_eq!(refusal(&mut eve).0, "no_such_room", "{what}");
        }
    }
    say(&mut eve, &json!({"type": "search", "query": "secret"}));
    assert_eq!(hear(&mut eve, "found")["entries"], json!([]));
    say(&mut eve, &json!({"type": "create", "room": "attic"}));
    assert_eq!(refusal(&mut eve), ("limit_reached".into(), "attic".into()));
    // A number that the room does not have yet, and pages beyond both ends.
    join(&mut anna, "den", 0);
    say(
        &mut anna,
        &json!({"type": "join", "room": "den", "after": 99}),
    );
    assert_eq!(refusal(&mut anna), ("no_such_entry".into(), "den".into()));
    assert_eq!(hear(&mut anna, "joined")["head"], 1, "and begins anew");
    for (before, count) in [(u64::MAX, 1), (1, 0), (0, 0)] {
        // The pages of the join come before the requested one.
        eventually("the page is there", || {
            let history = json!({"type": "history", "room": "den", "before": before});
            say(&mut anna, &history);
            let page = hear(&mut anna, "page");
            (page["entries"].as_array().unwrap().len() == count).then_some(())
        });
    }
    assert_alive(&mut eve);
    scene.assert_undisturbed();
}

#[test]
fn a_flood_over_several_connections() {
    let mut scene = Scene::new(&["--sends-per-minute", "30"]);
    let mut one = over_tcp(scene.server.tcp(), 1, "mallory");
    let mut other = through_tunnel(scene.server.http(), 1, "mallory");
    say(&mut one, &json!({"type": "create", "room": "den"}));
    hear(&mut one, "joined");
    join(&mut other, "den", 0);
    let mut acked = Vec::new();
    let mut refused = 0;
    for number in 0..60_u32 {
        let answer = if number % 2 == 0 {
            say(&mut one, &send("den", number, "flood"));
            answer(&mut one)
        } else {
            say(&mut other, &send("den", number, "flood"));
            answer(&mut other)
        };
        if answer["type"] == "ack" {
            acked.push(answer["id"].clone());
        } else {
            assert_eq!(answer["code"], "rate_limited");
            assert!(answer["retry_after"].as_u64().unwrap() > 0);
            refused += 1;
        }
    }
    // A minute's worth at once, and the tokens that were added since.
    assert!((30..40).contains(&acked.len()), "{}", acked.len());
    assert_eq!(refused, 60 - acked.len());
    // A new connection does not make a new person: limits are counted by key.
    let mut again = over_tcp(scene.server.tcp(), 1, "mallory");
    join(&mut again, "den", 0);
    let entries = hear(&mut again, "page")["entries"].clone();
    let told: Vec<_> = entries
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["id"].clone())
        .collect();
    assert_eq!(told, acked, "all that was acked, and nothing else");
    say(&mut again, &send("den", 99, "flood"));
    assert_eq!(refusal(&mut again), ("rate_limited".into(), id(99)));
    scene.assert_undisturbed();
}

fn answer<W: Wire>(client: &mut Client<W>) -> Value {
    loop {
        let message: Value = serde_json::from_str(&client.receive()).unwrap_or_default();
        if message["type"] == "ack" || message["type"] == "error" {
            return message;
        }
    }
}

#[test]
fn a_member_who_stops_reading_is_put_out_and_resumes_where_they_were() {
    let scene = Scene::new(&["--sends-per-minute", "0"]);
    let mut anna = over_tcp(scene.server.tcp(), 1, "anna");
    let mut bert = over_tcp(scene.server.tcp(), 2, "bert");
    let mut stalled = over_tcp(scene.server.tcp(), 3, "eve");
    say(&mut anna, &json!({"type": "create", "room": "den"}));
    hear(&mut anna, "joined");
    join(&mut bert, "den", 0);
    join(&mut stalled, "den", 0);
    // Who leaves before they are announced, once a second, is announced to nobody.
    loop {
        let heard: Value = serde_json::from_str(&bert.receive()).unwrap_or_default();
        if heard["member"]["name"] == "eve" && heard["member"]["online"] == true {
            break;
        }
    }
    let text = "x".repeat(16 * 1024);
    let mut number = 0;
    // The sockets between them hold some megabytes before the queue does. After the eviction the
    // others learn that she is gone.
    let mut here = true;
    while here {
        number += 1;
        assert!(number < 8000, "128 MiB wait for one client");
        say(&mut anna, &send("den", number, &text));
        hear(&mut anna, "ack");
        loop {
            let heard: Value = serde_json::from_str(&bert.receive()).unwrap_or_default();
            here &= heard["change"] != "presence" || heard["member"]["online"] != false;
            if heard["type"] == "message" {
                assert_eq!(heard["seq"], number, "the others go on");
                break;
            }
        }
    }
    let mut seen = 0;
    loop {
        let text = match stalled.receive_or_end() {
            Ok(text) => text,
            Err(CloseReason::Reported { code, .. }) => {
                assert_eq!(code, ErrorCode::SlowConsumer);
                break;
            }
            Err(other) => panic!("{other:?}"),
        };
        let message: Value = serde_json::from_str(&text).unwrap_or_default();
        if message["type"] == "message" {
            seen += 1;
            assert_eq!(message["seq"], seen, "without a gap, as far as it got");
        }
    }
    assert!(seen < u64::from(number));
    let mut again = over_tcp(scene.server.tcp(), 3, "eve");
    join(&mut again, "den", seen);
    while seen < u64::from(number) {
        for entry in hear(&mut again, "page")["entries"].as_array().unwrap() {
            seen += 1;
            assert_eq!(entry["seq"], seen);
        }
    }
    say(&mut anna, &send("den", number + 1, "and on"));
    assert_eq!(hear(&mut again, "message")["seq"], number + 1);
}

#[test]
fn who_is_kept_out_tries_every_door() {
    // A ban of a key has to hold in both versions and over both transports.
    let scene = Scene::new(&[]);
    let mut anna = through_tunnel(scene.server.http(), 1, "anna");
    make_operator(&scene, &mut anna);
    let mut eve = over_tcp(scene.server.tcp(), 2, "eve");
    let who = key(2).public_key().fingerprint().to_string();
    say(
        &mut eve,
        &json!({"type": "operator", "do": "ban", "user": who}),
    );
    assert_eq!(refusal(&mut eve).0, "forbidden");
    say(
        &mut anna,
        &json!({"type": "operator", "do": "ban", "user": who}),
    );
    hear(&mut anna, "operator");
    eve.assert_told(ErrorCode::Kicked);
    // Over TCP and through the tunnel, in v1 and v2.
    for version in [Version::V1, Version::V2] {
        let mut tcp = Client::of(key(2), connect(scene.server.tcp()), version);
        tcp.assert_told(ErrorCode::Kicked);
        let wire = WebSocket::open(scene.server.http(), "binary");
        Client::of(key(2), wire, version).assert_told(ErrorCode::Kicked);
    }
    say(
        &mut anna,
        &json!({"type": "operator", "do": "unban", "user": who}),
    );
    hear(&mut anna, "operator");
    let mut eve = over_tcp(scene.server.tcp(), 2, "eve");
    assert_alive(&mut eve);
    // Only operators while the server is stopped, and everybody afterwards.
    say(
        &mut anna,
        &json!({"type": "operator", "do": "stop_listeners"}),
    );
    assert_eq!(hear(&mut anna, "operator")["listening"], false);
    eve.assert_told(ErrorCode::ServerStopping);
    let mut late = Client::of(key(2), connect(scene.server.tcp()), Version::V2);
    late.assert_told(ErrorCode::ServerStopping);
    let mut second = over_tcp(scene.server.tcp(), 1, "anna");
    assert_alive(&mut second);
    say(
        &mut anna,
        &json!({"type": "operator", "do": "start_listeners"}),
    );
    assert_eq!(hear(&mut anna, "operator")["listening"], true);
    let mut eve = over_tcp(scene.server.tcp(), 2, "eve");
    assert_alive(&mut eve);
    eventually("the log says who did it", || {
        (!scene
            .server
            .logged(&["an operator stops the listeners"])
            .is_empty())
        .then_some(())
    });
}
