//! The measurements of a run, for people and as JSON.

use std::fmt;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde_json::{Value, json};

/// The times from sending to an answer.
#[derive(Debug, Clone)]
pub(crate) struct Delays(Histogram<u64>);

impl Default for Delays {
    fn default() -> Self {
        // Three digits are a tenth of a percent. They are always allowed, and `auto` grows.
        let mut histogram = Histogram::new(3).unwrap_or_else(|_| unreachable!("3 digits"));
        histogram.auto(true);
        Self(histogram)
    }
}

impl Delays {
    /// Records one time, in microseconds.
    pub(super) fn record(&mut self, micros: u64) {
        // Recording fails only where the histogram cannot grow any more, after centuries.
        if self.0.record(micros).is_err() {
            self.0.saturating_record(micros);
        }
    }

    fn at(&self, quantile: f64) -> f64 {
        milliseconds(self.0.value_at_quantile(quantile))
    }

    fn json(&self) -> Value {
        json!({"p50": self.at(0.5), "p99": self.at(0.99), "max": milliseconds(self.0.max())})
    }
}

#[allow(clippy::cast_precision_loss)]
fn milliseconds(micros: u64) -> f64 {
    micros as f64 / 1000.0
}

impl fmt::Display for Delays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let max = milliseconds(self.0.max());
        write!(
            f,
            "p50 {:.2} ms, p99 {:.2} ms, max {max:.2} ms",
            self.at(0.5),
            self.at(0.99)
        )
    }
}

/// The time and resources until every client was in its room.
#[derive(Debug)]
pub(crate) struct Setup {
    pub(super) clients: usize,
    /// The time for all connections with their handshakes, one after the other.
    pub(super) connecting: Duration,
    pub(super) entering: Duration,
    /// The processor seconds of the server.
    pub(super) connect_cpu: Option<f64>,
    pub(super) enter_cpu: Option<f64>,
    /// The growth of the server's resident memory.
    pub(super) idle_bytes: Option<u64>,
}

/// The measurements of a run.
#[derive(Debug)]
pub(crate) struct Report {
    pub(super) setup: Setup,
    pub(super) sent: u64,
    pub(super) acked: u64,
    pub(super) refused: u64,
    pub(super) delivered: u64,
    pub(super) expected: u64,
    pub(super) took: Duration,
    /// The processor seconds of the server while messages were sent.
    pub(super) cpu: Option<f64>,
    pub(super) ack: Delays,
    pub(super) delivery: Delays,
}

#[allow(clippy::cast_precision_loss)]
fn per(count: u64, of: f64) -> f64 {
    count as f64 / of
}

impl Report {
    /// Returns the report as one JSON object; times in milliseconds, rates a second.
    pub(crate) fn json(&self) -> Value {
        let seconds = self.took.as_secs_f64();
        let setup = &self.setup;
        let clients = setup.clients as u64;
        let each = |total: f64| total * 1000.0 / per(clients, 1.0);
        json!({
            "clients": clients,
            "connect_ms": each(setup.connecting.as_secs_f64()),
            "connect_cpu_ms": setup.connect_cpu.map(each),
            "enter_ms": each(setup.entering.as_secs_f64()),
            "enter_cpu_ms": setup.enter_cpu.map(each),
            "idle_bytes_per_connection": setup.idle_bytes.map(|bytes| bytes / clients.max(1)),
            "sent": self.sent,
            "acked": self.acked,
            "refused": self.refused,
            "delivered": self.delivered,
            "expected": self.expected,
            "seconds": seconds,
            "sends_per_second": per(self.acked, seconds),
            "deliveries_per_second": per(self.delivered, seconds),
            "deliveries_per_cpu_second": self.cpu.map(|cpu| per(self.delivered, cpu)),
            "ack_ms": self.ack.json(),
            "delivery_ms": self.delivery.json(),
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let json = self.json();
        let number = |name: &str| json[name].as_f64();
        let shown = |name: &str| number(name).unwrap_or_default();
        let cpu = |name: &str| {
            number(name).map_or_else(String::new, |ms| {
                format!(", {ms:.2} ms of the server's processor")
            })
        };
        writeln!(
            f,
            "{} clients: connected in {:.2} ms each{}; in their room in {:.2} ms each{}",
            self.setup.clients,
            shown("connect_ms"),
            cpu("connect_cpu_ms"),
            shown("enter_ms"),
            cpu("enter_cpu_ms"),
        )?;
        if let Some(bytes) = number("idle_bytes_per_connection") {
            writeln!(
                f,
                "idle: {:.1} KiB of the server's memory a connection",
                bytes / 1024.0
            )?;
        }
        if self.sent == 0 {
            return Ok(());
        }
        writeln!(
            f,
            "{} sent, {} acked, {} refused; {} of {} delivered in {:.2} s",
            self.sent,
            self.acked,
            self.refused,
            self.delivered,
            self.expected,
            shown("seconds"),
        )?;
        write!(
            f,
            "{:.0} sends/s, {:.0} deliveries/s",
            shown("sends_per_second"),
            shown("deliveries_per_second"),
        )?;
        if let Some(rate) = number("deliveries_per_cpu_second") {
            write!(
                f,
                ", {rate:.0} deliveries a second of the server's processor"
            )?;
        }
        writeln!(f, "\nack: {}\ndelivery: {}", self.ack, self.delivery)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_and_programs_get_the_same_numbers() {
        let mut delays = Delays::default();
        for micros in 1..=1000 {
            delays.record(micros * 1000);
        }
        let report = Report {
            setup: Setup {
                clients: 10,
                connecting: Duration::from_millis(50),
                entering: Duration::from_millis(20),
                connect_cpu: Some(0.01),
                enter_cpu: None,
                idle_bytes: Some(20_480),
            },
            sent: 100,
            acked: 100,
            refused: 0,
            delivered: 1000,
            expected: 1000,
            took: Duration::from_secs(2),
            cpu: Some(0.5),
            ack: Delays::default(),
            delivery: delays,
        };
        let json = report.json();
        assert_eq!(json["deliveries_per_cpu_second"], 2000.0);
        assert_eq!(json["connect_cpu_ms"], 1.0);
        assert_eq!(json["enter_cpu_ms"], Value::Null);
        assert_eq!(json["idle_bytes_per_connection"], 2048);
        let p50 = json["delivery_ms"]["p50"].as_f64().unwrap();
        assert!((495.0..=505.0).contains(&p50), "{p50}");
        let text = report.to_string();
        for part in [
            "10 clients",
            "2.0 KiB",
            "500 deliveries/s, 2000 deliveries a second",
            "p99 9",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }
}
