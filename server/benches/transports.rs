//! Messages through the whole server, over raw TCP and through the WebSocket tunnel: sealed by a
//! client, opened, echoed by the lobby, sealed again, opened again.
//!
//! Both transports take turns in one run, and the medians are compared: the goal is a tunnel with
//! at least 0.8 of TCP's rate.

#![allow(clippy::unwrap_used, clippy::cast_precision_loss, missing_docs)]

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use native::clock::Clock;
use native::random;
use secure_chat_server::config::Config;
use secure_chat_server::hub::Hub;
use secure_chat_server::listen::Listeners;
use secure_chat_server::rates::PerMinute;
use secure_chat_server::store::MemoryStore;
use secure_chat_server::{Context, hub_settings, run};
use shared::connection::{ClientConfig, ClientConnection, Event, Trust, Version};
use shared::identity::PrivateKey;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// Times each transport is measured, in turns.
const ROUNDS: usize = 5;
/// Most messages in flight: enough to keep both ends busy, little enough not to be put out.
const IN_FLIGHT: usize = 32;

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(measure());
}

async fn measure() {
    let config = Config {
        max_text_bytes: 64 * 1024,
        rates: PerMinute::UNLIMITED,
        ..Config::default()
    };
    let key = PrivateKey::generate(2048, &mut random()).unwrap();
    let store = Arc::new(MemoryStore::default());
    let hub = Hub::open(store, hub_settings(&config, None)).await.unwrap();
    let context = Arc::new(Context::new(config, key, hub));
    let tcp = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let http = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let (tcp_address, http_address) = (tcp.local_addr().unwrap(), http.local_addr().unwrap());
    let server = tokio::spawn(run(Listeners::new(tcp, http), Arc::clone(&context)));

    for (bytes, messages) in [(200, 20_000), (16 * 1024, 2_000)] {
        let mut rates = [Vec::new(), Vec::new()];
        for _ in 0..ROUNDS {
            let stream = TcpStream::connect(tcp_address).await.unwrap();
            // Small writes would otherwise wait for the peer's acknowledgements, and that would be
            // measured.
            stream.set_nodelay(true).unwrap();
            rates[0].push(
                Client::start(Link::Tcp(stream))
                    .await
                    .rate(bytes, messages)
                    .await,
            );

            let url = format!("ws://{http_address}/ws?encoding=binary");
            let (socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
            if let MaybeTlsStream::Plain(stream) = socket.get_ref() {
                stream.set_nodelay(true).unwrap();
            }
            let link = Link::WebSocket(Box::new(socket));
            rates[1].push(Client::start(link).await.rate(bytes, messages).await);
        }
        let [tcp, tunnel] = rates.map(median);
        println!("result: messages of {bytes} B, TCP = {tcp:.0}/s");
        println!("result: messages of {bytes} B, tunnel = {tunnel:.0}/s");
        println!(
            "result: messages of {bytes} B, tunnel over TCP (goal 0.8) = {:.2}",
            tunnel / tcp
        );
    }
    context.stop.cancel();
    server.await.unwrap();
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

/// A byte stream of either kind.
enum Link {
    Tcp(TcpStream),
    WebSocket(Box<WebSocketStream<MaybeTlsStream<TcpStream>>>),
}

impl Link {
    async fn write(&mut self, bytes: Vec<u8>) {
        match self {
            Self::Tcp(stream) => stream.write_all(&bytes).await.unwrap(),
            Self::WebSocket(socket) => {
                socket
                    .send(Message::Binary(Bytes::from(bytes)))
                    .await
                    .unwrap();
            }
        }
    }

    async fn read(&mut self, buffer: &mut Vec<u8>) {
        buffer.clear();
        match self {
            Self::Tcp(stream) => {
                stream.read_buf(buffer).await.unwrap();
            }
            Self::WebSocket(socket) => {
                if let Message::Binary(bytes) = socket.next().await.unwrap().unwrap() {
                    buffer.extend_from_slice(&bytes);
                }
            }
        }
    }
}

struct Client {
    link: Link,
    connection: ClientConnection,
    key: PrivateKey,
    clock: Clock,
    received: usize,
    buffer: Vec<u8>,
}

impl Client {
    /// Connects, and waits for the lobby's welcome.
    async fn start(link: Link) -> Self {
        let key = PrivateKey::generate(2048, &mut random()).unwrap();
        let clock = Clock::start();
        let config = ClientConfig::new(key.public_key().clone(), Version::V1, Trust::Any);
        let connection = ClientConnection::new(config, random(), clock.now());
        let buffer = Vec::with_capacity(64 * 1024);
        let mut client = Self {
            link,
            connection,
            key,
            clock,
            received: 0,
            buffer,
        };
        while client.received == 0 {
            client.turn().await;
        }
        client.received = 0;
        client
    }

    /// Writes what waits, reads what is there.
    async fn turn(&mut self) {
        if let Some(bytes) = self.connection.poll_transmit() {
            self.link.write(bytes).await;
        }
        self.link.read(&mut self.buffer).await;
        self.connection.handle_bytes(&self.buffer, self.clock.now());
        while let Some(event) = self.connection.poll_event() {
            match event {
                Event::PrivateKey(request) => {
                    let response = request.answer(&self.key, &mut random());
                    self.connection
                        .handle_private_key(response, self.clock.now());
                    let bytes = self.connection.poll_transmit().unwrap();
                    self.link.write(bytes).await;
                }
                Event::Message(plaintext) => {
                    self.received += 1;
                    std::hint::black_box(plaintext);
                }
                Event::Closed(reason) => unreachable!("{reason}"),
                _ => {}
            }
        }
    }

    /// Messages per second, from the first sent to the last echoed.
    async fn rate(mut self, bytes: usize, messages: usize) -> f64 {
        let text = "x".repeat(bytes);
        let start = Instant::now();
        let mut sent = 0;
        while self.received < messages {
            // Bounded, because a client that is behind is evicted, and the run with it.
            while sent < messages && sent - self.received < IN_FLIGHT {
                self.connection
                    .send(text.as_bytes(), self.clock.now())
                    .unwrap();
                sent += 1;
            }
            self.turn().await;
        }
        messages as f64 / start.elapsed().as_secs_f64()
    }
}
