//! Decides whether a person may do something in a room; nothing else does.

use shared::chat::{Role, UserId};
use shared::connection::Version;

use super::requester::Requester;
use super::requests::Rejection;
use super::room::Room;

/// An action of a person in a room, which has to be authorized.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// Enters the room.
    Join,
    /// Reads or writes in the room.
    Take,
    Invite,
    SetTopic,
    /// Removes this member.
    Remove(UserId),
    /// Gives this role to a member.
    SetRole(Role),
    Rename,
    Close,
    /// Deletes the message of this writer.
    DeleteMessage(UserId),
    /// Changes the text of this writer's message.
    EditMessage(UserId),
}

/// Returns `true` if a connection of this version may hear of a room, if its person may. A v1
/// session can be relayed by any server that the person opens, so whatever it may see such a server
/// may see.
pub(super) fn may_know(version: Version, room: &Room) -> bool {
    !room.private || version >= Version::V2
}

/// Decides whether somebody may do something in a room, as it is now.
///
/// # Errors
/// A [`Rejection`] for the requester: a room that they may not know of does not exist for them.
pub(super) fn authorize(by: &Requester, room: &Room, action: Action) -> Result<(), Rejection> {
    let user = by.user();
    let operator = by.is_operator();
    let as_operator = operator && action.is_for_operators();
    // The same answer as for a room that is not there, so that the rejection does not give a
    // private room away.
    if !(room.is_open_to(user) || as_operator) {
        return Err(Rejection::no_such_room(&room.id));
    }
    if !may_know(by.version, room) {
        let message = "Private rooms need protocol v2: v1 cannot prove which server it speaks to.";
        return Err(Rejection::forbidden(message));
    }
    // A room that somebody may know of is open to them: a private one is known only to its members
    // and to those it has invited.
    if action == Action::Join {
        return Ok(());
    }
    let is_member = room.has(user) && !room.leaving.contains(&user);
    if !(is_member || as_operator) {
        let message = format!("You have not joined {}.", room.id);
        return Err(Rejection::new(
            shared::chat::ChatErrorCode::NotJoined,
            message,
        ));
    }
    // Until an owner who has left comes back, nobody else could give roles in the room.
    let role = if operator {
        Role::Owner
    } else {
        room.role_of(user)
    };
    let lobby = room.id.is_lobby();
    match action {
        Action::Invite if room.is_direct() => {
            Err(Rejection::forbidden("A room of two has place for two."))
        }
        Action::Join | Action::Take | Action::Invite => Ok(()),
        Action::DeleteMessage(writer) if writer == user => Ok(()),
        Action::DeleteMessage(_) => at_least(role, Role::Moderator, "This message is not yours."),
        Action::EditMessage(writer) if writer == user => Ok(()),
        // Nobody edits for others, operators included: an edit would put words into the mouth of
        // its writer.
        Action::EditMessage(_) => Err(Rejection::forbidden("This message is not yours.")),
        _ if room.is_direct() => Err(Rejection::forbidden("A room of two has no moderators.")),
        Action::SetTopic => at_least(role, Role::Moderator, "Only moderators change the topic."),
        Action::Remove(_) | Action::Rename | Action::Close if lobby => Err(Rejection::forbidden(
            "Everybody starts in the lobby; it stays.",
        )),
        Action::Remove(member) => {
            at_least(role, Role::Moderator, "Only moderators remove members.")?;
            // Strictly above: moderators remove neither each other nor the owner.
            if role > room.role_of(member) || member == user {
                Ok(())
            } else {
                Err(Rejection::forbidden(
                    "This member has the same rights as you.",
                ))
            }
        }
        Action::SetRole(_) => at_least(role, Role::Owner, "Only the owner gives roles."),
        Action::Rename => at_least(role, Role::Owner, "Only the owner renames the room."),
        Action::Close => at_least(role, Role::Owner, "Only the owner closes the room."),
    }
}

impl Action {
    /// Returns `true` if operators may do this in rooms that they are not in. They may not read
    /// there: an operator does not see the messages of a private room.
    fn is_for_operators(self) -> bool {
        // Every action is named, so that a new one is not theirs by default.
        match self {
            Self::Join | Self::Take | Self::Invite | Self::EditMessage(_) => false,
            Self::SetTopic
            | Self::Remove(_)
            | Self::SetRole(_)
            | Self::Rename
            | Self::Close
            | Self::DeleteMessage(_) => true,
        }
    }
}

fn at_least(role: Role, needed: Role, message: &str) -> Result<(), Rejection> {
    if role >= needed {
        Ok(())
    } else {
        Err(Rejection::forbidden(message))
    }
}
