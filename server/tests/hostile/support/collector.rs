//! A collector of OpenTelemetry traces, honest or not: OTLP over HTTP on a port of loopback.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::tls::Issued;

/// The way in which a collector answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Takes everything.
    Takes,
    /// Reads and never answers.
    Hangs,
    /// Answers that it has failed.
    Fails,
    /// Ends each connection without an answer.
    Ends,
    /// Answers with bytes that are no HTTP.
    Babbles,
}

/// A collector and what it was sent.
pub(crate) struct Collector {
    endpoint: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Collector {
    /// Starts a collector.
    pub(crate) fn start(manner: Manner) -> Self {
        Self::accept("http", move |stream, sink| serve(stream, manner, sink))
    }

    /// Starts a collector that takes everything, inside of TLS with this certificate.
    pub(crate) fn start_secure(certificate: &Issued) -> Self {
        let chain = CertificateDer::pem_slice_iter(certificate.chain.as_bytes());
        let chain = chain.collect::<Result<_, _>>().unwrap();
        let key = PrivateKeyDer::from_pem_slice(certificate.key.as_bytes()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        let config = Arc::new(config);
        Self::accept("https", move |stream, sink| {
            let tls = ServerConnection::new(Arc::clone(&config)).unwrap();
            serve(StreamOwned::new(tls, stream), Manner::Takes, sink);
        })
    }

    fn accept(
        scheme: &str,
        serve: impl Fn(TcpStream, &Mutex<Vec<Request>>) + Clone + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("{scheme}://{}", listener.local_addr().unwrap());
        let requests = Arc::<Mutex<Vec<_>>>::default();
        let sink = Arc::clone(&requests);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (serve, sink) = (serve.clone(), Arc::clone(&sink));
                std::thread::spawn(move || serve(stream, &sink));
            }
        });
        Self { endpoint, requests }
    }

    /// Returns the setting that names this collector.
    pub(crate) fn endpoint(&self) -> String {
        self.endpoint.clone()
    }

    /// Returns everything so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// Returns all spans so far.
    pub(crate) fn spans(&self) -> Vec<Span> {
        let resources = self
            .exports()
            .into_iter()
            .flat_map(|export| export.resource_spans);
        let scopes = resources.flat_map(|resource| resource.scope_spans);
        scopes.flat_map(|scope| scope.spans).collect()
    }

    /// Returns the attributes of the resources so far.
    pub(crate) fn resource(&self) -> BTreeMap<String, String> {
        let exports = self.exports().into_iter();
        let resources = exports.flat_map(|export| export.resource_spans);
        let resources = resources.filter_map(|it| it.resource);
        resources.flat_map(|it| texts(&it.attributes)).collect()
    }

    fn exports(&self) -> Vec<ExportTraceServiceRequest> {
        let requests = self.requests();
        let bodies = requests.iter().map(|request| &request.body[..]);
        bodies
            .map(|body| ExportTraceServiceRequest::decode(body).unwrap())
            .collect()
    }
}

/// Returns attributes as texts.
pub(crate) fn texts(attributes: &[KeyValue]) -> BTreeMap<String, String> {
    let text = |value: &Option<AnyValue>| match value.as_ref().and_then(|it| it.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => number.to_string(),
        other => panic!("an attribute of another type: {other:?}"),
    };
    let pairs = attributes.iter();
    pairs.map(|it| (it.key.clone(), text(&it.value))).collect()
}

/// Serves one connection until it ends.
fn serve(stream: impl Read + Write, manner: Manner, sink: &Mutex<Vec<Request>>) {
    let mut reader = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            match reader.read_line(&mut head) {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
        }
        let lower = head.to_ascii_lowercase();
        let length = lower
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.unwrap().parse().unwrap()];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        sink.lock().unwrap().push(Request { head, body });
        let answer: &[u8] = match manner {
            Manner::Takes => {
                b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n"
            }
            // Waits for the end of the connection, which is the client's.
            Manner::Hangs => b"",
            Manner::Fails => b"HTTP/1.1 500 No\r\ncontent-length: 2\r\n\r\nno",
            Manner::Ends => return,
            Manner::Babbles => b"\x00\xff\x01babble\r\n\r\n",
        };
        let stream = reader.get_mut();
        if stream
            .write_all(answer)
            .and_then(|()| stream.flush())
            .is_err()
        {
            return;
        }
    }
}
