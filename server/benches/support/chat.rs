//! Rooms and sessions of the benchmarks that measure the chat.

use secure_chat_server::hub::{Due, Session};
use secure_chat_server::store::{Change, Store};
use shared::chat::{Keep, RoomId, Topic};

/// Creates a public room.
pub(crate) async fn create(store: &dyn Store, name: &str) -> RoomId {
    let room = RoomId::parse(name).unwrap();
    let created = Change::RoomCreated {
        room: room.clone(),
        topic: Topic::default(),
        private: false,
        keep: Keep::Forever,
        owner: None,
    };
    store.change(created).await.unwrap();
    room
}

/// Waits for the next message of this type.
pub(crate) async fn until(session: &mut Session, kind: &str) {
    let start = format!(r#"{{"type":"{kind}""#);
    loop {
        let Due::Text(text) = session.next().await else {
            panic!("the session has ended")
        };
        if text.starts_with(&start) {
            return;
        }
        assert!(!text.starts_with(r#"{"type":"error""#), "{text}");
    }
}
