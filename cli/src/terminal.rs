//! The terminal that the program was started in, and what every mode does when it goes away.

use std::io::IsTerminal;

use crate::exit::{Code, Failure};

/// The columns of a terminal that reports no size.
const DEFAULT_COLUMNS: usize = 80;

/// Returns the columns that a row of text may have in the terminal behind `stream`; `None` if there
/// is no terminal. It is one fewer than the terminal has, because some terminals wrap already when
/// the last column is written.
#[cfg(unix)]
pub(crate) fn columns(stream: &(impl IsTerminal + std::os::fd::AsFd)) -> Option<usize> {
    // Asked of this very stream: the controlling terminal may be another one.
    stream.is_terminal().then(|| {
        let size = rustix::termios::tcgetwinsize(stream);
        text_columns(size.map_or(0, |size| size.ws_col))
    })
}

/// Returns the columns that a row of text may have in the terminal behind `stream`; `None` if there
/// is no terminal.
#[cfg(not(unix))]
pub(crate) fn columns(stream: &impl IsTerminal) -> Option<usize> {
    stream.is_terminal().then(|| {
        let size = ratatui::crossterm::terminal::size();
        text_columns(size.map_or(0, |(columns, _)| columns))
    })
}

fn text_columns(columns: u16) -> usize {
    match usize::from(columns) {
        0 => DEFAULT_COLUMNS - 1,
        columns => columns - 1,
    }
}

/// Returns `false` when the terminal of standard input is gone: its window was closed, or the
/// connection to its machine was lost. Reading such a terminal gives an end or an error at once,
/// for ever, and SIGHUP, which would announce it, may be ignored (`nohup`).
pub(crate) fn is_there() -> bool {
    #[cfg(unix)]
    return rustix::termios::tcgetattr(std::io::stdin()).is_ok();
    #[cfg(not(unix))]
    true
}

/// Returns the failure to end with when the terminal is gone.
pub(crate) fn gone() -> Failure {
    Failure::new(Code::TerminalGone, "the terminal is gone")
}
