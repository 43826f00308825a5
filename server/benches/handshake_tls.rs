//! TLS 1.3 beside our v2 handshake: a full handshake in which both sides prove an RSA-2048 key by
//! certificate, with X25519MLKEM768 and ChaCha20-Poly1305, by rustls on the same aws-lc. Counted is
//! the server's processor time, without sockets and without session tickets.
//!
//! TLS verifies one signature more than v2: the client's certificate is signed by an issuer. A
//! second figure is for raw public keys (RFC 7250), which have no issuer, as v2's keys have none.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::AlwaysResolvesClientRawPublicKeys;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{
    CertificateDer, PrivateKeyDer, ServerName, SubjectPublicKeyInfoDer, UnixTime,
};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{AlwaysResolvesServerRawPublicKeys, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{
    CipherSuite, ClientConfig, ClientConnection, DigitallySignedStruct, DistinguishedName,
    NamedGroup, RootCertStore, ServerConfig, ServerConnection, SignatureScheme,
};
use support::{ROUNDS, cpu_time, cpu_time_since, median, openssl_signs, rate, report};

/// Processor time of each turn.
const SPAN: Duration = Duration::from_secs(1);

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let server = Identity::generate(folder.path(), "server");
    let client = Identity::generate(folder.path(), "client");
    for (name, configs) in [
        ("certificates", with_certificates(&server, &client)),
        ("raw public keys", with_raw_keys(&server, &client)),
    ] {
        let (mut rates, mut ratios) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let (mut spent, mut handshakes) = (Duration::ZERO, 0);
            while spent < SPAN {
                spent += handshake(&configs);
                handshakes += 1;
            }
            let turn = rate(spent / handshakes);
            rates.push(turn);
            ratios.push(turn / openssl_signs());
        }
        let name = format!("TLS 1.3 handshakes, {name}, server's side, one core");
        report(&name, &format!("{:.0}/s", median(rates)));
        report(
            &format!("{name}, over RSA signatures"),
            &format!("{:.2}", median(ratios)),
        );
    }
}

/// The configurations of both sides.
struct Configs {
    server: Arc<ServerConfig>,
    client: Arc<ClientConfig>,
}

/// A full handshake: what of it the server did.
fn handshake(configs: &Configs) -> Duration {
    let name = ServerName::try_from("localhost").unwrap();
    let mut client = ClientConnection::new(Arc::clone(&configs.client), name).unwrap();
    let mut spent = Duration::ZERO;
    let mut timed = |work: &mut dyn FnMut()| {
        let start = cpu_time();
        work();
        spent += cpu_time_since(start);
    };

    let mut server = None;
    timed(&mut || server = Some(ServerConnection::new(Arc::clone(&configs.server)).unwrap()));
    let mut server = server.unwrap();
    while client.is_handshaking() || server.is_handshaking() {
        let mut up = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut up).unwrap();
        }
        let mut down = Vec::new();
        timed(&mut || {
            let mut up = up.as_slice();
            while !up.is_empty() {
                server.read_tls(&mut up).unwrap();
                server.process_new_packets().unwrap();
            }
            while server.wants_write() {
                server.write_tls(&mut down).unwrap();
            }
        });
        let mut down = down.as_slice();
        while !down.is_empty() {
            client.read_tls(&mut down).unwrap();
            client.process_new_packets().unwrap();
        }
    }
    let group = server.negotiated_key_exchange_group().unwrap();
    // Another group would be another comparison.
    assert_eq!(group.name(), NamedGroup::X25519MLKEM768);
    // The client has proven its key too, as in v2.
    assert_eq!(server.peer_certificates().map(<[_]>::len), Some(1));
    spent
}

/// An RSA-2048 key and its self-signed certificate.
struct Identity {
    key: PrivateKeyDer<'static>,
    certificate: CertificateDer<'static>,
}

impl Identity {
    fn generate(folder: &Path, name: &str) -> Self {
        let (key, certificate) = (folder.join(format!("{name}.key")), folder.join(name));
        let made = Command::new("openssl")
            .args([
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
            ])
            .args(["-subj", &format!("/CN={name}")])
            .args(["-addext", "basicConstraints=critical,CA:FALSE"])
            .args(["-addext", "subjectAltName=DNS:localhost"])
            .arg("-keyout")
            .arg(&key)
            .arg("-out")
            .arg(&certificate)
            .output()
            .expect("`openssl` is installed, as `cargo xtask bench` sees to");
        assert!(made.status.success(), "{made:?}");
        Self {
            key: PrivateKeyDer::from_pem_file(&key).unwrap(),
            certificate: CertificateDer::from_pem_file(&certificate).unwrap(),
        }
    }

    /// A store that trusts this certificate and nothing else.
    fn as_roots(&self) -> Arc<RootCertStore> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).unwrap();
        Arc::new(roots)
    }

    /// The key without a certificate.
    fn raw(&self) -> Arc<CertifiedKey> {
        let key = aws_lc_rs::sign::any_supported_type(&self.key).unwrap();
        let public = key.public_key().unwrap();
        let spki = CertificateDer::from(public.as_ref().to_vec());
        Arc::new(CertifiedKey::new(vec![spki], key))
    }
}

/// The one suite that v2 is most like.
fn provider() -> Arc<CryptoProvider> {
    let mut provider = aws_lc_rs::default_provider();
    let suite = CipherSuite::TLS13_CHACHA20_POLY1305_SHA256;
    provider
        .cipher_suites
        .retain(|known| known.suite() == suite);
    provider
        .kx_groups
        .retain(|group| group.name() == NamedGroup::X25519MLKEM768);
    Arc::new(provider)
}

fn with_certificates(server: &Identity, client: &Identity) -> Configs {
    let verifier =
        WebPkiClientVerifier::builder_with_provider(client.as_roots(), provider()).build();
    let mut server_config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_client_cert_verifier(verifier.unwrap())
        .with_single_cert(vec![server.certificate.clone()], server.key.clone_key())
        .unwrap();
    server_config.send_tls13_tickets = 0;
    let client_config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_root_certificates(server.as_roots())
        .with_client_auth_cert(vec![client.certificate.clone()], client.key.clone_key())
        .unwrap();
    Configs {
        server: Arc::new(server_config),
        client: Arc::new(client_config),
    }
}

fn with_raw_keys(server: &Identity, client: &Identity) -> Configs {
    let algorithms = aws_lc_rs::default_provider().signature_verification_algorithms;
    let mut server_config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_client_cert_verifier(Arc::new(KnownKey(client.raw(), algorithms)))
        .with_cert_resolver(Arc::new(AlwaysResolvesServerRawPublicKeys::new(
            server.raw(),
        )));
    server_config.send_tls13_tickets = 0;
    let client_config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(KnownKey(server.raw(), algorithms)))
        .with_client_cert_resolver(Arc::new(AlwaysResolvesClientRawPublicKeys::new(
            client.raw(),
        )));
    Configs {
        server: Arc::new(server_config),
        client: Arc::new(client_config),
    }
}

/// Accepts one raw public key, as a pin does.
#[derive(Debug)]
struct KnownKey(Arc<CertifiedKey>, WebPkiSupportedAlgorithms);

impl KnownKey {
    fn check(&self, presented: &CertificateDer<'_>) -> Result<(), rustls::Error> {
        if self.0.cert[0] == *presented {
            Ok(())
        } else {
            Err(rustls::Error::General("another key".to_owned()))
        }
    }

    fn verify(
        &self,
        message: &[u8],
        key: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let key = SubjectPublicKeyInfoDer::from(key.as_ref());
        rustls::crypto::verify_tls13_signature_with_raw_key(message, &key, signature, &self.1)
    }
}

impl ClientCertVerifier for KnownKey {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        self.check(end_entity)
            .map(|()| ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _key: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(rustls::Error::General("TLS 1.3 only".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        key: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verify(message, key, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.1.supported_schemes()
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}

impl ServerCertVerifier for KnownKey {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.check(end_entity)
            .map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _key: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(rustls::Error::General("TLS 1.3 only".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        key: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verify(message, key, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.1.supported_schemes()
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}
