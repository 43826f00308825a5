//! The commands, one file each.

pub(crate) mod bench;
pub(crate) mod chat;
pub(crate) mod connect;
pub(crate) mod keys;
pub(crate) mod lab;
pub(crate) mod manual;
pub(crate) mod pins;

use std::io::{self, Write};

use crate::exit::Failure;

/// Prints to standard output. A missing reader is no failure: `secure-chat pins list | head` is
/// proper use.
fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::other(format!("cannot write the output: {error}")))
        }
        _ => Ok(()),
    }
}
