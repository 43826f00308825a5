//! The requests of JSON clients, a file for each group: their prices and their handlers.

mod admission;
mod direct;
mod effect;
pub(super) mod hello;
mod history;
mod members;
mod messages;
mod moderation;
mod operator;
mod presence;
mod rejection;
mod room_list;
mod rooms;
mod search;

use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::Arc;

use shared::chat::limits::MESSAGE_BYTES;
use shared::chat::{ClientMessage, ServerMessage};

use super::requester::Requester;
use crate::rates::RateClass;

pub(super) use effect::{Effect, PageRead};
pub(super) use messages::send_tokens;
pub(super) use operator::is_by;
pub(super) use rejection::{About, Rejection};
pub(super) use search::Searches;

/// A request at work.
pub(super) type Work = Pin<Box<dyn Future<Output = Result<Effect, Rejection>> + Send>>;

/// The cost of a request, which is taken before anything is done for it.
#[derive(Debug)]
pub(super) struct Price {
    pub(super) class: RateClass,
    pub(super) tokens: u32,
    /// Bytes that its replies may have; they count against the connection's budget while it runs.
    pub(super) reply_bytes: usize,
    /// The name of the request in a rejection.
    pub(super) about: About,
}

/// Bytes of a reply without a list.
const SHORT: usize = 1024;

impl Price {
    /// Returns the price of a request. Every request has one, because a free one could be made
    /// without end.
    pub(super) fn of(message: &ClientMessage) -> Self {
        use ClientMessage as M;
        let (class, tokens, reply_bytes, about) = match message {
            M::Send { id, text, .. } | M::Edit { id, text, .. } => {
                let tokens = send_tokens(text.as_str().len());
                (RateClass::Send, tokens, SHORT, About::Id(*id))
            }
            M::Delete { id, .. } | M::React { id, .. } => {
                (RateClass::Send, 1, SHORT, About::Id(*id))
            }
            M::Join { room, .. } => {
                // `joined` with its first page of members, and a page of entries.
                let about = About::Room(room.clone());
                (RateClass::Join, 1, 2 * MESSAGE_BYTES, about)
            }
            M::Leave { room } => (RateClass::Join, 1, SHORT, About::Room(room.clone())),
            // Told to somebody who has not asked for it, and again after it was taken back.
            M::Invite { room, .. } => (RateClass::Join, 5, SHORT, About::Room(room.clone().into())),
            M::Remove { room, .. } | M::Role { room, .. } => {
                (RateClass::Join, 1, SHORT, About::Room(room.clone().into()))
            }
            // Told to every member.
            M::Topic { room, .. } | M::Rename { room, .. } | M::Close { room } => {
                (RateClass::Join, 10, SHORT, About::Room(room.clone().into()))
            }
            M::Create { room, .. } => (
                RateClass::Create,
                1,
                MESSAGE_BYTES,
                About::Room(room.clone().into()),
            ),
            M::Direct { to } => (RateClass::Create, 1, MESSAGE_BYTES, About::User(*to)),
            M::Hello { name: Some(_), .. } => (
                RateClass::Join,
                hello::NAME_TOKENS,
                MESSAGE_BYTES,
                About::Word("hello"),
            ),
            M::Hello { name: None, .. } => (RateClass::Ask, 5, MESSAGE_BYTES, About::Word("hello")),
            M::Rooms { .. } => (RateClass::Ask, 5, MESSAGE_BYTES, About::Word("rooms")),
            M::Members { room, .. } | M::History { room, .. } => {
                (RateClass::Ask, 2, MESSAGE_BYTES, About::Room(room.clone()))
            }
            // The store walks through entries for each.
            M::Search { .. } => (RateClass::Ask, 10, MESSAGE_BYTES, About::Word("search")),
            // Slow enough that a code cannot be guessed.
            M::Claim { .. } => (RateClass::Join, 5, SHORT, About::Word("claim")),
            M::Redeem { .. } => (RateClass::Join, 5, SHORT, About::Word("redeem")),
            M::Operator(_) => (RateClass::Ask, 2, MESSAGE_BYTES, About::Word("operator")),
            // Charged even if nothing follows: the server has looked at it all the same.
            M::Typing { room } | M::Read { room, .. } => {
                (RateClass::Ask, 1, SHORT, About::Room(room.clone()))
            }
            M::Ping => (RateClass::Ask, 1, SHORT, About::None),
        };
        Self {
            class,
            tokens,
            reply_bytes,
            about,
        }
    }
}

/// Returns the type of a request as the protocol has it, for its span.
pub(super) const fn type_of(message: &ClientMessage) -> &'static str {
    use ClientMessage as M;
    match message {
        M::Hello { .. } => "hello",
        M::Create { .. } => "create",
        M::Join { .. } => "join",
        M::Leave { .. } => "leave",
        M::Direct { .. } => "direct",
        M::Rooms { .. } => "rooms",
        M::Members { .. } => "members",
        M::Invite { .. } => "invite",
        M::Remove { .. } => "remove",
        M::Role { .. } => "role",
        M::Topic { .. } => "topic",
        M::Rename { .. } => "rename",
        M::Close { .. } => "close",
        M::Send { .. } => "send",
        M::Edit { .. } => "edit",
        M::Delete { .. } => "delete",
        M::React { .. } => "react",
        M::History { .. } => "history",
        M::Search { .. } => "search",
        M::Typing { .. } => "typing",
        M::Read { .. } => "read",
        M::Claim { .. } => "claim",
        M::Redeem { .. } => "redeem",
        M::Operator(_) => "operator",
        M::Ping => "ping",
    }
}

/// Starts a request. `follows_log` is `true` if the session follows the log already.
pub(super) fn start(from: Arc<Requester>, message: ClientMessage, follows_log: bool) -> Work {
    use ClientMessage as M;
    match message {
        M::Hello { name, client } => {
            tracing::debug!(connection = %from.connection, %client, "hello");
            Box::pin(hello::hello(from, name))
        }
        M::Create {
            room,
            topic,
            private,
            keep,
        } => Box::pin(rooms::create(from, room, topic, private, keep)),
        M::Join { room, after } => Box::pin(rooms::join(from, room, after)),
        M::Leave { room } => Box::pin(rooms::leave(from, room)),
        M::Direct { to } => Box::pin(direct::direct(from, to)),
        M::Rooms { after, find } => {
            let listed = room_list::list(&from, after.as_ref(), find);
            Box::pin(ready(Ok(listed)))
        }
        M::Members { room, after } => Box::pin(ready(members::list(&from, room, after))),
        M::Invite { room, id } => Box::pin(members::invite(from, room, id)),
        M::Remove { room, id } => Box::pin(moderation::remove(from, room, id)),
        M::Role { room, id, role } => Box::pin(moderation::set_role(from, room, id, role)),
        M::Topic { room, topic } => Box::pin(moderation::set_topic(from, room, topic)),
        M::Rename { room, to } => Box::pin(moderation::rename(from, room, to)),
        M::Close { room } => Box::pin(moderation::close(from, room)),
        M::Send {
            room,
            id,
            text,
            reply_to,
        } => Box::pin(messages::send(from, room, id, text, reply_to)),
        M::Edit { room, id, of, text } => Box::pin(messages::amend(
            from,
            room,
            id,
            of,
            messages::Amendment::Edit(text),
        )),
        M::Delete { room, id, of } => Box::pin(messages::amend(
            from,
            room,
            id,
            of,
            messages::Amendment::Delete,
        )),
        M::React {
            room,
            id,
            of,
            emoji,
            on,
        } => {
            let reaction = messages::Amendment::React(emoji, on);
            Box::pin(messages::amend(from, room, id, of, reaction))
        }
        M::History {
            room,
            before,
            limit,
        } => Box::pin(history::history(from, room, before, limit)),
        M::Search {
            room,
            query,
            before,
            limit,
        } => Box::pin(search::search(from, room, query, before, limit)),
        M::Typing { room } => Box::pin(ready(presence::typing(&from, &room))),
        M::Read { room, seq, back } => Box::pin(presence::read(from, room, seq, back)),
        M::Claim { code } => Box::pin(operator::claim(from, code)),
        M::Redeem { code } => Box::pin(admission::redeem(from, code)),
        M::Operator(request) => operator::start(from, request, follows_log),
        M::Ping => {
            from.reply(&ServerMessage::Pong);
            Box::pin(ready(Ok(Effect::None)))
        }
    }
}
