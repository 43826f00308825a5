//! The course of a run: keys, connections, rooms, and then messages at a pace, all of them counted.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use native::clock::Clock;
use shared::chat::{ClientMessage, Keep, RoomId, RoomName, Topic};
use shared::connection::Version;
use shared::identity::PrivateKey;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::client::{Client, Listener, Told};
use super::report::{Delays, Report, Setup};
use super::server_process::{ServerProcess, Usage};
use crate::address::Address;
use crate::exit::Failure;

/// The interval at which the pace is looked at: the finest that the runtime's timers have. All
/// messages that are due then go out together.
const TICK: Duration = Duration::from_millis(1);

/// The time that the last messages have to arrive.
const PATIENCE: Duration = Duration::from_secs(30);

/// The pause before idle memory is measured, so that the memory of connecting is given back.
const CALM: Duration = Duration::from_secs(2);

/// The parameters of a run.
#[derive(Debug, Clone)]
pub(crate) struct Load {
    pub(crate) address: Address,
    pub(crate) version: Version,
    /// The number of connections, spread evenly over the rooms; at least one a room.
    pub(crate) clients: usize,
    pub(crate) rooms: usize,
    /// The number of clients that read nothing from the first message on.
    pub(crate) stalled: usize,
    /// The retention of the rooms; the server's own without it.
    pub(crate) keep: Option<Keep>,
    /// The number of different keys among the clients: generating one takes longer than a
    /// handshake.
    pub(crate) keys: usize,
    /// The messages of each room. With 0 the clients only connect.
    pub(crate) messages: u64,
    /// The bytes of a text.
    pub(crate) bytes: usize,
    pub(crate) pace: Pace,
    /// The server's process, if it is on this machine.
    pub(crate) process: Option<ServerProcess>,
}

/// The pace at which messages are sent.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pace {
    /// This many a second in each room, whatever the server does.
    Rate(f64),
    /// As fast as they are delivered: at most this many in each room that not every subscriber has.
    InFlight(u64),
}

/// A room of the run, with its counts.
struct Room {
    name: RoomName,
    hearers: u64,
    sent: AtomicU64,
    delivered: AtomicU64,
    acked: AtomicU64,
    refused: AtomicU64,
    clock: Clock,
    delivery: Arc<Mutex<Delays>>,
    ack: Arc<Mutex<Delays>>,
}

impl Room {
    fn delay(&self, delays: &Mutex<Delays>, sent_at: u64) {
        let delay = self.clock.now().as_micros().saturating_sub(sent_at);
        let mut delays = delays.lock().unwrap_or_else(PoisonError::into_inner);
        delays.record(delay);
    }

    /// Returns the number of messages that are due now.
    fn due(&self, pace: Pace, messages: u64, running: Duration) -> u64 {
        let sent = self.sent.load(Ordering::Relaxed);
        let most = match pace {
            Pace::Rate(rate) => whole(rate * running.as_secs_f64()).saturating_add(1),
            Pace::InFlight(window) => {
                let everywhere = self.delivered.load(Ordering::Relaxed) / self.hearers;
                // A rejected message is not in flight.
                everywhere + self.refused.load(Ordering::Relaxed) + window
            }
        };
        most.min(messages).saturating_sub(sent)
    }

    fn is_done(&self, messages: u64) -> bool {
        let refused = self.refused.load(Ordering::Relaxed);
        let due = messages.saturating_sub(refused);
        self.sent.load(Ordering::Relaxed) == messages
            && self.delivered.load(Ordering::Relaxed) >= due * self.hearers
            && self.acked.load(Ordering::Relaxed) >= due
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn whole(number: f64) -> u64 {
    number as u64
}

impl Listener for Room {
    fn told(&self, told: Told) {
        match told {
            Told::Delivered { sent_at } => {
                self.delivered.fetch_add(1, Ordering::Relaxed);
                self.delay(&self.delivery, sent_at);
            }
            Told::Acked { sent_at } => {
                self.acked.fetch_add(1, Ordering::Relaxed);
                self.delay(&self.ack, sent_at);
            }
            Told::Refused => {
                self.refused.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

/// Runs the load.
///
/// # Errors
/// The [`Failure`] of the first client that fails: an incomplete load measures nothing.
pub(crate) async fn run(load: &Load, progress: impl Fn(&str)) -> Result<Report, Failure> {
    let clock = Clock::start();
    let usage = || load.process.map(ServerProcess::usage).transpose();
    let usage =
        || usage().map_err(|error| Failure::other(format!("the server's process: {error}")));

    progress(&format!("making {} keys", load.keys));
    let keys = make_keys(load.keys)?;
    let run = run_name()?;

    progress(&format!("connecting {} clients", load.clients));
    let before = usage()?;
    let began = Instant::now();
    let mut clients = Vec::with_capacity(load.clients);
    // One after the other, so that the time of a handshake is not that of a queue for the
    // processor.
    for number in 0..load.clients {
        let key = &keys[number % keys.len()];
        clients.push(Client::connect(&load.address, load.version, key, clock).await?);
    }
    let connecting = began.elapsed();
    let connected = usage()?;

    progress(&format!("entering {} rooms", load.rooms));
    let rooms = make_rooms(load, &run, clock)?;
    let began = Instant::now();
    for (number, client) in clients.iter_mut().enumerate() {
        let room = &rooms[number % rooms.len()];
        // The names are new with each run, so that the first client of a room has to create it.
        let create = (number < rooms.len()).then(|| ClientMessage::Create {
            room: room.name.clone(),
            topic: Topic::default(),
            private: false,
            keep: load.keep,
        });
        client.enter(&room.name, create).await?;
    }
    let entering = began.elapsed();
    let entered = usage()?;
    tokio::time::sleep(CALM).await;
    let idle = usage()?;

    progress(&format!("sending {} messages a room", load.messages));
    let sending = send(load, &rooms, clients).await?;
    let after = usage()?;
    if let Some(failure) = sending.failure {
        return Err(failure);
    }

    let count = |of: fn(&Room) -> &AtomicU64| -> u64 {
        rooms
            .iter()
            .map(|room| of(room).load(Ordering::Relaxed))
            .sum()
    };
    let setup = Setup {
        clients: load.clients,
        connecting,
        entering,
        connect_cpu: between(before, connected),
        enter_cpu: between(connected, entered),
        idle_bytes: before
            .zip(idle)
            .map(|(before, idle)| idle.resident_bytes.saturating_sub(before.resident_bytes)),
    };
    Ok(Report {
        setup,
        sent: count(|room| &room.sent),
        acked: count(|room| &room.acked),
        refused: count(|room| &room.refused),
        delivered: count(|room| &room.delivered),
        expected: rooms.iter().map(|room| load.messages * room.hearers).sum(),
        took: sending.took,
        cpu: between(idle, after),
        ack: taken(&rooms[0].ack),
        delivery: taken(&rooms[0].delivery),
    })
}

fn taken(delays: &Mutex<Delays>) -> Delays {
    delays
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone()
}

fn between(before: Option<Usage>, after: Option<Usage>) -> Option<f64> {
    Some(after?.cpu_seconds - before?.cpu_seconds)
}

fn make_keys(count: usize) -> Result<Vec<PrivateKey>, Failure> {
    (0..count)
        .map(|_| PrivateKey::generate(2048, &mut native::random()))
        .collect::<Result<_, _>>()
        .map_err(|error| Failure::other(format!("cannot make a key: {error}")))
}

/// Returns a name for the run, so that its rooms are not those of another run on the same server.
fn run_name() -> Result<String, Failure> {
    let mut random = [0; 4];
    getrandom::fill(&mut random).map_err(|error| Failure::other(error.to_string()))?;
    Ok(format!("bench-{:08x}", u32::from_be_bytes(random)))
}

fn make_rooms(load: &Load, run: &str, clock: Clock) -> Result<Vec<Arc<Room>>, Failure> {
    let (delivery, ack) = (Arc::default(), Arc::default());
    (0..load.rooms)
        .map(|number| {
            let name = RoomName::parse(&format!("{run}-{number}"))
                .map_err(|error| Failure::other(error.to_string()))?;
            let hearing = load.clients - load.stalled;
            // Clients go to the rooms in turn: where their number does not divide, the first rooms
            // have one more.
            let hearers = (hearing + load.rooms - 1 - number) / load.rooms;
            Ok(Arc::new(Room {
                name,
                hearers: hearers as u64,
                sent: AtomicU64::new(0),
                delivered: AtomicU64::new(0),
                acked: AtomicU64::new(0),
                refused: AtomicU64::new(0),
                clock,
                delivery: Arc::clone(&delivery),
                ack: Arc::clone(&ack),
            }))
        })
        .collect()
}

struct Sending {
    took: Duration,
    failure: Option<Failure>,
}

/// Lets the first client of each room send, and all of them receive.
async fn send(load: &Load, rooms: &[Arc<Room>], clients: Vec<Client>) -> Result<Sending, Failure> {
    let mut tasks = JoinSet::new();
    let mut senders = Vec::new();
    // Kept, because a client whose sender is dropped leaves.
    let mut silent = Vec::new();
    let mut clients = clients;
    // The connections of stalled clients stay open until the end of the run.
    let _stalled = clients.split_off(load.clients - load.stalled);
    for (number, client) in clients.into_iter().enumerate() {
        let room = &rooms[number % rooms.len()];
        let (sender, sends) = mpsc::unbounded_channel();
        if number < rooms.len() {
            senders.push(sender);
        } else {
            silent.push(sender);
        }
        let id = RoomId::from(room.name.clone());
        tasks.spawn(client.talk(id, load.bytes, sends, Arc::clone(room)));
    }
    let began = Instant::now();
    let mut last_change = (Instant::now(), 0);
    loop {
        if let Some(ended) = tasks.try_join_next() {
            let failure = match ended {
                Ok(Err(failure)) => failure,
                Ok(Ok(())) => Failure::other("a client ended before the run"),
                Err(error) => Failure::other(format!("a client failed: {error}")),
            };
            let took = began.elapsed();
            return Ok(Sending {
                took,
                failure: Some(failure),
            });
        }
        for (room, sender) in rooms.iter().zip(&senders) {
            let due = room.due(load.pace, load.messages, began.elapsed());
            if due > 0 {
                // Counted when they are ordered and not when they are sent: the next tick must not
                // order them again.
                room.sent.fetch_add(due, Ordering::Relaxed);
                // A client that has ended is noticed above.
                let _ = sender.send(usize::try_from(due).unwrap_or(usize::MAX));
            }
        }
        if rooms.iter().all(|room| room.is_done(load.messages)) {
            let took = began.elapsed();
            return Ok(Sending {
                took,
                failure: None,
            });
        }
        let delivered = rooms
            .iter()
            .map(|room| room.delivered.load(Ordering::Relaxed))
            .sum();
        if delivered != last_change.1 {
            last_change = (Instant::now(), delivered);
        } else if last_change.0.elapsed() > PATIENCE {
            let text = format!("nothing was delivered for {} s", PATIENCE.as_secs());
            return Err(Failure::new(crate::exit::Code::Lost, text));
        }
        tokio::time::sleep(TICK).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(hearers: u64) -> Room {
        Room {
            name: RoomName::lobby(),
            hearers,
            sent: AtomicU64::new(0),
            delivered: AtomicU64::new(0),
            acked: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            clock: Clock::start(),
            delivery: Arc::default(),
            ack: Arc::default(),
        }
    }

    #[test]
    fn a_window_moves_when_everybody_has_the_message() {
        let room = room(3);
        let due = || room.due(Pace::InFlight(4), 6, Duration::ZERO);
        assert_eq!(due(), 4);
        room.sent.store(4, Ordering::Relaxed);
        assert_eq!(due(), 0);
        room.delivered.store(5, Ordering::Relaxed);
        assert_eq!(due(), 1);
        room.delivered.store(12, Ordering::Relaxed);
        assert_eq!(due(), 2, "no more than there are");
        room.acked.store(6, Ordering::Relaxed);
        room.sent.store(6, Ordering::Relaxed);
        assert!(!room.is_done(6));
        room.delivered.store(18, Ordering::Relaxed);
        assert!(room.is_done(6));
    }

    #[test]
    fn a_rate_goes_on_whatever_is_delivered() {
        let room = room(3);
        let due = |millis| room.due(Pace::Rate(10.0), 100, Duration::from_millis(millis));
        assert_eq!((due(0), due(250), due(1000)), (1, 3, 11));
        room.sent.store(11, Ordering::Relaxed);
        assert_eq!(due(1000), 0);
    }
}
