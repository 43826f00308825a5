//! The metrics of a running server, which `ops/` serves at `/metrics`.
//!
//! Counting takes no lock and waits for nothing: a metric is a number that is added to, mostly once
//! for a batch. No label names a person, a key, an address or a room: whoever reads the metrics learns
//! how much is written, not by whom. So the number of series is known beforehand, and nobody can
//! make it grow.

mod connections;
mod histogram;

use std::fmt;
use std::time::SystemTime;

use prometheus_client::encoding::{prometheus_text, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

pub(crate) use connections::handshake_result;
pub use connections::{Connections, Open};
pub use histogram::Durations;

/// The prefix of every series' name.
const PREFIX: &str = "secure_chat";

/// Labels of one series: names and values, both from lists in this program.
type Labels<const N: usize> = [(&'static str, &'static str); N];

/// The metrics of a server.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// Connections and handshakes.
    pub connections: Connections,
    /// Entries of rooms that keep them.
    pub stored_entries: Counter,
    /// Entries of unstored rooms.
    pub unstored_entries: Counter,
    /// Entries that were put into a subscriber's queue.
    pub deliveries: Counter,
    /// Connections that were evicted because they do not read.
    pub slow_consumers: Counter,
    /// Time from the queueing of an entry to its acknowledgement.
    pub ack: Durations,
    /// Time of the commits.
    pub commit: Durations,
    /// Groups of requests of which nothing could be stored.
    pub store_failures: Counter,
    /// Outcomes that the store has handed to the hub.
    pub published: Counter,
    /// Outcomes of the store that the hub has applied.
    pub applied: Counter,
    at_scrape: AtScrape,
}

/// Gauges that are set at each scrape.
#[derive(Debug, Clone, Default)]
struct AtScrape {
    log_lag: Gauge,
    queue_bytes: Gauge,
    longest_queue_bytes: Gauge,
    healthy: Gauge,
    certificate_expiry: Family<Labels<0>, Gauge>,
}

/// The values of the gauges that are set at each scrape.
#[derive(Debug, Clone, Copy)]
pub struct Looked {
    /// Bytes that wait in all queues, and in the longest one.
    pub queue_bytes: (usize, usize),
    /// The hub and the store answer.
    pub is_healthy: bool,
    /// The end of the TLS certificate's life, if the server has one.
    pub certificate_expiry: Option<SystemTime>,
}

/// The forms of the metrics as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `OpenMetrics` 1.0, which Prometheus asks for.
    OpenMetrics,
    /// The Prometheus text format 0.0.4, for all others.
    Prometheus,
}

impl Form {
    /// Returns the form for a request that accepts this.
    pub fn accepted_by(accept: Option<&str>) -> Self {
        if accept.is_some_and(|accept| accept.contains("application/openmetrics-text")) {
            Self::OpenMetrics
        } else {
            Self::Prometheus
        }
    }

    /// Returns the media type.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Prometheus => prometheus_text::CONTENT_TYPE,
        }
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new(SystemTime::now())
    }
}

impl Metrics {
    /// Creates the metrics of a server that has started at `started`.
    pub fn new(started: SystemTime) -> Self {
        let mut registry = Registry::with_prefix(PREFIX);
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The version of the server", build);
        let start: Gauge = Gauge::default();
        start.set(unix_seconds(started));
        registry.register(
            "start_time_seconds",
            "The time at which the server has started, since the Unix epoch",
            start,
        );
        let connections = Connections::register(&mut registry);
        let entries = Family::<Labels<1>, Counter>::default();
        registry.register(
            "entries_appended",
            "Entries appended to rooms: messages, edits, deletions and reactions",
            entries.clone(),
        );
        let counter = |registry: &mut Registry, name: &str, help: &str| {
            let counter: Counter = Counter::default();
            registry.register(name, help, counter.clone());
            counter
        };
        let durations = |registry: &mut Registry, name: &str, help: &str| {
            let durations = Durations::default();
            registry.register_with_unit(name, help, Unit::Seconds, durations.clone());
            durations
        };
        Self {
            connections,
            stored_entries: entries.get_or_create_owned(&[("stored", "yes")]),
            unstored_entries: entries.get_or_create_owned(&[("stored", "no")]),
            deliveries: counter(
                &mut registry,
                "deliveries",
                "Entries put into the queue of a connection that is to get them",
            ),
            slow_consumers: counter(
                &mut registry,
                "slow_consumers",
                "Connections evicted because they do not read what waits for them",
            ),
            ack: durations(
                &mut registry,
                "ack",
                "Time from the queueing of an entry until it is durable, broadcast and acknowledged",
            ),
            commit: durations(
                &mut registry,
                "commit",
                "Time that the store's commits wait for the disk",
            ),
            store_failures: counter(
                &mut registry,
                "store_failures",
                "Groups of requests of which the store could write nothing",
            ),
            // Not registered: only their difference means something to others.
            published: Counter::default(),
            applied: Counter::default(),
            at_scrape: AtScrape::register(&mut registry),
            registry,
        }
    }

    /// Returns the number of outcomes that the store has committed, or refused, and the hub has not
    /// applied yet.
    pub fn log_lag(&self) -> u64 {
        // In this order: what is applied between the two reads would otherwise look like more than
        // was published.
        let applied = self.applied.get();
        self.published.get().saturating_sub(applied)
    }

    /// Returns all metrics in `form`, with those that were just looked up.
    ///
    /// # Errors
    /// None that is known: a text takes everything.
    pub fn text(&self, form: Form, looked: Looked) -> Result<String, fmt::Error> {
        let at_scrape = &self.at_scrape;
        at_scrape.log_lag.set(gauge(self.log_lag()));
        let (all, longest) = looked.queue_bytes;
        at_scrape.queue_bytes.set(gauge(all as u64));
        at_scrape.longest_queue_bytes.set(gauge(longest as u64));
        at_scrape.healthy.set(looked.is_healthy.into());
        if let Some(expiry) = looked.certificate_expiry {
            let gauge = at_scrape.certificate_expiry.get_or_create_owned(&[]);
            gauge.set(unix_seconds(expiry));
        }
        let mut encoded = String::new();
        match form {
            Form::OpenMetrics => text::encode(&mut encoded, &self.registry)?,
            Form::Prometheus => prometheus_text::encode(&mut encoded, &self.registry)?,
        }
        Ok(encoded)
    }
}

impl AtScrape {
    fn register(registry: &mut Registry) -> Self {
        let these = Self::default();
        for (name, help, gauge) in [
            (
                "log_lag",
                "Outcomes that the store has committed and the hub has not broadcast yet",
                &these.log_lag,
            ),
            (
                "queue_bytes",
                "Bytes that wait in the queues of all connections, for their clients to read",
                &these.queue_bytes,
            ),
            (
                "longest_queue_bytes",
                "Bytes that wait in the longest queue of a connection",
                &these.longest_queue_bytes,
            ),
            (
                "healthy",
                "1 if hub and store work, as /readyz asks them, and 0 if not",
                &these.healthy,
            ),
        ] {
            registry.register(name, help, gauge.clone());
        }
        registry.register(
            "certificate_expiry_timestamp_seconds",
            "The end of the TLS certificate's life, since the Unix epoch",
            these.certificate_expiry.clone(),
        );
        these
    }
}

fn gauge(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn unix_seconds(time: SystemTime) -> i64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    gauge(since.map_or(0, |since| since.as_secs()))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const LOOKED: Looked = Looked {
        queue_bytes: (3, 2),
        is_healthy: true,
        certificate_expiry: None,
    };

    #[test]
    fn a_scraper_gets_the_form_that_it_names_and_any_other_program_the_older_one() {
        let prometheus =
            "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5";
        assert_eq!(Form::accepted_by(Some(prometheus)), Form::OpenMetrics);
        for accept in [None, Some("*/*"), Some("text/plain"), Some("")] {
            assert_eq!(Form::accepted_by(accept), Form::Prometheus);
        }
        let metrics = Metrics::default();
        let open = metrics.text(Form::OpenMetrics, LOOKED).unwrap();
        assert!(open.ends_with("# EOF\n"), "{open}");
        let old = metrics.text(Form::Prometheus, LOOKED).unwrap();
        assert!(!old.contains("# EOF"), "{old}");
    }

    #[test]
    fn a_server_without_a_certificate_has_no_date_of_its_end() {
        let metrics = Metrics::default();
        let name = "secure_chat_certificate_expiry_timestamp_seconds";
        let text = metrics.text(Form::Prometheus, LOOKED).unwrap();
        assert!(!text.contains(name), "{text}");
        let certificate_expiry = Some(SystemTime::UNIX_EPOCH + Duration::from_secs(77));
        let looked = Looked {
            certificate_expiry,
            ..LOOKED
        };
        let text = metrics.text(Form::Prometheus, looked).unwrap();
        assert!(text.contains(&format!("\n{name} 77\n")), "{text}");
    }

    // The race: what is applied before it is counted as published would be a lag of 2^64.
    #[test]
    fn a_lag_is_never_less_than_nothing() {
        let metrics = Metrics::default();
        metrics.applied.inc();
        assert_eq!(metrics.log_lag(), 0);
        metrics.published.inc_by(3);
        assert_eq!(metrics.log_lag(), 2);
    }
}
