//! The parts that the benchmarks share: the processor's clock, OpenSSL's figures from the same
//! minute, an established pair, and the `result:` lines that `cargo xtask bench` collects.
//!
//! Ours and OpenSSL's are measured in turns, and every ratio is the median of the turns' ratios:
//! on a machine that does other things too, both then meet the same noise. `openssl speed` counts
//! the processor time of its own process, so ours is counted in the same way.

#![allow(dead_code, reason = "every benchmark uses a part of it")]

pub(crate) mod chat;
pub(crate) mod dudect;

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use native::random;
use rustix::time::{ClockId, clock_gettime};
use shared::connection::{
    ClientConfig, ClientConnection, Connection, Event, ServerConfig, ServerConnection, Trust,
    Version,
};
use shared::identity::PrivateKey;
use shared::time::Time;

/// Turns of ours and OpenSSL's.
pub(crate) const ROUNDS: usize = 5;

/// Processor time of this thread, in the program and in the system.
pub(crate) fn cpu_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).expect("it counts up from zero")
}

/// Processor time of this thread since `start`.
pub(crate) fn cpu_time_since(start: Duration) -> Duration {
    cpu_time().saturating_sub(start)
}

/// Runs `work` for about `span` of processor time, `repeat` times between two looks at the clock:
/// how long one run took.
pub(crate) fn time_of(span: Duration, repeat: u32, mut work: impl FnMut()) -> Duration {
    // Once before the clock starts: the first run meets cold caches.
    work();
    let start = cpu_time();
    let mut runs = 0;
    loop {
        (0..repeat).for_each(|_| work());
        runs += repeat;
        let spent = cpu_time_since(start);
        if spent >= span {
            return spent / runs;
        }
    }
}

/// Returns how often a second something that takes `time` can be done.
pub(crate) fn rate(time: Duration) -> f64 {
    1.0 / time.as_secs_f64()
}

/// Returns the median of the values.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Prints a line of the summary.
pub(crate) fn report(name: &str, value: &str) {
    println!("result: {name} = {value}");
}

/// Measures OpenSSL's RSA-2048 signatures a second, on one core.
pub(crate) fn openssl_signs() -> f64 {
    // `+F2:index:bits:seconds or rate of sign:…of verify`; OpenSSL 3 prints the rates.
    let printed = openssl(&["-seconds", "1", "rsa2048"], "+F2:");
    let sign: f64 = printed.split(':').nth(3).unwrap().parse().unwrap();
    if sign < 1.0 { 1.0 / sign } else { sign }
}

/// Bytes a second of OpenSSL's ChaCha20-Poly1305 with messages of `size` bytes, one core.
pub(crate) fn openssl_chacha20_poly1305(size: usize, direction: Direction) -> f64 {
    let size = size.to_string();
    let mut args = vec!["-seconds", "1", "-bytes", &size];
    if direction == Direction::Open {
        args.push("-decrypt");
    }
    args.extend(["-evp", "chacha20-poly1305"]);
    let printed = openssl(&args, "+F:");
    printed.rsplit(':').next().unwrap().parse().unwrap()
}

/// The direction in which a record is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Seal,
    Open,
}

/// The line of `openssl speed`'s machine-readable output that starts with `prefix`.
fn openssl(args: &[&str], prefix: &str) -> String {
    let output = Command::new("openssl")
        .args(["speed", "-mr"])
        .args(args)
        .output()
        .expect("`openssl` is installed, as `cargo xtask bench` sees to");
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = printed.lines().find(|line| line.starts_with(prefix));
    line.unwrap_or_else(|| panic!("no {prefix} in {printed}"))
        .to_owned()
}

/// The two keys of a pair, and what the server's connections share.
pub(crate) struct Keys {
    pub(crate) server_key: PrivateKey,
    pub(crate) client_key: PrivateKey,
    pub(crate) config: Arc<ServerConfig>,
}

impl Keys {
    pub(crate) fn generate() -> Self {
        let server_key = PrivateKey::generate(2048, &mut random()).unwrap();
        let client_key = PrivateKey::generate(2048, &mut random()).unwrap();
        let config = Arc::new(ServerConfig::new(server_key.public_key().clone()));
        Self {
            server_key,
            client_key,
            config,
        }
    }

    /// The server's end of a new connection.
    pub(crate) fn server(&self) -> ServerConnection {
        ServerConnection::new(Arc::clone(&self.config), random(), Time::default())
    }

    /// The client's end of a new connection.
    pub(crate) fn client(&self, version: Version) -> ClientConnection {
        let pin = Trust::Pinned(self.server_key.public_key().fingerprint());
        let config = ClientConfig::new(self.client_key.public_key().clone(), version, pin);
        ClientConnection::new(config, random(), Time::default())
    }

    /// Both ends of an established connection.
    pub(crate) fn establish(&self, version: Version) -> (ServerConnection, ClientConnection) {
        self.establish_by(self.client(version))
    }

    /// Both ends of an established connection with this client.
    pub(crate) fn establish_by(
        &self,
        mut client: ClientConnection,
    ) -> (ServerConnection, ClientConnection) {
        let mut server = self.server();
        while !(server.is_established() && client.is_established()) {
            pass(&mut server, &mut client);
            drain(&mut client, &self.client_key);
            pass(&mut client, &mut server);
            drain(&mut server, &self.server_key);
        }
        drain(&mut client, &self.client_key);
        (server, client)
    }
}

/// Hands everything that waits in `from` to `to`.
pub(crate) fn pass<A, B>(from: &mut Connection<A>, to: &mut Connection<B>) {
    while let Some(bytes) = from.poll_transmit() {
        to.handle_bytes(&bytes, Time::default());
    }
}

/// Answers every request of `connection` with `key`, and drops the other events.
pub(crate) fn drain<R>(connection: &mut Connection<R>, key: &PrivateKey) {
    while let Some(event) = connection.poll_event() {
        match event {
            Event::PrivateKey(request) => {
                let response = request.answer(key, &mut random());
                connection.handle_private_key(response, Time::default());
            }
            Event::Closed(reason) => panic!("{reason}"),
            _ => {}
        }
    }
}
