//! The props of the chat screen, which its parts share.

use client::Chat;
use yew::prelude::*;

use crate::state::Action;
use crate::state::address::Origin;
use crate::state::connection::Connection;
use crate::state::handshake_report::HandshakeReport;

/// Props of [`super::ChatScreen`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct ChatScreenProps {
    /// The state of the connection.
    pub connection: Connection,
    /// The server's `host[:port]`.
    pub host: AttrValue,
    /// The origin of the page.
    pub origin: Origin,
    /// The report of the handshake.
    pub report: HandshakeReport,
    /// The number of the session.
    pub attempt: u32,
    /// The rooms and the outbox.
    pub chat: Chat,
    /// Takes the person's actions.
    pub act: Callback<Action>,
}
