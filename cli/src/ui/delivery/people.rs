//! The people in the room of a delivery, and the sentences about their coming and going.

use std::collections::BTreeMap;

use shared::chat::UserId;
use shared::chat::server::{Member, MemberChange};

/// The members of the room: their names, and whether they are online.
#[derive(Debug, Default)]
pub(super) struct People(BTreeMap<UserId, (String, bool)>);

impl People {
    pub(super) fn new(members: Vec<Member>) -> Self {
        let members = members.into_iter();
        Self(
            members
                .map(|member| (member.id, (member.name.to_string(), member.online)))
                .collect(),
        )
    }

    /// Takes a change of a member, and returns the sentence about it, if people here notice it.
    pub(super) fn change(&mut self, member: &Member, change: MemberChange) -> Option<String> {
        let name = member.name.to_string();
        let former = match change {
            MemberChange::Left => self.0.remove(&member.id),
            _ => self.0.insert(member.id, (name.clone(), member.online)),
        };
        let was_online = former.as_ref().is_some_and(|(_, online)| *online);
        match change {
            MemberChange::Joined | MemberChange::Presence if member.online && !was_online => {
                Some(format!("{name} joined"))
            }
            MemberChange::Left | MemberChange::Presence if was_online && !member.online => {
                Some(format!("{name} left"))
            }
            MemberChange::Left if was_online => Some(format!("{name} left")),
            MemberChange::Renamed => {
                let former = former.map_or_else(|| "somebody".to_owned(), |(name, _)| name);
                Some(format!("{former} is now {name}"))
            }
            _ => None,
        }
    }

    /// Returns the sentence that names the people who are online.
    pub(super) fn here(&self) -> String {
        let here = self.0.values().filter(|(_, online)| *online);
        let names: Vec<_> = here.map(|(name, _)| name.as_str()).collect();
        format!("{} here: {}", names.len(), names.join(", "))
    }
}
