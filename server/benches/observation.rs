//! One turn of a measurement that `cargo xtask bench` makes with two builds, by turns: the throughput
//! of connections that nobody observes, with and without the feature `observe` of `shared`, and of
//! observed ones.
//!
//! Two builds and not two functions of one, because the feature is about what is linked.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_precision_loss,
    missing_docs
)]

mod support;

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use native::random;
use shared::connection::{
    ClientConfig, ClientConnection, Connection, Event, Observe, ServerConfig, Trust, Version,
};
use shared::time::Time;
use support::{Keys, cpu_time, cpu_time_since};

/// Sizes of messages in bytes: a line of chat, and the longest message.
const SIZES: [usize; 2] = [256, 16 * 1024];

/// Processor time of each measurement.
const SPAN: Duration = Duration::from_millis(300);

/// Bytes that are sealed, then opened, before the next are.
const BATCH_BYTES: usize = 128 * 1024;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let has = |wanted: &str| args.iter().any(|arg| arg == wanted);
    if !has("--turn") {
        println!("`cargo xtask bench` runs this");
        return;
    }
    let mut keys = Keys::generate();
    let modes = [
        (Observe::Nothing, "unobserved"),
        (Observe::Frames, "observed"),
    ];
    let measured = if has("--observed") { 2 } else { 1 };
    for (observe, mode) in modes.into_iter().take(measured) {
        let mut config = ServerConfig::new(keys.server_key.public_key().clone());
        config.observe = observe;
        keys.config = Arc::new(config);
        for version in [Version::V1, Version::V2] {
            for size in SIZES {
                let [seal, open] = measure(&keys, version, observe, size);
                println!("rate: {version} seal {size} B, {mode} = {seal:.0}");
                println!("rate: {version} open {size} B, {mode} = {open:.0}");
            }
        }
    }
}

/// Returns the bytes of messages a second of processor time that the client seals, and the server
/// opens.
fn measure(keys: &Keys, version: Version, observe: Observe, size: usize) -> [f64; 2] {
    let pin = Trust::Pinned(keys.server_key.public_key().fingerprint());
    let config = ClientConfig {
        observe,
        ..ClientConfig::new(keys.client_key.public_key().clone(), version, pin)
    };
    let client = ClientConnection::new(config, random(), Time::default());
    let (mut server, mut client) = keys.establish_by(client);
    let message = vec![b'x'; size];
    let count = (BATCH_BYTES / size).max(1);
    let (mut sealing, mut opening, mut bytes) = (Duration::ZERO, Duration::ZERO, 0);
    while sealing + opening < 2 * SPAN {
        let start = cpu_time();
        let mut records = Vec::with_capacity(count);
        for _ in 0..count {
            client.send(&message, Time::default()).unwrap();
            records.push(client.poll_transmit().unwrap());
            messages(&mut client);
        }
        sealing += cpu_time_since(start);
        let start = cpu_time();
        for record in &records {
            server.handle_bytes(record, Time::default());
            assert_eq!(messages(&mut server), 1);
        }
        opening += cpu_time_since(start);
        bytes += count * size;
    }
    [sealing, opening].map(|time| bytes as f64 / time.as_secs_f64())
}

/// Takes every event, as a program does that shows the records, and returns the number of messages.
fn messages<R>(connection: &mut Connection<R>) -> usize {
    let events = std::iter::from_fn(|| connection.poll_event());
    events
        .filter(|event| {
            black_box(event);
            matches!(event, Event::Message(_))
        })
        .count()
}
