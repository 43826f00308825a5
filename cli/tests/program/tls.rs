//! `wss://` and `tls://`: a proxy with TLS in front of the real server, with a certificate of the
//! test's own, and the server's own TLS.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::support::{Finished, Home, Server};

/// A TLS server that forwards to `target`, with a certificate for its name.
struct Proxy {
    port: u16,
    /// The certificate's file, in PEM.
    certificate: PathBuf,
    _folder: tempfile::TempDir,
    _runtime: Runtime,
}

impl Proxy {
    fn start(target: SocketAddr, name: &str) -> Self {
        let issued = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let certificate = folder.path().join("certificate.pem");
        std::fs::write(&certificate, issued.cert.pem()).unwrap();
        let key = PrivatePkcs8KeyDer::from(issued.signing_key.serialize_der());
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![issued.cert.der().clone()], PrivateKeyDer::from(key))
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));

        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let port = listener.local_addr().unwrap().port();
        runtime.spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    // A client that does not trust the certificate ends the handshake.
                    let Ok(mut client) = acceptor.accept(client).await else {
                        return;
                    };
                    let mut server = TcpStream::connect(target).await.unwrap();
                    let _ = copy_bidirectional(&mut client, &mut server).await;
                });
            }
        });
        Self {
            port,
            certificate,
            _folder: folder,
            _runtime: runtime,
        }
    }

    /// Connects with only `trusted` as a certificate authority.
    fn connect(&self, home: &Home, trusted: &Proxy, version: &str) -> Finished {
        let address = format!("wss://localhost:{}/ws", self.port);
        let arguments = ["connect", &address, "--accept-new", "--protocol", version];
        trusting(home, &trusted.certificate, &arguments)
    }
}

/// Runs the program with only the certificates in `trusted` as authorities.
fn trusting(home: &Home, trusted: &Path, arguments: &[&str]) -> Finished {
    let output = home
        .command(arguments)
        .env("SSL_CERT_FILE", trusted)
        .env_remove("SSL_CERT_DIR")
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    Finished {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

#[test]
fn the_servers_own_tls_is_spoken_with_and_without_the_tunnel() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = folder.path().join("tls.pem");
    let server = Server::with_tls(&certificate);
    let port = server.http().port();
    for address in [
        format!("tls://localhost:{port}"),
        format!("wss://localhost:{port}/ws"),
    ] {
        for version in ["v1", "v2"] {
            let arguments = ["connect", &address, "--accept-new", "--protocol", version];
            let finished = trusting(&Home::new(), &certificate, &arguments).expect(0);
            assert!(finished.stdout.starts_with("* Welcome"), "{finished:?}");
        }
    }
}

#[test]
fn tls_to_a_port_that_speaks_something_else() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::with_tls(&folder.path().join("tls.pem"));
    // Both ports of a server without TLS, and a proxy's, which knows HTTP only.
    let plain = Server::start();
    let proxy = Proxy::start(plain.http(), "localhost");
    for (port, advice) in [
        (plain.address().port(), "this port speaks no TLS"),
        (plain.http().port(), "this port speaks no TLS"),
        (
            proxy.port,
            "not the chat's protocol directly in it. Use wss://",
        ),
    ] {
        let arguments = [
            "connect",
            &format!("tls://localhost:{port}"),
            "--accept-new",
        ];
        let home = Home::new();
        let finished = trusting(&home, &proxy.certificate, &arguments).expect(2);
        finished.says(&[advice]);
        assert_eq!(home.pins(), "");
    }
    // A session without TLS on the port for TLS.
    let arguments = ["connect", &server.http().to_string(), "--accept-new"];
    let finished = Home::new().run(&arguments, "");
    finished.says(&["This port speaks TLS"]);
}

#[test]
fn a_certificate_that_the_system_trusts_lets_the_protocol_through() {
    let server = Server::start();
    let proxy = Proxy::start(server.http(), "localhost");
    for version in ["v1", "v2"] {
        let finished = proxy.connect(&Home::new(), &proxy, version).expect(0);
        assert!(finished.stdout.starts_with("* Welcome"), "{finished:?}");
        // The chat server's key is pinned and shown: the proxy knows nothing of it.
        finished.says(&[&server.fingerprint().to_string()]);
    }
}

#[test]
fn a_certificate_of_somebody_else_is_refused() {
    let server = Server::start();
    let proxy = Proxy::start(server.http(), "localhost");
    let other = Proxy::start(server.http(), "localhost");
    let misnamed = Proxy::start(server.http(), "chat.example");
    for (to, trusted, words) in [
        (
            &proxy,
            &other,
            "use its port for TCP, such as localhost:5000",
        ),
        (&misnamed, &misnamed, "not valid for name"),
    ] {
        let home = Home::new();
        let finished = to.connect(&home, trusted, "v2").expect(2);
        finished.says(&["TLS", "certificate", words]);
        assert_eq!(home.pins(), "");
    }
}
