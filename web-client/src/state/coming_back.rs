//! The return to the chat of a page that was loaded again, and the room in the page's address.
//!
//! Pure.

use shared::chat::RoomId;

use super::State;
use super::connection::{Connection, Target};
use super::ending::Ending;
use super::pins::Pins;

/// The way back to the chat of a page that was loaded again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) enum ComesBack {
    /// The person decides.
    #[default]
    No,
    /// To this server, if it turns out to be pinned: a page asks nobody's permission for its own
    /// wishes, and so never asks about an unknown key by itself.
    To(Target),
    /// The first attempt is on its way.
    UnderWay,
}

impl State {
    /// Returns the room on the screen, once the server has said who the person is and no other room
    /// is to be shown first.
    pub fn shown_room(&self) -> Option<&RoomId> {
        let settled = self.entered && self.chat.me.is_some() && self.opens.is_none();
        settled.then_some(&self.chat.current)
    }

    /// Returns `true` while the page connects by itself to the chat that it was in.
    pub fn is_coming_back(&self) -> bool {
        self.comes_back != ComesBack::No
    }

    /// Returns whether a page that is loaded from now on comes back to the chat; `None` before that
    /// is known.
    pub fn is_in(&self) -> Option<bool> {
        match self.connection {
            Connection::Ready => Some(true),
            Connection::Idle if self.attempt > 0 => Some(false),
            Connection::Stopped {
                ending: Ending::Quit,
            } => Some(false),
            _ => None,
        }
    }

    /// Returns the name that a page which is loaded from now on claims; `None` before the person has
    /// entered.
    pub fn name_to_remember(&self) -> Option<String> {
        let target = self.target.as_ref().filter(|_| self.entered)?;
        Some(target.name.clone())
    }

    /// Goes back to the chat once the pins are known.
    pub(super) fn come_back(&mut self) {
        let ComesBack::To(target) = self.comes_back.clone() else {
            return;
        };
        if self.pins == Pins::Loading {
            return;
        }
        let may =
            self.connection == Connection::Idle && self.pins.pin(&target.server.address).is_some();
        if may {
            self.connect(target);
            if self.connection == Connection::WaitingForPins {
                // These are read for it.
                self.judge();
            }
            self.comes_back = ComesBack::UnderWay;
        } else {
            self.comes_back = ComesBack::No;
        }
    }

    /// Shows the room of the page's address, which may be one that the person is not in.
    pub(super) fn go_to_address(&mut self, room: RoomId) {
        if self.chat.me.is_none() {
            self.opens = Some(room);
        } else if room == self.chat.current {
            // The address follows the screen, and came back from there.
        } else if self.chat.rooms.contains_key(&room) {
            self.chat.open(room);
        } else {
            self.chat.join(room);
        }
    }
}
