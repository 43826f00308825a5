//! An entry of the outbox, and the person's choices about it.

use std::rc::Rc;

use shared::chat::{Author, MessageId};
use yew::prelude::*;

use super::doing::Doing;
use super::message::{author, reply_line};
use super::said::said;
use client::log::Message;
use client::outbox::{DeliveryState, Outgoing, Writing};

/// Props of [`OutgoingRow`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct OutgoingRowProps {
    /// The entry of the outbox.
    pub line: Outgoing,
    /// The person at this page.
    pub me: Option<Author>,
    /// The message will be the first of its author's group.
    pub head: bool,
    /// The message that this one answers, if it has been loaded.
    pub answered: Option<Rc<Message>>,
    /// Called to show the answered message.
    pub on_do: Callback<Doing>,
    /// Called when the person does not want to send it any more.
    pub on_cancel: Callback<MessageId>,
    /// Called when the person wants to send it again.
    pub on_resend: Callback<MessageId>,
}

/// A row for an entry of the outbox. Edits, deletions and reactions are shown only if they are
/// rejected.
#[component(OutgoingRow)]
pub fn outgoing_row(props: &OutgoingRowProps) -> Html {
    let line = &props.line;
    let (state, state_text) = match &line.state {
        DeliveryState::Queued => ("queued", "Waits for the connection".to_owned()),
        DeliveryState::Sent => ("sent", "Sending".to_owned()),
        DeliveryState::Acked(_) => ("acked", "Sent".to_owned()),
        DeliveryState::Refused(reason) => ("refused", format!("Not sent: {reason}")),
    };
    // Only entries that the server cannot have can be cancelled: a sent one may be stored already.
    let refused = matches!(line.state, DeliveryState::Refused(_));
    let say = matches!(line.what, Writing::Say { .. });
    let text = match &line.what {
        Writing::Say { text, .. } => text.to_string(),
        _ if !refused => return Html::default(),
        Writing::Edit { text, .. } => format!("Edit: {text}"),
        Writing::Delete { .. } => "Deletion of a message".to_owned(),
        Writing::React { emoji, .. } => format!("Reaction {emoji}"),
    };
    let waits = refused || line.state == DeliveryState::Queued;
    let me = props.me.as_ref();
    let head = say && props.head;
    html! {
        <article
            class={classes!("message", "own", "outgoing", head.then_some("head"))}
            data-testid="outgoing"
            data-state={state}
        >
            if let Some(me) = me.filter(|_| head) {
                { author(me, true, line.at) }
            }
            if let Some(of) = line.what.answers() {
                { reply_line(of, props.answered.as_deref(), &props.on_do) }
            }
            if !waits {
                <p class="delivery-state" translate="no">{ &state_text }</p>
            }
            <div class="bubble">{ said(&text, me.map(|me| me.name.as_str())) }</div>
            if waits {
                { choices(props, state_text, refused) }
            }
        </article>
    }
}

/// Shows why an entry waits, and what the person can do about it.
fn choices(props: &OutgoingRowProps, why: String, refused: bool) -> Html {
    let id = props.line.id;
    let cancel = if refused { "Discard" } else { "Cancel" };
    html! {
        <p class="delivery-state choices" translate="no">
            <span>{ why }</span>
            if refused {
                <button
                    type="button"
                    class="link"
                    data-testid="outgoing-resend"
                    onclick={props.on_resend.reform(move |_: MouseEvent| id)}
                >
                    { "Try again" }
                </button>
            }
            <button
                type="button"
                class="link"
                data-testid="outgoing-cancel"
                onclick={props.on_cancel.reform(move |_: MouseEvent| id)}
            >
                { cancel }
            </button>
        </p>
    }
}
