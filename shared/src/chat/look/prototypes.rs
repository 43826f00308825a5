//! What the characters of names look like by the short table of the page.

use std::sync::LazyLock;

use crate::chat::short_table::ShortTable;

static PROTOTYPES: LazyLock<Vec<(u32, &'static str)>> = LazyLock::new(|| {
    let mut table = ShortTable(include_bytes!(concat!(env!("OUT_DIR"), "/prototypes")));
    let mut code = 0;
    let next = || {
        code += table.number()?;
        Some((code, table.text()?))
    };
    std::iter::from_fn(next).collect()
});

/// Returns what a character looks like, if it looks like another (UTS 39 §4: its prototype).
pub(super) fn prototype(character: char) -> Option<&'static str> {
    let code = u32::from(character);
    let at = PROTOTYPES.binary_search_by_key(&code, |(from, _)| *from);
    at.ok().map(|at| PROTOTYPES[at].1)
}
