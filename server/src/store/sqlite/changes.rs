//! Writes changes of rooms, members, names and rights, inside a transaction that the writer begins
//! and commits.

use rusqlite::params;
use shared::chat::{Keep, Role, RoomId, UserId};

use super::error::Failure;
use super::requests::Requests;
use super::rows::{self, number};
use crate::store::{Change, StoreError, rules};

impl Requests<'_> {
    #[allow(
        clippy::too_many_lines,
        reason = "one arm for each change, each of a statement or two"
    )]
    pub(super) fn change(&mut self, change: &Change) -> Result<(), Failure> {
        match change {
            Change::RoomCreated {
                room,
                topic,
                private,
                keep,
                owner,
            } => {
                let sql = "INSERT INTO rooms (name, topic, private, keep) VALUES (?1, ?2, ?3, ?4)
                           ON CONFLICT (name) DO NOTHING";
                let keep = rows::keep_column(*keep)?;
                let values = params![room.to_string(), topic.as_str(), private, keep];
                if self.execute(sql, values)? == 0 {
                    return Err(StoreError::RoomExists.into());
                }
                // The sweep sleeps while every room keeps everything.
                self.effects.sweeps |= keep.is_some();
                if let Some(owner) = owner {
                    // Not a member yet: the room is there first.
                    let (room, owner) = (self.head(room)?.key, self.user(*owner)?);
                    self.insert_role(room, owner, Role::Owner)?;
                }
            }
            Change::Role { room, user, role } => self.set_role(room, *user, *role)?,
            Change::Topic { room, topic } => {
                let key = self.head(room)?.key;
                let sql = "UPDATE rooms SET topic = ?2 WHERE key = ?1";
                self.execute(sql, params![key, topic.as_str()])?;
            }
            Change::Renamed { room, to } => {
                let (from, to) = (RoomId::from(room.clone()), RoomId::from(to.clone()));
                let head = self.head(&from)?.clone();
                // Asked first, though names are unique in the schema: a violation there would undo
                // the whole group.
                match self.head(&to) {
                    Ok(_) => return Err(StoreError::RoomExists.into()),
                    Err(Failure::Request(StoreError::NoSuchRoom)) => {}
                    Err(failure) => return Err(failure),
                }
                let sql = "UPDATE rooms SET name = ?2 WHERE key = ?1";
                self.execute(sql, params![head.key, to.to_string()])?;
                // The sequence goes on under the new name; the old one may be another room's soon.
                self.memory.heads.remove(&from);
                self.memory.heads.insert(to, head);
            }
            Change::Kept { room, keep } => {
                let keep = rows::keep_column(*keep)?;
                let key = self.head(room)?.key;
                self.execute(
                    "UPDATE rooms SET keep = ?2 WHERE key = ?1",
                    params![key, keep],
                )?;
                self.effects.sweeps |= keep.is_some();
            }
            Change::RoomDeleted { room } => self.delete_room(room)?,
            Change::RoomEnded { room } => {
                // Asked here, behind everything that was committed before: somebody may have joined
                // since the last member left, and their acked entries must stay.
                if self.is_in_use(room)? {
                    return Err(StoreError::RoomInUse.into());
                }
                self.delete_room(room)?;
            }
            Change::Joined { room, user, by } => {
                let (key, head) = self.head(room).map(|head| (head.key, head.seq))?;
                let seq = rules::seen_at_entry(room, head);
                let user = self.user(*user)?;
                // Asked here, behind everything that was committed before: the invitation may have
                // been taken back since the guest asked.
                let needs_invitation = by.is_none() && matches!(room, RoomId::Named(_));
                if needs_invitation && !self.may_enter(key, user)? {
                    return Err(StoreError::NotInvited.into());
                }
                let room = key;
                // An invitation is for once: whoever leaves a private room needs another.
                let sql = "DELETE FROM invited WHERE room = ?1 AND user = ?2";
                self.execute(sql, [room, user])?;
                let sql = "INSERT INTO members (room, user, read) VALUES (?1, ?2, ?3)
                           ON CONFLICT (room, user) DO NOTHING";
                self.execute(sql, [room, user, number(seq)])?;
            }
            Change::Left { room, user } => {
                let is_direct = matches!(room, RoomId::Direct(_));
                let (room, user) = (self.head(room)?.key, self.user(*user)?);
                let sql = "DELETE FROM members WHERE room = ?1 AND user = ?2";
                let left = self.execute(sql, [room, user])?;
                // An owner who goes stays the owner: otherwise one key could found rooms without end,
                // because each that it left would count for nobody.
                let sql = "DELETE FROM roles WHERE room = ?1 AND user = ?2 AND role <> ?3";
                self.execute(sql, [room, user, rows::role_column(Role::Owner)])?;
                // Both people of a room of two may always come back.
                if is_direct && left > 0 {
                    let sql = "INSERT INTO invited (room, user) VALUES (?1, ?2)
                               ON CONFLICT (room, user) DO NOTHING";
                    self.execute(sql, [room, user])?;
                }
            }
            Change::Uninvited { room, user } => {
                let (room, user) = (self.head(&room.clone().into())?.key, self.user(*user)?);
                let sql = "DELETE FROM invited WHERE room = ?1 AND user = ?2";
                if self.execute(sql, [room, user])? == 0 {
                    // The guest has come in since, or somebody else was faster.
                    return Err(StoreError::NotInvited.into());
                }
            }
            Change::NameReleased { user } => {
                let user = self.user(*user)?;
                self.execute("DELETE FROM names WHERE user = ?1", [user])?;
            }
            Change::SpokeV2 { user } => {
                let user = self.user(*user)?;
                self.execute("UPDATE users SET v2 = 1 WHERE key = ?1", [user])?;
            }
            Change::Admitted { user } => self.admit(*user)?,
            Change::AdmissionMode(mode) => self.set_admission_mode(*mode)?,
            Change::InvitationMade(stored) => self.add_invitation(stored)?,
            Change::InvitationEnded { number } => self.remove_invitation(*number)?,
            Change::Redeemed { number, user } => self.redeem(*number, *user)?,
            Change::Invited { room, user, .. } => {
                let (room, user) = (self.head(&room.clone().into())?.key, self.user(*user)?);
                // A member gets no invitation: it would let them back in after they were removed.
                let sql = "INSERT INTO invited (room, user) SELECT ?1, ?2 WHERE NOT EXISTS
                               (SELECT 1 FROM members WHERE room = ?1 AND user = ?2)
                           ON CONFLICT (room, user) DO NOTHING";
                self.execute(sql, [room, user])?;
            }
            Change::Read {
                room,
                user,
                seq,
                back,
            } => {
                let (room, user) = (self.head(room)?.key, self.user(*user)?);
                // Two devices report in any order.
                let sql = if *back {
                    "UPDATE members SET read = ?3 WHERE room = ?1 AND user = ?2"
                } else {
                    "UPDATE members SET read = max(read, ?3) WHERE room = ?1 AND user = ?2"
                };
                self.execute(sql, [room, user, number(*seq)])?;
            }
            Change::Named { user, name } => {
                let sql = "INSERT INTO names (user, name) VALUES (?1, ?2)
                           ON CONFLICT (user) DO UPDATE SET name = excluded.name";
                let user = self.user(*user)?;
                self.execute(sql, params![user, name.as_str()])?;
            }
            Change::Banned(ban) => {
                let sql = "INSERT INTO bans (who, reason, at, by) VALUES (?1, ?2, ?3, ?4)
                           ON CONFLICT (who) DO UPDATE
                           SET reason = excluded.reason, at = excluded.at, by = excluded.by";
                let by = self.user(ban.by)?;
                let (who, at) = (ban.who.to_string(), ban.at.unix_millis());
                self.execute(sql, params![who, ban.reason.as_str(), at, by])?;
            }
            Change::Unbanned(who) => {
                self.execute("DELETE FROM bans WHERE who = ?1", [who.to_string()])?;
            }
            Change::Operator { user, is } => {
                let user = self.user(*user)?;
                let sql = if *is {
                    "INSERT INTO operators (user) VALUES (?1) ON CONFLICT (user) DO NOTHING"
                } else {
                    "DELETE FROM operators WHERE user = ?1"
                };
                self.execute(sql, [user])?;
            }
        }
        Ok(())
    }

    /// Returns `true` if somebody may enter a room by themselves: it is public, they are in it already,
    /// they are invited, or it is theirs.
    fn may_enter(&self, room: i64, user: i64) -> Result<bool, Failure> {
        let sql = "SELECT 1 FROM rooms WHERE key = ?1 AND NOT private
                   UNION ALL SELECT 1 FROM members WHERE room = ?1 AND user = ?2
                   UNION ALL SELECT 1 FROM invited WHERE room = ?1 AND user = ?2
                   UNION ALL SELECT 1 FROM roles WHERE room = ?1 AND user = ?2 AND role = ?3";
        let owner = rows::role_column(Role::Owner);
        let mut query = self.connection.prepare_cached(sql)?;
        Ok(query.exists(params![room, user, owner])?)
    }

    fn is_in_use(&mut self, room: &RoomId) -> Result<bool, Failure> {
        let (key, head) = self.head(room).map(|head| (head.key, head.seq))?;
        let sql = "SELECT keep, EXISTS (SELECT 1 FROM members WHERE room = ?1)
                   FROM rooms WHERE key = ?1";
        let mut query = self.connection.prepare_cached(sql)?;
        let found = query.query_row([key], |row| Ok((rows::keep(row.get_ref(0)?)?, row.get(1)?)));
        let (keep, has_members): (_, bool) = found?;
        // The numbers of an unstored room are reserved, and none of its entries is here.
        Ok(has_members || head > 0 && keep != Keep::Nothing)
    }

    fn delete_room(&mut self, room: &RoomId) -> Result<(), Failure> {
        let key = self.head(room)?.key;
        // A new room of this name has numbers of its own.
        self.memory.heads.remove(room);
        // A room of 100,000 entries would stop every other write for half a minute, so the sweep
        // takes the entries away. No room has a name with a space.
        let sql = "UPDATE rooms SET deleted = 1, topic = '', name = 'deleted ' || key
                   WHERE key = ?1";
        self.execute(sql, [key])?;
        // These go at once: unlike the entries, their number is bounded.
        for table in ["members", "invited", "roles"] {
            self.execute(&format!("DELETE FROM {table} WHERE room = ?1"), [key])?;
        }
        self.effects.sweeps = true;
        self.effects.deleted = true;
        Ok(())
    }

    fn set_role(&mut self, room: &RoomId, user: UserId, role: Role) -> Result<(), Failure> {
        let (room, user) = (self.head(room)?.key, self.user(user)?);
        let sql = "SELECT 1 FROM members WHERE room = ?1 AND user = ?2";
        if !self.connection.prepare_cached(sql)?.exists([room, user])? {
            return Ok(());
        }
        if role == Role::Owner {
            // In the same transaction: of two who hand the room over at once, one has done it.
            let sql = "UPDATE roles SET role = ?2 WHERE room = ?1 AND role = ?3";
            let [moderator, owner] = [Role::Moderator, Role::Owner].map(rows::role_column);
            self.execute(sql, params![room, moderator, owner])?;
            // The former owner may have left, and only members have the other roles.
            let sql = "DELETE FROM roles WHERE room = ?1 AND NOT EXISTS
                           (SELECT 1 FROM members WHERE room = ?1 AND user = roles.user)";
            self.execute(sql, [room])?;
        }
        if role.is_member() {
            let sql = "DELETE FROM roles WHERE room = ?1 AND user = ?2 AND role <> ?3";
            self.execute(sql, [room, user, rows::role_column(Role::Owner)])?;
            return Ok(());
        }
        self.insert_role(room, user, role)
    }

    pub(super) fn insert_role(&self, room: i64, user: i64, role: Role) -> Result<(), Failure> {
        let sql = "INSERT INTO roles (room, user, role) VALUES (?1, ?2, ?3)
                   ON CONFLICT (room, user) DO UPDATE SET role = excluded.role WHERE role <> ?4";
        let owner = rows::role_column(Role::Owner);
        self.execute(sql, params![room, user, rows::role_column(role), owner])?;
        Ok(())
    }
}
