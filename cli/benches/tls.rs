//! TLS of the server itself: full handshakes in a second of its processor beside nginx's, with the
//! same certificate and the same client, and the memory of an idle session inside of TLS beside one on
//! plain TCP.
//!
//! The server is the released program, which must have been built: `cargo build --release -p server`.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::client::Resumption;
use rustls::crypto::{CryptoProvider, SupportedKxGroup, aws_lc_rs};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use tokio_rustls::rustls;

/// Full handshakes of a turn: about a second of a server's processor, which the system counts in
/// hundredths.
const HANDSHAKES: u32 = 4_000;

/// Turns of each server, one after the other by turns, of which the median counts.
const TURNS: usize = 5;

/// Idle sessions whose memory is measured.
const SESSIONS: &str = "1000";

/// The ticks a second of the times in `/proc/PID/stat`; a constant of Linux's interface (proc(5)).
const TICKS: f64 = 100.0;

/// The time that a server has to listen.
const PATIENCE: Duration = Duration::from_secs(20);

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = write_certificate(folder.path());
    let server = Server::start(folder.path());
    memory(folder.path(), &server);
    drop(server);

    let server = Server::start(folder.path());
    let Some(nginx) = Nginx::start(folder.path()) else {
        println!("nginx is not installed, so the handshakes have nothing beside them");
        return;
    };
    // OpenSSL 3.0 knows no ML-KEM: the comparison is of what both have.
    let classical = client(&certificate, aws_lc_rs::kx_group::X25519);
    let hybrid = client(&certificate, aws_lc_rs::kx_group::X25519MLKEM768);
    let (mut ours, mut hybrids, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..TURNS {
        ours.push(rate(server.https, server.process.id(), &classical));
        theirs.push(rate(nginx.https, nginx.process.id(), &classical));
        hybrids.push(rate(server.https, server.process.id(), &hybrid));
    }
    for (who, rates) in [
        ("server, X25519", ours),
        ("nginx, X25519", theirs),
        ("server, X25519MLKEM768", hybrids),
    ] {
        let (least, middle, most) = spread(rates);
        println!(
            "result: TLS 1.3 handshakes, ECDSA P-256, {who} = {middle:.0} a second of the \
             processor ({least:.0} to {most:.0})"
        );
    }
}

/// Measures idle sessions on plain TCP and inside of TLS.
fn memory(folder: &Path, server: &Server) {
    let load = |address: &str, pid: u32| {
        let output = Command::new(env!("CARGO_BIN_EXE_secure-chat"))
            .args(["bench", address, "--json", "--log-level", "error"])
            .args(["--clients", SESSIONS, "--messages", "0"])
            .args(["--server-pid", &pid.to_string()])
            .env("SSL_CERT_FILE", folder.join("chain.pem"))
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{errors}");
        let measured: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        measured["idle_bytes_per_connection"].as_f64().unwrap() / 1024.0
    };
    // Each in a process of its own: what one has freed, the other would use again.
    let plain = load(&server.tcp.to_string(), server.process.id());
    let other = Server::start(folder);
    let inside = format!("tls://localhost:{}", other.https.port());
    let inside = load(&inside, other.process.id());
    println!(
        "result: memory of an idle session = {plain:.1} KiB on TCP, {inside:.1} KiB inside of TLS \
         ({:.1} KiB more)",
        inside - plain
    );
}

/// A process that ends with its value.
struct Process(Child);

impl Process {
    fn start(command: &mut Command) -> Option<Self> {
        let quiet = command.stdin(Stdio::null()).stdout(Stdio::null());
        quiet.stderr(Stdio::null()).spawn().ok().map(Self)
    }

    fn id(&self) -> u32 {
        self.0.id()
    }

    fn wait_for(mut self, address: SocketAddr) -> Self {
        let start = Instant::now();
        while TcpStream::connect(address).is_err() {
            assert!(self.0.try_wait().unwrap().is_none(), "it has ended");
            assert!(start.elapsed() < PATIENCE, "it does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        self
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The released server in a data folder of its own.
struct Server {
    process: Process,
    tcp: SocketAddr,
    https: SocketAddr,
    _data: tempfile::TempDir,
}

impl Server {
    fn start(folder: &Path) -> Self {
        let data = tempfile::tempdir().unwrap();
        let (tcp, https) = (free(), free());
        let program = released_server();
        let mut command = Command::new(&program);
        command
            .arg("--data-dir")
            .arg(data.path())
            .args(["--listen", &tcp.to_string(), "--http", &https.to_string()])
            .args(["--public-url", "https://localhost"])
            .arg("--tls-cert")
            .arg(folder.join("chain.pem"))
            .arg("--tls-key")
            .arg(folder.join("key.pem"))
            .args(["--max-connections", "5000"])
            .args(["--max-connections-per-address", "5000"])
            .args(["--handshakes-per-minute", "0"]);
        let process = Process::start(&mut command)
            .unwrap_or_else(|| panic!("{}: cargo build --release -p server", program.display()));
        Self {
            process: process.wait_for(https),
            tcp,
            https,
            _data: data,
        }
    }
}

/// Returns the path of the released server, which lies beside the released terminal client.
fn released_server() -> PathBuf {
    let client = Path::new(env!("CARGO_BIN_EXE_secure-chat"));
    client.with_file_name(format!(
        "secure-chat-server{}",
        std::env::consts::EXE_SUFFIX
    ))
}

/// One worker of nginx, which answers every request with nothing.
struct Nginx {
    process: Process,
    https: SocketAddr,
}

impl Nginx {
    fn start(folder: &Path) -> Option<Self> {
        let https = free();
        let shown = folder.display();
        let configuration = format!(
            "daemon off; master_process off; pid {shown}/pid; error_log /dev/null;
             events {{ worker_connections 4096; }}
             http {{
                access_log off;
                client_body_temp_path {shown}/body; proxy_temp_path {shown}/proxy;
                fastcgi_temp_path {shown}/f; uwsgi_temp_path {shown}/u; scgi_temp_path {shown}/s;
                server {{
                    listen {https} ssl;
                    ssl_certificate {shown}/chain.pem;
                    ssl_certificate_key {shown}/key.pem;
                    ssl_protocols TLSv1.3;
                    return 204;
                }}
             }}
            "
        );
        let path = folder.join("nginx.conf");
        fs::write(&path, configuration).unwrap();
        let mut command = Command::new("nginx");
        command.arg("-p").arg(folder).arg("-c").arg(path);
        let process = Process::start(command.args(["-e", "stderr"]))?;
        Some(Self {
            process: process.wait_for(https),
            https,
        })
    }
}

/// Writes a certificate with its key for both servers.
fn write_certificate(folder: &Path) -> CertificateDer<'static> {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    fs::write(folder.join("chain.pem"), cert.pem()).unwrap();
    let key = folder.join("key.pem");
    fs::write(&key, signing_key.serialize_pem()).unwrap();
    make_private(&key);
    cert.der().clone()
}

#[cfg(unix)]
fn make_private(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

#[cfg(not(unix))]
fn make_private(_: &Path) {}

/// Returns a client that resumes no session, so that each handshake is a full one.
fn client(
    certificate: &CertificateDer<'static>,
    group: &'static dyn SupportedKxGroup,
) -> Arc<ClientConfig> {
    let provider = CryptoProvider {
        kx_groups: vec![group],
        ..aws_lc_rs::default_provider()
    };
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.resumption = Resumption::disabled();
    Arc::new(config)
}

/// Returns the handshakes in a second of the processor that a process spends on them.
fn rate(address: SocketAddr, pid: u32, config: &Arc<ClientConfig>) -> f64 {
    let before = cpu_seconds(pid);
    for _ in 0..HANDSHAKES {
        let mut stream = TcpStream::connect(address).unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let mut connection = ClientConnection::new(Arc::clone(config), name).unwrap();
        while connection.is_handshaking() {
            connection.complete_io(&mut stream).unwrap();
        }
        // The server's part is done once it has taken the client's last flight and ended the stream.
        connection.send_close_notify();
        connection.complete_io(&mut stream).unwrap();
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    }
    f64::from(HANDSHAKES) / (cpu_seconds(pid) - before)
}

/// Returns the processor time of a process, in the program and in the system.
fn cpu_seconds(pid: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let after_name = &stat[stat.rfind(')').unwrap() + 1..];
    let ticks = after_name.split_whitespace().skip(11).take(2);
    ticks.map(|it| it.parse::<f64>().unwrap()).sum::<f64>() / TICKS
}

/// Returns the least, the median and the most of some figures.
fn spread(mut figures: Vec<f64>) -> (f64, f64, f64) {
    figures.sort_by(f64::total_cmp);
    let last = figures.len() - 1;
    (figures[0], figures[last / 2], figures[last])
}

fn free() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}
