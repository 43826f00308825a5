//! The terminal that the program was started in, and what every mode does when it goes away.

use crate::exit::{Code, Failure};

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
