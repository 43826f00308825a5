//! A Python server that attacks this project's client over v2: the client ends with the right
//! reason, sends the right alert, and never takes the session for established before its end.

use shared::connection::{CloseReason, Event, Trust, Version};
use shared::error::ErrorCode;

use crate::support::attacks::{Attack, attacks};
use crate::support::native::{NativeClient, WriteStyle, config};
use crate::support::python::Python;
use crate::v2_native_client::python_server;

/// The reports of the client, up to its end.
struct Seen {
    established: bool,
    messages: Vec<String>,
    reason: CloseReason,
}

fn attacked(attack: &Attack) -> (Seen, Python) {
    let (server, address) = python_server(&["--attack", &attack.name]);
    let config = config(Version::V2, Trust::Any);
    let mut client = NativeClient::connect_as(address, WriteStyle::Merged, config);
    let mut established = false;
    let mut messages = Vec::new();
    let reason = loop {
        match client.next_event() {
            Event::Established { .. } => {
                established = true;
                client.send("hello");
            }
            Event::Message(text) => messages.push(String::from_utf8(text.to_vec()).unwrap()),
            Event::Closed(reason) => break reason,
            other => panic!("{}: {other:?}", attack.name),
        }
    };
    client.transmit();
    client.half_close();
    // Only then: the server reads to the end, and an early drop would reset the connection and lose
    // the alert.
    client.wait_for_end();
    let seen = Seen {
        established,
        messages,
        reason,
    };
    (seen, server)
}

fn check(attack: &Attack) -> Result<(), String> {
    let (seen, server) = attacked(attack);
    let mut events = Vec::new();
    while events
        .last()
        .is_none_or(|event: &serde_json::Value| event["event"] != "closed")
    {
        events.push(server.any_event().unwrap());
    }
    attack.judge(&events)?;
    let right = match (&seen.reason, attack.alert()) {
        // The announcement is a frame of v1, and so is the error code for a malformed one.
        (CloseReason::Failed(error), Some("unexpected_message"))
            if error.code() == ErrorCode::Malformed =>
        {
            attack.name.starts_with("announcement/")
        }
        (CloseReason::Failed(error), Some(alert)) => error.code().to_string() == alert,
        (CloseReason::Truncated, None) => attack.cuts(),
        (CloseReason::Reported { code, .. }, None) => {
            // The last part of the name is the alert's, or that of an unknown number.
            let name = attack
                .name
                .rsplit_once("/alert_")
                .map_or("", |(_, name)| name);
            !attack.cuts() && (!name.starts_with("of_") || *code == ErrorCode::Unknown)
        }
        _ => false,
    };
    if !right {
        return Err(format!("{}: {}", attack.name, seen.reason));
    }
    if seen.established != attack.name.starts_with("established/") {
        return Err(format!("{}: established {}", attack.name, seen.established));
    }
    let once = seen.messages.iter().filter(|text| *text == "once").count();
    if once > 1 || seen.messages.iter().any(|text| text == "never delivered") {
        return Err(format!("{}: delivered {:?}", attack.name, seen.messages));
    }
    Ok(())
}

fn refuses(stages: &[&str], least: usize) {
    let mut failures = Vec::new();
    for attack in attacks("server", stages, least) {
        println!("{}", attack.name);
        failures.extend(check(&attack).err());
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
fn announcement_hello_low_order_point_and_spoilt_ciphertext() {
    refuses(&["announcement", "hello"], 20);
}

#[test]
fn server_auth_wrong_signature_salt_key_or_spki() {
    refuses(&["auth"], 40);
}

#[test]
fn wrong_server_finished() {
    refuses(&["finished"], 12);
}

#[test]
fn tampered_replayed_reflected_and_malformed_records() {
    refuses(&["established"], 50);
}

#[test]
fn an_alert_is_reported_by_its_name() {
    let named = [
        ("unexpected_message", ErrorCode::UnexpectedMessage),
        ("frame_too_large", ErrorCode::FrameTooLarge),
        ("handshake_failed", ErrorCode::HandshakeFailed),
        ("bad_record", ErrorCode::BadRecord),
        ("timeout", ErrorCode::Timeout),
        ("server_stopping", ErrorCode::ServerStopping),
        ("too_many_connections", ErrorCode::TooManyConnections),
        ("slow_consumer", ErrorCode::SlowConsumer),
        ("kicked", ErrorCode::Kicked),
    ];
    let all = attacks("server", &["established"], 50);
    for (name, expected) in named {
        let name = format!("established/alert_{name}");
        let attack = all.iter().find(|attack| attack.name == name).unwrap();
        match attacked(attack).0.reason {
            CloseReason::Reported { code, .. } => assert_eq!(code, expected, "{name}"),
            other => panic!("{name}: {other}"),
        }
    }
}

#[test]
fn an_error_frame_of_v1_is_understood_before_and_behind_the_announcement() {
    for place in ["first", "behind"] {
        let (_server, address) = python_server(&["--error-frame", place]);
        let config = config(Version::V2, Trust::Any);
        let mut client = NativeClient::connect_as(address, WriteStyle::Merged, config);
        match client.receive_end() {
            CloseReason::Reported { code, message } => {
                assert_eq!(code, ErrorCode::TooManyConnections, "{place}");
                assert_eq!(message, "No place is left.", "{place}");
            }
            other => panic!("{place}: {other}"),
        }
    }
}
