//! Measures what a v2 handshake costs the server, and where the time goes, in turns with `openssl
//! speed rsa2048`: a handshake needs one RSA signature, and the goal is to do at least 0.8 as many
//! handshakes as OpenSSL does bare signatures.
//!
//! Sockets are left out. The clients' share is done between the server's, and not counted. The
//! server does some handshakes side by side, as a busy one would: what the clients leave in the
//! processor's caches, where they never are, then matters less.
//!
//! The last line is the same ratio for nothing but the primitives that no such handshake goes
//! without, straight from aws-lc: what is between the two is ours.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use std::hint::black_box;
use std::time::Duration;

use aws_lc_rs::agreement::{self, EphemeralPrivateKey, X25519, agree_ephemeral};
use aws_lc_rs::kem::{self, DecapsulationKey, EncapsulationKey};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    RSA_PSS_2048_8192_SHA256, RSA_PSS_SHA256, RsaKeyPair, UnparsedPublicKey,
};
use native::random;
use shared::connection::{Event, Version};
use shared::time::Time;
use support::{
    Keys, ROUNDS, cpu_time, cpu_time_since, drain, median, openssl_signs, pass, rate, report,
    time_of,
};

/// Processor time of each turn.
const SPAN: Duration = Duration::from_secs(1);

/// Handshakes that the server does side by side.
const SIDE_BY_SIDE: u32 = 16;

/// The server's time for some handshakes, in its parts.
#[derive(Default, Clone, Copy)]
struct Cost {
    handshakes: u32,
    /// From the accept to the request for a signature: both key exchanges, the first keys.
    hello: Duration,
    /// The RSA signature.
    sign: Duration,
    /// Server hello, its key and signature, its Finished: built and sealed.
    answer: Duration,
    /// The client's key and signature verified, its Finished checked, the session's keys.
    client: Duration,
}

impl Cost {
    fn whole(&self) -> Duration {
        (self.hello + self.sign + self.answer + self.client) / self.handshakes
    }
}

fn main() {
    let keys = Keys::generate();
    let mut all = Cost::default();
    let (mut rates, mut signs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    let mut floors = Vec::new();
    for _ in 0..ROUNDS {
        let mut turn = Cost::default();
        let start = cpu_time();
        while cpu_time_since(start) < SPAN * 2 {
            handshakes(&keys, &mut turn);
        }
        let sign = openssl_signs();
        floors.push(rate(primitives(&keys)) / sign);
        rates.push(rate(turn.whole()));
        signs.push(sign);
        ratios.push(rate(turn.whole()) / sign);
        all = Cost {
            handshakes: all.handshakes + turn.handshakes,
            hello: all.hello + turn.hello,
            sign: all.sign + turn.sign,
            answer: all.answer + turn.answer,
            client: all.client + turn.client,
        };
    }
    let per_second = |values| format!("{:.0}/s", median(values));
    report("v2 handshakes, server's side, one core", &per_second(rates));
    report(
        "openssl: RSA-2048 signatures in the same minute",
        &per_second(signs),
    );
    report(
        "v2 handshakes over RSA signatures (goal 0.8)",
        &format!("{:.2}", median(ratios)),
    );
    for (name, part) in [
        ("  of it hello: X25519, ML-KEM, keys", all.hello),
        ("  of it our RSA-PSS signature", all.sign),
        ("  of it our answer, sealed", all.answer),
        ("  of it the client's proof", all.client),
    ] {
        let micros = part.as_secs_f64() * 1e6 / f64::from(all.handshakes);
        report(name, &format!("{micros:.1} µs"));
    }
    report(
        "  the primitives alone, over RSA signatures",
        &format!("{:.2}", median(floors)),
    );
}

/// A signature, a verification, an X25519 key and its agreement, an encapsulation: how long it all
/// takes.
fn primitives(keys: &Keys) -> Duration {
    const MESSAGE: &[u8] = &[0x5a; 81];
    let system = SystemRandom::new();
    let der = keys.server_key.to_pkcs8_der().unwrap();
    let signer = RsaKeyPair::from_pkcs8(&der).unwrap();
    let verifier = UnparsedPublicKey::new(
        &RSA_PSS_2048_8192_SHA256,
        keys.server_key.public_key().spki_der(),
    );
    let peer = EphemeralPrivateKey::generate(&X25519, &system).unwrap();
    let peer = peer.compute_public_key().unwrap();
    let decapsulation = DecapsulationKey::generate(&kem::ML_KEM_768).unwrap();
    let encapsulation = decapsulation.encapsulation_key().unwrap();
    let encapsulation = encapsulation.key_bytes().unwrap();
    let mut signature = vec![0; 256];
    time_of(SPAN, 1, || {
        signer
            .sign(&RSA_PSS_SHA256, &system, MESSAGE, &mut signature)
            .unwrap();
        verifier.verify(MESSAGE, &signature).unwrap();
        let ephemeral = EphemeralPrivateKey::generate(&X25519, &system).unwrap();
        black_box(ephemeral.compute_public_key().unwrap());
        let peer = agreement::UnparsedPublicKey::new(&X25519, peer.as_ref());
        agree_ephemeral(ephemeral, peer, (), |shared| {
            black_box(shared);
            Ok(())
        })
        .unwrap();
        let key = EncapsulationKey::new(&kem::ML_KEM_768, encapsulation.as_ref()).unwrap();
        black_box(key.encapsulate().unwrap());
    })
}

/// Some handshakes; only what the server does is counted.
fn handshakes(keys: &Keys, cost: &mut Cost) {
    let now = Time::default();
    let mut clients: Vec<_> = (0..SIDE_BY_SIDE)
        .map(|_| keys.client(Version::V2))
        .collect();
    let hellos: Vec<_> = clients
        .iter_mut()
        .map(|client| client.poll_transmit().unwrap())
        .collect();

    let started = cpu_time();
    let mut servers = Vec::new();
    let mut requests = Vec::new();
    let mut announcements = Vec::new();
    for hello in &hellos {
        let mut server = keys.server();
        announcements.push(server.poll_transmit().unwrap());
        server.handle_bytes(hello, now);
        let Some(Event::PrivateKey(request)) = server.poll_event() else {
            panic!("a hello leads to a request for a signature")
        };
        requests.push(request);
        servers.push(server);
    }
    let hellos_done = cpu_time();
    let responses: Vec<_> = requests
        .iter()
        .map(|request| request.answer(&keys.server_key, &mut random()))
        .collect();
    let signed = cpu_time();
    let mut answers = Vec::new();
    for (server, response) in servers.iter_mut().zip(responses) {
        server.handle_private_key(response, now);
        answers.push(server.poll_transmit().unwrap());
    }
    let answered = cpu_time();

    let mut proofs = Vec::new();
    for ((client, announcement), answer) in clients.iter_mut().zip(announcements).zip(answers) {
        client.handle_bytes(&announcement, now);
        client.handle_bytes(&answer, now);
        drain(client, &keys.client_key);
        proofs.push(client.poll_transmit().unwrap());
    }

    let resumed = cpu_time();
    for (server, proof) in servers.iter_mut().zip(&proofs) {
        server.handle_bytes(proof, now);
        let established = matches!(server.poll_event(), Some(Event::Established { .. }));
        assert!(established && server.is_established());
    }
    let done = cpu_time();

    // The sessions work: what was measured are whole handshakes.
    for (mut client, mut server) in clients.into_iter().zip(servers) {
        client.send(b"message", now).unwrap();
        pass(&mut client, &mut server);
        assert!(matches!(server.poll_event(), Some(Event::Message(_))));
    }

    cost.handshakes += SIDE_BY_SIDE;
    cost.hello += hellos_done.saturating_sub(started);
    cost.sign += signed.saturating_sub(hellos_done);
    cost.answer += answered.saturating_sub(signed);
    cost.client += done.saturating_sub(resumed);
}
