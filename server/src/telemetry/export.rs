//! The connection with the collector: OTLP over HTTP, inside of the server's own TLS library.

use std::sync::Arc;
use std::time::Duration;

use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_http::hyper::HyperClient;
use opentelemetry_otlp::{
    ExporterBuildError, Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider, SpanExporter as _};
use thiserror::Error;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore};
use tokio_util::sync::CancellationToken;

use super::queue::{EXPORT_TIMEOUT, queue};
use super::spans;
use crate::config::{OtlpEndpoint, TelemetrySettings};

/// The name of this service in its spans (`service.name`).
const SERVICE: &str = "secure-chat-server";

/// Time for which the last spans may keep the process: a collector on the same network needs some
/// milliseconds, and one that hangs must not be what a restart waits for.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(2);

/// The reason for which traces did not start.
#[derive(Debug, Error)]
pub enum TelemetryError {
    /// The system trusts nobody who could vouch for the collector.
    #[error("otlp_endpoint is https, but the system has no certificate authorities")]
    NoAuthorities,
    /// The TLS library refuses its settings.
    #[error("traces cannot be sent over TLS: {0}")]
    Tls(#[source] rustls::Error),
    /// The exporter refuses its settings, some of which are variables of the environment.
    #[error("traces cannot be exported: {0}")]
    Exporter(#[source] ExporterBuildError),
}

/// The traces of this process.
#[derive(Debug)]
pub struct Telemetry(Option<Running>);

#[derive(Debug)]
struct Running {
    closing: CancellationToken,
    worker: JoinHandle<()>,
}

/// Starts to record spans and to send them, if the settings name a collector.
///
/// # Errors
/// [`TelemetryError`], if nothing could ever be sent. A collector that is not there is no error.
pub fn start(settings: &TelemetrySettings, runtime: &Handle) -> Result<Telemetry, TelemetryError> {
    let Some(endpoint) = &settings.endpoint else {
        return Ok(Telemetry(None));
    };
    let resource = Resource::builder()
        .with_service_name(SERVICE)
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .build();
    let mut exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(HyperClient::new(connector(endpoint)?, EXPORT_TIMEOUT, None))
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(endpoint.traces())
        .with_timeout(EXPORT_TIMEOUT)
        .build()
        .map_err(TelemetryError::Exporter)?;
    exporter.set_resource(&resource);
    let closing = CancellationToken::new();
    let (queue, worker) = queue(exporter, closing.clone());
    // One decision for each trace: a part of one would show nothing.
    let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(settings.sample)));
    let provider = SdkTracerProvider::builder()
        .with_resource(resource)
        .with_sampler(sampler)
        .with_span_processor(queue)
        .build();
    spans::record_by(provider.tracer(SERVICE));
    if endpoint.is_readable_by_others() {
        tracing::warn!(
            "otlp_endpoint is {endpoint}: whoever is in between can read when and how much is \
             written; https keeps it from them"
        );
    }
    tracing::info!(sample = settings.sample, "traces go to {endpoint}");
    let worker = runtime.spawn(worker.run());
    Ok(Telemetry(Some(Running { closing, worker })))
}

impl Telemetry {
    /// Sends the spans that wait, for at most [`FLUSH_TIMEOUT`].
    pub async fn stop(self) {
        let Some(Running {
            closing,
            mut worker,
        }) = self.0
        else {
            return;
        };
        closing.cancel();
        let ended = tokio::time::timeout(FLUSH_TIMEOUT, &mut worker).await;
        if ended.is_err() {
            worker.abort();
            tracing::warn!("spans were dropped: the collector did not take the last ones in time");
        }
    }
}

/// Returns connections to the collector: with TLS, by the authorities that the system trusts.
fn connector(endpoint: &OtlpEndpoint) -> Result<HttpsConnector<HttpConnector>, TelemetryError> {
    let mut roots = RootCertStore::empty();
    if endpoint.is_https() {
        let found = rustls_native_certs::load_native_certs();
        // Systems have old certificates that do not parse; those are not needed.
        let (usable, _) = roots.add_parsable_certificates(found.certs);
        if usable == 0 {
            return Err(TelemetryError::NoAuthorities);
        }
    }
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(TelemetryError::Tls)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = HttpsConnectorBuilder::new().with_tls_config(config);
    Ok(connector.https_or_http().enable_http1().build())
}
