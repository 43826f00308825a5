//! The notice to a person whom the server does not admit yet, with a place for an invitation.

use client::hear::waits_for;
use shared::chat::{AdmissionMode, InvitationCode};
use yew::prelude::*;

use super::callbacks::set;
use super::field::{Field, field};

/// Props of [`Waiting`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct WaitingProps {
    /// The server's admission mode.
    pub mode: AdmissionMode,
    /// The person has an invitation.
    pub on_invitation: Callback<InvitationCode>,
}

/// The notice.
#[component(Waiting)]
pub fn waiting(props: &WaitingProps) -> Html {
    let link = use_state(String::new);
    let problem = use_state(|| None::<AttrValue>);
    let onsubmit = {
        let (link, problem) = (link.clone(), problem.clone());
        let on_invitation = props.on_invitation.clone();
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let text = link.trim();
            // The link is taken as well as the code in it, because the link is what people are
            // sent.
            let code = text
                .rsplit_once("invitation=")
                .map_or(text, |(_, code)| code);
            match InvitationCode::try_from(code.to_owned()) {
                Ok(code) => {
                    problem.set(None);
                    on_invitation.emit(code);
                }
                Err(_) => problem.set(Some("That is no invitation link.".into())),
            }
        })
    };
    html! {
        <section class="waiting" translate="no" data-testid="waiting" data-mode={props.mode.to_string()} aria-label="Admission">
            <p role="status">
                { match props.mode {
                    AdmissionMode::Approval => waits_for(AdmissionMode::Approval),
                    _ => "You need an invitation to this server: open its link, or enter it here.",
                } }
            </p>
            <form {onsubmit}>
                { field(Field {
                    id: "waiting-invitation",
                    label: "Invitation link",
                    value: (*link).clone().into(),
                    on_input: set(&link),
                    error: (*problem).clone(),
                    ..Field::default()
                }) }
                <button type="submit" class="button" data-testid="waiting-redeem">{ "Enter" }</button>
            </form>
        </section>
    }
}
