//! Measures what a v1 handshake costs the server: how many one core does in a second, and where the
//! time goes. `cargo xtask bench` runs `openssl speed rsa2048` beside it.
//!
//! Sockets are left out: this is the protocol and its RSA, as the pool's threads do it.

#![allow(clippy::unwrap_used, clippy::cast_precision_loss, missing_docs)]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use native::clock::Clock;
use native::random;
use shared::connection::{
    ClientConfig, ClientConnection, Event, PrivateKeyRequest, ServerConfig, ServerConnection,
    Trust, Version,
};
use shared::crypto::rsa_public::pss_verify_any_salt;
use shared::identity::PrivateKey;

/// Duration of each measurement.
const SPAN: Duration = Duration::from_secs(3);

fn main() {
    let server_key = PrivateKey::generate(2048, &mut random()).unwrap();
    let client_key = PrivateKey::generate(2048, &mut random()).unwrap();
    let config = Arc::new(ServerConfig::new(server_key.public_key().clone()));
    let handshake = client_handshake(&config, &client_key);

    report(
        "v1 handshakes, server's side, one core",
        per_second(|| {
            black_box(accept(&config, &server_key, &handshake));
        }),
    );

    let PrivateKeyRequest::Decrypt { ciphertext } = request_of(&config, &handshake) else {
        unreachable!("a server's request is to decrypt")
    };
    report(
        "  of it RSA-OAEP decryptions",
        per_second(|| {
            black_box(server_key.decrypt(&ciphertext, &mut random()).unwrap());
        }),
    );
    let signature = client_key.sign(b"message", &mut random()).unwrap();
    report(
        "  of it RSA-PSS verifications",
        per_second(|| {
            assert!(pss_verify_any_salt(
                client_key.public_key(),
                b"message",
                &signature
            ));
        }),
    );
    report(
        "v1 handshakes, client's side, one core",
        per_second(|| {
            black_box(client_handshake(&config, &client_key));
        }),
    );
}

/// The bytes that a client answers the server's announcement with.
fn client_handshake(config: &Arc<ServerConfig>, key: &PrivateKey) -> Vec<u8> {
    let now = Clock::start().now();
    let mut server = ServerConnection::new(Arc::clone(config), random(), now);
    let mut client = ClientConnection::new(
        ClientConfig::new(key.public_key().clone(), Version::V1, Trust::Any),
        random(),
        now,
    );
    client.handle_bytes(&server.poll_transmit().unwrap(), now);
    while let Some(event) = client.poll_event() {
        if let Event::PrivateKey(request) = event {
            client.handle_private_key(request.answer(key, &mut random()), now);
        }
    }
    client.poll_transmit().unwrap()
}

/// A whole handshake at the server, from the accept to the session.
fn accept(config: &Arc<ServerConfig>, key: &PrivateKey, handshake: &[u8]) -> ServerConnection {
    let now = Clock::start().now();
    let mut server = ServerConnection::new(Arc::clone(config), random(), now);
    let _announcement = server.poll_transmit();
    server.handle_bytes(handshake, now);
    while let Some(event) = server.poll_event() {
        if let Event::PrivateKey(request) = event {
            server.handle_private_key(request.answer(key, &mut random()), now);
        }
    }
    assert!(server.is_established());
    server
}

fn request_of(config: &Arc<ServerConfig>, handshake: &[u8]) -> PrivateKeyRequest {
    let now = Clock::start().now();
    let mut server = ServerConnection::new(Arc::clone(config), random(), now);
    server.handle_bytes(handshake, now);
    loop {
        if let Event::PrivateKey(request) = server.poll_event().unwrap() {
            return request;
        }
    }
}

fn per_second(mut work: impl FnMut()) -> f64 {
    // Once before the clock starts: the first run meets cold caches.
    work();
    let start = Instant::now();
    let mut count = 0_u32;
    while start.elapsed() < SPAN {
        work();
        count += 1;
    }
    f64::from(count) / start.elapsed().as_secs_f64()
}

fn report(name: &str, rate: f64) {
    println!("result: {name} = {rate:.0}/s");
}
