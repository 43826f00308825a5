//! The operators' console: the server's start and stop, connections, bans, operators, rooms, and
//! the log. It refreshes the connections while it is shown.

use gloo_timers::callback::Interval;
use shared::chat::name::GUEST_PREFIX;
use shared::chat::operator::{
    Ban, Banned, ConnectionInfo, Kicked, LogLevel, OperatorRequest, Reason, ServerStatus,
};
use shared::chat::{Author, ClientMessage};
use yew::prelude::*;

use super::aside_head::aside_head;
use super::console_admission::ConsoleAdmission;
use super::console_rooms::ConsoleRooms;
use super::sure::{Sure, question};
use super::text;
use crate::state::address::Origin;
use client::operating::Operating;

/// The time between two requests for status and connections, in milliseconds.
const EVERY_MS: u32 = 3_000;

/// Props of [`Console`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct ConsoleProps {
    /// The server's answers so far.
    pub operating: Operating,
    /// The number of the session: another one is asked anew.
    pub attempt: u32,
    /// The origin of the page, for the links of invitations.
    pub origin: Origin,
    /// Called with the person's request.
    pub on_ask: Callback<ClientMessage>,
    /// Called when the person wants the panel closed.
    pub on_close: Callback<()>,
}

/// The panel of the operators.
#[component(Console)]
pub fn console(props: &ConsoleProps) -> Html {
    let sure = use_state(|| None::<Sure>);
    let ask = props.on_ask.reform(ClientMessage::Operator);
    use_effect_with(props.attempt, {
        let ask = ask.clone();
        move |_| {
            let look = {
                let ask = ask.clone();
                move || {
                    ask.emit(OperatorRequest::Status);
                    ask.emit(OperatorRequest::Connections { after: None });
                }
            };
            look();
            ask.emit(OperatorRequest::Bans { after: None });
            ask.emit(OperatorRequest::Operators);
            ask.emit(OperatorRequest::Invitations);
            ask.emit(OperatorRequest::Rooms { after: None });
            ask.emit(OperatorRequest::Log { follow: true });
            let interval = Interval::new(EVERY_MS, look);
            // The server sends the log to a connection until it is told to stop: a closed panel
            // must not keep it coming.
            move || {
                drop(interval);
                ask.emit(OperatorRequest::Log { follow: false });
            }
        }
    });
    let be_sure = {
        let sure = sure.setter();
        Callback::from(move |asked: Sure| sure.set(Some(asked)))
    };
    let operating = &props.operating;
    html! {
        <section class="console" data-testid="console">
            { aside_head("Server", "console-close", &props.on_close) }
            if let Some(status) = &operating.status {
                { status_view(status, &ask, &be_sure) }
            }
            if let Some(asked) = &*sure {
                { question(asked, &ask, &sure) }
            }
            <ConsoleAdmission
                operating={operating.clone()}
                origin={props.origin.clone()}
                on_ask={ask.clone()}
                be_sure={be_sure.clone()}
            />
            <h3>{ text::count(operating.connections.len() as u64, "connection") }</h3>
            <ul class="console-list">
                { for operating.connections.iter().map(|it| connection_view(it, &be_sure)) }
            </ul>
            <h3>{ "Kept out" }</h3>
            if operating.bans.is_empty() {
                <p class="console-note">{ "Nobody." }</p>
            }
            <ul class="console-list">
                { for operating.bans.iter().map(|ban| ban_view(ban, &ask)) }
            </ul>
            <h3>{ text::count(operating.operators.len() as u64, "operator") }</h3>
            <ul class="console-list">
                { for operating.operators.iter().map(|it| operator_view(it, &be_sure)) }
            </ul>
            <ConsoleRooms operating={operating.clone()} on_ask={ask} {be_sure} />
            <h3>{ "Log" }</h3>
            { log_view(operating) }
        </section>
    }
}

fn status_view(
    status: &ServerStatus,
    ask: &Callback<OperatorRequest>,
    be_sure: &Callback<Sure>,
) -> Html {
    let since = text::unix_ms(status.started);
    html! {
        <>
            <p data-testid="console-status" data-listening={status.listening.to_string()}>
                if status.listening {
                    { "It is open." }
                } else {
                    { "It is stopped: only operators come in." }
                }
                { format!(" {} of at most {}, since {}.",
                    text::count(status.connections as u64, "connection"),
                    text::thousands(status.max_connections as u64),
                    text::date_time(since)) }
                if status.log_plaintext {
                    <b>{ " Its log shows what people write." }</b>
                }
            </p>
            <p class="hint" data-testid="console-limits">{ status.limits.to_string() }</p>
            <p class="console-buttons">
                <button
                    type="button"
                    class="button"
                    data-testid="console-start"
                    disabled={status.listening}
                    onclick={ask.reform(|_: MouseEvent| OperatorRequest::StartListeners)}
                >
                    { "Start" }
                </button>
                <button
                    type="button"
                    class="button"
                    data-testid="console-stop"
                    disabled={!status.listening}
                    onclick={be_sure.reform(|_: MouseEvent| Sure {
                        question: "End every session but the operators’, and take no others?".into(),
                        request: OperatorRequest::StopListeners,
                    })}
                >
                    { "Stop" }
                </button>
            </p>
        </>
    }
}

fn connection_view(info: &ConnectionInfo, be_sure: &Callback<Sure>) -> Html {
    let name = info
        .name
        .as_ref()
        .map_or_else(|| "handshake not done".to_owned(), ToString::to_string);
    let claimed = info
        .name
        .as_ref()
        .map(shared::chat::entry::DisplayName::as_str);
    // Only a claimed name can be released: the server gives the guest names itself.
    let named = claimed.is_some_and(|name| !name.starts_with(GUEST_PREFIX));
    let version = info.version.as_deref().unwrap_or("–");
    let since = text::unix_ms(info.since);
    let number = info.connection;
    // The address comes with the port of the connection; a ban is for the IP address.
    let address = info.address.parse::<std::net::SocketAddr>().ok();
    let kick = Sure {
        question: format!("End connection {number} of {name}?"),
        request: OperatorRequest::Kick {
            who: Kicked::Connection(number),
        },
    };
    let ban = |who: Banned| Sure {
        question: format!("Keep out {who}?"),
        request: OperatorRequest::Ban {
            who,
            reason: Reason::default(),
        },
    };
    let button = |id: &'static str, label: &'static str, sure: Sure| {
        let onclick = be_sure.reform(move |_: MouseEvent| sure.clone());
        html! { <button type="button" class="link" data-testid={id} {onclick}>{ label }</button> }
    };
    html! {
        <li key={number.to_string()} data-testid="connection" data-name={name.clone()}>
            <b>{ name.clone() }</b>
            { format!(" {} · {} {version} · since {}", info.address, info.transport, text::time(since)) }
            { format!(" · {} in, {} out", text::bytes(info.bytes_in), text::bytes(info.bytes_out)) }
            if let Some(id) = info.id {
                <small>{ id.to_string() }</small>
            }
            <span class="console-buttons">
                { button("connection-kick", "Kick", kick) }
                if let Some(id) = info.id {
                    { button("connection-ban-key", "Ban key", ban(Banned::User(id))) }
                }
                if let Some(address) = address {
                    { button("connection-ban-address", "Ban address", ban(Banned::Address(address.ip()))) }
                }
                if let Some(id) = info.id {
                    { button("connection-appoint", "Make operator", Sure {
                        question: format!("Make {name} an operator, with all rights that you have?"),
                        request: OperatorRequest::Appoint { user: id },
                    }) }
                    if named {
                        { button("connection-release", "Release name", Sure {
                            question: format!("Free the name {name} for somebody else?"),
                            request: OperatorRequest::ReleaseName { user: id },
                        }) }
                    }
                }
            </span>
        </li>
    }
}

fn ban_view(ban: &Ban, ask: &Callback<OperatorRequest>) -> Html {
    let who = ban.who;
    html! {
        <li key={who.to_string()} data-testid="ban">
            <small>{ who.to_string() }</small>
            { ban.reason.as_str() }
            <button
                type="button"
                class="link"
                data-testid="ban-lift"
                onclick={ask.reform(move |_: MouseEvent| OperatorRequest::Unban { who })}
            >
                { "Let in again" }
            </button>
        </li>
    }
}

fn operator_view(operator: &Author, be_sure: &Callback<Sure>) -> Html {
    let (user, name) = (operator.id, operator.name.to_string());
    let label = format!("Revoke {name}");
    let onclick = {
        let name = name.clone();
        be_sure.reform(move |_: MouseEvent| Sure {
            question: format!("Take the operator’s rights of {name} away?"),
            request: OperatorRequest::Revoke { user },
        })
    };
    html! {
        <li key={user.to_string()} data-testid="operator" data-name={name.clone()}>
            <b>{ name }</b>
            <small>{ user.to_string() }</small>
            <span class="console-buttons">
                <button type="button" class="link" data-testid="operator-revoke" aria-label={label} {onclick}>
                    { "Revoke" }
                </button>
            </span>
        </li>
    }
}

fn log_view(operating: &Operating) -> Html {
    let lines = operating.log.iter().rev().map(|line| {
        let at = text::unix_ms(line.at);
        let class = match line.level {
            LogLevel::Error | LogLevel::Warn => "log-line bad",
            _ => "log-line",
        };
        html! { <p {class}>{ text::time(at) }{ " " }{ &line.text }</p> }
    });
    html! {
        <div class="console-log" data-testid="console-log" tabindex="0" role="log" aria-label="Log, latest first">
            { for lines }
            if operating.missed > 0 {
                <p class="console-note">{ format!("{} more were too many to be told.", text::thousands(operating.missed)) }</p>
            }
        </div>
    }
}
