//! The commands, one file each.

pub(crate) mod bench;
pub(crate) mod chat;
pub(crate) mod connect;
pub(crate) mod decode;
pub(crate) mod keys;
pub(crate) mod lab;
pub(crate) mod manual;
pub(crate) mod pins;

use std::io::{self, Write};

use crate::args::{Level, Server};
use crate::capture::{self, Capture};
use crate::exit::Failure;
use crate::ui::pipe;

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

/// Starts the capture that was asked for, and says so.
fn start_capture(server: &Server, level: Level) -> Result<Option<Capture>, Failure> {
    let Some(path) = &server.capture else {
        return Ok(None);
    };
    let key_log = server.keylog.as_deref();
    let started = Capture::start(path, key_log)?;
    if level >= Level::Info {
        let path = capture::shown(path);
        pipe::note(&format!("capturing the session to {path}"));
    }
    if let Some(key_log) = key_log.filter(|_| level >= Level::Warn) {
        let path = capture::shown(key_log);
        pipe::note(&format!(
            "WARNING: THE SECRETS OF THIS SESSION ARE WRITTEN TO {path}. Whoever has that file and a \
             capture of the session can read all that is said in it. Give it to nobody who may not, \
             and delete it when you no longer need it."
        ));
    }
    Ok(Some(started))
}

/// Ends a capture, and tells of one that has ended early.
fn end_capture(capture: Option<Capture>) {
    if let Some(reason) = capture.and_then(|capture| capture.close()) {
        pipe::note(&reason);
    }
}
