//! Secure Chat's server: listeners for TCP and HTTP that meet in one handler over any byte stream.
//!
//! [`run`] takes bound listeners and a stop signal, so that tests drive the same server as `main`.

pub mod acme;
pub mod admission;
pub mod backup;
pub mod checkup;
pub mod client_address;
pub mod clients;
pub mod config;
pub mod connection;
pub mod context;
pub mod current;
pub mod data_folder;
pub mod gateway;
pub mod health_probe;
pub mod hub;
pub mod keystore;
pub mod links;
pub mod listen;
pub mod listener;
pub mod logging;
pub mod manual;
pub mod metrics;
pub mod open_files;
pub mod operators;
pub mod ops;
pub mod proxy;
pub mod public_url;
pub mod rates;
pub mod refusal;
pub mod reload;
pub mod rewound;
pub mod rsa_pool;
pub mod service_manager;
pub mod store;
pub mod system;
pub mod takeover;
pub mod telemetry;
pub mod tls;
pub mod transfer;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

pub use context::{Context, hub_settings};
use listen::Listeners;
use ops::Scrapes;

/// Time that a graceful stop may take before the remaining connections are cut off.
pub const DRAIN_TIMEOUT: Duration = Duration::from_secs(8);

/// Serves until `context.stop` is cancelled, then drains: every client is told, and what it was
/// sent is written, for at most [`DRAIN_TIMEOUT`].
pub async fn run(listeners: Listeners, context: Arc<Context>) {
    let publisher = tokio::spawn({
        let context = Arc::clone(&context);
        async move { context.hub.run().await }
    });
    let scrapes = Arc::new(Scrapes::new(listeners.tls.clone()));
    let accept_ops = |listener| {
        let scrapes = Arc::clone(&scrapes);
        tokio::spawn(ops::accept(listener, scrapes, Arc::clone(&context)))
    };
    let watched: Vec<_> = listeners.ops.into_iter().map(accept_ops).collect();
    let accept_tcp = |listener| listener::accept_tcp(listener, Arc::clone(&context));
    let accept_http = |listener| {
        let tls = listeners.tls.clone();
        gateway::accept_http(listener, tls, Arc::clone(&context))
    };
    let tcp = join_all(listeners.tcp.into_iter().map(accept_tcp));
    let http = join_all(listeners.http.into_iter().map(accept_http));
    tokio::join!(tcp, http);
    // Nobody is announced from here on: that everybody leaves would cost the square of their
    // number.
    context.hub.close();
    // The wait below ends only for a tracker that is closed.
    context.tasks.close();
    if tokio::time::timeout(DRAIN_TIMEOUT, context.tasks.wait())
        .await
        .is_err()
    {
        tracing::warn!(
            left = context.tasks.len(),
            "some connections did not end in time"
        );
    }
    // Last: connections that drain wait for what the hub applies.
    publisher.abort();
    // Later still: who watches sees that the server stops.
    for task in watched {
        task.abort();
    }
}
