//! Writes the short tables of Unicode that the page has, by the crates whose tables are too large
//! for it: marks with their combining classes, and what the characters of names look like.
//! `src/chat/short_table.rs` reads them.

use std::io::{Error, Result};
use std::path::Path;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::{canonical_combining_class, is_combining_mark};
use unicode_security::GeneralSecurityProfile as _;
use unicode_security::confusable_detection::skeleton;

fn main() -> Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    let folder = std::env::var_os("OUT_DIR").ok_or_else(|| Error::other("no OUT_DIR"))?;
    let folder = Path::new(&folder);
    std::fs::write(folder.join("marks"), marks())?;
    std::fs::write(folder.join("prototypes"), prototypes())
}

/// Returns the runs of marks of one combining class, ascending: the distance of a run's first code
/// point from the end of the run before, the length of the run, and the class.
fn marks() -> Vec<u8> {
    let mut runs: Vec<(usize, usize, u8)> = Vec::new();
    for mark in ('\0'..=char::MAX).filter(|c| is_combining_mark(*c)) {
        let (code, class) = (mark as usize, canonical_combining_class(mark));
        match runs.last_mut() {
            Some((_, end, of)) if (*end, *of) == (code, class) => *end += 1,
            _ => runs.push((code, code + 1, class)),
        }
    }
    let mut table = Vec::new();
    let mut last_end = 0;
    for (first, end, class) in runs {
        push_number(&mut table, first - last_end);
        push_number(&mut table, end - first);
        table.push(class);
        last_end = end;
    }
    table
}

/// Returns the characters of names that look like others (UTS 39 §4), ascending: the distance from
/// the character before, and what it looks like.
fn prototypes() -> Vec<u8> {
    // Only characters that a name may have (UTS 39 §3.1), because the server refuses all others.
    let allowed = ('\0'..=char::MAX).filter(|c| c.identifier_allowed() || "-_.".contains(*c));
    // A character that decomposes is looked up in its parts.
    let mut characters: Vec<char> = allowed.flat_map(|c| std::iter::once(c).nfd()).collect();
    characters.sort_unstable();
    characters.dedup();
    let mut table = Vec::new();
    let mut last = 0;
    for character in characters {
        let looks: String = skeleton(character.encode_utf8(&mut [0; 4])).collect();
        if !looks.chars().eq([character]) {
            push_number(&mut table, character as usize - last);
            push_text(&mut table, &looks);
            last = character as usize;
        }
    }
    table
}

/// Appends a number in LEB128: seven bits a byte, the lowest first.
fn push_number(table: &mut Vec<u8>, mut number: usize) {
    while number > 0x7f {
        table.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    table.push(number.to_le_bytes()[0]);
}

/// Appends the number of bytes and the bytes.
fn push_text(table: &mut Vec<u8>, text: &str) {
    push_number(table, text.len());
    table.extend_from_slice(text.as_bytes());
}
