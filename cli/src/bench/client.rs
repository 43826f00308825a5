//! One client of the load: a session in JSON in one room, which sends when it is told to, and
//! counts what arrives.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use native::clock::Clock;
use serde::Deserialize;
use shared::chat::{ClientMessage, MessageId, RoomId, RoomName, Text};
use shared::connection::{ClientConfig, ClientConnection, CloseReason, Event, Trust, Version};
use shared::identity::PrivateKey;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;

use crate::address::Address;
use crate::exit::{Code, Failure};
use crate::system;
use crate::transport::{self, Stream};

const READ_BUFFER_BYTES: usize = 64 * 1024;

/// The time that an answer may take while the clients connect one after the other.
const ANSWER_TIMEOUT: Duration = Duration::from_mins(1);

/// An event that a client reports to the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// A message was delivered that was sent this many microseconds after the clock's start.
    Delivered { sent_at: u64 },
    /// An own message is durable that was sent this many microseconds after the clock's start.
    Acked { sent_at: u64 },
    /// The server rejected a request.
    Refused,
}

/// A receiver of the clients' reports.
pub(super) trait Listener {
    fn told(&self, told: Told);
}

/// A client that is in its room.
pub(super) struct Client {
    stream: Box<dyn Stream>,
    connection: ClientConnection,
    key: PrivateKey,
    clock: Clock,
    buffer: Vec<u8>,
}

/// The part of the server's messages that a load generator looks at. The rest is not parsed: this
/// process must not be what limits the measurement.
#[derive(Deserialize)]
struct Seen<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(borrow, default)]
    text: Option<std::borrow::Cow<'a, str>>,
    #[serde(borrow, default)]
    message: Option<std::borrow::Cow<'a, str>>,
}

impl Client {
    /// Connects, completes the handshake and says hello.
    ///
    /// # Errors
    /// [`Failure`] with the code for the problem.
    pub(super) async fn connect(
        address: &Address,
        version: Version,
        key: &PrivateKey,
        clock: Clock,
    ) -> Result<Self, Failure> {
        let dialed = transport::dial(address).await?;
        // Nothing is trusted and nothing is sent that is worth protecting: the run is pointed at a
        // server on purpose.
        let config = ClientConfig::new(key.public_key().clone(), version, Trust::Any);
        let connection = ClientConnection::new(config, native::random(), clock.now());
        let mut client = Self {
            stream: dialed.stream,
            connection,
            key: key.clone(),
            clock,
            buffer: vec![0; READ_BUFFER_BYTES],
        };
        let hello = ClientMessage::Hello {
            name: None,
            client: concat!("secure-chat bench ", env!("CARGO_PKG_VERSION"))
                .to_owned()
                .into(),
        };
        while !client.connection.is_established() {
            client.turn(&mut |_| {}).await?;
        }
        client.say(&hello)?;
        client.wait_for("welcome").await?;
        Ok(client)
    }

    /// Creates a room, or joins it if it exists, and waits for the answer.
    ///
    /// # Errors
    /// [`Failure`] with the code for the problem.
    pub(super) async fn enter(
        &mut self,
        room: &RoomName,
        create: Option<ClientMessage>,
    ) -> Result<(), Failure> {
        let join = ClientMessage::Join {
            room: RoomId::from(room.clone()),
            after: None,
        };
        self.say(&create.unwrap_or(join))?;
        self.wait_for("joined").await
    }

    /// Waits for a message of one kind.
    async fn wait_for(&mut self, kind: &str) -> Result<(), Failure> {
        let mut found = false;
        let mut refused = None;
        let waiting = async {
            while !found && refused.is_none() {
                self.turn(&mut |plaintext| {
                    if let Ok(seen) = serde_json::from_slice::<Seen<'_>>(plaintext) {
                        found |= seen.kind == kind;
                        if seen.kind == "error" {
                            refused = Some(seen.message.unwrap_or_default().into_owned());
                        }
                    }
                })
                .await?;
            }
            Ok::<(), Failure>(())
        };
        let Ok(waited) = tokio::time::timeout(ANSWER_TIMEOUT, waiting).await else {
            let seconds = ANSWER_TIMEOUT.as_secs();
            let text = format!("the server sent no `{kind}` within {seconds} s");
            return Err(Failure::new(Code::Lost, text));
        };
        waited?;
        match refused {
            Some(message) if !found => {
                let message = crate::printable::line(message.as_bytes());
                Err(Failure::new(Code::Reported, format!("refused: {message}")))
            }
            _ => Ok(()),
        }
    }

    fn say(&mut self, message: &ClientMessage) -> Result<(), Failure> {
        let json =
            serde_json::to_vec(message).map_err(|error| Failure::other(error.to_string()))?;
        self.connection
            .send(&json, self.clock.now())
            .map_err(|error| Failure::new(Code::Protocol, error.to_string()))
    }

    /// Runs until `sends` ends or the server ends the session. Each number from `sends` is a number
    /// of messages of `bytes` to send to `room`.
    ///
    /// # Errors
    /// [`Failure`] with the code for the session's end.
    pub(super) async fn talk(
        mut self,
        room: RoomId,
        bytes: usize,
        mut sends: mpsc::UnboundedReceiver<usize>,
        listener: Arc<impl Listener>,
    ) -> Result<(), Failure> {
        // The times of own messages that are not acknowledged, in the order of sending: the server
        // acknowledges one client's messages to one room in that order.
        let mut unacked = VecDeque::new();
        loop {
            self.transmit().await?;
            tokio::select! {
                count = sends.recv() => {
                    let Some(count) = count else { return Ok(()) };
                    for _ in 0..count {
                        let sent_at = self.clock.now().as_micros();
                        self.say(&message(&room, sent_at, bytes)?)?;
                        unacked.push_back(sent_at);
                    }
                }
                read = self.stream.read(&mut self.buffer) => {
                    self.take(read, &mut |plaintext| {
                        if let Some(told) = look(plaintext, &mut unacked) {
                            listener.told(told);
                        }
                    })?;
                }
            }
        }
    }

    /// Writes what waits, reads once, and handles what arrived.
    async fn turn(&mut self, opened: &mut impl FnMut(&[u8])) -> Result<(), Failure> {
        self.transmit().await?;
        let read = self.stream.read(&mut self.buffer).await;
        self.take(read, opened)
    }

    async fn transmit(&mut self) -> Result<(), Failure> {
        while let Some(bytes) = self.connection.poll_transmit() {
            self.stream.write_all(&bytes).await.map_err(|e| lost(&e))?;
            self.stream.flush().await.map_err(|error| lost(&error))?;
        }
        Ok(())
    }

    fn take(
        &mut self,
        read: io::Result<usize>,
        opened: &mut impl FnMut(&[u8]),
    ) -> Result<(), Failure> {
        match read.map_err(|error| lost(&error))? {
            0 => self.connection.handle_eof(),
            length => {
                let now = self.clock.now();
                self.connection.handle_bytes(&self.buffer[..length], now);
            }
        }
        while let Some(event) = self.connection.poll_event() {
            match event {
                Event::PrivateKey(request) => {
                    let answer = request.answer(&self.key, &mut native::random());
                    self.connection.handle_private_key(answer, self.clock.now());
                }
                Event::Message(plaintext) => opened(&plaintext),
                Event::Closed(reason) => return Err(ended(&reason)),
                _ => {}
            }
        }
        Ok(())
    }
}

/// Builds a message of `bytes` that names the time of its sending.
fn message(room: &RoomId, sent_at: u64, bytes: usize) -> Result<ClientMessage, Failure> {
    let mut random = [0; 10];
    getrandom::fill(&mut random).map_err(|error| Failure::other(error.to_string()))?;
    let text = format!("{sent_at:0>20} {:x<1$}", "", bytes.saturating_sub(21));
    Ok(ClientMessage::Send {
        room: room.clone(),
        id: MessageId::new(system::unix_millis(), random),
        text: Text::parse(&text).map_err(|error| Failure::other(error.to_string()))?,
        reply_to: None,
    })
}

/// Returns the report that a plaintext of the server causes.
fn look(plaintext: &[u8], unacked: &mut VecDeque<u64>) -> Option<Told> {
    let seen: Seen<'_> = serde_json::from_slice(plaintext).ok()?;
    match seen.kind {
        "message" => {
            let sent_at = seen.text?.get(..20)?.parse().ok()?;
            Some(Told::Delivered { sent_at })
        }
        "ack" => unacked.pop_front().map(|sent_at| Told::Acked { sent_at }),
        "error" => {
            // A refused message gets no ack: its time must not be taken for that of the next
            // message.
            unacked.pop_front();
            Some(Told::Refused)
        }
        _ => None,
    }
}

fn lost(error: &io::Error) -> Failure {
    Failure::new(Code::Lost, format!("the connection is lost: {error}"))
}

fn ended(reason: &CloseReason) -> Failure {
    let code = match reason {
        CloseReason::Reported { .. } => Code::Reported,
        CloseReason::Failed(_) => Code::Protocol,
        _ => Code::Lost,
    };
    Failure::new(code, format!("the server ended a session: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_its_size_and_says_when_it_was_sent() {
        let room = RoomId::from(RoomName::lobby());
        for bytes in [21, 200, 16 * 1024] {
            let ClientMessage::Send { text, .. } = message(&room, 1234, bytes).unwrap() else {
                panic!("no send");
            };
            assert_eq!(text.as_str().len(), bytes);
            let delivered = format!(r#"{{"type":"message","text":"{}","seq":1}}"#, text.as_str());
            let told = look(delivered.as_bytes(), &mut [].into());
            assert_eq!(told, Some(Told::Delivered { sent_at: 1234 }));
        }
    }

    #[test]
    fn acks_and_refusals_belong_to_the_oldest_that_waits() {
        let mut unacked = [5, 9].into();
        let ack = br#"{"type":"ack","id":"x","room":"r","seq":1}"#;
        assert_eq!(look(ack, &mut unacked), Some(Told::Acked { sent_at: 5 }));
        let error = br#"{"type":"error","code":"rate_limited","message":"slow down"}"#;
        assert_eq!(look(error, &mut unacked), Some(Told::Refused));
        assert!(unacked.is_empty());
        assert_eq!(look(b"* welcome", &mut unacked), None);
    }
}
