//! Scrapes `/metrics`, and reads single series.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::eventually;
use super::websocket::{Response, ask};

/// Scrapes as Prometheus does.
pub(crate) fn scrape(ops: SocketAddr) -> Response {
    let accept = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5";
    ask(
        ops,
        &format!("GET /metrics HTTP/1.1\nHost: {ops}\nAccept: {accept}"),
    )
}

/// Returns every sample, by its name and labels as they are written.
pub(crate) fn samples(ops: SocketAddr) -> BTreeMap<String, f64> {
    let response = scrape(ops);
    assert_eq!(response.status, 200, "{response:?}");
    let samples = response.body.lines().filter(|line| !line.starts_with('#'));
    let samples = samples.map(|line| {
        let (series, value) = line.rsplit_once(' ').unwrap();
        (series.to_owned(), value.parse().unwrap())
    });
    samples.collect()
}

/// Returns one sample; nothing counts as 0.
pub(crate) fn sample(ops: SocketAddr, series: &str) -> f64 {
    let name = format!("secure_chat_{series}");
    samples(ops).get(&name).copied().unwrap_or(0.0)
}

/// Waits until a sample has this value.
pub(crate) fn wait_for(ops: SocketAddr, series: &str, value: f64) {
    wait_until(ops, series, |found| (found - value).abs() < f64::EPSILON);
}

/// Waits until a sample has a value for which `is_it` holds.
pub(crate) fn wait_until(ops: SocketAddr, series: &str, is_it: impl Fn(f64) -> bool) {
    let mut last = 0.0;
    eventually(&format!("a change of {series}"), || {
        last = sample(ops, series);
        is_it(last).then_some(())
    });
}
