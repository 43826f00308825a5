//! `hello`, and the names that people claim.

use std::sync::Arc;

use shared::chat::limits::PAGE_ENTRIES;
use shared::chat::server::ServerLimits;
use shared::chat::{ChatErrorCode, Name, ServerMessage};
use shared::connection::Version;

use super::{About, Effect, Rejection, admission, room_list};
use crate::hub::names::NotGiven;
use crate::hub::requester::Requester;
use crate::store::Change;

/// The price of a name: it is announced to all members of all rooms of its person.
pub(in crate::hub) const NAME_TOKENS: u32 = 5;

/// The server's program and version in `welcome`.
const SERVER: &str = concat!("secure-chat-server ", env!("CARGO_PKG_VERSION"));

/// Answers `hello`. Somebody who cannot have the name is welcome all the same, and called what they
/// were.
pub(super) async fn hello(from: Arc<Requester>, name: Option<String>) -> Result<Effect, Rejection> {
    if admission::wait(&from, name.as_deref()) {
        return Ok(Effect::None);
    }
    // Clients repeat their name with every connection; a new claim would announce it to all rooms
    // again. It stays theirs also if today's rules would refuse it.
    let own = from.person.name();
    let name = name.filter(|name| name != own.as_str());
    let claimed = match name.as_deref().map(Name::parse) {
        None => Ok(()),
        // In another normal form.
        Some(Ok(name)) if name.as_str() == own.as_str() => Ok(()),
        Some(Ok(name)) => claim_name(&from, name).await,
        Some(Err(error)) => {
            // Cut, because the answer repeats what a stranger has written.
            let name: String = name.unwrap_or_default().chars().take(40).collect();
            let message = format!("{name:?} cannot be your name: {error}.");
            Err(Rejection::new(ChatErrorCode::NameInvalid, message))
        }
    };
    // Also for keys from before it was remembered, which join and take names no more.
    if from.hub.directory().is_known(from.user()) {
        from.hub.note_version(from.user(), from.version);
    }
    welcome(&from);
    claimed.map_err(|rejection| rejection.about(&About::Word("hello")))?;
    Ok(Effect::None)
}

fn welcome(from: &Requester) {
    let hub = &from.hub;
    let (rooms, more) = room_list::joined_page(from);
    from.reply(&ServerMessage::Welcome {
        you: from.person.author(),
        server: SERVER.to_owned(),
        rooms,
        more,
        operator: from.is_operator(),
        limits: ServerLimits {
            text_bytes: hub.settings().text_bytes,
            page_entries: PAGE_ENTRIES,
        },
    });
}

/// Claims a name: reserves it among those who are here, so that two cannot have it, and stores it.
///
/// # Errors
/// [`ChatErrorCode::NameTaken`] with free names, or what the store says.
pub(in crate::hub) async fn claim_name(from: &Arc<Requester>, name: Name) -> Result<(), Rejection> {
    let user = from.user();
    // Before the directory is locked, which this locks.
    let wait = from.newcomer_wait();
    {
        let mut directory = from.hub.directory();
        // A first name only: who has one gives it back for another.
        let is_first = !directory.names.has_name(user);
        // A name is shown to everybody: with one after the other a new key would write all the same.
        if !is_first && let Some(retry_after) = wait {
            let text = "New keys may take one name at once, and another after a while.";
            return Err(Rejection::later(retry_after, text));
        }
        // In memory, since the claim of somebody else may be queued and not applied yet.
        let reserved = directory.names.reserve(user.0, &name);
        reserved.map_err(|reason| not_given(&name, &reason))?;
        // After it: a client asks for a name that is taken with every connection.
        if is_first && let Err(rejection) = from.hub.quota.claim(from.address) {
            directory.names.release(user.0, &name);
            return Err(rejection);
        }
    }
    let from = Arc::clone(from);
    let change = from.hub.store.change(Change::Named {
        user,
        name: name.clone(),
    });
    // Apart from the session: its end must not leave the reservation behind.
    let claim = tokio::spawn(async move {
        let stored = change.await;
        from.hub.directory().names.release(user.0, &name);
        from.hub.note_version(user, from.version);
        stored
    });
    match claim.await {
        Ok(stored) => Ok(stored?),
        Err(_) => Err(Rejection::new(
            ChatErrorCode::StorageFailed,
            "The server could not store your name.",
        )),
    }
}

impl crate::hub::Hub {
    /// Remembers that a key has used v2, so that nobody can use it over v1 any more.
    pub(in crate::hub) fn note_version(&self, user: shared::chat::UserId, version: Version) {
        if version < Version::V2 || !self.directory().may_note_v2(user) {
            return;
        }
        // Applied when it is durable; nobody waits for it.
        drop(self.store.change(Change::SpokeV2 { user }));
    }
}

fn not_given(name: &Name, reason: &NotGiven) -> Rejection {
    let message = match reason {
        NotGiven::Taken(free) => {
            let free: Vec<_> = free.iter().map(Name::as_str).collect();
            format!(
                "name_taken: {name}, or a name that looks like it, belongs to somebody else. \
                 Free: {}.",
                free.join(", ")
            )
        }
        NotGiven::Guest => "This name is reserved; choose another.".to_owned(),
        NotGiven::Full => "The server remembers no more names.".to_owned(),
    };
    Rejection::new(ChatErrorCode::NameTaken, message)
}
