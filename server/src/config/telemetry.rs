//! The settings of traces: where they go, and how many.

use std::fmt;
use std::str::FromStr;

use hyper::Uri;
use hyper::http::uri::Scheme;
use serde::Deserialize;

use super::ConfigError;
use super::flags::Settings;
use super::network::either;
use crate::gateway::origin::names_loopback;

/// The path of traces below a collector's address (OTLP/HTTP).
#[cfg_attr(
    not(feature = "otel"),
    allow(dead_code, reason = "only traces are sent there")
)]
const TRACES: &str = "/v1/traces";

/// The settings of traces.
#[derive(Debug, Clone, PartialEq)]
pub struct TelemetrySettings {
    /// The collector; without one nothing is recorded.
    pub endpoint: Option<OtlpEndpoint>,
    /// The part of all traces that is recorded, from 0 to 1.
    pub sample: f64,
}

impl Default for TelemetrySettings {
    fn default() -> Self {
        Self {
            endpoint: None,
            // A request has some eight spans. Of a server with 1,000 requests a second that is 80
            // spans, which any collector takes; and 10 traces a second show what is slow.
            sample: 0.01,
        }
    }
}

/// The address of a collector: `http` or `https`, a host, and a path before that of the traces.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct OtlpEndpoint(String);

impl FromStr for OtlpEndpoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let uri: Uri = text.trim().parse().map_err(|_| refusal(text))?;
        let scheme = uri.scheme();
        let has_scheme = scheme == Some(&Scheme::HTTP) || scheme == Some(&Scheme::HTTPS);
        // A password in it would be in `config show`, in the log and in the process list.
        let authority = uri.authority().filter(|it| !it.as_str().contains('@'));
        if !has_scheme || authority.is_none() || uri.query().is_some() || text.contains('#') {
            return Err(refusal(text));
        }
        let text = uri.to_string();
        Ok(Self(text.trim_end_matches('/').to_owned()))
    }
}

impl TryFrom<String> for OtlpEndpoint {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl fmt::Display for OtlpEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg_attr(
    not(feature = "otel"),
    allow(dead_code, reason = "a server without traces asks for none of it")
)]
impl OtlpEndpoint {
    /// Returns the address for traces.
    pub(crate) fn traces(&self) -> String {
        format!("{}{TRACES}", self.0)
    }

    /// Returns whether the collector is reached over TLS.
    pub(crate) fn is_https(&self) -> bool {
        self.0.starts_with("https://")
    }

    /// Returns whether spans leave this machine without TLS.
    pub(crate) fn is_readable_by_others(&self) -> bool {
        let behind = self.0.strip_prefix("http://");
        let authority = behind.and_then(|it| it.split('/').next());
        authority.is_some_and(|authority| !names_loopback(authority))
    }
}

fn refusal(text: &str) -> String {
    format!(
        "{text:?} is no address of a collector, which is like http://127.0.0.1:4318 or \
         https://collector.example, without a user or a query"
    )
}

/// Takes these settings out of both sources, of which `over` wins.
pub(super) fn merge(
    over: &mut Settings,
    file: &mut Settings,
) -> Result<TelemetrySettings, ConfigError> {
    let endpoint = either(&mut over.otlp_endpoint, &mut file.otlp_endpoint);
    // Not passed over: whoever sets it waits for traces.
    if endpoint.is_some() && !cfg!(feature = "otel") {
        return Err(ConfigError::Value(
            "otlp_endpoint is set, but this server was built without traces: build it with `cargo \
             build --release --package server --features otel`, or leave otlp_endpoint out"
                .to_owned(),
        ));
    }
    let sample = either(&mut over.otlp_sample, &mut file.otlp_sample);
    let sample = sample.unwrap_or(TelemetrySettings::default().sample);
    // False for NaN, too.
    if !(0.0..=1.0).contains(&sample) {
        return Err(ConfigError::Value(format!(
            "otlp_sample is {sample}, but must be from 0 to 1"
        )));
    }
    Ok(TelemetrySettings { endpoint, sample })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_an_address_to_which_the_path_is_added() {
        for (text, traces, is_readable) in [
            (
                "http://127.0.0.1:4318",
                "http://127.0.0.1:4318/v1/traces",
                false,
            ),
            ("http://[::1]:4318/", "http://[::1]:4318/v1/traces", false),
            ("http://localhost", "http://localhost/v1/traces", false),
            (
                "http://collector:4318",
                "http://collector:4318/v1/traces",
                true,
            ),
            (
                "https://collector.example/otlp/",
                "https://collector.example/otlp/v1/traces",
                false,
            ),
        ] {
            let endpoint: OtlpEndpoint = text.parse().unwrap();
            assert_eq!(endpoint.traces(), traces);
            assert_eq!(endpoint.is_readable_by_others(), is_readable, "{text}");
            assert_eq!(endpoint.is_https(), text.starts_with("https"), "{text}");
        }
    }

    #[test]
    fn what_is_no_endpoint_is_refused() {
        for text in [
            "",
            "collector.example:4318",
            "/v1/traces",
            "grpc://collector.example",
            "https://user:secret@collector.example",
            "https://collector.example/?token=secret",
            "https://collector.example/#traces",
        ] {
            let refused = text.parse::<OtlpEndpoint>().unwrap_err();
            assert!(refused.contains("no address of a collector"), "{refused}");
        }
    }
}
