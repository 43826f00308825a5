//! Other settings without a restart: on SIGHUP the file of the settings and the certificate are read
//! again.
//!
//! All settings of a file are taken, or none: one that is wrong leaves those in use as they are, with
//! one line in the log. Settings that need a restart stay, and are named.

use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::Signal;
use tokio::sync::{mpsc, oneshot};
use tokio::task::spawn_blocking;

use crate::config::{self, Changes, Config, ConfigError, Loaded, Values};
use crate::context::Context;
use crate::links;
use crate::listen::Endpoint;
use crate::logging::Threshold;
use crate::service_manager;
use crate::tls::{self, Tls};

/// Time between two reloads: each reads files and writes lines. Signals that come meanwhile count as
/// one.
pub const PAUSE: Duration = Duration::from_millis(200);

/// The task that applies other settings on SIGHUP, with the parts of the server that it changes.
#[derive(Debug)]
pub struct Reloader {
    /// The context of all connections.
    pub context: Arc<Context>,
    /// The level of the log.
    pub threshold: Threshold,
    /// The settings in use.
    pub running: Values,
    /// The addresses of the HTTP listeners, of which the settings may not name all.
    pub http: Vec<Endpoint>,
    /// The certificate, if there is one.
    pub certificate: Option<Watched>,
}

/// A certificate whose files are watched.
#[derive(Debug)]
pub struct Watched {
    /// The server's TLS.
    pub tls: Arc<Tls>,
    /// Takes requests to load the certificate at once.
    pub requests: mpsc::Sender<tls::Request>,
    /// The hosts that a certificate of the server's own is for beside the public ones.
    pub own_hosts: Vec<String>,
}

impl Reloader {
    /// Loads everything again for each signal, until the server stops.
    pub async fn run(mut self, mut hang_up: Signal) {
        let stop = self.context.stop.clone();
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                signal = hang_up.recv() => if signal.is_none() { return },
            }
            tell(service_manager::tell_reloading).await;
            self.reload().await;
            tell(service_manager::tell_ready).await;
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }

    async fn reload(&mut self) {
        // A file can be on a network that hangs.
        let Ok(loaded) = spawn_blocking(config::load).await else {
            // A panic is logged already.
            return;
        };
        match loaded {
            Ok(loaded) => self.take(loaded).await,
            Err(error) => log_refusal(&error),
        }
        if let Some(watched) = &self.certificate {
            let (request, done) = oneshot::channel();
            if watched.requests.send(request).await.is_ok() {
                // It is gone when the server stops.
                let _ = done.await;
            }
        }
    }

    async fn take(&mut self, loaded: Loaded) {
        let Loaded { mut config, values } = loaded;
        let changes = self.running.changes(&values);
        let former = self.context.config();
        if let Err(error) = config
            .keep_fixed(&former)
            .and_then(|()| self.check_listeners(&config))
        {
            return log_refusal(&error);
        }
        if !changes.at_once.is_empty() {
            if let Err(error) = self.context.reconfigure(config).await {
                return tracing::error!("the settings in use go on: {error}");
            }
            self.running.take(values);
            self.follow();
        }
        log_changes(&changes, self.certificate.is_some());
    }

    /// Refuses settings that would leave a listener of the service manager open without TLS.
    fn check_listeners(&self, config: &Config) -> Result<(), ConfigError> {
        let mut listeners = self.http.iter();
        listeners.try_for_each(|http| config.network.check_plain_http(http))
    }

    /// Applies the settings that are not read from the context: certificate names and log level.
    fn follow(&self) {
        let config = self.context.config();
        if let Some(watched) = &self.certificate {
            watched
                .tls
                .set_names(certificate_names(&config, &watched.own_hosts));
        }
        warn_of(&self.context);
        self.threshold.set(config.log_level.into());
    }
}

/// Returns the names that the certificate must be for: one from files for the public hosts, one of the
/// server's own also for those by which the server is reached without.
pub fn certificate_names(config: &Config, own_hosts: &[String]) -> Vec<String> {
    match config.network.tls {
        Some(config::TlsSettings::SelfSigned) => {
            links::with_public_hosts(&config.network.public_url, own_hosts)
        }
        _ => config.network.https_hosts(),
    }
}

/// Warns of settings that have a price.
pub fn warn_of(context: &Context) {
    let config = context.config();
    if config.log_plaintext {
        tracing::warn!("--log-plaintext: every decrypted line is written to this log");
    }
    let shares = context.shares();
    if shares.sessions < config.max_connections {
        tracing::warn!(
            max_connections = config.max_connections,
            sessions = shares.sessions,
            http = shares.http,
            "the system's limit of open files allows fewer connections; see `ulimit -n`"
        );
    }
}

fn log_refusal(error: &ConfigError) {
    tracing::error!("the settings in use go on: {}", error.line());
}

fn log_changes(changes: &Changes, has_certificate: bool) {
    if !changes.after_restart.is_empty() {
        let names = changes.after_restart.join(", ");
        tracing::warn!("these settings have changed and need a restart: {names}");
    }
    if !changes.at_once.is_empty() {
        tracing::info!("loaded these settings: {}", changes.at_once.join(", "));
    } else if changes.after_restart.is_empty() && !has_certificate {
        tracing::info!("told to reload: there is nothing to reload");
    }
}

/// Tells the service manager something on a thread that may wait.
async fn tell(what: fn()) {
    // A panic is logged already.
    let _ = spawn_blocking(what).await;
}
