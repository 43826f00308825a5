//! Divides the page's program in two: the first part has what a person needs to enter and to chat
//! over v2, the later part what they open afterwards. The page loads the later part by itself
//! (`web-client/src/later.rs`).
//!
//! Both parts share memory, globals and the table of functions. The first part has a stub for every
//! function of the later part that it refers to. A stub calls [`LOADER`], which returns at once if
//! the later part is there, and then the function itself by its slot in the table, where the later
//! part puts it when it is instantiated. The later part has no state of its own, so nothing is
//! harmed if it is instantiated twice.
//!
//! Functions are chosen by name, so that the same source is divided in the same way by everybody:
//! see [`names::is_later`]. What only they call goes with them.

mod names;
mod plan;
mod program;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use self::names::is_word;
use self::plan::Plan;
use self::program::Program;
use self::write::{first, later};
use crate::failure::{Failure, Result};

/// The export that loads the later part, unless it is there. Nothing that it calls may be in it.
const LOADER: &str = "load_later";

/// A program in two parts.
pub(crate) struct Parts {
    pub(crate) first: Vec<u8>,
    pub(crate) later: Vec<u8>,
    /// The names by which script and program know each other, with what they are called now.
    names: BTreeMap<String, String>,
}

impl Parts {
    /// Returns the program's script, with the new names.
    pub(crate) fn rename(&self, script: &str) -> String {
        let mut renamed = String::with_capacity(script.len());
        // Turns of words and what is between them.
        for turn in script.split_inclusive(|it| !is_word(it) && it != '$') {
            let word = turn.trim_end_matches(|it| !is_word(it) && it != '$');
            renamed.push_str(self.names.get(word).map_or(word, String::as_str));
            renamed.push_str(&turn[word.len()..]);
        }
        renamed
    }
}

/// The length from which on a name between script and program is replaced. wasm-bindgen's names end
/// with a hash, which does not compress, twice.
const LONG_NAME: usize = 24;

/// Returns short names for the long ones by which script and program know each other.
fn short_names(program: &Program<'_>) -> BTreeMap<String, String> {
    let imports = program.imports.iter().map(|import| import.name);
    let exports = program.exports.iter().map(|export| export.name);
    let long = imports
        .chain(exports)
        .filter(|name| name.len() >= LONG_NAME);
    let long: BTreeSet<String> = long.map(str::to_owned).collect();
    // The script has no other names with a dollar sign.
    let short = (0..).map(|number| format!("${}", short_name(number)));
    long.into_iter().zip(short).collect()
}

/// Divides `program`, which must still have the names of its functions. Neither part has them.
pub(crate) fn split(program: &[u8]) -> Result<Parts> {
    let program = Program::parse(program).map_err(unreadable)?;
    let plan = Plan::new(&program)?;
    let names = short_names(&program);
    Ok(Parts {
        first: first(&program, &plan, &names).map_err(unreadable)?,
        later: later(&program, &plan).map_err(unreadable)?,
        names,
    })
}

fn unreadable(error: impl Display) -> Failure {
    Failure::new(format!("cannot divide the page's program: {error}"))
}

/// Returns a name for a number: the shortest ones first, because all are in the page's program.
fn short_name(mut number: u32) -> String {
    const DIGITS: &[u8; 63] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
    let mut name = String::new();
    loop {
        name.push(char::from(DIGITS[number as usize % DIGITS.len()]));
        number /= 63;
        if number == 0 {
            return name;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_differ() {
        let names: BTreeSet<String> = (0..10_000).map(short_name).collect();
        assert_eq!(names.len(), 10_000);
        assert!(names.iter().all(|name| name.chars().all(is_word)));
    }

    #[test]
    fn what_is_no_program_is_refused() {
        assert!(split(b"text").is_err());
        assert!(split(b"\0asm\x01\0\0\0").is_err());
    }

    #[test]
    fn a_script_gets_the_new_names_as_whole_words() {
        let parts = Parts {
            first: Vec::new(),
            later: Vec::new(),
            names: [("long_name".to_owned(), "$a".to_owned())].into(),
        };
        let script = "wasm.long_name(1); $long_name; long_name_2 = { long_name: 1 };";
        let renamed = "wasm.$a(1); $long_name; long_name_2 = { $a: 1 };";
        assert_eq!(parts.rename(script), renamed);
    }
}
