//! The health of a server whose store hangs or fails.

use shared::chat::search::Cursor;
use shared::chat::{Entry, Query, RoomId, Seq};
use shared::identity::PrivateKey;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::UnboundedReceiver;

use super::*;
use crate::Context;
use crate::config::Config;
use crate::hub::Unhealthy;
use crate::listen::Listeners;
use crate::store::{
    Appended, Change, Durable, Found, NewEntry, Outcome, PageSize, Snapshot, Store, StoreError,
};

/// A store that can do everything but read an entry.
#[derive(Debug)]
struct Broken {
    store: MemoryStore,
    hangs: bool,
}

impl Store for Broken {
    fn entry(&self, _room: RoomId, _seq: Seq) -> Durable<Option<Entry>> {
        if self.hangs {
            return Box::pin(std::future::pending());
        }
        Box::pin(async { Err(StoreError::Failed("the disk is gone".into())) })
    }

    fn load(&self) -> Durable<Snapshot> {
        self.store.load()
    }

    fn subscribe(&self) -> UnboundedReceiver<Vec<Outcome>> {
        self.store.subscribe()
    }

    fn append(&self, room: RoomId, entry: NewEntry) -> Durable<Appended> {
        self.store.append(room, entry)
    }

    fn append_again(&self, room: RoomId, entry: NewEntry) -> Durable<Appended> {
        self.store.append_again(room, entry)
    }

    fn read_after(&self, room: RoomId, after: Seq, page: PageSize) -> Durable<Vec<Entry>> {
        self.store.read_after(room, after, page)
    }

    fn read_before(&self, room: RoomId, before: Seq, page: PageSize) -> Durable<Vec<Entry>> {
        self.store.read_before(room, before, page)
    }

    fn reserve(&self, room: RoomId, numbers: u32) -> Durable<Seq> {
        self.store.reserve(room, numbers)
    }

    fn search(
        &self,
        rooms: Vec<RoomId>,
        query: Query,
        before: Option<Cursor>,
        page: PageSize,
    ) -> Durable<Found> {
        self.store.search(rooms, query, before, page)
    }

    fn change(&self, change: Change) -> Durable<()> {
        self.store.change(change)
    }
}

async fn broken(hangs: bool) -> Hub {
    let store = MemoryStore::default();
    Hub::open(Arc::new(Broken { store, hangs }), unlimited())
        .await
        .unwrap()
}

// The fault: `/healthz` asked neither hub nor store, and said 200 while every new session died.
#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_or_fails_is_unhealthy() {
    assert!(hub().await.health().await.is_ok());
    let answer = broken(true).await.health().await;
    assert!(matches!(answer, Err(Unhealthy::StoreTimeout)), "{answer:?}");
    let answer = broken(false).await.health().await;
    let Err(Unhealthy::Store(cause)) = answer else {
        panic!("{answer:?}");
    };
    assert!(cause.to_string().contains("the disk is gone"));
}

// A question about health that waited for the lock would itself take one thread after the other.
#[tokio::test(start_paused = true)]
async fn a_hub_whose_lock_is_held_is_unhealthy_and_takes_no_thread() {
    // Nothing of it runs: the one thread of this test would wait for the lock there.
    let store = Arc::new(MemoryStore::default());
    let hub = Hub::open(store, unlimited()).await.unwrap();
    let hub: &'static Hub = Box::leak(Box::new(hub));
    let (held, is_held) = std::sync::mpsc::channel();
    let (release, is_released) = std::sync::mpsc::channel::<()>();
    let holder = std::thread::spawn(move || {
        let _directory = hub.directory();
        held.send(()).unwrap();
        // Ends when the other end is dropped.
        let _ = is_released.recv();
    });
    is_held.recv().unwrap();
    let answer = hub.health().await;
    assert!(matches!(answer, Err(Unhealthy::Hub)), "{answer:?}");
    drop(release);
    holder.join().unwrap();
    // Its task does not run, so nothing that the store has committed is applied.
    let answer = hub.health().await;
    assert!(matches!(answer, Err(Unhealthy::StoreTimeout)), "{answer:?}");
}

/// Asks for a path and returns the status line and the body.
async fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

// Whoever restarts servers by `/livez` must not do so for a slow disk: it would cut everybody off.
#[tokio::test]
async fn a_server_whose_store_hangs_lives_and_is_not_healthy() {
    let key = PrivateKey::generate(2048, &mut native::random()).unwrap();
    let context = Arc::new(Context::new(Config::default(), key, broken(true).await));
    let tcp = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let http = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let ops = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let (address, watched) = (http.local_addr().unwrap(), ops.local_addr().unwrap());
    let mut listeners = Listeners::new(tcp, http);
    listeners.ops.push(ops.into());
    let server = tokio::spawn(crate::run(listeners, Arc::clone(&context)));

    // Many at once: one of them asks the store, and all get its answer.
    let asking: Vec<_> = (0..20)
        .map(|_| tokio::spawn(async move { get(address, "/healthz").await }))
        .collect();
    let alive = get(address, "/livez").await;
    assert!(alive.starts_with("HTTP/1.1 200"), "{alive}");
    assert!(alive.ends_with("\r\n\r\nok\n"), "{alive}");
    for answer in asking {
        let answer = answer.await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
        assert!(answer.ends_with("the store does not answer\n"), "{answer}");
    }
    // Whoever watches is told the same, and is answered all the same.
    let ready = get(watched, "/readyz").await;
    assert!(ready.starts_with("HTTP/1.1 503"), "{ready}");
    let metrics = get(watched, "/metrics").await;
    assert!(metrics.contains("\nsecure_chat_healthy 0\n"), "{metrics}");
    context.stop.cancel();
    server.await.unwrap();
}
