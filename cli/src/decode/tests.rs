//! A session with the real server: the records of its capture are those that it has reported itself.

use std::fs::{self, File};
use std::sync::Arc;

use secure_chat_server::config::Config;
use secure_chat_server::hub::Hub;
use secure_chat_server::listen::Listeners;
use secure_chat_server::store::MemoryStore;
use secure_chat_server::{Context, hub_settings};
use shared::connection::{Event, FrameKind};
use shared::identity::PrivateKey;
use shared::observe::Document;
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc};

use super::*;
use crate::capture::Capture;
use crate::contact::{self, Unattended};
use crate::known_servers::KnownServers;
use crate::session::{Chat, Happening, Outgoing, Wiring};
use crate::wish::Wish;

/// Starts the real server, and returns its address for TCP.
async fn server() -> String {
    let key = PrivateKey::generate(2048, &mut native::random()).unwrap();
    let bind = || TcpListener::bind("127.0.0.1:0");
    let (tcp, http) = (bind().await.unwrap(), bind().await.unwrap());
    let address = tcp.local_addr().unwrap().to_string();
    let config = Config::default();
    let hub = Hub::open(
        Arc::new(MemoryStore::default()),
        hub_settings(&config, None),
    );
    let context = Arc::new(Context::new(config, key, hub.await.unwrap()));
    tokio::spawn(secure_chat_server::run(Listeners::new(tcp, http), context));
    address
}

/// Says something to the server, and returns the frames that the session has reported.
async fn session(address: &str, version: Version, capture: Capture) -> Vec<FrameRecord> {
    let wish = Wish {
        address: address.parse().unwrap(),
        version,
        expected: None,
        observe_frames: true,
        capture: Some(capture),
    };
    let key = PrivateKey::generate(2048, &mut native::random()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let known = KnownServers::new(folder.path());
    let mut nobody = Unattended { accept_new: true };
    let contact = contact::make(wish, &known, &key, &mut nobody);
    let contact = contact.await.unwrap();
    let (sender, outgoing) = mpsc::channel(4);
    let (happenings, mut happened) = mpsc::channel(64);
    let long = "long ".repeat(2000).into_bytes();
    for text in [&b"hello"[..], &long, "größer 🦀".as_bytes()] {
        let message = Outgoing::Message(text.to_vec());
        sender.send(message).await.unwrap();
    }
    drop(sender);
    let wiring = Wiring {
        outgoing,
        happenings,
        interrupt: Arc::new(Notify::new()),
        chat: Chat::PlainText,
    };
    let reported = async {
        let mut frames = Vec::new();
        while let Some(happening) = happened.recv().await {
            if let Happening::Event(Event::Frame(frame)) = happening {
                frames.push(FrameRecord::from(&*frame));
            }
        }
        frames
    };
    let (_, frames) = tokio::join!(contact.run(&key, wiring), reported);
    frames
}

/// Returns the frames of a direction, without what a capture cannot know or does not show: the exact
/// times, the order of both directions to each other, and the values of secrets.
fn comparable(frames: &[FrameRecord], direction: Direction) -> Vec<FrameRecord> {
    let frames = frames.iter().filter(|frame| frame.direction == direction);
    let comparable = frames.map(|frame| {
        let mut frame = frame.clone();
        (frame.number, frame.at) = (0, 0);
        for key in &mut frame.keys {
            key.value = None;
        }
        if frame.kind == FrameKind::Handshake.as_str() {
            frame.layers.retain(|layer| layer.name != "plaintext");
        }
        frame
    });
    comparable.collect()
}

#[test]
fn the_records_of_a_capture_are_those_that_the_session_has_reported() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let address = runtime.block_on(server());
    for version in [Version::V1, Version::V2] {
        let folder = tempfile::tempdir().unwrap();
        let [path, keys] = ["a.pcapng", "a.keys"].map(|name| folder.path().join(name));
        let capture = Capture::start(&path, Some(&keys)).unwrap();
        let reported = runtime.block_on(session(&address, version, capture.clone()));
        assert_eq!(capture.close(), None);

        let mut key_log = KeyLog::default();
        for line in fs::read_to_string(&keys).unwrap().lines() {
            key_log.line(line).unwrap();
        }
        let mut json = Vec::new();
        let mut printer = Printer::new(&mut json, Form::Json);
        let file = File::open(&path).unwrap();
        decode(file, 1, key_log, &mut printer).unwrap();
        printer.end().unwrap();
        let document: Document = serde_json::from_slice(&json).unwrap();
        for direction in [Direction::Sent, Direction::Received] {
            let expected = comparable(&reported, direction);
            assert!(expected.len() >= 4, "{expected:?}");
            assert_eq!(comparable(&document.frames, direction), expected);
        }
    }
}
