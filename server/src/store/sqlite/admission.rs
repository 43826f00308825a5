//! Admitted keys, invitations and the admission mode.

use rusqlite::{Transaction, params};
use shared::chat::admission::Invitation;
use shared::chat::{AdmissionMode, Timestamp, UserId};

use super::error::Failure;
use super::requests::Requests;
use super::rows;
use crate::store::{Snapshot, StoreError, StoredInvitation};

impl Requests<'_> {
    pub(super) fn admit(&mut self, user: UserId) -> Result<(), Failure> {
        let user = self.user(user)?;
        self.execute("UPDATE users SET admitted = 1 WHERE key = ?1", [user])?;
        Ok(())
    }

    pub(super) fn set_admission_mode(&mut self, mode: AdmissionMode) -> Result<(), Failure> {
        let sql = "INSERT INTO settings (name, value) VALUES ('admission', ?1)
                   ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        self.execute(sql, [mode.to_string()])?;
        Ok(())
    }

    pub(super) fn add_invitation(&mut self, stored: &StoredInvitation) -> Result<(), Failure> {
        let sql = "INSERT INTO invitations (number, digest, uses, expires, by)
                   VALUES (?1, ?2, ?3, ?4, ?5)";
        let Invitation {
            number,
            uses,
            expires,
            by,
        } = stored.invitation;
        let by = self.user(by)?;
        let values = params![number, stored.digest, uses, expires.unix_millis(), by];
        self.execute(sql, values)?;
        Ok(())
    }

    pub(super) fn remove_invitation(&mut self, number: u32) -> Result<(), Failure> {
        self.execute("DELETE FROM invitations WHERE number = ?1", [number])?;
        Ok(())
    }

    /// Takes a use of an invitation, in the transaction that admits the key: of two who redeem the
    /// last use at once, one is admitted.
    pub(super) fn redeem(&mut self, number: u32, user: UserId) -> Result<(), Failure> {
        // Checked and taken by one statement.
        let sql = "UPDATE invitations SET uses = uses - 1 WHERE number = ?1 AND uses > 0";
        if self.execute(sql, [number])? == 0 {
            return Err(StoreError::NoSuchInvitation.into());
        }
        self.execute("DELETE FROM invitations WHERE uses = 0", [])?;
        self.admit(user)
    }
}

/// Reads the admission mode, the admitted keys and the invitations.
pub(super) fn load(transaction: &Transaction<'_>, snapshot: &mut Snapshot) -> Result<(), Failure> {
    let mut query = transaction.prepare("SELECT value FROM settings WHERE name = 'admission'")?;
    let mut modes = query.query([])?;
    if let Some(row) = modes.next()? {
        snapshot.admission = rows::parsed(row.get_ref(0)?.as_str()?.parse())?;
    }
    let mut query = transaction
        .prepare("SELECT fingerprint FROM users WHERE admitted = 1 ORDER BY fingerprint")?;
    let users = query.query_map([], |row| row.get(0).map(rows::user))?;
    snapshot.admitted = users.collect::<rusqlite::Result<_>>()?;
    let mut query = transaction.prepare(
        "SELECT number, digest, uses, expires, fingerprint
         FROM invitations JOIN users ON key = by ORDER BY number",
    )?;
    let invitations = query.query_map([], |row| {
        Ok(StoredInvitation {
            digest: row.get(1)?,
            invitation: Invitation {
                number: row.get(0)?,
                uses: row.get(2)?,
                // A time that cannot be one has passed.
                expires: Timestamp::from_unix_millis(row.get(3)?).unwrap_or_default(),
                by: rows::user(row.get(4)?),
            },
        })
    })?;
    snapshot.invitations = invitations.collect::<rusqlite::Result<_>>()?;
    Ok(())
}
