//! The props of the chat screen, which its parts share.

use client::Chat;
use client::outbox::Account;
use yew::prelude::*;

use crate::hooks::Memory;
use crate::state::Action;
use crate::state::address::Origin;
use crate::state::connection::{Connection, Doubt};
use crate::state::handshake_report::HandshakeReport;
use crate::state::inspection::Inspection;
use crate::state::panel::Panel;
use crate::state::settings::Settings;
use crate::state::shown::Protection;

/// Props of [`super::ChatScreen`].
#[derive(Clone, PartialEq, Properties)]
pub struct ChatScreenProps {
    /// The state of the connection.
    pub connection: Connection,
    /// The reason to doubt the session.
    pub doubt: Option<Doubt>,
    /// The server's `host[:port]`.
    pub host: AttrValue,
    /// The origin of the page.
    pub origin: Origin,
    /// The report of the handshake.
    pub report: HandshakeReport,
    /// The frames of this page's connections.
    pub inspection: Inspection,
    /// The number of the session.
    pub attempt: u32,
    /// The protection of the session.
    pub protection: Protection,
    /// The panel beside the log.
    pub panel: Option<Panel>,
    /// The short fingerprint of the person's key.
    pub short: Option<AttrValue>,
    /// Called when the person wants to compare keys.
    pub on_verify: Callback<()>,
    /// Called when the person wants to see the identity.
    pub on_identity: Callback<()>,
    /// Called when the person wants to see the settings.
    pub on_settings: Callback<()>,
    /// The person's settings.
    pub settings: Settings,
    /// The rooms and the outbox.
    pub chat: Chat,
    /// The person's account.
    pub account: Account,
    /// The memory of this tab.
    pub memory: Memory,
    /// The number of times that drafts of an earlier life were found.
    pub remembered: u32,
    /// The browser does not keep what is written.
    pub forgets: bool,
    /// Takes the person's actions.
    pub act: Callback<Action>,
}
