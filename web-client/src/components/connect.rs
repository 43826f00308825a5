//! The first screen: a name and a button; server and protocol are folded.

mod focus;
mod form;

use shared::connection::Version;
use shared::trust;
use yew::prelude::*;

use self::focus::use_focus_when;
use self::form::use_form;
use super::banner::banner;
use super::callbacks::set_to;
use super::field::{Field, field};
use super::inspector::Inspector;
use super::key_state::KeyState;
use super::protocol::protocol_choice;
use crate::hooks::use_secure_context;
use crate::state::address::{self, Origin};
use crate::state::connection::{Connection, Target};
use crate::state::ending::Ending;
use crate::state::handshake_report::HandshakeReport;
use crate::state::identity::Identity;
use crate::state::inspection::Inspection;
use crate::state::link::Link;

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
    /// The frames of this page's connections.
    pub inspection: Inspection,
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
    let version = props.version;
    let is_secure = use_secure_context();
    let form = use_form(&props.origin, version, &props.on_connect);
    let busy = props.connection.is_under_way()
        || matches!(
            props.connection,
            Connection::Waiting { .. } | Connection::Offline | Connection::Asking { .. }
        );

    // The attempt has removed the focused element: the next one begins at its button.
    let submit_node = use_focus_when(!busy && props.returning);

    // An address that the browser blocks is a mistake in the server's field, not a matter of the
    // banner.
    let elsewhere = match &props.connection {
        Connection::Stopped {
            ending: ending @ Ending::UnreachableElsewhere { .. },
        } => Some(format!("{} {}", ending.sentence(), ending.advice())),
        _ => None,
    };
    let show_banner = busy || matches!(&props.connection, Connection::Stopped { .. });
    let server_error = form.server_error.or(elsewhere.clone());
    let on_cancel = props.on_cancel.reform(|_: MouseEvent| ());
    // What is folded opens by itself as soon as it matters.
    // It does not close by itself, which would take a field away under the person's hands.
    let unfolded = use_mut_ref(|| false);
    let matters = server_error.is_some() || !form.server.is_empty() || version == Version::V1;
    *unfolded.borrow_mut() |= matters;
    let open = *unfolded.borrow();
    let report_unfolded = use_state(|| false);
    let on_identity = props.on_identity.reform(|_: MouseEvent| ());
    html! {
        <main class="connect" id="main" tabindex="-1">
            <div class="connect-card">
                <h1 translate="no">{ "Secure Chat" }</h1>
                <p class="lead" translate="no">{ format!("Chat on {}", shown_host(props, &form.server)) }</p>
                if show_banner && elsewhere.is_none() {
                    { banner(&props.connection, None, &props.host, version, &props.on_retry) }
                }
                <form onsubmit={form.on_submit} novalidate=true>
                    { field(Field {
                        id: "connect-name",
                        label: "Your name",
                        value: form.name,
                        on_input: form.on_name,
                        autocomplete: "nickname",
                        placeholder: "for example ada".into(),
                        hint: html! { "Optional: without one you are a guest." },
                        error: form.name_error.map(AttrValue::from),
                        disabled: busy,
                        ..Field::default()
                    }) }
                    { link_note(props.link) }
                    if !is_secure {
                        <p class="note" translate="no" data-testid="insecure-page">
                            { "This page came without TLS (http): whoever is between you and its server \
                               could have changed it, and then read what you write, whatever it says of \
                               keys. The browser gives it no clipboard and no notifications either. Open \
                               it by https, or use the terminal client." }
                        </p>
                    }
                    if props.waiting > 0 {
                        <p class="note" translate="no">
                            { if props.waiting == 1 {
                                "One message waits to be sent or looked at in the chat.".to_owned()
                            } else {
                                format!("{} messages wait to be sent or looked at in the chat.", props.waiting)
                            } }
                        </p>
                    }
                    <div class="actions" translate="no">
                        <button ref={submit_node} type="submit" class="button button-primary" data-testid="connect-submit" disabled={busy}>
                            { if props.connection.is_under_way() { "Connecting…" } else { "Enter" } }
                        </button>
                        if busy {
                            <button type="button" class="button" data-testid="connect-cancel" onclick={on_cancel}>
                                { "Cancel" }
                            </button>
                        }
                    </div>
                    <details class="fold" translate="no" {open} data-testid="connect-elsewhere">
                        <summary>{ "Other server or protocol" }</summary>
                        { field(Field {
                            id: "connect-server",
                            label: "Server",
                            value: form.server,
                            on_input: form.on_server,
                            placeholder: props.origin.server().host.into(),
                            hint: html! { "Empty: the server this page came from." },
                            error: server_error.map(AttrValue::from),
                            disabled: busy,
                            ..Field::default()
                        }) }
                        { protocol_choice(version, &props.on_version, busy) }
                    </details>
                </form>
                if props.report.started > 0 {
                    <details
                        class="fold"
                        translate="no"
                        data-testid="connect-report"
                        ontoggle={set_to(&report_unfolded, true).reform(|_: Event| ())}
                    >
                        <summary>{ "How the last connection went" }</summary>
                        if *report_unfolded {
                            <Inspector inspection={props.inspection.clone()} seen={props.inspection.0.borrow().next()} report={props.report.clone()} />
                        }
                    </details>
                }
                <button type="button" class="link" translate="no" data-testid="connect-identity" onclick={on_identity}>
                    { "Use an identity from a backup…" }
                </button>
                // The last of all: it goes when the key is there, and what one is about to press must
                // not move then.
                if !matches!(props.identity, Identity::Ready(_)) {
                    <div translate="no"><KeyState identity={props.identity.clone()} /></div>
                }
            </div>
        </main>
    }
}

/// Returns the server that the form names, as far as it can be shown.
fn shown_host(props: &ConnectProps, typed: &str) -> String {
    address::parse(typed, &props.origin)
        .unwrap_or_else(|_| props.origin.server())
        .host
}

/// Shows the key that the link names, or the problem of the link.
fn link_note(link: Option<Link>) -> Html {
    match link {
        None => html! {},
        Some(Link::Pin(fingerprint)) => html! {
            <p class="hint" translate="no" data-testid="link-pin">
                { "Your link names the key that this page’s server must have: " }
                <b>{ trust::words(&fingerprint).to_string() }</b>
                { ". The page connects to no other." }
            </p>
        },
        Some(Link::Malformed) => html! {
            <p class="note" translate="no" role="alert" data-testid="link-problem">
                { "Your link should name the server’s key, but it is damaged: what follows “#pin=” is \
                   no fingerprint. Ask for the link again. Without it, the page will show you the \
                   key to compare." }
            </p>
        },
    }
}
