//! A room as the client knows it: its members, its entries and the unread ones.
//!
//! The module is pure.

mod unread;

use std::rc::Rc;

use crate::sorting;
use shared::chat::lowercase;
use shared::chat::server::{Member, MemberChange, RoomSummary};
use shared::chat::{Author, Keep, Role, RoomId, Seq, Topic, UserId};

use super::log::Log;

/// The most notices that a room keeps.
const NOTICES: usize = 100;

/// The time after which a person counts as no longer writing, in milliseconds. It is twice the time
/// between two reports, so one report may be late.
pub const TYPING_MS: u64 = 6_000;

/// A room, as far as this client knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "independent facts of a room, each of which the server tells or is asked for apart"
)]
pub struct Room {
    /// The room's present name.
    pub id: RoomId,
    /// The room's number on this client, which stays the same when the room is renamed.
    pub number: u64,
    /// The room's topic.
    pub topic: Topic,
    /// Only members and invited people can see the room.
    pub private: bool,
    /// The person's standing in the room.
    pub standing: Standing,
    /// The other person, in a room of two.
    pub with: Option<Author>,
    /// The person who invited the user of this client, until that user is in the room.
    pub invited_by: Option<Author>,
    /// The known members: online ones first, then by name.
    pub members: Vec<Member>,
    /// The number of all members.
    pub count: usize,
    /// The server has members that are not known here.
    pub more_members: bool,
    /// The user's own role in the room.
    pub role: Role,
    /// A large room has announced that its members are no longer those of `members`.
    pub members_changed: bool,
    /// The last member by id that the server's pages have shown.
    last_member: Option<UserId>,
    /// A request for a page of members waits for its answer.
    asking_members: bool,
    /// The next page of members is the first one and replaces the list.
    members_anew: bool,
    /// The time of the last report to the server that the person writes, in milliseconds since
    /// 1970.
    pub(crate) said_typing: u64,
    /// The time for which entries are kept.
    pub keep: Keep,
    /// The number of the last entry that is gone. All entries before it are gone too.
    pub gone: Seq,
    /// The number of the room's last entry, as far as the server has sent it.
    pub head: Seq,
    /// The last entry that the person has seen, on any device.
    pub read: Seq,
    /// `true` while the read marker stays where the person has set it back to, whatever is in view.
    pub(crate) kept_unread: bool,
    /// The entries that this client holds.
    pub log: Log,
    /// The notices that stand between the messages.
    pub notices: Vec<Rc<Notice>>,
    /// The people who are writing, and the time since when, in milliseconds since 1970.
    pub typing: Vec<(Author, u64)>,
    /// The entry after which the mark of the new messages stands.
    pub divider: Option<Seq>,
    /// A request for older entries waits for its answer.
    pub loading: bool,
    last_notice: u64,
}

/// The person's standing in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The person is not in the room.
    Outside,
    /// The person is in the room, but this session has not entered it yet.
    Member,
    /// The session receives entries as they happen, and can send.
    Live,
}

/// A line between the messages that no person wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The notice's number in the room, counting up.
    pub number: u64,
    /// The entry after which the notice stands.
    pub after: Seq,
    /// The time of the notice, in milliseconds since 1970.
    pub at: u64,
    /// The text for people.
    pub text: String,
}

impl Room {
    /// Returns a room of which only the name is known.
    pub fn new(id: RoomId) -> Self {
        Self {
            id,
            number: 0,
            topic: Topic::default(),
            private: false,
            standing: Standing::Outside,
            with: None,
            invited_by: None,
            members: Vec::new(),
            count: 0,
            more_members: false,
            role: Role::Member,
            members_changed: false,
            last_member: None,
            asking_members: false,
            members_anew: false,
            said_typing: 0,
            keep: Keep::Forever,
            gone: 0,
            head: 0,
            read: 0,
            kept_unread: false,
            log: Log::default(),
            notices: Vec::new(),
            typing: Vec::new(),
            divider: None,
            loading: false,
            last_notice: 0,
        }
    }

    /// Takes the room's row of a list.
    pub fn summarize(&mut self, summary: RoomSummary) {
        self.topic = summary.topic;
        self.private = summary.private;
        // A row of a list says nothing about this session, so a live room stays live.
        self.standing = match (summary.joined, self.standing) {
            (false, _) => Standing::Outside,
            (true, Standing::Outside) => Standing::Member,
            (true, standing) => standing,
        };
        self.keep = summary.keep;
        // The server has stored none of the entries before, so they cannot be asked for.
        if self.keep == Keep::Nothing && self.log.last().is_none() {
            self.gone = summary.head;
        }
        // Entries that have come since the list was made count, and so does a read marker that the
        // server may not have received yet.
        self.head = match self.standing {
            Standing::Live => self.head.max(summary.head),
            _ => summary.head,
        };
        self.read = if summary.joined {
            self.later_marker(summary.read)
        } else {
            summary.read
        };
        // A row without the other person must not take the title of a room of two away.
        self.with = summary.with.or(self.with.take());
    }

    /// Returns the room's title for people.
    pub fn title(&self) -> String {
        match (&self.id, &self.with) {
            (_, Some(with)) => with.name.to_string(),
            (RoomId::Direct(_), None) => "Somebody".to_owned(),
            (id, None) => id.to_string(),
        }
    }

    /// Returns the title with a sign that tells rooms from people: `#garden`, `@bob`. A room can have
    /// a person's name. `with_key` adds the short fingerprint of the other person, for a list in
    /// which two people have one name: see [`Chat::namesakes`](crate::Chat::namesakes).
    pub fn label(&self, with_key: bool) -> String {
        match (&self.id, &self.with) {
            (RoomId::Named(name), _) => format!("#{name}"),
            (RoomId::Direct(_), Some(with)) if with_key => {
                format!("@{} {}", with.name, with.id.0.short())
            }
            (RoomId::Direct(_), Some(with)) => format!("@{}", with.name),
            // Nobody can have a name with parentheses.
            (RoomId::Direct(_), None) => "@(unknown)".to_owned(),
        }
    }

    /// Returns `true` if the person is in the room.
    pub fn is_joined(&self) -> bool {
        self.standing != Standing::Outside
    }

    /// Returns `true` if the session receives entries as they happen, and can send.
    pub fn is_live(&self) -> bool {
        self.standing == Standing::Live
    }

    /// Returns `true` for a room of two.
    pub fn is_direct(&self) -> bool {
        matches!(self.id, RoomId::Direct(_))
    }

    /// Applies a change of a member, with a notice if people want to know of it.
    pub fn change(&mut self, member: Member, change: MemberChange, at: u64) {
        let before = self.members.iter().position(|it| it.id == member.id);
        let was = before.map(|place| self.members.remove(place));
        let name = member.name.clone();
        match change {
            MemberChange::Joined => {
                // A member who is known already was counted when the list came.
                self.count += usize::from(was.is_none());
                self.notice(format!("{name} joined"), at);
            }
            MemberChange::Left => {
                self.count = self.count.saturating_sub(1);
                self.notice(format!("{name} left"), at);
            }
            MemberChange::Renamed => {
                // The list of members may have shown the new name already.
                if let Some(was) = was.filter(|was| was.name != name) {
                    self.notice(format!("{} is now {name}", was.name), at);
                }
                if let Some(with) = self.with.as_mut().filter(|with| with.id == member.id) {
                    with.name = name;
                }
            }
            MemberChange::Role => self.notice(format!("{name} is {} now", member.role), at),
            MemberChange::Presence => {}
        }
        if change != MemberChange::Left {
            self.members.push(member);
            self.sort_members();
        }
    }

    /// Takes the first page of members. The person is one of them.
    pub fn meet(&mut self, mut members: Vec<Member>, me: Option<UserId>) {
        for member in &mut members {
            // The server announces presence once a second, and one's own is known before.
            member.online |= Some(member.id) == me;
        }
        // The room's id is a hash of both fingerprints, so only its members say who the other
        // person is.
        if self.is_direct() && self.with.is_none() {
            let other = members.iter().find(|it| Some(it.id) != me);
            self.with = other.map(|it| Author {
                id: it.id,
                name: it.name.clone(),
            });
        }
        self.set_members(members);
    }

    /// Takes the next page of members.
    pub fn meet_more(&mut self, members: Vec<Member>, count: usize, more: bool) {
        self.asking_members = false;
        if std::mem::take(&mut self.members_anew) {
            self.members.clear();
        }
        self.last_member = members.last().map(|last| last.id).or(self.last_member);
        // A member can have come as an announcement and stand on the page too.
        self.members
            .retain(|known| !members.iter().any(|it| it.id == known.id));
        self.members.extend(members);
        self.sort_members();
        self.count = count;
        self.more_members = more;
    }

    /// Returns the member behind which the next page begins. Returns it once until that page comes.
    pub(crate) fn next_member(&mut self) -> Option<UserId> {
        let next = std::mem::take(&mut self.more_members)
            .then_some(self.last_member)
            .flatten();
        self.asking_members |= next.is_some();
        next
    }

    /// Returns `true` if the list of members is out of date and can be asked for. It cannot while
    /// a page is asked for: the answer to that could not be told from the first page.
    pub fn needs_members(&self) -> bool {
        self.members_changed && !self.asking_members && self.is_live()
    }

    /// Begins the list of members anew. Returns `false` if that is not needed, or not possible yet.
    pub(crate) fn begin_members(&mut self) -> bool {
        if !self.needs_members() {
            return false;
        }
        self.members_changed = false;
        self.asking_members = true;
        self.members_anew = true;
        true
    }

    /// Forgets the requests of a session that is over.
    pub(crate) fn ask_anew(&mut self) {
        self.asking_members = false;
        self.members_anew = false;
    }

    /// Replaces the list of members with the first page of it.
    pub fn set_members(&mut self, members: Vec<Member>) {
        self.ask_anew();
        self.members_changed = false;
        self.last_member = members.last().map(|last| last.id);
        self.count = members.len();
        self.members = members;
        self.sort_members();
    }

    fn sort_members(&mut self) {
        // The fingerprint comes last, so that people with one name keep their order.
        sorting::sort_by_cached_key(&mut self.members, |it| {
            (!it.online, lowercase(it.name.as_str()), it.id)
        });
    }

    /// Adds a notice at the end.
    pub fn notice(&mut self, text: String, at: u64) {
        self.last_notice += 1;
        self.notices.push(Rc::new(Notice {
            number: self.last_notice,
            after: self.log.last().unwrap_or(self.head),
            at,
            text,
        }));
        let surplus = self.notices.len().saturating_sub(NOTICES);
        self.notices.drain(..surplus);
    }

    /// Notes that a person is writing.
    pub fn types(&mut self, who: Author, at: u64) {
        // The report may be a repeated one: a person stands in the list once, with the latest time.
        self.stops_typing(who.id);
        self.typing
            .retain(|(_, since)| at.saturating_sub(*since) < TYPING_MS);
        self.typing.push((who, at));
    }

    /// Notes that a message of the person has come, so that they are no longer writing.
    pub fn stops_typing(&mut self, who: UserId) {
        self.typing.retain(|(other, _)| other.id != who);
    }

    /// Returns `true` if the server has entries before the oldest one that is held here.
    pub fn has_older(&self) -> bool {
        self.log.first().is_some_and(|first| first > self.gone + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::author;
    use shared::chat::RoomName;

    fn room() -> Room {
        let mut room = Room::new(RoomName::lobby().into());
        room.standing = Standing::Member;
        room
    }

    #[test]
    fn members_come_go_and_are_renamed_once() {
        let member = |name: &str, online| Member {
            id: author("bob").id,
            name: author(name).name,
            online,
            role: Role::Member,
        };
        let mut room = room();
        room.change(member("bob", true), MemberChange::Joined, 1);
        room.change(member("bob", false), MemberChange::Presence, 2);
        assert_eq!(room.members, [member("bob", false)]);
        room.change(member("rob", false), MemberChange::Renamed, 3);
        room.change(member("rob", false), MemberChange::Renamed, 3);
        room.change(member("rob", false), MemberChange::Left, 4);
        let texts: Vec<_> = room.notices.iter().map(|it| it.text.as_str()).collect();
        assert_eq!(texts, ["bob joined", "bob is now rob", "rob left"]);
        assert!(room.members.is_empty());
    }

    #[test]
    fn nobody_types_for_ever() {
        let mut room = room();
        room.types(author("ada"), 1_000);
        room.types(author("bob"), 6_000);
        room.types(author("bob"), 7_500);
        assert_eq!(room.typing, [(author("bob"), 7_500)]);
        room.stops_typing(author("bob").id);
        assert!(room.typing.is_empty());
    }
}
