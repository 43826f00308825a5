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
use super::chart::chart;
use super::console_admission::ConsoleAdmission;
use super::console_rooms::ConsoleRooms;
use super::sure::{Sure, question};
use super::table::{Column, Row, Table, tools_of};
use super::text;
use crate::state::address::Origin;
use crate::state::table::Cell;
use client::operating::Operating;
use client::operating::figures::{Figure, Figures};

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
            { figures_view(&operating.figures) }
            if let Some(asked) = &*sure {
                { question(asked, &ask, &sure) }
            }
            <ConsoleAdmission
                operating={operating.clone()}
                origin={props.origin.clone()}
                on_ask={ask.clone()}
                be_sure={be_sure.clone()}
            />
            <Table
                id="connection"
                search="console-connections-search"
                thing="connection"
                columns={CONNECTION}
                rows={operating.connections.iter().map(connection_row).collect::<Vec<_>>()}
                empty="Nobody."
                tools={tools_of(operating.connections.clone(), number_of, &be_sure, connection_tools)}
            />
            <Table
                id="ban"
                search="console-bans-search"
                thing="ban"
                columns={BAN}
                rows={operating.bans.iter().map(ban_row).collect::<Vec<_>>()}
                empty="Nobody is kept out."
                inline=true
                tools={tools_of(operating.bans.clone(), |ban| ban.who.to_string(), &ask, ban_tools)}
            />
            <Table
                id="operator"
                search="console-operators-search"
                thing="operator"
                columns={OPERATOR}
                rows={operating.operators.iter().map(operator_row).collect::<Vec<_>>()}
                empty="There is none."
                inline=true
                tools={tools_of(operating.operators.clone(), |it| it.id.to_string(), &be_sure, operator_tools)}
            />
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
            <p class="hint" data-testid="console-limits">{ status.limits.describe(text::thousands) }</p>
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

const CONNECTION: &[Column] = &[
    Column::text("Name"),
    Column::text("Address"),
    Column::text("Protocol"),
    Column::number("Since"),
    Column::number("In"),
    Column::number("Out"),
];

fn number_of(info: &ConnectionInfo) -> String {
    info.connection.to_string()
}

fn name_of(info: &ConnectionInfo) -> String {
    let name = info.name.as_ref();
    name.map_or_else(|| "handshake not done".to_owned(), ToString::to_string)
}

fn connection_row(info: &ConnectionInfo) -> Row {
    let since = text::unix_ms(info.since);
    let bytes = |count| Cell::Number(count, text::bytes(count));
    let version = info.version.as_deref().unwrap_or("–");
    Row {
        key: number_of(info),
        name: name_of(info),
        cells: vec![
            Cell::Text(name_of(info)),
            Cell::Text(info.address.clone()),
            Cell::Text(format!("{} {version}", info.transport)),
            Cell::Number(since, text::time(since)),
            bytes(info.bytes_in),
            bytes(info.bytes_out),
        ],
    }
}

fn connection_tools(info: &ConnectionInfo, be_sure: &Callback<Sure>) -> Html {
    let name = name_of(info);
    // Only a claimed name can be released: the server gives the guest names itself.
    let named = info
        .name
        .as_ref()
        .is_some_and(|name| !name.as_str().starts_with(GUEST_PREFIX));
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
        html! { <button type="button" class="button" data-testid={id} {onclick}>{ label }</button> }
    };
    html! {
        <>
            if let Some(id) = info.id {
                <small class="key-text">{ id.to_string() }</small>
            }
            <span class="console-buttons">
                { button("connection-kick", "End connection", kick) }
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
        </>
    }
}

const BAN: &[Column] = &[
    Column::text("Kept out"),
    Column::text("Reason"),
    Column::number("Since"),
];

fn ban_row(ban: &Ban) -> Row {
    let who = ban.who.to_string();
    let since = text::unix_ms(ban.at);
    let reason = ban.reason.as_str();
    Row {
        key: who.clone(),
        name: who.clone(),
        cells: vec![
            Cell::Text(who),
            match reason {
                "" => Cell::Unknown,
                reason => Cell::Text(reason.to_owned()),
            },
            Cell::Number(since, text::date_time(since)),
        ],
    }
}

fn ban_tools(ban: &Ban, ask: &Callback<OperatorRequest>) -> Html {
    let who = ban.who;
    let onclick = ask.reform(move |_: MouseEvent| OperatorRequest::Unban { who });
    html! {
        <button type="button" class="link" data-testid="ban-lift" aria-label={format!("Let {who} in again")} {onclick}>
            { "Let in again" }
        </button>
    }
}

const OPERATOR: &[Column] = &[Column::text("Name"), Column::text("Key")];

fn operator_row(operator: &Author) -> Row {
    let name = operator.name.to_string();
    Row {
        key: operator.id.to_string(),
        name: name.clone(),
        cells: vec![Cell::Text(name), Cell::Text(operator.id.to_string())],
    }
}

fn operator_tools(operator: &Author, be_sure: &Callback<Sure>) -> Html {
    let (user, name) = (operator.id, operator.name.to_string());
    let label = format!("Revoke {name}");
    let onclick = be_sure.reform(move |_: MouseEvent| Sure {
        question: format!("Take the operator’s rights of {name} away?"),
        request: OperatorRequest::Revoke { user },
    });
    html! {
        <button type="button" class="link" data-testid="operator-revoke" aria-label={label} {onclick}>
            { "Revoke" }
        </button>
    }
}

/// Shows the figures of the last minutes.
fn figures_view(figures: &Figures) -> Html {
    let of = |value: fn(Figure) -> u64| figures.latest().map(value).collect::<Vec<_>>();
    let rate = |count: u64| format!("{}/s", text::bytes(count));
    html! {
        <div class="charts" data-testid="console-charts">
            { chart("Connections", &of(|it| it.connections), text::thousands) }
            { chart("In", &of(|it| it.bytes_in), rate) }
            { chart("Out", &of(|it| it.bytes_out), rate) }
        </div>
    }
}

fn log_view(operating: &Operating) -> Html {
    // A line keeps its number when older ones are dropped, and its element with it.
    let lines = operating.log.iter().enumerate().rev();
    let lines = lines.map(|(at, line)| {
        let number = operating.dropped + at as u64;
        let at = text::unix_ms(line.at);
        let class = match line.level {
            LogLevel::Error | LogLevel::Warn => "log-line bad",
            _ => "log-line",
        };
        html! {
            <p key={number.to_string()} {class}>
                <time datetime={text::iso(at)} title={text::moment(at)}>{ text::time(at) }</time>{ " " }{ &line.text }
            </p>
        }
    });
    html! {
        <div class="console-log" data-testid="console-log" tabindex="0" role="log" aria-label="Log, latest first">
            { lines.collect::<Html>() }
            if operating.log.is_empty() {
                <p class="console-note">{ "What the server logs from now on is shown here." }</p>
            }
            if operating.missed > 0 {
                <p class="console-note">{ format!("{} more were too many to be told.", text::thousands(operating.missed)) }</p>
            }
        </div>
    }
}
