//! The connect screen: name, server, key, and beside them the handshake while it happens.

use gloo_timers::callback::Timeout;
use shared::connection::Version;
use shared::trust;
use web_sys::HtmlElement;
use yew::prelude::*;

use super::banner::banner;
use super::field::{Field, field};
use super::handshake::handshake_panel;
use super::icons::{Icon, icon};
use super::protocol::protocol_choice;
use crate::hooks::{use_last_name, use_last_server, use_now};
use crate::state::address::{self, Origin};
use crate::state::connection::{Connection, Target};
use crate::state::ending::Ending;
use crate::state::handshake_report::HandshakeReport;
use crate::state::identity::Identity;
use crate::state::link::Link;
use client::lines;

/// Props of [`Connect`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct ConnectProps {
    /// The person's key.
    pub identity: Identity,
    /// The state of the connection.
    pub connection: Connection,
    /// The origin of the page.
    pub origin: Origin,
    /// The server of the attempt under way.
    pub host: AttrValue,
    /// The report of the handshake.
    pub report: HandshakeReport,
    /// The number of entries that wait to be sent.
    pub waiting: usize,
    /// There was an attempt before.
    pub returning: bool,
    /// The chosen protocol.
    pub version: Version,
    /// Called with the protocol that the person chooses.
    pub on_version: Callback<Version>,
    /// The statement of the link that opened the page.
    pub link: Option<Link>,
    /// Called when the person wants to connect.
    pub on_connect: Callback<Target>,
    /// Called when the person does not want to wait any longer.
    pub on_cancel: Callback<()>,
    /// Called when the person wants the next attempt now.
    pub on_retry: Callback<()>,
    /// Called when the person wants to see the identity.
    pub on_identity: Callback<()>,
}

/// The connect screen.
#[component(Connect)]
pub fn connect(props: &ConnectProps) -> Html {
    let name = use_last_name();
    let server = use_last_server();
    let name_error = use_state(|| None::<String>);
    let server_error = use_state(|| None::<String>);
    let busy = props.connection.is_under_way()
        || matches!(
            props.connection,
            Connection::Waiting { .. } | Connection::Offline | Connection::Asking { .. }
        );

    // The attempt has removed the focused element: the next one begins at its button.
    let submit_node = use_node_ref();
    use_effect_with(!busy && props.returning, {
        let submit_node = submit_node.clone();
        move |&again| {
            // Delayed until a dialog that closes now has returned the focus to its own element.
            let timer = again.then(|| Timeout::new(0, move || focus_if_lost(&submit_node)));
            move || drop(timer)
        }
    });

    let on_name = {
        let (name, error) = (name.clone(), name_error.setter());
        Callback::from(move |value| {
            name.change(value);
            error.set(None);
        })
    };
    let on_server = {
        let (server, error) = (server.clone(), server_error.setter());
        Callback::from(move |value| {
            server.change(value);
            error.set(None);
        })
    };
    let version = props.version;
    let onsubmit = {
        let (name, server) = (name.clone(), server.clone());
        let (name_error, server_error) = (name_error.setter(), server_error.setter());
        let (origin, on_connect) = (props.origin.clone(), props.on_connect.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            // Both are checked, so that a person with two mistakes sees both at once.
            let checked_name = lines::check_name(name.text().trim());
            let checked_server = address::parse(server.text(), &origin);
            name_error.set(checked_name.err().map(str::to_owned));
            server_error.set(checked_server.as_ref().err().map(ToString::to_string));
            if let (Ok(()), Ok(checked)) = (checked_name, checked_server) {
                name.remember();
                server.remember();
                on_connect.emit(Target {
                    name: name.text().trim().to_owned(),
                    server: checked,
                    version,
                });
            }
        })
    };
    // An address that the browser blocks is a mistake in the server's field, not a matter of the
    // banner.
    let elsewhere = match &props.connection {
        Connection::Stopped {
            ending: ending @ Ending::UnreachableElsewhere { .. },
        } => Some(format!("{} {}", ending.sentence(), ending.advice())),
        _ => None,
    };
    let show_banner = busy || matches!(&props.connection, Connection::Stopped { .. });
    let server_error = (*server_error)
        .clone()
        .or(elsewhere.clone())
        .map(AttrValue::from);
    let on_cancel = props.on_cancel.reform(|_: MouseEvent| ());
    html! {
        <main class="connect" id="main" tabindex="-1">
            <div class="connect-card">
                <h1>{ "Join the lobby" }</h1>
                <p class="lead">
                    { "Encrypted in this page, opened by the server. You can watch every step." }
                </p>
                if show_banner && elsewhere.is_none() {
                    { banner(&props.connection, &props.host, version, &props.on_retry) }
                }
                <form {onsubmit} novalidate=true>
                    { field(Field {
                        id: "connect-name",
                        label: "Your name",
                        value: name.text().to_owned().into(),
                        on_input: on_name,
                        autocomplete: "nickname",
                        placeholder: "for example ada".into(),
                        hint: html! { "Optional: without one, the server calls you guest-… after your key." },
                        error: (*name_error).clone().map(AttrValue::from),
                        disabled: busy,
                        ..Field::default()
                    }) }
                    { field(Field {
                        id: "connect-server",
                        label: "Server",
                        value: server.text().to_owned().into(),
                        on_input: on_server,
                        placeholder: props.origin.server().host.into(),
                        hint: html! { "Empty: the server this page came from." },
                        error: server_error,
                        disabled: busy,
                        ..Field::default()
                    }) }
                    { protocol_choice(version, &props.on_version, busy) }
                    { link_note(props.link) }
                    { key_row(&props.identity, &props.on_identity) }
                    if props.waiting > 0 {
                        <p class="note">
                            { if props.waiting == 1 {
                                "One message waits to be sent or looked at in the chat.".to_owned()
                            } else {
                                format!("{} messages wait to be sent or looked at in the chat.", props.waiting)
                            } }
                        </p>
                    }
                    <div class="actions">
                        if busy {
                            <button type="button" class="button" data-testid="connect-cancel" onclick={on_cancel}>
                                { "Cancel" }
                            </button>
                        }
                        <button ref={submit_node} type="submit" class="button button-primary" data-testid="connect-submit" disabled={busy}>
                            { icon(Icon::Plug) }
                            <span>{ if props.connection.is_under_way() { "Connecting…" } else { "Connect" } }</span>
                        </button>
                    </div>
                </form>
            </div>
            { handshake_panel(&shown_report(props), None) }
        </main>
    }
}

/// Returns the last handshake; before there is one, the steps of the chosen protocol.
fn shown_report(props: &ConnectProps) -> HandshakeReport {
    if props.report.started == 0
        || props.connection == Connection::Idle && props.report.version != props.version
    {
        HandshakeReport::begin(0, props.version)
    } else {
        props.report.clone()
    }
}

/// Shows the key that the link names, or the problem of the link.
fn link_note(link: Option<Link>) -> Html {
    match link {
        None => html! {},
        Some(Link::Pin(fingerprint)) => html! {
            <p class="hint" data-testid="link-pin">
                { "Your link names the key that this page’s server must have: " }
                <b>{ trust::words(&fingerprint).to_string() }</b>
                { ". The page connects to no other." }
            </p>
        },
        Some(Link::Malformed) => html! {
            <p class="note" role="alert" data-testid="link-problem">
                { "Your link should name the server’s key, but it is damaged: what follows “#pin=” is \
                   no fingerprint. Ask for the link again. Without it, the page will show you the \
                   key to compare." }
            </p>
        },
    }
}

fn focus_if_lost(node: &NodeRef) {
    // Only if nothing has the focus: a person who is typing elsewhere must not lose it.
    let active = web_sys::window()
        .and_then(|window| window.document()?.active_element())
        .is_some_and(|element| element.tag_name() != "BODY");
    if let Some(element) = node.cast::<HtmlElement>().filter(|_| !active) {
        let _ = element.focus();
    }
}

/// Shows the key that will sign the connection.
fn key_row(identity: &Identity, on_identity: &Callback<()>) -> Html {
    let onclick = on_identity.reform(|_: MouseEvent| ());
    html! {
        <div class="key-row">
            { icon(Icon::Key) }
            <div class="key-words">
                <p class="key-title">{ "Your key" }</p>
                <KeyState identity={identity.clone()} />
            </div>
            <button type="button" class="button" {onclick}>{ "Details" }</button>
        </div>
    }
}

/// Props of [`KeyState`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct KeyStateProps {
    /// The person's key.
    pub identity: Identity,
}

/// Shows one line about the key, with the seconds while it is being made.
#[component(KeyState)]
pub fn key_state(props: &KeyStateProps) -> Html {
    let now = use_now(matches!(props.identity, Identity::Creating { .. }));
    match &props.identity {
        Identity::Loading => html! { <p class="key-detail">{ "Looking for it…" }</p> },
        Identity::Creating { since } => html! {
            // The seconds are hidden from screen readers, which would read each of them.
            <div data-testid="key-progress">
                <p class="key-detail">
                    <span role="status">{ "Creating your key…" }</span>
                    <span aria-hidden="true">{ format!(" {} s", now.saturating_sub(*since) / 1000) }</span>
                </p>
                <div class="progress" role="progressbar" aria-label="Creating your key"></div>
            </div>
        },
        Identity::Ready(profile) => html! {
            <p class="key-detail">
                <code>{ &profile.short }</code>
                { format!(" · RSA, {} bits, kept in this browser", profile.bits) }
            </p>
        },
        Identity::Absent => html! {
            <p class="key-detail">{ "None: you deleted it. “Details” makes a new one." }</p>
        },
        Identity::Failed(failure) => html! {
            <p class="key-detail error" role="alert">
                { failure.to_string() }{ " “Your identity” offers to try again." }
            </p>
        },
    }
}
