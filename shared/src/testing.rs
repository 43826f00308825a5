//! Helpers that the tests of this crate share: seeded randomness, ready keys, and tests that run on
//! both native and wasm32.

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock};

use chacha20::ChaCha20Rng;
use chacha20::rand_core::{Rng, SeedableRng};
use zeroize::Zeroizing;

use crate::connection::{
    CheckName, ClientConfig, ClientConnection, CloseReason, Connection, Direction, Event,
    LayerName, PrivateKeyRequest, PrivateKeyResponse, ServerConfig, ServerConnection, Trust,
    Verdict, Version,
};
use crate::crypto::rsa_private::OperationFailed;
use crate::frame::assert_covered;
use crate::identity::{Fingerprint, PrivateKey, PublicKey};
use crate::random::Random;
use crate::time::Time;

/// Returns randomness that repeats for the same `seed`.
pub(crate) fn seeded(seed: u8) -> Random {
    let mut rng = ChaCha20Rng::from_seed([seed; 32]);
    Random::new(move |bytes| {
        rng.fill_bytes(bytes);
        Ok(())
    })
}

/// Returns a server's key, made once for a test program: making one takes a second.
pub(crate) fn server_key() -> &'static PrivateKey {
    static KEY: OnceLock<PrivateKey> = OnceLock::new();
    KEY.get_or_init(|| PrivateKey::generate(2048, &mut seeded(1)).unwrap())
}

/// Returns a client's key, made once for a test program.
pub(crate) fn client_key() -> &'static PrivateKey {
    static KEY: OnceLock<PrivateKey> = OnceLock::new();
    KEY.get_or_init(|| PrivateKey::generate(2048, &mut seeded(2)).unwrap())
}

/// Defines tests for the native harness and, on wasm32, for wasm-bindgen's.
macro_rules! portable_test {
    ($($(#[$meta:meta])* fn $name:ident() $body:block)*) => {
        $(
            $(#[$meta])*
            #[cfg_attr(not(target_arch = "wasm32"), test)]
            #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
            fn $name() $body
        )*
    };
}
pub(crate) use portable_test;

/// The events that a connection's driver has seen.
#[derive(Debug, Default, PartialEq, Eq, Clone)]
pub(crate) struct Seen {
    pub(crate) messages: Vec<Vec<u8>>,
    pub(crate) established: bool,
    /// The peer's key as the client was told it, and `true` if it was proven.
    pub(crate) server_key: Option<(PublicKey, bool)>,
    pub(crate) rekeyed: Vec<Direction>,
    /// The check that has refused a frame, and its place, if frames are reported.
    pub(crate) refused: Option<(CheckName, LayerName, usize)>,
    pub(crate) closed: Option<CloseReason>,
}

/// Signs this message with the key, with the same signature for the whole test program.
pub(crate) fn sign_once(key: &PrivateKey, message: &[u8]) -> Vec<u8> {
    type Signatures = HashMap<(Fingerprint, Vec<u8>), Vec<u8>>;
    // aws-lc draws salts of its own, and a conversation that is repeated must have the same
    // transcript.
    static SIGNED: OnceLock<Mutex<Signatures>> = OnceLock::new();
    let mut signed = SIGNED.get_or_init(Mutex::default).lock().unwrap();
    signed
        .entry((key.public_key().fingerprint(), message.to_vec()))
        .or_insert_with(|| key.sign(message, &mut seeded(4)).unwrap())
        .clone()
}

/// A driver that answers private-key requests and remembers the answers.
pub(crate) struct Answerer {
    key: &'static PrivateKey,
    // Replaying a conversation some thousand times must not cost some thousand private-key
    // operations.
    decrypted: HashMap<Vec<u8>, Option<Vec<u8>>>,
}

impl Answerer {
    pub(crate) fn new(key: &'static PrivateKey) -> Self {
        Self {
            key,
            decrypted: HashMap::new(),
        }
    }

    pub(crate) fn answer(&mut self, request: &PrivateKeyRequest) -> PrivateKeyResponse {
        let key = self.key;
        match request {
            PrivateKeyRequest::Decrypt { ciphertext } => {
                let plaintext = self.decrypted.entry(ciphertext.clone()).or_insert_with(|| {
                    key.decrypt(ciphertext, &mut seeded(3))
                        .ok()
                        .map(|bytes| bytes.to_vec())
                });
                PrivateKeyResponse::Decrypted(
                    plaintext.clone().map(Zeroizing::new).ok_or(OperationFailed),
                )
            }
            PrivateKeyRequest::Sign { message } => {
                PrivateKeyResponse::Signed(Ok(sign_once(key, message)))
            }
        }
    }

    /// Drains a connection's events, answering its requests, until nothing more happens.
    pub(crate) fn drain<R>(&mut self, connection: &mut Connection<R>, seen: &mut Seen, now: Time) {
        while let Some(event) = connection.poll_event() {
            assert_eq!(seen.closed, None, "nothing comes after Closed: {event:?}");
            match event {
                Event::PrivateKey(request) => {
                    connection.handle_private_key(self.answer(&request), now);
                }
                Event::Established { .. } => seen.established = true,
                Event::Message(plaintext) => seen.messages.push(plaintext.to_vec()),
                Event::Closed(reason) => seen.closed = Some(reason),
                Event::ServerKey { key, proven } => seen.server_key = Some((key, proven)),
                Event::Rekeyed(direction) => seen.rekeyed.push(direction),
                Event::Frame(frame) => {
                    assert_covered(&frame);
                    if let Verdict::Refused {
                        check,
                        layer,
                        offset,
                        ..
                    } = frame.verdict
                    {
                        assert_eq!(seen.refused, None, "a refused frame is the last one");
                        seen.refused = Some((check, layer, offset));
                    }
                }
            }
        }
    }
}

/// A client and a server that exchange bytes in memory. Time stands still unless a test moves it.
pub(crate) struct Pair {
    pub(crate) client: ClientConnection,
    pub(crate) server: ServerConnection,
    pub(crate) client_seen: Seen,
    pub(crate) server_seen: Seen,
    pub(crate) now: Time,
    client_answers: Answerer,
    server_answers: Answerer,
    /// All bytes that the client has sent.
    pub(crate) to_server: Vec<u8>,
    /// All bytes that the server has sent.
    pub(crate) to_client: Vec<u8>,
}

impl Pair {
    pub(crate) fn new() -> Self {
        Self::with(server_config(), client_config())
    }

    /// Returns a pair that speaks v2, with the server's key pinned.
    pub(crate) fn v2() -> Self {
        Self::with(server_config(), v2_client_config())
    }

    pub(crate) fn with(server: ServerConfig, client: ClientConfig) -> Self {
        let now = Time::from_millis(0);
        Self {
            client: ClientConnection::new(client, seeded(5), now),
            server: ServerConnection::new(server.into(), seeded(9), now),
            client_seen: Seen::default(),
            server_seen: Seen::default(),
            now,
            client_answers: Answerer::new(client_key()),
            server_answers: Answerer::new(server_key()),
            to_server: Vec::new(),
            to_client: Vec::new(),
        }
    }

    /// Exchanges bytes until neither side has any left.
    pub(crate) fn run(&mut self) {
        loop {
            self.client_answers
                .drain(&mut self.client, &mut self.client_seen, self.now);
            self.server_answers
                .drain(&mut self.server, &mut self.server_seen, self.now);
            // Both sides' bytes are taken before either is delivered, so that they cross as on a
            // network.
            let up = self.client.poll_transmit();
            let down = self.server.poll_transmit();
            if up.is_none() && down.is_none() {
                return;
            }
            if let Some(bytes) = up {
                self.to_server.extend_from_slice(&bytes);
                self.server.handle_bytes(&bytes, self.now);
            }
            if let Some(bytes) = down {
                self.to_client.extend_from_slice(&bytes);
                self.client.handle_bytes(&bytes, self.now);
            }
        }
    }

    /// Answers the server's requests, and lets nothing else happen.
    pub(crate) fn answer_server(&mut self) {
        let seen = &mut self.server_seen;
        self.server_answers.drain(&mut self.server, seen, self.now);
    }

    /// Hands bytes to the server as if the client had sent them.
    pub(crate) fn inject(&mut self, bytes: &[u8]) {
        self.server.handle_bytes(bytes, self.now);
        self.run();
    }
}

pub(crate) fn server_config() -> ServerConfig {
    ServerConfig::new(server_key().public_key().clone())
}

pub(crate) fn client_config() -> ClientConfig {
    ClientConfig::new(client_key().public_key().clone(), Version::V1, Trust::Any)
}

/// Returns the configuration of a v2 client that has the server's key pinned.
pub(crate) fn v2_client_config() -> ClientConfig {
    let pin = server_key().public_key().fingerprint();
    ClientConfig::new(
        client_key().public_key().clone(),
        Version::V2,
        Trust::Pinned(pin),
    )
}
