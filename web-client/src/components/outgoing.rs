//! An entry of the outbox, and the person's choices about it.

use shared::chat::MessageId;
use yew::prelude::*;

use client::outbox::{DeliveryState, Outgoing, Writing};

/// Props of [`OutgoingRow`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct OutgoingRowProps {
    /// The entry of the outbox.
    pub line: Outgoing,
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
    let id = line.id;
    let (state, said) = match &line.state {
        DeliveryState::Queued => ("queued", "Waits for the connection".to_owned()),
        DeliveryState::Sent => ("sent", "Sending…".to_owned()),
        DeliveryState::Acked(_) => ("acked", "Sent".to_owned()),
        DeliveryState::Refused(reason) => ("refused", format!("Not sent: {reason}")),
    };
    // Only entries that the server cannot have can be cancelled: a sent one may be stored already.
    let refused = matches!(line.state, DeliveryState::Refused(_));
    let text = match &line.what {
        Writing::Say { text, .. } => text.to_string(),
        _ if !refused => return Html::default(),
        Writing::Edit { text, .. } => format!("Edit: {text}"),
        Writing::Delete { .. } => "Deletion of a message".to_owned(),
        Writing::React { emoji, .. } => format!("Reaction {emoji}"),
    };
    let cancel = if refused { "Discard" } else { "Cancel" };
    html! {
        <article class="message own outgoing" data-testid="outgoing" data-state={state}>
            <p class="bubble" dir="auto">{ text }</p>
            <p class="delivery-state" translate="no">
                <span>{ said }</span>
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
                if refused || line.state == DeliveryState::Queued {
                    <button
                        type="button"
                        class="link"
                        data-testid="outgoing-cancel"
                        onclick={props.on_cancel.reform(move |_: MouseEvent| id)}
                    >
                        { cancel }
                    </button>
                }
            </p>
        </article>
    }
}
