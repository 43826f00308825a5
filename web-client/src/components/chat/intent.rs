//! The message that the person is about to answer or to edit.

use client::Chat;
use client::drafts::Intent;
use client::room::Room;
use shared::chat::Seq;
use yew::prelude::*;

use crate::components::composer::About;
use crate::hooks::IntentState;

/// Looks the message of an intent up, which may have been changed or deleted since, or may not be
/// loaded.
pub(super) fn about(intent: Intent, room: &Room) -> About {
    let (Intent::Reply(seq) | Intent::Edit(seq)) = intent;
    let message = room.log.message(seq).cloned();
    About { intent, message }
}

/// Returns the text of a message, as far as it is known.
pub(super) fn present(room: &Room, seq: Seq) -> String {
    let message = room.log.message(seq);
    let text = message.and_then(|message| message.text.as_deref());
    text.unwrap_or_default().to_owned()
}

/// Returns the callback that begins to edit the person's latest message in `room`.
pub(super) fn on_edit_last(chat: &Chat, room: &Room, intent: &IntentState) -> Callback<()> {
    let me = chat.me.as_ref().map(|me| me.id);
    let mut messages = room.log.messages().iter().rev();
    let last = messages.find(|it| Some(it.from.id) == me && it.text.is_some());
    let last = last.map(|message| (message.seq, present(room, message.seq)));
    let intent = intent.clone();
    Callback::from(move |()| {
        if let Some((seq, present)) = &last {
            intent.begin(Intent::Edit(*seq), present);
        }
    })
}
