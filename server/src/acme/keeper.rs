//! Keeps the certificate: gets the first one, and another before it ends.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::client::DirectoryClient;
use super::error::AcmeError;
use super::journal::{self, Journal};
use super::order::{Issued, order};
use super::stored::{self, on_thread};
use super::{account, certificate_path};
use crate::config::AcmeSettings;
use crate::system;
use crate::telemetry;
use crate::tls::{Certificate, Moment, Request, Tls};

/// The time limit of an attempt.
const ATTEMPT_TIMEOUT: Duration = Duration::from_mins(10);

/// The longest time between two looks at the clock, which can be set, or go on while the machine
/// sleeps.
const LOOK_INTERVAL: Duration = Duration::from_mins(1);

/// The most characters of an error in the log: the directory's reasons are its texts.
const ERROR_CHARS: usize = 400;

/// The type of the error of a directory that does not know the account (RFC 8555 §6.7).
const NO_ACCOUNT: &str = "urn:ietf:params:acme:error:accountDoesNotExist";

/// Gets certificates and renews them until the server stops; at once for one of `requests`, which are
/// answered before that, if one is missing. A failure changes nothing, and causes one line.
pub async fn keep(
    data: PathBuf,
    settings: AcmeSettings,
    tls: Arc<Tls>,
    mut requests: mpsc::Receiver<Request>,
    stop: CancellationToken,
) {
    let mut keeper = Keeper::new(data, settings, tls).await;
    let working = keeper.work(&mut requests);
    tokio::select! {
        () = stop.cancelled() => {}
        () = working => {}
    }
}

struct Keeper {
    data: PathBuf,
    settings: AcmeSettings,
    names: Vec<String>,
    tls: Arc<Tls>,
    journal: Journal,
    /// From 0 to 1, drawn once for each certificate: renewals of many servers are spread.
    spread: f64,
}

impl Keeper {
    async fn new(data: PathBuf, settings: AcmeSettings, tls: Arc<Tls>) -> Self {
        let path = Arc::new(data.clone());
        let journal = on_thread(&path, Journal::read).await;
        let mut journal = journal.unwrap_or_else(|error| {
            // It has nothing that would be missed, and is written anew.
            tracing::warn!("attempts to get a certificate are counted anew: {error}");
            Journal::default()
        });
        let names = settings.names();
        journal.set_purpose(&settings.directory, &names);
        Self {
            data,
            names,
            settings,
            tls,
            journal,
            spread: fraction(),
        }
    }

    async fn work(&mut self, requests: &mut mpsc::Receiver<Request>) {
        self.tell_of_failure();
        let mut is_asked = false;
        loop {
            let now = SystemTime::now();
            let due = self.due(now);
            let at = due.max(self.journal.earliest(now, is_asked));
            if at <= now {
                self.attempt().await;
                is_asked = false;
                continue;
            }
            if is_asked {
                let (due, next) = (Moment(due), Moment(at));
                tracing::info!(%due, %next, "told to reload: the certificate is not renewed now");
                is_asked = false;
            }
            let wait = at.duration_since(now).unwrap_or_default();
            tokio::select! {
                Some(request) = requests.recv() => {
                    is_asked = true;
                    // Whoever has asked may have gone, and waits for no directory.
                    let _ = request.send(());
                }
                () = tokio::time::sleep(wait.min(LOOK_INTERVAL)) => {}
            }
        }
    }

    /// Says after a start why a certificate that is wanted is not asked for at once.
    fn tell_of_failure(&self) {
        let now = SystemTime::now();
        let next = self.journal.earliest(now, false);
        if let Some(error) = self.journal.error()
            && self.due(now) <= now
            && next > now
        {
            let next = Moment(next);
            tracing::warn!(%next, "the last attempt to get a certificate has failed: {error}");
        }
    }

    /// Returns the time from which on another certificate is wanted.
    fn due(&self, now: SystemTime) -> SystemTime {
        match self.tls.certificate() {
            Some(certificate) if certificate.covers(&self.names) && !self.journal.is_moved() => {
                renewal(&certificate, self.spread)
            }
            _ => now,
        }
    }

    async fn attempt(&mut self) {
        let span = telemetry::acme_attempt();
        let result = self.try_attempt().await;
        span.finish(result.is_ok());
        let (error, not_before) = match result {
            Ok(certificate) => {
                self.spread = fraction();
                self.journal.succeeded();
                let next = Moment(renewal(&certificate, self.spread));
                let until = Moment(certificate.not_after);
                tracing::info!(
                    names = self.names.join(" "), %until, renewal = %next,
                    fingerprint = %certificate.fingerprint,
                    "got a TLS certificate from the ACME directory"
                );
                if let Err(error) = self.store_journal().await {
                    tracing::warn!("attempts to get a certificate are not counted: {error}");
                }
                return;
            }
            Err(failed) => failed,
        };
        let error = shown(&error);
        let now = SystemTime::now();
        self.journal.failed(now, &error, not_before, fraction());
        // A failure that is not stored was stored as an attempt already, or is this very error.
        let _ = self.store_journal().await;
        let next = Moment(self.journal.earliest(now, false));
        let (names, directory) = (self.names.join(" "), &self.settings.directory);
        if let Some(current) = self.tls.certificate() {
            let until = Moment(current.not_after);
            tracing::error!(
                names, directory, %until, %next,
                "no new certificate, and the one in use goes on: {error}"
            );
        } else {
            tracing::error!(
                names, directory, %next,
                "no certificate, and clients are refused until there is one: {error}"
            );
        }
    }

    /// Gets a certificate and uses it. With an error comes the time before which the directory does
    /// not want to be asked again.
    async fn try_attempt(&mut self) -> Result<Certificate, (AcmeError, Option<SystemTime>)> {
        self.journal.begin(SystemTime::now());
        // First of all: what cannot be counted is not asked, and a folder that cannot be written
        // would not keep the certificate.
        self.store_journal().await.map_err(|error| (error, None))?;
        let ca = Arc::new(self.settings.ca.clone().unwrap_or_default());
        let client = on_thread(&ca, |ca| {
            let ca = Some(ca).filter(|ca| !ca.as_os_str().is_empty());
            DirectoryClient::new(ca)
        });
        let client = client.await.map_err(|error| (error, None))?;
        let issuing = tokio::time::timeout(ATTEMPT_TIMEOUT, self.issue(&client));
        let issued = issuing
            .await
            .unwrap_or(Err(AcmeError::Slow(ATTEMPT_TIMEOUT)));
        let used = match issued {
            Ok(issued) => self.install(issued).await,
            Err(error) => Err(error),
        };
        used.map_err(|error| (error, client.not_before()))
    }

    async fn issue(&self, client: &DirectoryClient) -> Result<Issued, AcmeError> {
        let (data, settings): (&Path, _) = (&self.data, &self.settings);
        let account = account::open(data, settings, client, false).await?;
        match order(&account, &self.names, &self.tls).await {
            Err(AcmeError::Directory(instant_acme::Error::Api(problem)))
                if problem.r#type.as_deref() == Some(NO_ACCOUNT) =>
            {
                tracing::warn!("the ACME directory does not know the account any more");
                let account = account::open(data, settings, client, true).await?;
                order(&account, &self.names, &self.tls).await
            }
            ordered => ordered,
        }
    }

    /// Stores a certificate and uses it from now on.
    async fn install(&self, issued: Issued) -> Result<Certificate, AcmeError> {
        let path = Arc::new(certificate_path(&self.data));
        let (tls, names) = (Arc::clone(&self.tls), self.names.clone());
        on_thread(&path, move |path| {
            let Issued { chain, key } = issued;
            // Checked before it replaces one that works.
            Certificate::check(path, &chain, &key, &names).map_err(AcmeError::Certificate)?;
            stored::write_text(path, &(chain + "\n" + &key))?;
            tls.reload().map_err(AcmeError::Certificate)
        })
        .await
    }

    async fn store_journal(&self) -> Result<(), AcmeError> {
        let path = Arc::new(journal::path(&self.data));
        let journal = self.journal.clone();
        on_thread(&path, move |path| stored::write(path, &journal)).await
    }
}

/// Returns the time at which a certificate is renewed: when two thirds of its life are over, and up to
/// a thirtieth later. A third is left for a directory that does not answer.
fn renewal(certificate: &Certificate, spread: f64) -> SystemTime {
    let (from, until) = (certificate.not_before, certificate.not_after);
    let life = until.duration_since(from).unwrap_or_default();
    let age = life.mul_f64(2.0 / 3.0 + spread / 30.0);
    from + Duration::from_secs(age.as_secs())
}

/// Returns a number from 0 to 1 that differs between servers.
fn fraction() -> f64 {
    // Without randomness nothing is spread, which harms nobody here.
    let bytes = system::random_bytes().unwrap_or_default();
    f64::from(u16::from_le_bytes([bytes[0], bytes[1]])) / f64::from(u16::MAX)
}

/// Returns the text of an error for the log: a part of it is the directory's, which is a stranger's.
fn shown(error: &AcmeError) -> String {
    let text = error.to_string();
    let escaped = text.chars().flat_map(|c| {
        let is_plain = c == '\'' || c == '"';
        let plain = is_plain.then_some(c);
        plain
            .into_iter()
            .chain(c.escape_debug().filter(move |_| !is_plain))
    });
    escaped.take(ERROR_CHARS).collect()
}
