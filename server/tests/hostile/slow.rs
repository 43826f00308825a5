//! Clients that do not read.

use std::time::{Duration, Instant};

use shared::error::ErrorCode;

use crate::support::Scene;
use crate::support::client::{Client, Wire};

/// Talks until `stalled`, which reads nothing, is evicted; then reads its end.
fn assert_put_out<W: Wire>(stalled: impl FnOnce(&Scene) -> Client<W>) {
    let mut scene = Scene::new(&["--sends-per-minute=0"]);
    let mut stalled = stalled(&scene);
    let mut talker = Client::join(scene.server.tcp());
    // Who leaves before they are announced, once a second, is announced to nobody.
    for _ in ["stalled", "talker"] {
        while !scene.overheard().ends_with(" joined") {}
    }
    let text = "x".repeat(16 * 1024);
    let mut slowest = Duration::ZERO;
    // The sockets between them hold some megabytes before the client's queue does.
    let put_out = (0..2000).any(|_| {
        let said = Instant::now();
        talker.say(&text);
        while !talker.receive().ends_with(&text) {}
        // The bystander hears everything, and last of all that the stalled client left.
        let left = loop {
            let line = scene.overheard();
            if line.ends_with(" left") || line.ends_with(&text) {
                break line.ends_with(" left");
            }
        };
        slowest = slowest.max(said.elapsed());
        left
    });
    assert!(put_out, "32 MiB wait for one client");
    assert!(slowest < Duration::from_secs(5), "{slowest:?}");
    stalled.assert_told(ErrorCode::SlowConsumer);
    // The rest of the last line, which the bystander has not read yet.
    while !scene.overheard().ends_with(&text) {}
    scene.assert_logged_and_undisturbed(&[&stalled.address(), "closed", "slow_consumer"]);
}

#[test]
fn a_client_that_never_reads() {
    assert_put_out(|scene| Client::join(scene.server.tcp()));
}

#[test]
fn a_tunnel_that_is_never_read() {
    assert_put_out(|scene| Client::join_through_tunnel(scene.server.http(), "text"));
}
