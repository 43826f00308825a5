//! A man in the middle, to see what each protocol version does about one. Development only: no
//! released program contains it. Study it, and attack only your own server.
//!
//! ```text
//! cargo run -p server --example mitm -- --listen 127.0.0.1:8090 --upstream 127.0.0.1:8080
//! ```
//!
//! Open the page at the address it listens on, and type a mode:
//!
//! - `pass` (how it begins): every connection is forwarded byte for byte, as any proxy would.
//! - `swap`: the page's files are still forwarded, but the tunnel (`GET /ws`) ends here. The page
//!   gets the attacker's RSA key in place of the server's; to the server, the attacker is a client.
//!   Every text that passes is printed, and passed on.
//!
//! A change of mode cuts the tunnels that are open, which whoever is in between can do at any time;
//! pages come back by themselves, and meet the new mode. It ends when its standard input does.
//!
//! Expected results: v1 without a pin is read word for word, and nothing looks wrong. v2, and v1 with
//! a pin, end before any text is sent. It makes no attempt on the cryptography, because it needs
//! none: all it has is a place on the way.
//!
//! On standard output, one line each: `mitm listening on ADDRESS`, `mitm key FINGERPRINT`,
//! `mode NAME`, and `read SIDE "TEXT"` where SIDE is who said it and TEXT is written as JSON.

mod leg;

use std::error::Error;
use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use native::clock::Clock;
use shared::connection::{
    Client, ClientConfig, ClientConnection, Event, ServerConfig, ServerConnection, Trust, Version,
};
use shared::identity::PrivateKey;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::{accept_hdr_async, client_async};

use leg::{Leg, Woken};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// The first bytes of a request for the tunnel.
const TUNNEL: &[u8] = b"GET /ws";

/// A man in the middle of a Secure Chat page and its server: study it, attack only your own.
#[derive(Debug, Parser)]
struct Arguments {
    /// Address at which pages are taken in; port 0 takes a free port.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:0")]
    listen: SocketAddr,

    /// The server's HTTP address.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8080")]
    upstream: SocketAddr,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Pass,
    Swap,
}

/// The attacker, as every connection needs it.
#[derive(Clone)]
struct Attacker {
    upstream: SocketAddr,
    key: Arc<PrivateKey>,
    mode: watch::Receiver<Mode>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let listener = TcpListener::bind(arguments.listen).await?;
    // One key plays both parts: the server's towards the page, a client's towards the server.
    let key = Arc::new(PrivateKey::generate(2048, &mut native::random())?);
    say(&format!("mitm key {}", key.public_key().fingerprint()))?;
    say(&format!("mitm listening on {}", listener.local_addr()?))?;

    let (set_mode, mode) = watch::channel(Mode::Pass);
    let attacker = Attacker {
        upstream: arguments.upstream,
        key,
        mode,
    };
    tokio::spawn(async move {
        while let Ok((stream, address)) = listener.accept().await {
            let attacker = attacker.clone();
            tokio::spawn(async move {
                if let Err(error) = attacker.take(stream).await {
                    eprintln!("mitm: {address}: {error}");
                }
            });
        }
    });

    // A line may be long in coming, and reading it blocks.
    tokio::task::spawn_blocking(move || obey(&set_mode)).await?
}

/// Changes the mode as told on standard input, until that ends.
fn obey(set_mode: &watch::Sender<Mode>) -> Result<()> {
    for line in std::io::stdin().lines() {
        let line = line?;
        let mode = match line.trim() {
            "pass" => Mode::Pass,
            "swap" => Mode::Swap,
            _ => {
                eprintln!("mitm: the modes are pass and swap");
                continue;
            }
        };
        set_mode.send_replace(mode);
        say(&format!("mode {}", line.trim()))?;
    }
    Ok(())
}

/// Prints one line for the program that started this one. Flushed, because that may read from a
/// pipe.
fn say(line: &str) -> std::io::Result<()> {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{line}")?;
    stdout.flush()
}

impl Attacker {
    /// Decides what becomes of a connection.
    async fn take(mut self, stream: TcpStream) -> Result<()> {
        stream.set_nodelay(true)?;
        let tunnel = begins_with(&stream, TUNNEL).await?;
        let mode = *self.mode.borrow_and_update();
        if !tunnel {
            return forward(stream, self.upstream).await;
        }
        let mut switched = self.mode.clone();
        tokio::select! {
            // The other branch is dropped, and both of its connections with it.
            _ = switched.changed() => Ok(()),
            result = async {
                match mode {
                    Mode::Pass => forward(stream, self.upstream).await,
                    Mode::Swap => self.sit_in_between(stream).await,
                }
            } => result,
        }
    }

    /// Ends the page's tunnel here, opens one of our own to the server, and relays what is said.
    async fn sit_in_between(&self, stream: TcpStream) -> Result<()> {
        let mut path = String::new();
        #[expect(
            clippy::result_large_err,
            reason = "the callback's type is tungstenite's"
        )]
        let socket = accept_hdr_async(stream, |request: &Request, response: Response| {
            path = request.uri().to_string();
            Ok(response)
        })
        .await?;
        let clock = Clock::start();
        let config = ServerConfig::new(self.key.public_key().clone());
        let protocol = ServerConnection::new(config.into(), native::random(), clock.now());
        let mut page = Leg::new("page", socket, &path, &self.key, clock, protocol);
        let mut server: Option<Leg<Client>> = None;
        loop {
            page.write().await?;
            if let Some(server) = &mut server {
                server.write().await?;
            }
            tokio::select! {
                woken = page.wake() => page.handle(woken)?,
                (server, woken) = wake(&mut server) => server.handle(woken)?,
            }
            while let Some(event) = page.protocol.poll_event() {
                match event {
                    Event::PrivateKey(request) => page.answer(&request),
                    Event::Established { version, .. } => {
                        eprintln!(
                            "mitm: the page has accepted our key for the server's, in {version}"
                        );
                        server = Some(self.connect(&path, version).await?);
                    }
                    Event::Message(text) => {
                        page.tell(&text)?;
                        if let Some(server) = &mut server {
                            server.outbox.push_back(text.to_vec());
                        }
                    }
                    Event::Closed(reason) => {
                        eprintln!("mitm: the page's side has ended: {reason}");
                        if let Some(server) = &mut server {
                            server.finish().await?;
                        }
                        return page.finish().await;
                    }
                    _ => {}
                }
            }
            // The session with the server begins once the page has accepted the key.
            let Some(server) = &mut server else { continue };
            while let Some(event) = server.protocol.poll_event() {
                match event {
                    Event::PrivateKey(request) => server.answer(&request),
                    Event::Message(text) => {
                        server.tell(&text)?;
                        page.outbox.push_back(text.to_vec());
                    }
                    Event::Closed(reason) => {
                        eprintln!("mitm: the server's side has ended: {reason}");
                        server.finish().await?;
                        return page.finish().await;
                    }
                    _ => {}
                }
            }
        }
    }

    /// A session of our own with the real server, in the version that the page speaks.
    async fn connect(&self, path: &str, version: Version) -> Result<Leg<Client>> {
        let stream = TcpStream::connect(self.upstream).await?;
        stream.set_nodelay(true)?;
        let url = format!("ws://{}{path}", self.upstream);
        let (socket, _) = client_async(url, stream).await?;
        let clock = Clock::start();
        // An attacker does not mind which server it deceives.
        let config = ClientConfig::new(self.key.public_key().clone(), version, Trust::Any);
        let protocol = ClientConnection::new(config, native::random(), clock.now());
        Ok(Leg::new("server", socket, path, &self.key, clock, protocol))
    }
}

/// Wakes for the server's side, once there is one.
async fn wake(leg: &mut Option<Leg<Client>>) -> (&mut Leg<Client>, Result<Woken>) {
    match leg {
        Some(leg) => {
            let woken = leg.wake().await;
            (leg, woken)
        }
        None => std::future::pending().await,
    }
}

/// Looks at a stream's first bytes and leaves them in it.
async fn begins_with(stream: &TcpStream, prefix: &[u8]) -> Result<bool> {
    let mut seen = vec![0; prefix.len()];
    loop {
        let length = stream.peek(&mut seen).await?;
        if length == 0 || seen[..length] != prefix[..length] {
            return Ok(false);
        }
        if length == prefix.len() {
            return Ok(true);
        }
        // `peek` returns at once as long as anything is there, so without a pause this would spin.
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// A proxy that does no harm.
async fn forward(mut stream: TcpStream, upstream: SocketAddr) -> Result<()> {
    let mut server = TcpStream::connect(upstream).await?;
    server.set_nodelay(true)?;
    tokio::io::copy_bidirectional(&mut stream, &mut server).await?;
    Ok(())
}
