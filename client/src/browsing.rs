//! A person's search for rooms to join: how much is known of them, and the rejection of a request.

use shared::chat::{ClientMessage, RoomFilter, RoomsCursor};

use super::Chat;

/// The part of a list of rooms that is known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// All rooms are known.
    Whole,
    /// The server has more rooms.
    Part,
    /// The server was asked for more rooms and has not answered.
    Asked,
}

/// The requests for lists of rooms, and their answers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Browsing {
    /// The position of the page of the whole list that was asked for last and has not come.
    pub(crate) page: Option<RoomsCursor>,
    /// The part of a name that was looked for last, and what is known of the rooms that have it.
    find: Option<(RoomFilter, Extent)>,
    /// The rejection of the last request about rooms.
    rejected: Option<Rejected>,
}

/// A rejection of a request about rooms.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Rejected {
    /// The name of a room; `rooms` for a list.
    about: String,
    /// The reason, for people.
    reason: String,
}

/// The name of a request for a list in a rejection.
const LIST: &str = "rooms";

impl Browsing {
    /// Returns the reason why the last request for a list, or about the room `asked`, was rejected.
    pub fn rejection(&self, asked: Option<&str>) -> Option<&str> {
        let rejected = self.rejected.as_ref()?;
        let is_meant = rejected.about == LIST || asked == Some(rejected.about.as_str());
        is_meant.then_some(rejected.reason.as_str())
    }

    /// Forgets the last rejection, because the person asks anew.
    pub(crate) fn ask_anew(&mut self) {
        self.rejected = None;
    }

    pub(crate) fn found(&mut self, find: RoomFilter, more: bool) {
        let extent = if more { Extent::Part } else { Extent::Whole };
        self.find = Some((find, extent));
    }

    /// Takes a rejection, and returns the position of a page that will not come.
    pub(crate) fn reject(&mut self, about: &str, reason: &str) -> Option<RoomsCursor> {
        self.rejected = Some(Rejected {
            about: about.to_owned(),
            reason: reason.to_owned(),
        });
        if about != LIST {
            return None;
        }
        self.find = None;
        self.page.take()
    }
}

impl Chat {
    /// Returns how much is known of the rooms whose names have this part; of all rooms if it is empty.
    pub fn extent(&self, part: &str) -> Extent {
        let whole = match (&self.rooms_after, &self.browsing.page) {
            (None, None) => Extent::Whole,
            (Some(_), _) => Extent::Part,
            (None, Some(_)) => Extent::Asked,
        };
        if part.is_empty() || whole == Extent::Whole {
            return whole;
        }
        let find = RoomFilter::from(part.to_owned());
        match &self.browsing.find {
            Some((looked, extent)) if *looked == find => *extent,
            _ => Extent::Part,
        }
    }

    /// Asks for rooms whose names contain this part. Has no effect before the `welcome`, for an
    /// empty part, and if the list is complete: then all rooms that could be found are known.
    pub fn find_rooms(&mut self, part: &str) {
        let part = part.trim();
        if self.extent("") == Extent::Whole || part.is_empty() || !self.greeted {
            return;
        }
        let find = RoomFilter::from(part.to_owned());
        self.browsing.ask_anew();
        self.browsing.find = Some((find.clone(), Extent::Asked));
        let (after, find) = (None, Some(find));
        self.requests.push(ClientMessage::Rooms { after, find });
    }
}
