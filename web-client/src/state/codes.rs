//! The codes of claim and invitation links: which server gets them, and when.
//!
//! Pure.

use shared::chat::{ClaimCode, ClientMessage, InvitationCode};

use super::State;
use super::connection::Connection;

/// The codes of claim and invitation links. They are for the server that this page came from: any
/// other one would use them there itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Codes {
    pub(super) claim: Option<ClaimCode>,
    pub(super) invitation: Option<InvitationCode>,
}

impl State {
    /// Uses a claim code: at once in a session with the own server, else in the next one.
    pub(super) fn claim_server(&mut self, code: ClaimCode) {
        if self.connection == Connection::Ready && self.is_own() {
            self.chat.ask(ClientMessage::Claim { code });
        } else {
            if self.connection == Connection::Ready {
                let why = "Your link is for the server that this page came from: disconnect, and \
                           enter there.";
                self.chat.notice(why, self.heard.unwrap_or_default());
            }
            self.codes.claim = Some(code);
            self.place_codes();
        }
    }

    /// Shows an invitation: at once if the own server wants one, else when it does.
    pub(super) fn redeem(&mut self, code: InvitationCode) {
        if self.connection == Connection::Ready && self.is_own() && self.chat.waiting.is_some() {
            self.chat.ask(ClientMessage::Redeem { code });
        } else {
            self.codes.invitation = Some(code);
            self.place_codes();
        }
    }

    /// Returns `true` if the target is the server that this page came from.
    pub(super) fn is_own(&self) -> bool {
        self.target.as_ref().is_some_and(|it| it.server.own)
    }

    /// Gives the chat the codes if it is that of the own server, and takes them from any other.
    pub(super) fn place_codes(&mut self) {
        let (codes, chat) = (&mut self.codes, &mut self.chat);
        let (claim, invitation) = (
            codes.claim.take().or(chat.claim.take()),
            codes.invitation.take().or(chat.invitation.take()),
        );
        if self.target.as_ref().is_some_and(|it| it.server.own) {
            (chat.claim, chat.invitation) = (claim, invitation);
        } else {
            *codes = Codes { claim, invitation };
        }
    }

    /// Returns `true` while the code of a link is not used.
    pub fn has_code(&self) -> bool {
        let Codes { claim, invitation } = &self.codes;
        let claim = claim.is_some() || self.chat.claim.is_some();
        claim || invitation.is_some() || self.chat.invitation.is_some()
    }
}
