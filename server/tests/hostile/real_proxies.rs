//! The server behind nginx, `HAProxy` and Caddy, with the configurations of `docs/DEPLOY.md` on loopback
//! ports.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;
use shared::connection::Version;
use shared::error::ErrorCode;

use crate::support::client::{Client, connect, connect_from};
use crate::support::json::{hear, hello, key, say};
use crate::support::process::Killed;
use crate::support::server::{Server, private_folder};
use crate::support::tls::{handshake, issue, open};
use crate::support::tls_tunnel::TlsTunnel;
use crate::support::{eventually, free, is_installed};

/// The address of clients, beside the proxy's own.
const ELSEWHERE: [u8; 4] = [127, 0, 0, 2];

/// A proxy in a folder of its own.
struct Proxy {
    process: Killed,
    https: SocketAddr,
    tcp: SocketAddr,
    folder: tempfile::TempDir,
}

/// Starts a proxy with the configuration that `write` makes of its folder and its two addresses, and
/// waits until both are there.
fn start(
    program: &str,
    arguments: impl Fn(&Path) -> Vec<String>,
    write: impl Fn(&Path, SocketAddr, SocketAddr) -> String,
) -> Proxy {
    let folder = private_folder();
    let issued = issue("chat.example", 90);
    let path = |name: &str| folder.path().join(name);
    fs::write(path("chain.pem"), &issued.chain).unwrap();
    fs::write(path("key.pem"), &issued.key).unwrap();
    fs::write(path("both.pem"), issued.chain + &issued.key).unwrap();
    let (https, tcp) = (free(), free());
    fs::write(path("conf"), write(folder.path(), https, tcp)).unwrap();
    let process = Command::new(program)
        .args(arguments(folder.path()))
        // Caddy keeps its data there.
        .env("HOME", folder.path())
        .env_remove("XDG_DATA_HOME")
        .env_remove("XDG_CONFIG_HOME")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(fs::File::create(path("log")).unwrap())
        .spawn()
        .unwrap();
    let mut proxy = Proxy {
        process: Killed(process),
        https,
        tcp,
        folder,
    };
    eventually("the proxy", || {
        let ended = proxy.process.try_wait().unwrap();
        let log = || fs::read_to_string(proxy.folder.path().join("log")).unwrap();
        assert!(ended.is_none(), "{program} has ended: {}", log());
        let there = [https, tcp].map(|address| TcpStream::connect(address).is_ok());
        (there == [true; 2]).then_some(())
    });
    proxy
}

fn nginx(server: &Server) -> Proxy {
    let http = server.http();
    let arguments = |folder: &Path| {
        let folder = folder.display();
        let conf = format!("{folder}/conf");
        ["-p", &folder.to_string(), "-c", &conf, "-e", "stderr"]
            .map(str::to_owned)
            .to_vec()
    };
    start("nginx", arguments, |folder, https, tcp| {
        let folder = folder.display();
        format!(
            "daemon off; master_process off; pid {folder}/pid;
             events {{}}
             http {{
                access_log off;
                client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
                fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
                server {{
                    listen {https} ssl;
                    server_name chat.example;
                    ssl_certificate {folder}/chain.pem;
                    ssl_certificate_key {folder}/key.pem;
                    location / {{
                        proxy_pass http://{http};
                        proxy_http_version 1.1;
                        proxy_set_header Host $host;
                        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
                        proxy_set_header Forwarded \"\";
                        proxy_set_header Upgrade $http_upgrade;
                        proxy_set_header Connection \"upgrade\";
                        proxy_read_timeout 1h;
                    }}
                }}
                server {{ listen {tcp}; return 404; }}
             }}
            "
        )
    })
}

fn haproxy(server: &Server) -> Proxy {
    let (http, sessions) = (server.http(), server.tcp());
    let arguments = |folder: &Path| {
        let conf = folder.join("conf").display().to_string();
        vec!["-db".to_owned(), "-f".to_owned(), conf]
    };
    start("haproxy", arguments, |folder, https, tcp| {
        let folder = folder.display();
        format!(
            "defaults
                timeout connect 5s
                timeout client 1m
                timeout server 1m
             frontend web
                mode http
                bind {https} ssl crt {folder}/both.pem
                http-request del-header Forwarded
                option forwardfor
                default_backend page
             backend page
                mode http
                timeout tunnel 1h
                server chat {http}
             frontend tcp
                mode tcp
                bind {tcp}
                default_backend sessions
             backend sessions
                mode tcp
                timeout server 1h
                server chat {sessions} send-proxy-v2
"
        )
    })
}

fn caddy(server: &Server) -> Proxy {
    let http = server.http();
    let arguments = |folder: &Path| {
        let conf = folder.join("conf").display().to_string();
        ["run", "--adapter", "caddyfile", "--config", &conf]
            .map(str::to_owned)
            .to_vec()
    };
    start("caddy", arguments, |folder, https, other| {
        let folder = folder.display();
        let (https, other) = (https.port(), other.port());
        format!(
            "{{
                admin off
                auto_https disable_redirects
                default_bind 127.0.0.1
             }}
             chat.example:{https} {{
                tls {folder}/chain.pem {folder}/key.pem
                reverse_proxy {http} {{
                    header_up -Forwarded
                }}
             }}
             http://127.0.0.1:{other} {{
                respond 404
             }}
            "
        )
    })
}

const BEHIND: [&str; 6] = [
    "--public-url",
    "https://chat.example",
    "--trusted-proxy",
    "127.0.0.1",
    "--proxy-protocol-from",
    "127.0.0.1",
];

/// Opens a tunnel through a proxy, from another address.
fn tunnel(address: SocketAddr, more: &str) -> TlsTunnel {
    let stream = handshake(connect_from(ELSEWHERE, address), &[b"http/1.1"]).unwrap();
    TlsTunnel::open(stream, "chat.example", more)
}

/// Shows that the page, the tunnel, the client's own address and the refusal of v1 come through.
fn assert_serves(server: &Server, proxy: &Proxy) {
    let mut page = open(proxy.https, &[b"http/1.1"]);
    let head = "GET /healthz HTTP/1.1\r\nHost: chat.example\r\nConnection: close\r\n\r\n";
    page.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    let _ = page.read_to_string(&mut answer);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.ends_with("ok\n"), "{answer}");

    // An address that the client claims itself does not count, in either field.
    let claims = "Origin: https://chat.example\nX-Forwarded-For: 198.51.100.1\n\
                  Forwarded: for=198.51.100.2";
    let mut client = Client::of(key(1), tunnel(proxy.https, claims), Version::V2);
    client.shake_hands();
    hello(&mut client, "anna");
    say(
        &mut client,
        &json!({"type": "claim", "code": server.claim_code()}),
    );
    hear(&mut client, "operator");
    say(
        &mut client,
        &json!({"type": "operator", "do": "connections"}),
    );
    let shown = hear(&mut client, "operator").to_string();
    assert!(shown.contains("\"address\":\"127.0.0.2\""), "{shown}");
    assert!(!server.log().contains("198.51.100."), "{}", server.log());

    let mut old = Client::over(tunnel(proxy.https, ""));
    old.assert_told(ErrorCode::V1Disabled);
}

#[test]
fn behind_nginx() {
    if !is_installed("nginx") {
        return;
    }
    let server = Server::start(&BEHIND);
    assert_serves(&server, &nginx(&server));
}

#[test]
fn behind_haproxy() {
    if !is_installed("haproxy") {
        return;
    }
    let server = Server::start(&BEHIND);
    let proxy = haproxy(&server);
    assert_serves(&server, &proxy);
    let mut client = Client::speaking(connect(proxy.tcp), Version::V2);
    client.establish();
    server.wait_for_log(&["handshake done", "transport=tcp", &client.address()]);
    let mut old = Client::over(connect(proxy.tcp));
    old.assert_told(ErrorCode::V1Disabled);
    // Without the proxy there is no way in.
    let mut lost = Client::speaking(connect(server.tcp()), Version::V2);
    lost.receive_end();
    server.wait_for_log(&[&lost.address(), "sends no PROXY header"]);
}

#[test]
fn behind_caddy() {
    if !is_installed("caddy") {
        return;
    }
    let server = Server::start(&BEHIND);
    assert_serves(&server, &caddy(&server));
}
