//! The standing reactions of messages: those that were added and not taken back.
//!
//! They are marks (`stands`) on the entries that added them, with two indexes of the marked ones, and
//! no table of their own: whatever removes an entry removes its mark, and a message that many people
//! react to has no row that each of them changes.

use rusqlite::params;
use shared::chat::{Emoji, Event, Seq};

use super::error::Failure;
use super::requests::Requests;
use super::rows::number;
use crate::store::{StoreError, rules};

/// Most marks that a deletion takes away: as many rows as it changes for edits, because every other
/// write waits. Those beyond count nothing that anybody can ask for, and go with their entries.
const MOST_FORGOTTEN: usize = rules::MAX_EDITS;

impl Requests<'_> {
    /// Returns `true` if an event adds a reaction that its writer has not on that message.
    pub(super) fn adds_reaction(
        &self,
        room: i64,
        writer: i64,
        event: &Event,
    ) -> Result<bool, Failure> {
        let Event::Reacted {
            of,
            emoji,
            on: true,
        } = event
        else {
            return Ok(false);
        };
        let sql = "SELECT 1 FROM entries INDEXED BY own_reactions
                   WHERE room = ?1 AND target = ?2 AND writer = ?3 AND shape = ?4 AND stands = 1";
        let mut query = self.connection.prepare_cached(sql)?;
        Ok(!query.exists(params![room, number(*of), writer, emoji.shape()])?)
    }

    /// Returns the bound that one more reaction passes.
    pub(super) fn too_many_reactions(
        &self,
        room: i64,
        writer: i64,
        event: &Event,
    ) -> Result<Option<StoreError>, Failure> {
        let Event::Reacted { of, emoji, .. } = event else {
            return Ok(None);
        };
        let (of, shape) = (number(*of), emoji.shape());
        let sql = "SELECT 1 FROM entries INDEXED BY own_reactions
                   WHERE room = ?1 AND target = ?2 AND writer = ?3 AND stands = 1
                   LIMIT 1 OFFSET ?4";
        let mut query = self.connection.prepare_cached(sql)?;
        if query.exists(params![room, of, writer, before(rules::MAX_OWN_REACTIONS)])? {
            return Ok(Some(StoreError::TooManyOwnReactions));
        }
        let sql = "SELECT 1 FROM entries INDEXED BY reactions
                   WHERE room = ?1 AND target = ?2 AND shape = ?3 AND stands = 1";
        let mut query = self.connection.prepare_cached(sql)?;
        if query.exists(params![room, of, shape])? {
            return Ok(None);
        }
        // From each emoji to the next: thousands of people may have the same few.
        let sql = "WITH RECURSIVE different (shape) AS (
                       SELECT '' UNION ALL
                       SELECT (SELECT shape FROM entries INDEXED BY reactions
                               WHERE room = ?1 AND target = ?2 AND stands = 1
                                   AND shape > different.shape
                               ORDER BY shape LIMIT 1)
                       FROM different WHERE shape IS NOT NULL
                   )
                   SELECT 1 FROM different WHERE shape <> '' LIMIT 1 OFFSET ?3";
        let mut query = self.connection.prepare_cached(sql)?;
        let is_full = query.exists(params![room, of, before(rules::MAX_REACTIONS)])?;
        Ok(is_full.then_some(StoreError::TooManyReactions))
    }

    /// Takes away the mark of a reaction.
    pub(super) fn take_back(
        &self,
        room: i64,
        writer: i64,
        of: Seq,
        emoji: &Emoji,
    ) -> Result<(), Failure> {
        let sql = "UPDATE entries INDEXED BY own_reactions SET stands = NULL
                   WHERE room = ?1 AND target = ?2 AND writer = ?3 AND shape = ?4 AND stands = 1";
        self.execute(sql, params![room, number(of), writer, emoji.shape()])?;
        Ok(())
    }

    /// Takes away the marks of the reactions to a message that is deleted.
    pub(super) fn forget_reactions(&self, room: i64, of: Seq) -> Result<(), Failure> {
        let sql = "UPDATE entries SET stands = NULL WHERE place IN
                       (SELECT place FROM entries INDEXED BY reactions
                        WHERE room = ?1 AND target = ?2 AND stands = 1 LIMIT ?3)";
        let most = i64::try_from(MOST_FORGOTTEN).unwrap_or(i64::MAX);
        self.execute(sql, params![room, number(of), most])?;
        Ok(())
    }
}

/// Returns the number of rows before the one that shows that a bound is reached.
fn before(bound: usize) -> i64 {
    i64::try_from(bound - 1).unwrap_or(i64::MAX)
}
