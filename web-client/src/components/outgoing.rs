//! One line on its way: waiting, sent and not yet echoed, not confirmed, or refused.

use yew::prelude::*;

use crate::state::outbox::{Fate, Outgoing};

/// Props of [`OutgoingRow`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct OutgoingRowProps {
    /// The line.
    pub line: Outgoing,
    /// The person does not want it any more.
    pub on_cancel: Callback<u32>,
    /// The person wants it sent again.
    pub on_resend: Callback<u32>,
}

/// A line on its way.
#[component(OutgoingRow)]
pub fn outgoing_row(props: &OutgoingRowProps) -> Html {
    let line = &props.line;
    let id = line.id;
    let (fate, said) = match &line.fate {
        Fate::Queued => ("queued", "Waits for the connection".to_owned()),
        Fate::Sent => ("sent", "Sending…".to_owned()),
        Fate::Unconfirmed => (
            "unconfirmed",
            "Not confirmed: the connection ended before it came back".to_owned(),
        ),
        Fate::Refused(reason) => ("refused", format!("Not sent: {reason}")),
    };
    let again = matches!(line.fate, Fate::Unconfirmed | Fate::Refused(_));
    let cancel = if again { "Discard" } else { "Cancel" };
    html! {
        <article class="message own outgoing" data-testid="outgoing" data-fate={fate}>
            <p class="bubble" dir="auto">{ &line.text }</p>
            <p class="fate">
                <span>{ said }</span>
                if again {
                    <button
                        type="button"
                        class="link"
                        data-testid="outgoing-resend"
                        onclick={props.on_resend.reform(move |_: MouseEvent| id)}
                    >
                        { "Send again" }
                    </button>
                }
                if line.fate != Fate::Sent {
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
