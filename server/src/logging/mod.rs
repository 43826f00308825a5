//! The server's log: a writer that never blocks, the form of strangers' text, and a limit on lines
//! that strangers cause.
//!
//! A log is written for the operator, but strangers decide how much there is to write. Nothing that
//! they do may fill a disk, forge a line, or hold up a session because nobody reads the log.

mod excerpt;
mod form;
mod throttle;
mod writer;

use std::io::{self, IsTerminal};
use std::panic::PanicHookInfo;

use tracing::Level;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Registry, reload};

use crate::operators::Log;

pub use excerpt::{EXCERPT_CHARS, Excerpt, Quoted};
pub use form::Form;
pub use throttle::{LINES_PER_WINDOW, Repeated, Throttle, VISITOR_LINES_PER_WINDOW};
pub use writer::LossyWriter;

/// The log of a process that was started.
#[derive(Debug)]
pub struct Started {
    /// Writes the log on a thread of its own.
    pub writer: LossyWriter,
    /// Passes the log's lines on to the operators who follow it.
    pub followed: Log,
    /// Changes the level while the server runs.
    pub threshold: Threshold,
}

/// The least severe level that is logged.
#[derive(Debug, Clone)]
pub struct Threshold(reload::Handle<LevelFilter, Registry>);

impl Threshold {
    /// Logs from this level on.
    pub fn set(&self, level: Level) {
        // Fails only if the log is gone, and then there is nothing to change.
        let _ = self.0.reload(LevelFilter::from_level(level));
    }
}

/// Returns the form for standard error: the journal's if it is connected with it, or else text.
pub fn form_for_stderr() -> Form {
    let journal = std::env::var(form::JOURNAL_STREAM).ok();
    if form::is_journal(io::stderr(), journal.as_deref()) {
        return Form::Journal;
    }
    text_for_stderr()
}

/// Returns the form of text for standard error, coloured if people look at it.
pub fn text_for_stderr() -> Form {
    let no_color = std::env::var_os("NO_COLOR");
    let is_coloured = wants_colour(io::stderr().is_terminal(), no_color.as_deref());
    Form::Text { is_coloured }
}

/// Starts the log on standard error.
pub fn start(level: Level, form: Form) -> Started {
    let notice = move |lost| form.notice(lost);
    let writer = LossyWriter::with_notice("standard error", io::stderr(), notice);
    let followed = Log::default();
    let (filter, handle) = reload::Layer::new(LevelFilter::from_level(level));
    tracing_subscriber::registry()
        .with(filter)
        .with(form.layer(writer.clone()))
        .with(followed.clone())
        .init();
    std::panic::set_hook(Box::new(log_panic));
    Started {
        writer,
        followed,
        threshold: Threshold(handle),
    }
}

/// Returns whether the log is coloured: on a terminal, unless `NO_COLOR` is set to anything but the
/// empty string (<https://no-color.org>).
fn wants_colour(is_terminal: bool, no_color: Option<&std::ffi::OsStr>) -> bool {
    is_terminal && no_color.is_none_or(std::ffi::OsStr::is_empty)
}

/// Logs a panic. The standard hook writes to standard error itself; without a reader that blocks
/// the panicking thread, and every later one.
fn log_panic(info: &PanicHookInfo<'_>) {
    let place = info.location().map(tracing::field::display);
    let text = info.payload_as_str().unwrap_or("no text");
    tracing::error!(place, text = %Excerpt(text), "a task panicked");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_color_is_respected() {
        assert!(wants_colour(true, None));
        assert!(wants_colour(true, Some("".as_ref())));
        assert!(!wants_colour(true, Some("1".as_ref())));
        assert!(!wants_colour(false, None));
    }
}
