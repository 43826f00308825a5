//! The operators' view of who may take part: the admission mode, applicants and invitations.

use client::operating::Operating;
use shared::chat::AdmissionMode;
use shared::chat::admission::{Applicant, Invitation};
use shared::chat::operator::{Banned, OperatorRequest, Reason};
use web_sys::HtmlSelectElement;
use yew::prelude::*;

use super::callbacks::set;
use super::field::{Field, field};
use super::sure::Sure;
use super::table::{Column, Row, Table, tools_of};
use super::text;
use crate::state::address::Origin;
use crate::state::link;
use crate::state::table::Cell;

/// The modes with the words that the page has for them.
const MODES: [(AdmissionMode, &str); 3] = [
    (AdmissionMode::Open, "Everybody"),
    (AdmissionMode::Invitation, "People with an invitation"),
    (AdmissionMode::Approval, "People whom an operator admits"),
];

/// Props of [`ConsoleAdmission`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct ConsoleAdmissionProps {
    /// The server's answers so far.
    pub operating: Operating,
    /// The origin of the page, for the links of invitations.
    pub origin: Origin,
    /// The operator asks for this.
    pub on_ask: Callback<OperatorRequest>,
    /// The operator asks for something that cannot be undone.
    pub be_sure: Callback<Sure>,
}

/// The part of the console.
#[component(ConsoleAdmission)]
pub fn console_admission(props: &ConsoleAdmissionProps) -> Html {
    let uses = use_state(|| "1".to_owned());
    let days = use_state(|| "7".to_owned());
    let problem = use_state(|| None::<AttrValue>);
    let operating = &props.operating;
    let mode = operating.status.as_ref().map(|status| status.admission);
    let waiting = operating
        .status
        .as_ref()
        .map_or(0, |status| status.applicants);
    // The status comes every few seconds; the list only when it has changed.
    use_effect_with(waiting, {
        let ask = props.on_ask.clone();
        move |_| ask.emit(OperatorRequest::Applicants { after: None })
    });
    let on_mode = {
        let ask = props.on_ask.clone();
        Callback::from(move |event: Event| {
            let select = event.target_dyn_into::<HtmlSelectElement>();
            if let Some(mode) = select.and_then(|select| select.value().parse().ok()) {
                ask.emit(OperatorRequest::Admission { mode });
            }
        })
    };
    let onsubmit = {
        let (uses, days, problem) = (uses.clone(), days.clone(), problem.clone());
        let ask = props.on_ask.clone();
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            match (uses.trim().parse(), days.trim().parse()) {
                (Ok(uses), Ok(days)) => {
                    problem.set(None);
                    ask.emit(OperatorRequest::Invite { uses, days });
                }
                _ => problem.set(Some("Two whole numbers, please.".into())),
            }
        })
    };
    let to = (props.on_ask.clone(), props.be_sure.clone());
    html! {
        <>
            <h3>{ "Who may take part" }</h3>
            <div class="field">
                <label for="console-admission">{ "New keys" }</label>
                <select id="console-admission" data-testid="console-admission" onchange={on_mode}>
                    { for MODES.iter().map(|(value, label)| html! {
                        <option value={value.to_string()} selected={mode == Some(*value)}>{ *label }</option>
                    }) }
                </select>
            </div>
            if mode == Some(AdmissionMode::Approval) || !operating.applicants.is_empty() {
                <Table
                    id="applicant"
                    search="console-applicants-search"
                    thing="applicant"
                    columns={APPLICANT}
                    rows={operating.applicants.iter().map(applicant_row).collect::<Vec<_>>()}
                    empty="Nobody waits."
                    inline=true
                    tools={tools_of(operating.applicants.clone(), |it| it.id.to_string(), &to, |it, (ask, be_sure)| applicant_tools(it, ask, be_sure))}
                />
            }
            if let Some((code, number)) = &operating.code {
                <div class="field">
                    <span>{ format!("The link of invitation {number}, which is shown only now:") }</span>
                    <code class="key-text" data-testid="invitation-link" tabindex="0">
                        { link::to_invite(&props.origin.url(), code) }
                    </code>
                </div>
            }
            <Table
                id="invitation"
                search="console-invitations-search"
                thing="invitation"
                columns={INVITATION}
                rows={operating.invitations.iter().map(invitation_row).collect::<Vec<_>>()}
                empty="None is open."
                inline=true
                tools={tools_of(operating.invitations.clone(), |it| it.number.to_string(), &props.on_ask, invitation_tools)}
            />
            <form class="console-invite" {onsubmit}>
                { field(Field {
                    id: "console-invite-uses",
                    label: "For how many people",
                    value: (*uses).clone().into(),
                    on_input: set(&uses),
                    error: (*problem).clone(),
                    ..Field::default()
                }) }
                { field(Field {
                    id: "console-invite-days",
                    label: "For how many days",
                    value: (*days).clone().into(),
                    on_input: set(&days),
                    ..Field::default()
                }) }
                <button type="submit" class="button" data-testid="console-invite">
                    { "Make an invitation" }
                </button>
            </form>
        </>
    }
}

const APPLICANT: &[Column] = &[
    Column::text("Name"),
    Column::text("From"),
    Column::number("Since"),
    Column::text("Key"),
];

fn called(applicant: &Applicant) -> String {
    let name = applicant.name.as_ref();
    name.map_or_else(|| "no name".to_owned(), ToString::to_string)
}

fn applicant_row(applicant: &Applicant) -> Row {
    let since = text::unix_ms(applicant.since);
    Row {
        key: applicant.id.to_string(),
        name: called(applicant),
        cells: vec![
            Cell::Text(called(applicant)),
            Cell::Text(applicant.address.clone()),
            Cell::Number(since, text::time(since)),
            Cell::Text(applicant.id.to_string()),
        ],
    }
}

fn applicant_tools(
    applicant: &Applicant,
    ask: &Callback<OperatorRequest>,
    be_sure: &Callback<Sure>,
) -> Html {
    let (user, name) = (applicant.id, called(applicant));
    let admit = {
        let ask = ask.clone();
        Callback::from(move |_: MouseEvent| {
            ask.emit(OperatorRequest::Admit { user });
            ask.emit(OperatorRequest::Applicants { after: None });
        })
    };
    let ban = {
        let question = format!("Keep out {name}?");
        be_sure.reform(move |_: MouseEvent| Sure {
            question: question.clone(),
            request: OperatorRequest::Ban {
                who: Banned::User(user),
                reason: Reason::default(),
            },
        })
    };
    html! {
        <span class="console-buttons">
            <button type="button" class="link" data-testid="applicant-admit" aria-label={format!("Admit {name}")} onclick={admit}>
                { "Admit" }
            </button>
            <button type="button" class="link" data-testid="applicant-ban" aria-label={format!("Ban {name}")} onclick={ban}>
                { "Ban key" }
            </button>
        </span>
    }
}

const INVITATION: &[Column] = &[
    Column::number("Number"),
    Column::number("Admits"),
    Column::number("Until"),
];

fn invitation_row(invitation: &Invitation) -> Row {
    let number = invitation.number;
    let expires = text::unix_ms(invitation.expires);
    Row {
        key: number.to_string(),
        name: number.to_string(),
        cells: vec![
            Cell::Number(u64::from(number), number.to_string()),
            Cell::Number(
                u64::from(invitation.uses),
                text::count(u64::from(invitation.uses), "key"),
            ),
            Cell::Number(expires, text::date_time(expires)),
        ],
    }
}

fn invitation_tools(invitation: &Invitation, ask: &Callback<OperatorRequest>) -> Html {
    let number = invitation.number;
    let onclick = ask.reform(move |_: MouseEvent| OperatorRequest::Uninvite { number });
    html! {
        <button type="button" class="link" data-testid="invitation-end" aria-label={format!("End invitation {number}")} {onclick}>
            { "End" }
        </button>
    }
}
