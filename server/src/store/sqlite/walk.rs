//! The order in which messages are searched: those of all rooms together, the newest first.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BinaryHeap};

use rusqlite::{CachedStatement, Transaction};
use shared::chat::search::Cursor;
use shared::chat::{RoomId, Timestamp};

use super::error::Failure;
use super::reader::key;
use super::rows::{self, SEQ_MAX};
use crate::store::StoreError;

/// Rows of a walk that are fetched at once, of all rooms together and of one.
const ROWS: usize = 4096;
const ROWS_OF_ONE: usize = 256;

/// A message's position in the order of a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Spot {
    pub(super) at: i64,
    /// The room's position among those that are searched.
    pub(super) room: usize,
    pub(super) place: i64,
    /// The walk has fetched no further messages of the room.
    pub(super) is_last: bool,
}

/// The rooms that are searched, in the order of their names: other stores have the same.
pub(super) struct Rooms {
    pub(super) names: Vec<RoomId>,
    pub(super) keys: Vec<i64>,
    /// The position of each key.
    pub(super) positions: BTreeMap<i64, usize>,
}

impl Rooms {
    /// Leaves out rooms that are not there.
    pub(super) fn of(
        transaction: &Transaction<'_>,
        mut names: Vec<RoomId>,
    ) -> Result<Self, Failure> {
        names.sort_unstable();
        names.dedup();
        let mut rooms = Self {
            names: Vec::with_capacity(names.len()),
            keys: Vec::with_capacity(names.len()),
            positions: BTreeMap::new(),
        };
        for name in names {
            match key(transaction, &name) {
                Ok(key) => {
                    rooms.positions.insert(key, rooms.keys.len());
                    rooms.keys.push(key);
                    rooms.names.push(name);
                }
                Err(Failure::Request(StoreError::NoSuchRoom)) => {}
                Err(failure) => return Err(failure),
            }
        }
        Ok(rooms)
    }

    pub(super) fn cursor(&self, spot: Spot) -> Result<Cursor, Failure> {
        Ok(Cursor {
            room: self.names[spot.room].clone(),
            seq: rows::seq(spot.place)? & SEQ_MAX,
            at: Timestamp::from_unix_millis(spot.at),
        })
    }
}

/// The messages of several rooms, the newest first.
pub(super) struct Walk<'a> {
    pub(super) rooms: &'a Rooms,
    /// The next messages that are known.
    pub(super) spots: BinaryHeap<Spot>,
    select: CachedStatement<'a>,
    /// Rows that are fetched of a room at once.
    rows: usize,
}

impl<'a> Walk<'a> {
    pub(super) fn new(transaction: &'a Transaction<'_>, rooms: &'a Rooms) -> Result<Self, Failure> {
        // The index is named: another plan would sort all messages of a room for each fetch.
        let select = transaction.prepare_cached(
            "SELECT at, place FROM entries INDEXED BY messages
             WHERE room = ?1 AND kind = 0 AND (at, place) < (?2, ?3)
             ORDER BY at DESC, place DESC LIMIT ?4",
        )?;
        // Many rooms share the rows, so that a search over all of them takes no more memory than
        // over one.
        let rows = ROWS / rooms.keys.len().max(1);
        Ok(Self {
            rooms,
            spots: BinaryHeap::new(),
            select,
            // At least one: a search over more rooms than there are rows would otherwise fetch
            // nothing.
            rows: rows.clamp(1, ROWS_OF_ONE),
        })
    }

    /// Begins at the last message of each room before `end`.
    pub(super) fn begin(&mut self, end: Spot) -> Result<(), Failure> {
        for room in 0..self.rooms.keys.len() {
            // Messages of the same moment are in the order of their rooms: none of them comes
            // twice, and none is left out, when a page ends among them.
            let place = match room.cmp(&end.room) {
                Ordering::Less => i64::MAX,
                Ordering::Equal => end.place,
                Ordering::Greater => 0,
            };
            self.fetch(room, end.at, place)?;
        }
        Ok(())
    }

    /// Fetches the next messages of a room.
    fn fetch(&mut self, room: usize, at: i64, place: i64) -> Result<(), Failure> {
        let most = i64::try_from(self.rows).unwrap_or(i64::MAX);
        let values = [self.rooms.keys[room], at, place, most];
        let mut found = self.select.query(values)?;
        let mut fetched = 0;
        while let Some(row) = found.next()? {
            fetched += 1;
            self.spots.push(Spot {
                at: row.get(0)?,
                room,
                place: row.get(1)?,
                is_last: fetched == self.rows,
            });
        }
        Ok(())
    }

    pub(super) fn next(&mut self) -> Result<Option<Spot>, Failure> {
        let Some(spot) = self.spots.pop() else {
            return Ok(None);
        };
        if spot.is_last {
            self.fetch(spot.room, spot.at, spot.place)?;
        }
        Ok(Some(spot))
    }
}
