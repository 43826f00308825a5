//! `docs/vectors-v2.json`: whole sessions with every random input, every intermediate value and
//! every byte on the wire. [`Insider`] computes them from the inputs, and both connections, given
//! the same inputs, must write the same bytes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::insider::{Draws, Insider, Records, auth, data, hex, inner, split_announcement, unhex};
use super::*;
use crate::connection::{
    ClientConfig, ClientConnection, PrivateKeyRequest, PrivateKeyResponse, ServerConfig, Version,
};
use crate::identity::PrivateKey;
use crate::limits::RekeyLimits;
use crate::time::Time;

const FILE: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../docs/vectors-v2.json"
));

#[derive(Serialize, Deserialize)]
struct Vectors {
    about: String,
    server_key: String,
    client_key: String,
    sessions: Vec<Session>,
}

#[derive(Serialize, Deserialize)]
struct Session {
    name: String,
    inputs: Inputs,
    #[serde(default)]
    announcement: String,
    #[serde(default)]
    client_hello: String,
    #[serde(default)]
    server_hello: String,
    /// The intermediate values, by the names of the protocol's document.
    #[serde(default)]
    values: BTreeMap<String, String>,
    #[serde(default)]
    records: Vec<Record>,
}

#[derive(Serialize, Deserialize, Clone)]
struct Inputs {
    client_random: String,
    client_x25519_secret: String,
    client_mlkem_d: String,
    client_mlkem_z: String,
    server_random: String,
    server_x25519_secret: String,
    server_mlkem_m: String,
    server_signature: String,
    /// The client's signature; `null` if the client leaves without proving itself.
    client_signature: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Record {
    from: String,
    secret: String,
    seq: u64,
    nonce: String,
    inner_type: u8,
    content: String,
    inner: String,
    wire: String,
}

impl Inputs {
    fn draws(&self) -> Draws {
        let array = |text: &str| unhex(text).try_into().unwrap();
        let seed = [unhex(&self.client_mlkem_d), unhex(&self.client_mlkem_z)].concat();
        Draws {
            client_random: array(&self.client_random),
            client_x25519: array(&self.client_x25519_secret),
            client_ml_kem: seed.try_into().unwrap(),
            server_random: array(&self.server_random),
            server_x25519: array(&self.server_x25519_secret),
            server_ml_kem: array(&self.server_mlkem_m),
        }
    }
}

/// A session that is computed from its inputs, step by step.
struct Script {
    session: Session,
    up: Records,
    down: Records,
    names: [String; 2],
}

impl Script {
    fn value(&mut self, name: &str, value: &[u8]) {
        self.session.values.insert(name.to_owned(), hex(value));
    }

    fn keys(&mut self, from_client: bool, name: &str, records: Records) {
        self.value(name, records.secret.as_bytes());
        self.value(&format!("key of {name}"), &records.key);
        self.value(&format!("iv of {name}"), &records.iv);
        self.names[usize::from(from_client)] = name.to_owned();
        if from_client {
            self.up = records;
        } else {
            self.down = records;
        }
    }

    fn record(&mut self, from_client: bool, inner_type: u8, content: &[u8]) {
        let (from, keys) = if from_client {
            ("client", &mut self.up)
        } else {
            ("server", &mut self.down)
        };
        let (seq, nonce) = (keys.seq, hex(&keys.nonce()));
        let wire = hex(&keys.seal(inner_type, content));
        self.session.records.push(Record {
            from: from.to_owned(),
            secret: self.names[usize::from(from_client)].clone(),
            seq,
            nonce,
            inner_type,
            content: hex(content),
            inner: hex(&inner(inner_type, content)),
            wire,
        });
    }

    fn key_update(&mut self, name: &str) {
        // Sealed with the old keys, and the new ones directly after it (PROTOCOL.md §2.10).
        self.record(true, 6, b"");
        let mut renewed = Records::new(self.up.secret.clone());
        renewed.renew();
        self.keys(true, name, renewed);
    }
}

const CLIENT_SAYS: [&[u8]; 2] = [b"hello", "grüße 🦀".as_bytes()];
const SERVER_SAYS: [&[u8]; 2] = [b"* Welcome", b""];
const CLIENT_SAYS_THEN: &[u8] = b"under new keys";
const SERVER_SAYS_LAST: &[u8] = b"* bye";

fn compute(name: &str, inputs: &Inputs, server: &PrivateKey, client: &PrivateKey) -> Session {
    let hellos = inputs.draws().hellos();
    let announcement = [
        b"SERVER_PUB\n",
        server.public_key().to_spki_pem().as_bytes(),
        b"\n",
    ]
    .concat();
    let mut insider = Insider::new(&announcement, &hellos);
    let secret = |insider: &Insider, label, n| Records::new(insider.secret(label, n));
    let mut script = Script {
        session: Session {
            name: name.to_owned(),
            inputs: inputs.clone(),
            announcement: hex(&announcement),
            client_hello: hex(&hellos.client),
            server_hello: hex(&hellos.server),
            values: BTreeMap::new(),
            records: Vec::new(),
        },
        up: secret(&insider, "c hs", 0),
        down: secret(&insider, "s hs", 0),
        names: Default::default(),
    };
    script.value("mlkem_shared", &hellos.mlkem_shared);
    script.value("x25519_shared", &hellos.x25519_shared);
    script.value("TH0", &insider.hashes[0]);
    script.value("PRK", insider.prk.as_bytes());
    script.keys(true, "hs_c", secret(&insider, "c hs", 0));
    script.keys(false, "hs_s", secret(&insider, "s hs", 0));
    script.value("fin_c", insider.secret("c fin", 0).as_bytes());
    script.value("fin_s", insider.secret("s fin", 0).as_bytes());

    let signed = insider.to_be_signed("SC/2 server auth", server.public_key());
    script.value("signed in server_auth", &signed);
    let signature = unhex(&inputs.server_signature);
    handshake_message(
        &mut script,
        &mut insider,
        1,
        &auth(server.public_key().spki_der(), &signature),
    );
    let finished = insider.finished("s fin");
    handshake_message(&mut script, &mut insider, 2, &finished);

    // A first contact ends here: a close in place of client_auth, and the server's own as its
    // answer (PROTOCOL.md §2.12).
    let Some(signature) = &inputs.client_signature else {
        script.record(true, 8, b"");
        script.record(false, 8, b"");
        return script.session;
    };
    let signed = insider.to_be_signed("SC/2 client auth", client.public_key());
    script.value("signed in client_auth", &signed);
    let content = auth(client.public_key().spki_der(), &unhex(signature));
    handshake_message(&mut script, &mut insider, 3, &content);
    let finished = insider.finished("c fin");
    handshake_message(&mut script, &mut insider, 4, &finished);

    script.keys(true, "ap_c", secret(&insider, "c ap", 4));
    script.keys(false, "ap_s", secret(&insider, "s ap", 4));
    script.value("exporter", insider.secret("exporter", 4).as_bytes());
    script.value("session_id", &insider.session_id());
    script.record(true, 5, &data(&CLIENT_SAYS));
    script.record(false, 5, &data(&SERVER_SAYS));
    script.key_update("ap_c'");
    script.record(true, 5, &data(&[CLIENT_SAYS_THEN]));
    script.record(true, 8, b"");
    script.record(false, 5, &data(&[SERVER_SAYS_LAST]));
    script.record(false, 8, b"");
    script.session
}

fn handshake_message(script: &mut Script, insider: &mut Insider, inner_type: u8, content: &[u8]) {
    script.record(inner_type > 2, inner_type, content);
    insider.absorb(inner_type, content);
    let hash = *insider.hashes.last().unwrap();
    script.value(&format!("TH{inner_type}"), &hash);
}

/// Runs both connections with the session's inputs; returns the bytes to the client and to the
/// server.
fn run(
    session: &Session,
    server_key: &PrivateKey,
    client_key: &PrivateKey,
    mut sign: impl FnMut(&str, &[u8]) -> Vec<u8>,
) -> (Vec<u8>, Vec<u8>) {
    let draws = session.inputs.draws();
    let mut now = Time::from_millis(0);
    let leaves = session.inputs.client_signature.is_none();
    let trust = if leaves { Trust::Learn } else { Trust::Any };
    let config = ClientConfig::new(client_key.public_key().clone(), Version::V2, trust);
    let mut client = ClientConnection::new(config, draws.client(), now);
    let config = ServerConfig::new(server_key.public_key().clone());
    let mut server = ServerConnection::new(config.into(), draws.server(), now);
    let (mut to_client, mut to_server) = (Vec::new(), Vec::new());
    let mut exchange = |client: &mut ClientConnection, server: &mut ServerConnection, now| {
        let mut messages = Vec::new();
        for _ in 0..4 {
            let up = client.poll_transmit().unwrap_or_default();
            server.handle_bytes(&up, now);
            to_server.extend(up);
            while let Some(event) = server.poll_event() {
                match event {
                    Event::PrivateKey(PrivateKeyRequest::Sign { message }) => {
                        let signature = sign("server", &message);
                        server.handle_private_key(PrivateKeyResponse::Signed(Ok(signature)), now);
                    }
                    Event::Message(text) => messages.push(text.to_vec()),
                    Event::Closed(CloseReason::Failed(error)) => panic!("{error}"),
                    _ => {}
                }
            }
            let down = server.poll_transmit().unwrap_or_default();
            client.handle_bytes(&down, now);
            to_client.extend(down);
            while let Some(event) = client.poll_event() {
                match event {
                    Event::PrivateKey(PrivateKeyRequest::Sign { message }) => {
                        let signature = sign("client", &message);
                        client.handle_private_key(PrivateKeyResponse::Signed(Ok(signature)), now);
                    }
                    Event::Message(text) => messages.push(text.to_vec()),
                    Event::Closed(CloseReason::Failed(error)) => {
                        assert!(leaves && matches!(error, Error::Untrusted(_)), "{error}");
                    }
                    _ => {}
                }
            }
        }
        messages
    };
    exchange(&mut client, &mut server, now);
    if leaves {
        server.finish(now);
        exchange(&mut client, &mut server, now);
        return (to_client, to_server);
    }
    let id = client.session_id().map(|id| id.to_string());
    assert_eq!(id.as_deref(), session.value("session_id"));
    let exporter = server.exporter().map(|secret| hex(&*secret));
    assert_eq!(exporter.as_deref(), session.value("exporter"));
    for message in CLIENT_SAYS {
        client.send(message, now).unwrap();
    }
    for message in SERVER_SAYS {
        server.send(message, now).unwrap();
    }
    let messages = exchange(&mut client, &mut server, now);
    assert_eq!(messages, [CLIENT_SAYS, SERVER_SAYS].concat());
    // The interval has passed since the client's first record, so a key_update precedes its next
    // one (PROTOCOL.md §2.10).
    now = now + RekeyLimits::default().interval;
    client.send(CLIENT_SAYS_THEN, now).unwrap();
    client.finish(now);
    exchange(&mut client, &mut server, now);
    // Less than the rekey interval after the server's first record, so that only the client changes
    // its keys.
    let then = Time::from_millis(1);
    server.send(SERVER_SAYS_LAST, then).unwrap();
    server.finish(then);
    exchange(&mut client, &mut server, now);
    (to_client, to_server)
}

impl Session {
    fn value(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// Returns all bytes that one side writes, as the file has them.
    fn stream(&self, from: &str) -> Vec<u8> {
        let mut stream = if from == "client" {
            [b"SC/2\n".to_vec(), unhex(&self.client_hello)].concat()
        } else {
            [unhex(&self.announcement), unhex(&self.server_hello)].concat()
        };
        for record in self.records.iter().filter(|record| record.from == from) {
            stream.extend(unhex(&record.wire));
        }
        stream
    }
}

fn load() -> (Vectors, PrivateKey, PrivateKey) {
    let vectors: Vectors = serde_json::from_str(FILE).unwrap();
    let server = PrivateKey::from_pem(&vectors.server_key).unwrap();
    let client = PrivateKey::from_pem(&vectors.client_key).unwrap();
    (vectors, server, client)
}

portable_test! {
    fn the_values_are_computed_again_from_the_inputs() {
        let (vectors, server, client) = load();
        // A file that lost a session would otherwise pass.
        assert_eq!(vectors.sessions.len(), 2);
        for session in vectors.sessions {
            let again = compute(&session.name, &session.inputs, &server, &client);
            assert_eq!(again.values, session.values, "{}", session.name);
            let [again, file] = [again, session].map(|session| serde_json::to_value(session).unwrap());
            assert_eq!(again, file);
        }
    }

    fn connections_with_these_inputs_write_these_bytes() {
        let (vectors, server, client) = load();
        for session in &vectors.sessions {
            let (to_client, to_server) = run(session, &server, &client, |who, message| {
                let signed = session.value(&format!("signed in {who}_auth"));
                assert_eq!(Some(&*hex(message)), signed);
                unhex(match who {
                    "server" => &session.inputs.server_signature,
                    _ => session.inputs.client_signature.as_ref().unwrap(),
                })
            });
            assert_eq!(hex(&to_client), hex(&session.stream("server")), "{}", session.name);
            assert_eq!(hex(&to_server), hex(&session.stream("client")), "{}", session.name);
            assert_eq!(hex(split_announcement(&to_client).0), session.announcement);
        }
    }
}

/// Keeps keys and randomness, signs anew, and computes everything else. aws-lc would draw its own
/// salts, and the file would never be the same twice.
#[cfg(not(any(target_arch = "wasm32", feature = "aws-lc")))]
#[test]
#[ignore = "writes docs/vectors-v2.json anew"]
fn write_the_vectors_anew() {
    let (mut vectors, server, client) = load();
    for session in &mut vectors.sessions {
        let sign = |key: &PrivateKey, session: &Session, who: &str| {
            let signed = session.value(&format!("signed in {who}_auth")).unwrap();
            hex(&key.sign(&unhex(signed), &mut seeded(4)).unwrap())
        };
        let name = session.name.clone();
        // The client signs a transcript with the server's signature in it, so that one comes first.
        *session = compute(&name, &session.inputs, &server, &client);
        session.inputs.server_signature = sign(&server, session, "server");
        *session = compute(&name, &session.inputs, &server, &client);
        if session.inputs.client_signature.is_some() {
            session.inputs.client_signature = Some(sign(&client, session, "client"));
            *session = compute(&name, &session.inputs, &server, &client);
        }
    }
    let text = serde_json::to_string_pretty(&vectors).unwrap() + "\n";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/vectors-v2.json");
    std::fs::write(path, text).unwrap();
}
