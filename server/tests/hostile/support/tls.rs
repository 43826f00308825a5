//! A TLS client that takes any certificate and tells which it was, and certificates of every kind.

use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair, KeyUsagePurpose};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, RootCertStore, SignatureScheme,
    StreamOwned,
};

use super::client::{Wire, connect};

/// A blocking stream inside of TLS.
pub(crate) type Tls = StreamOwned<ClientConnection, TcpStream>;

impl Wire for Tls {
    fn tcp(&self) -> &TcpStream {
        &self.sock
    }
}

/// Takes every certificate: these tests look at it themselves.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// Performs a TLS handshake in which the client offers these protocols (ALPN).
pub(crate) fn try_open(address: SocketAddr, protocols: &[&[u8]]) -> std::io::Result<Tls> {
    handshake(connect(address), protocols)
}

/// Performs such a handshake on a connected stream.
pub(crate) fn handshake(mut stream: TcpStream, protocols: &[&[u8]]) -> std::io::Result<Tls> {
    let config = client_config(protocols);
    let name = ServerName::try_from("chat.example").unwrap();
    let mut connection = ClientConnection::new(Arc::new(config), name).unwrap();
    while connection.is_handshaking() {
        connection.complete_io(&mut stream)?;
    }
    Ok(StreamOwned::new(connection, stream))
}

/// Returns the configuration of a client that takes any certificate.
pub(crate) fn client_config(protocols: &[&[u8]]) -> ClientConfig {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody(provider)))
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    config
}

/// Performs a handshake as a browser does: the certificate must be for `name`, and one of `roots` must
/// vouch for it.
pub(crate) fn open_verified(
    address: SocketAddr,
    name: &str,
    roots: &str,
    protocols: &[&[u8]],
) -> std::io::Result<Tls> {
    let mut store = RootCertStore::empty();
    for root in CertificateDer::pem_slice_iter(roots.as_bytes()) {
        store.add(root.unwrap()).unwrap();
    }
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(store)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = connect(address);
    while connection.is_handshaking() {
        connection.complete_io(&mut stream)?;
    }
    Ok(StreamOwned::new(connection, stream))
}

/// Performs a handshake that takes any certificate, which must succeed.
pub(crate) fn open(address: SocketAddr, protocols: &[&[u8]]) -> Tls {
    try_open(address, protocols).unwrap()
}

/// Returns the certificate that new connections get.
pub(crate) fn presented(address: SocketAddr) -> Vec<u8> {
    let stream = open(address, &[]);
    stream.conn.peer_certificates().unwrap()[0].to_vec()
}

/// A certificate with its key.
pub(crate) struct Issued {
    pub(crate) der: Vec<u8>,
    pub(crate) chain: String,
    pub(crate) key: String,
}

/// Makes an authority, and a certificate of it for 127.0.0.1. Returns the authority's own, too.
pub(crate) fn issue_by_authority() -> (String, Issued) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let key = KeyPair::generate().unwrap();
    let root = params.self_signed(&key).unwrap().pem();
    let authority = rcgen::Issuer::new(params, key);
    let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, &authority).unwrap();
    let issued = Issued {
        der: certificate.der().to_vec(),
        chain: certificate.pem(),
        key: key.serialize_pem(),
    };
    (root, issued)
}

/// Makes a certificate for `name` that ends so many days from now, or before.
pub(crate) fn issue(name: &str, days: i64) -> Issued {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    let day = Duration::from_hours(24);
    let now = SystemTime::now();
    params.not_before = (now - 100 * day).into();
    let distance = u32::try_from(days.unsigned_abs()).unwrap() * day;
    params.not_after = if days < 0 {
        now - distance
    } else {
        now + distance
    }
    .into();
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    Issued {
        der: certificate.der().to_vec(),
        chain: certificate.pem(),
        key: key.serialize_pem(),
    }
}
