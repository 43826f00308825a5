//! A person's rights in a room, by the rules that the server enforces. Clients offer only what the
//! server would allow; the server authorizes each request itself.

use shared::chat::Role;
use shared::chat::server::Member;

use super::Chat;
use super::room::Room;

/// A person's rights in one room.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rights {
    /// The person's role. An operator has an owner's rights everywhere.
    role: Role,
    /// The room is the lobby: it cannot be closed or renamed, and no member can be removed.
    lobby: bool,
    /// The room is one of two, which has no roles.
    direct: bool,
}

impl Rights {
    /// Returns the rights of a person in a room.
    pub fn of(room: &Room, operator: bool) -> Self {
        Self {
            role: if operator { Role::Owner } else { room.role },
            lobby: room.id.is_lobby(),
            direct: room.is_direct(),
        }
    }

    /// Returns `true` if the person may change the topic.
    pub fn sets_topic(self) -> bool {
        !self.direct && self.role >= Role::Moderator
    }

    /// Returns `true` if the person may rename and close the room.
    pub fn owns(self) -> bool {
        !self.direct && !self.lobby && self.role == Role::Owner
    }

    /// Returns `true` if the person may give members a role.
    pub fn gives_roles(self) -> bool {
        !self.direct && self.role == Role::Owner
    }

    /// Returns `true` if the person may remove a member other than themselves.
    pub fn removes(self, member: &Member) -> bool {
        // Strictly higher: equals could otherwise remove each other.
        self.sets_topic() && !self.lobby && self.role > member.role
    }

    /// Returns `true` if the person may delete messages of others.
    pub fn deletes_messages(self) -> bool {
        self.role >= Role::Moderator
    }
}

impl Chat {
    /// Returns the person's rights in the room on the screen.
    pub fn rights(&self) -> Rights {
        self.room()
            .map_or_else(Rights::default, |room| Rights::of(room, self.operator))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::author;
    use shared::chat::RoomId;

    fn room(name: &str, role: Role) -> Room {
        let mut room = Room::new(RoomId::parse(name).unwrap());
        room.role = role;
        room
    }

    fn member(role: Role) -> Member {
        let person = author("bob");
        Member {
            id: person.id,
            name: person.name,
            online: true,
            role,
        }
    }

    #[test]
    fn a_role_gives_the_rights_that_the_server_grants() {
        let [plain, moderator, owner] = [Role::Member, Role::Moderator, Role::Owner];
        for (role, topic, owns, removes_member, removes_moderator) in [
            (plain, false, false, false, false),
            (moderator, true, false, true, false),
            (owner, true, true, true, true),
        ] {
            let rights = Rights::of(&room("den", role), false);
            assert_eq!(rights.sets_topic(), topic, "{role}");
            assert_eq!(rights.owns(), owns, "{role}");
            assert_eq!(rights.gives_roles(), owns, "{role}");
            assert_eq!(rights.removes(&member(plain)), removes_member, "{role}");
            assert_eq!(
                rights.removes(&member(moderator)),
                removes_moderator,
                "{role}"
            );
        }
        assert!(Rights::of(&room("den", plain), true).owns(), "an operator");
    }

    #[test]
    fn nobody_closes_the_lobby_or_moderates_a_room_of_two() {
        let lobby = Rights::of(&room("lobby", Role::Owner), true);
        assert!(lobby.sets_topic() && !lobby.owns() && !lobby.removes(&member(Role::Member)));
        let (ada, bob) = (author("ada").id, author("bob").id);
        let direct = shared::chat::DirectId::of(ada, bob).unwrap();
        let direct = Rights::of(&Room::new(RoomId::Direct(direct)), true);
        assert!(!direct.sets_topic() && !direct.gives_roles());
    }
}
