//! Deliveries in a second of the server's processor: rooms of 10, 100 and 1,000 members, texts of
//! 200 bytes, 64 under way, v2 over TCP; once with everything kept and once with nothing. Beside it
//! stands the share of that time which goes into counting.
//!
//! The server runs in this process, which does nothing else meanwhile. The load is the real
//! `secure-chat bench` in another process, so that the figures of this one are the server's alone.

#![allow(clippy::unwrap_used, missing_docs)]

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use secure_chat_server::config::Config;
use secure_chat_server::hub::Hub;
use secure_chat_server::listen::Listeners;
use secure_chat_server::metrics::Metrics;
use secure_chat_server::rates::PerMinute;
use secure_chat_server::store::SqliteStore;
use secure_chat_server::{Context, hub_settings, run};
use shared::identity::PrivateKey;
use tokio::net::TcpListener;

/// The members of the room, and the messages: about a second each.
const ROOMS: [(u32, u32); 3] = [(10, 20_000), (100, 10_000), (1000, 1_500)];

/// The messages that are counted to learn what counting costs.
const COUNTED: u32 = 1_000_000;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let address = start(&runtime, folder.path());
    for (members, messages) in ROOMS {
        for keep in ["forever", "nothing"] {
            let measured = load(address, members, messages, keep);
            let of = |name: &str| measured[name].as_f64().unwrap_or_default();
            let delay = |part: &str| measured["delivery_ms"][part].as_f64().unwrap_or_default();
            println!(
                "result: fan-out to {members}, keeping {keep} = {:.0} k deliveries a second of the \
                 server's processor; delivery p50 {:.2} ms, p99 {:.2} ms",
                of("deliveries_per_cpu_second") / 1000.0,
                delay("p50"),
                delay("p99"),
            );
            let message = f64::from(members) / of("deliveries_per_cpu_second");
            let counting = counting(keep);
            let share = 100.0 * counting.as_secs_f64() / message;
            println!(
                "result: metrics of fan-out to {members}, keeping {keep} = {share:.2} % of the \
                 processor ({} ns of {:.1} us a message)",
                counting.as_nanos(),
                message * 1e6,
            );
        }
    }
}

/// Returns the time of everything that is counted for one message: of the room's part, and of the
/// store's as if each message had a commit of its own. No two threads of a server count the same thing,
/// so that nothing here waits for another one.
fn counting(keep: &str) -> Duration {
    let metrics = Metrics::default();
    let began = cpu_time();
    for _ in 0..COUNTED {
        let asked = Instant::now();
        if keep == "nothing" {
            metrics.unstored_entries.inc();
        } else {
            let committed = Instant::now();
            metrics.commit.observe(committed.elapsed());
            metrics.published.inc_by(1);
            metrics.applied.inc();
            metrics.stored_entries.inc();
        }
        metrics.deliveries.inc_by(10);
        metrics.ack.observe(asked.elapsed());
    }
    cpu_time().saturating_sub(began) / COUNTED
}

/// Returns the processor time of this thread.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap()
}

/// Starts a server with a database and without limits on rates.
fn start(runtime: &tokio::runtime::Runtime, folder: &Path) -> SocketAddr {
    let key = PrivateKey::generate(2048, &mut native::random()).unwrap();
    let config = Config {
        max_connections: 2000,
        max_connections_per_address: 2000,
        rates: PerMinute::UNLIMITED,
        ..Config::default()
    };
    let settings = hub_settings(&config, None);
    let store = SqliteStore::open(&folder.join("chat.db")).unwrap();
    runtime.block_on(async {
        let hub = Hub::open(Arc::new(store), settings);
        let context = Arc::new(Context::new(config, key, hub.await.unwrap()));
        let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let http = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = tcp.local_addr().unwrap();
        tokio::spawn(run(Listeners::new(tcp, http), context));
        address
    })
}

fn load(address: SocketAddr, members: u32, messages: u32, keep: &str) -> serde_json::Value {
    let output = Command::new(env!("CARGO_BIN_EXE_secure-chat"))
        .args(["bench", &address.to_string()])
        .args(["--json", "--log-level", "error"])
        .args(["--clients", &members.to_string()])
        .args(["--messages", &messages.to_string()])
        .args(["--keep", keep])
        .args(["--server-pid", &std::process::id().to_string()])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}
