//! A histogram without a lock, for what happens with every message.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use prometheus_client::encoding::{EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;

/// Upper bounds of the buckets in microseconds, each the double of the one before it or two and a
/// half times as much: from a broadcast in memory (0.1 ms) to the second after which `/healthz` gives
/// up on the store, and ten of them.
const BOUNDS_MICROS: [u64; 16] = [
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000,
    1_000_000, 2_500_000, 5_000_000, 10_000_000,
];

/// The number of buckets, with the last one, which has no bound.
const BUCKETS: usize = BOUNDS_MICROS.len() + 1;

/// Durations, counted in buckets. Clones share the counts.
///
/// The library's own histogram takes a lock for each observation; this one adds to two numbers, and
/// a scrape between the two sees a sum that is one observation behind.
#[derive(Debug, Clone, Default)]
pub struct Durations(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    buckets: [AtomicU64; BUCKETS],
    sum_micros: AtomicU64,
}

impl Durations {
    /// Counts a duration.
    pub fn observe(&self, duration: Duration) {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        // The bounds are inclusive, as those of OpenMetrics are.
        let bucket = BOUNDS_MICROS.partition_point(|bound| *bound < micros);
        if let Some(count) = self.0.buckets.get(bucket) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.0.sum_micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// Returns the number of observations.
    pub fn count(&self) -> u64 {
        let buckets = self.0.buckets.iter();
        buckets.map(|count| count.load(Ordering::Relaxed)).sum()
    }
}

impl EncodeMetric for Durations {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> std::fmt::Result {
        let counts = self.0.buckets.each_ref();
        let counts = counts.map(|count| count.load(Ordering::Relaxed));
        let bounds = BOUNDS_MICROS
            .map(seconds)
            .into_iter()
            .chain([f64::INFINITY]);
        let buckets: Vec<_> = bounds.zip(counts).collect();
        let sum = seconds(self.0.sum_micros.load(Ordering::Relaxed));
        // Summed from the same reads: a count that is not that of the last bucket is no histogram.
        let count = counts.iter().sum();
        encoder.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}

fn seconds(micros: u64) -> f64 {
    Duration::from_micros(micros).as_secs_f64()
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text;
    use prometheus_client::registry::Registry;

    use super::*;

    fn encoded(durations: &Durations) -> String {
        let mut registry = Registry::default();
        registry.register("wait", "Waits", durations.clone());
        let mut text = String::new();
        text::encode(&mut text, &registry).unwrap();
        text
    }

    #[test]
    fn each_duration_is_in_the_first_bucket_that_has_room_for_it() {
        let durations = Durations::default();
        for micros in [0, 100, 101, 2_500, 10_000_001] {
            durations.observe(Duration::from_micros(micros));
        }
        let text = encoded(&durations);
        for line in [
            "wait_bucket{le=\"0.0001\"} 2",
            "wait_bucket{le=\"0.00025\"} 3",
            "wait_bucket{le=\"0.001\"} 3",
            "wait_bucket{le=\"0.0025\"} 4",
            "wait_bucket{le=\"10.0\"} 4",
            "wait_bucket{le=\"+Inf\"} 5",
            "wait_count 5",
        ] {
            assert!(text.lines().any(|it| it == line), "{line} in\n{text}");
        }
        assert_eq!(durations.count(), 5);
    }

    // The fault: the longest wait of all, which is what one looks for, is not counted or panics.
    #[test]
    fn a_duration_without_end_is_counted() {
        let durations = Durations::default();
        durations.observe(Duration::MAX);
        assert!(encoded(&durations).contains("wait_bucket{le=\"+Inf\"} 1\n"));
    }
}
