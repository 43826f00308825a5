//! A client that never gives up: it keeps each entry until the ack, returns with the last number
//! that it has, and checks every entry that it receives.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use client::backoff;
use shared::chat::server::RoomEntry;
use shared::chat::{
    ClientMessage, Emoji, Entry, Event as Happening, MessageId, RoomId, RoomName, Seq,
    ServerMessage, Text, UserId,
};
use shared::connection::{ClientConfig, ClientConnection, Event, Trust, Version};
use shared::identity::PrivateKey;
use shared::time::Time;

use super::random::Dice;
use super::stream::{Stream, Transport};
use super::{Outcome, Return, Scene};
use crate::support::system_random;

/// The rooms; the first client to come creates the second one.
const ROOMS: [&str; 2] = ["lobby", "second"];

/// A time that nothing honest takes.
const PATIENCE: Duration = Duration::from_mins(1);

/// The time between two sessions of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// Ends its sessions itself, in every way in which sessions end, and is back soon.
    Restless,
    /// Stays, and comes back as page and terminal do.
    Steady,
}

pub(crate) struct Driver {
    scene: Arc<Scene>,
    key: PrivateKey,
    user: UserId,
    version: Version,
    transport: Transport,
    dice: Dice,
    manner: Manner,
    /// The way back after the end of a session.
    way_back: Return,
    started: Instant,
    /// The entries that were written and are not acknowledged.
    outbox: VecDeque<(MessageId, ClientMessage)>,
    logs: BTreeMap<RoomId, Vec<Entry>>,
    written: u64,
}

/// A session in progress.
struct Session {
    stream: Stream,
    connection: ClientConnection,
    /// The rooms that were entered, with their heads at that time.
    joined: BTreeMap<RoomId, Seq>,
    /// The second room was requested by creating it.
    created: bool,
}

impl Driver {
    pub(crate) fn new(
        scene: Arc<Scene>,
        key: PrivateKey,
        version: Version,
        transport: Transport,
        dice: Dice,
    ) -> Self {
        Self {
            scene,
            user: UserId(key.public_key().fingerprint()),
            key,
            version,
            transport,
            dice,
            manner: Manner::Restless,
            way_back: Return::default(),
            started: Instant::now(),
            outbox: VecDeque::new(),
            logs: rooms().map(|room| (room, Vec::new())).collect(),
            written: 0,
        }
    }

    /// Never ends a session by itself, and comes back as page and terminal do.
    pub(crate) fn steady(mut self) -> Self {
        self.manner = Manner::Steady;
        self
    }

    pub(crate) async fn run(mut self) -> Outcome {
        self.until_silent().await;
        // From here on no client writes anything new, so the heads are final.
        self.scene.silent.wait().await;
        self.until_silent().await;
        Outcome { logs: self.logs }
    }

    /// Runs session after session, until everything is sent and received.
    async fn until_silent(&mut self) {
        loop {
            let was_busy = self.scene.is_busy();
            // However a session ends, the next one goes on where it was.
            let ended = tokio::time::timeout(PATIENCE, self.session()).await;
            let done = ended.unwrap_or_else(|_| panic!("{} hangs", self.user));
            if !was_busy && matches!(done, Ok(true)) {
                return;
            }
            let pause = match self.manner {
                Manner::Restless => self.dice.between(10, 500),
                Manner::Steady => {
                    self.way_back.attempts += 1;
                    let jitter = f64::from(u32::try_from(self.dice.between(0, 1000)).unwrap());
                    let wait = backoff::delay_ms(self.way_back.attempts, jitter / 1000.0);
                    self.way_back.waited_ms += wait;
                    wait
                }
            };
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
    }

    /// Runs one session. `true` if everything is sent and received.
    async fn session(&mut self) -> io::Result<bool> {
        let Some(address) = *self.scene.server.read().unwrap() else {
            return Ok(false);
        };
        let config = ClientConfig::new(self.key.public_key().clone(), self.version, Trust::Any);
        let mut session = Session {
            stream: Stream::open(self.transport, address).await?,
            connection: ClientConnection::new(config, system_random(), self.now()),
            joined: BTreeMap::new(),
            created: false,
        };
        while !session.connection.is_established() {
            self.turn(&mut session).await?;
        }
        let hello = ClientMessage::Hello {
            name: None,
            client: String::new().into(),
        };
        self.say(&mut session, &hello)?;
        for room in rooms() {
            self.join(&mut session, room)?;
        }
        while session.joined.len() < ROOMS.len() {
            self.turn(&mut session).await?;
        }
        // All of the outbox again: the client cannot know which entries the server has stored
        // without an ack. The ids keep them from being stored twice.
        for (_, message) in self.outbox.clone() {
            self.say(&mut session, &message)?;
        }
        if self.way_back.attempts > 0 {
            let way_back = std::mem::take(&mut self.way_back);
            self.scene.comes_back(way_back);
        }
        let until = match self.manner {
            Manner::Restless => {
                Instant::now() + Duration::from_millis(self.dice.between(300, 6_000))
            }
            Manner::Steady => Instant::now() + PATIENCE,
        };
        loop {
            let busy = self.scene.is_busy();
            if !busy && self.has_everything(&session) {
                return Ok(true);
            }
            if busy && Instant::now() > until {
                self.part(session).await?;
                return Ok(false);
            }
            let pause = Duration::from_millis(self.dice.between(50, 600));
            let reading = tokio::time::timeout(pause, async {
                loop {
                    self.turn(&mut session).await?;
                    // The missing entries must not take a whole pause to arrive.
                    if !self.scene.is_busy() && self.has_everything(&session) {
                        return io::Result::Ok(());
                    }
                }
            });
            if let Ok(failed) = reading.await {
                failed?;
            } else if busy {
                self.act(&mut session)?;
            }
        }
    }

    fn has_everything(&self, session: &Session) -> bool {
        let caught_up = |(room, head): (&RoomId, &Seq)| last(&self.logs[room]) >= *head;
        self.outbox.is_empty() && session.joined.iter().all(caught_up)
    }

    /// Writes a new entry.
    fn act(&mut self, session: &mut Session) -> io::Result<()> {
        self.written += 1;
        let room = self.room();
        let id = MessageId::new(self.written, self.dice.bytes());
        let own = |entry: &&Entry| {
            entry.from.id == self.user && matches!(entry.event, Happening::Message { .. })
        };
        let log = &self.logs[&room];
        let last_own = log.iter().rev().find(own).map(|entry| entry.seq);
        let said = log.iter().rev();
        let last_said = said
            .clone()
            .find(|it| matches!(it.event, Happening::Message { .. }));
        let last_said = last_said.map(|entry| entry.seq);
        let text = Text::parse(&format!(
            "{} of {}: {}",
            self.written,
            self.user,
            "x".repeat(usize::try_from(self.dice.between(1, 300)).unwrap(),)
        ))
        .unwrap();
        let message = match (self.dice.between(0, 10), last_own, last_said) {
            (0, Some(of), _) => ClientMessage::Edit { room, id, of, text },
            (1, _, Some(of)) => ClientMessage::React {
                room,
                id,
                of,
                emoji: Emoji::parse("👍").unwrap(),
                on: self.dice.once_in(2),
            },
            _ => ClientMessage::Send {
                room,
                id,
                text,
                reply_to: None,
            },
        };
        self.outbox.push_back((id, message.clone()));
        self.say(session, &message)
    }

    fn room(&mut self) -> RoomId {
        RoomId::parse(ROOMS[usize::from(self.dice.once_in(3))]).unwrap()
    }

    /// Ends a session in one of the ways in which sessions end.
    async fn part(&mut self, mut session: Session) -> io::Result<()> {
        match self.dice.between(0, 4) {
            // In the middle of a frame.
            0 => {
                let now = self.now();
                let sealed = session.connection.send(br#"{"type":"ping"}"#, now);
                if sealed.is_ok()
                    && let Some(bytes) = session.connection.poll_transmit()
                {
                    session.stream.write(&bytes[..bytes.len() / 2]).await?;
                }
            }
            // With the protocol's own close.
            1 => {
                let now = self.now();
                session.connection.finish(now);
                while let Some(bytes) = session.connection.poll_transmit() {
                    session.stream.write(&bytes).await?;
                }
            }
            2 => session.stream.half_close().await?,
            // Without a close, and with the server's last bytes unread.
            _ => {}
        }
        Ok(())
    }

    fn join(&self, session: &mut Session, room: RoomId) -> io::Result<()> {
        let after = Some(last(&self.logs[&room]));
        self.say(session, &ClientMessage::Join { room, after })
    }

    fn say(&self, session: &mut Session, message: &ClientMessage) -> io::Result<()> {
        let json = serde_json::to_vec(message).unwrap();
        let sent = session.connection.send(&json, self.now());
        sent.map_err(io::Error::other)
    }

    /// Writes what waits, reads once, and handles what arrived. Cancel safe but for a write under
    /// way; a write that breaks off ends the session anyway.
    async fn turn(&mut self, session: &mut Session) -> io::Result<()> {
        while let Some(bytes) = session.connection.poll_transmit() {
            session.stream.write(&bytes).await?;
        }
        let bytes = session.stream.read().await?;
        if bytes.is_empty() {
            session.connection.handle_eof();
        } else {
            session.connection.handle_bytes(&bytes, self.now());
        }
        while let Some(event) = session.connection.poll_event() {
            match event {
                Event::PrivateKey(request) => {
                    let answer = request.answer(&self.key, &mut system_random());
                    let now = self.now();
                    session.connection.handle_private_key(answer, now);
                }
                Event::Message(plaintext) => {
                    let text = std::str::from_utf8(&plaintext).unwrap();
                    // The lobby's plain text comes before the first answer.
                    if text.starts_with('{') {
                        self.hear(session, serde_json::from_str(text).unwrap())?;
                    }
                }
                Event::Closed(reason) => return Err(io::Error::other(reason.to_string())),
                _ => {}
            }
        }
        Ok(())
    }

    fn hear(&mut self, session: &mut Session, message: ServerMessage) -> io::Result<()> {
        match message {
            ServerMessage::Joined { room, head, .. } => {
                assert!(
                    last(&self.logs[&room]) <= head,
                    "the server has forgotten something"
                );
                session.joined.insert(room, head);
            }
            ServerMessage::Page { room, entries } => {
                for entry in entries {
                    self.take(&room, entry);
                }
            }
            ServerMessage::Entry(RoomEntry { room, entry }) => self.take(&room, entry),
            ServerMessage::Ack { id, room, seq, .. } => {
                self.outbox.retain(|(waiting, _)| *waiting != id);
                self.scene.ack(room, self.user, id, seq);
            }
            ServerMessage::Error { about, message, .. } => {
                // The second room does not exist before a client creates it; two clients may do so
                // at once.
                assert_eq!(about.as_deref(), Some(ROOMS[1]), "{message}");
                let room = RoomName::parse(ROOMS[1]).unwrap();
                if session.created {
                    self.join(session, room.into())?;
                } else {
                    session.created = true;
                    let create = ClientMessage::Create {
                        room,
                        topic: shared::chat::Topic::default(),
                        private: false,
                        keep: None,
                    };
                    self.say(session, &create)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Takes an entry, which must be the next one: each comes once and in order.
    fn take(&mut self, room: &RoomId, entry: Entry) {
        let log = self.logs.get_mut(room).unwrap();
        assert_eq!(entry.seq, last(log) + 1, "{room} for {}", self.user);
        log.push(entry);
    }

    fn now(&self) -> Time {
        Time::from_micros(u64::try_from(self.started.elapsed().as_micros()).unwrap())
    }
}

fn rooms() -> impl Iterator<Item = RoomId> {
    ROOMS.iter().map(|room| RoomId::parse(room).unwrap())
}

fn last(log: &[Entry]) -> Seq {
    log.last().map_or(0, |entry| entry.seq)
}
