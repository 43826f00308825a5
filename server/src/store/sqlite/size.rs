//! The size of the database, which may be bounded.

use std::time::{Duration, Instant};

use rusqlite::Connection;

/// Time for which a look at the size counts: what is written meanwhile is little.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// A bound of the database's size.
pub(super) struct Size {
    /// Most bytes; 0 is no limit.
    most: u64,
    /// The time of the last look, and whether the bound was reached.
    looked: Option<(Instant, bool)>,
}

impl Size {
    pub(super) fn new(most: u64) -> Self {
        let looked = None;
        Self { most, looked }
    }

    /// Returns `true` if the database has as many bytes as it may have. Pages that deletions have
    /// freed do not count: new entries go there.
    pub(super) fn is_reached(&mut self, connection: &Connection) -> rusqlite::Result<bool> {
        if self.most == 0 {
            return Ok(false);
        }
        let now = Instant::now();
        if let Some((at, reached)) = self.looked
            && now.duration_since(at) < LOOK_EVERY
        {
            return Ok(reached);
        }
        let number = |name| connection.pragma_query_value(None, name, |row| row.get::<_, u32>(0));
        let pages = number("page_count")?.saturating_sub(number("freelist_count")?);
        let bytes = u64::from(pages) * u64::from(number("page_size")?);
        let reached = bytes >= self.most;
        let was = self.looked.is_some_and(|(_, was)| was);
        if reached && !was {
            tracing::error!(
                bytes,
                "the history has the size that it may have; entries are refused"
            );
        } else if was && !reached {
            tracing::info!(bytes, "the history may grow again");
        }
        self.looked = Some((now, reached));
        Ok(reached)
    }
}
