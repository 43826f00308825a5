//! The combining marks and their classes by the short table of the page.

use std::cmp::Ordering;
use std::sync::LazyLock;

use crate::chat::short_table::ShortTable;

/// Successive marks of one combining class.
struct Run {
    first: u32,
    end: u32,
    class: u8,
}

static RUNS: LazyLock<Vec<Run>> = LazyLock::new(|| {
    let mut table = ShortTable(include_bytes!(concat!(env!("OUT_DIR"), "/marks")));
    let mut end = 0;
    let next = || {
        let first = end + table.number()?;
        end = first + table.number()?;
        let class = table.byte()?;
        Some(Run { first, end, class })
    };
    std::iter::from_fn(next).collect()
});

fn class_of_mark(character: char) -> Option<u8> {
    let code = u32::from(character);
    let place = |run: &Run| {
        if run.end <= code {
            Ordering::Less
        } else if run.first > code {
            Ordering::Greater
        } else {
            Ordering::Equal
        }
    };
    let at = RUNS.binary_search_by(place).ok()?;
    Some(RUNS[at].class)
}

/// Returns `true` for characters of Unicode's category Mark.
pub(in crate::chat) fn is_combining_mark(character: char) -> bool {
    class_of_mark(character).is_some()
}

/// Returns a character's `Canonical_Combining_Class`: 0 for all but marks.
pub(in crate::chat) fn canonical_combining_class(character: char) -> u8 {
    class_of_mark(character).unwrap_or(0)
}
