//! The man page and the shells' completions, from the definitions of the command line, so that they
//! cannot differ from it.

use std::io;

use clap::CommandFactory;
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use crate::config::Cli;

/// The program's name.
const PROGRAM: &str = "secure-chat-server";

/// The signals that a person sends, and what they do.
const SIGNALS: [(&str, &str); 3] = [
    (
        "SIGTERM, SIGINT",
        "Tell every client that the server stops, and end, after 8 s at most; at once at a second signal.",
    ),
    (
        "SIGHUP",
        "Read the file of --config and the certificate again. Options that need a restart stay as they are.",
    ),
    (
        "SIGUSR1",
        "Write the table of connected clients to the log.",
    ),
];

/// The codes with which the program ends.
const EXIT_CODES: [(&str, &str); 3] = [
    ("0", "It was told to stop, or the task is done."),
    (
        "1",
        "It could not start, or the task failed; standard error says why.",
    ),
    ("64", "A setting cannot be used."),
];

/// The files of the data folder.
const FILES: [(&str, &str); 3] = [
    (
        "server_key.pem",
        "The server's long-term key. Whoever has a copy can pass for the server.",
    ),
    (
        "chat.db, chat.db-wal, chat.db-shm",
        "The history. `secure-chat-server backup` copies it while the server runs.",
    ),
    (
        "tls_self_signed.pem",
        "The certificate of --tls-self-signed.",
    ),
];

/// Returns a script that completes the program's command line in `shell`.
pub fn completions(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), PROGRAM, &mut script);
    script
}

/// Returns the man page, in roff.
///
/// # Errors
/// None, as long as memory takes what is written to it.
pub fn page() -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    Man::new(Cli::command()).render(&mut page)?;
    let mut roff = Roff::new();
    for (title, entries) in [
        ("SIGNALS", &SIGNALS),
        ("EXIT STATUS", &EXIT_CODES),
        ("FILES", &FILES),
    ] {
        roff.control("SH", [title]);
        for (name, meaning) in entries {
            roff.control("TP", []);
            roff.text([bold(*name)]);
            roff.text([roman(*meaning)]);
        }
    }
    roff.to_writer(&mut page)?;
    Ok(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_man_page_has_options_signals_codes_and_files() {
        let page = String::from_utf8(page().unwrap()).unwrap();
        for part in ["max\\-rooms", "SIGHUP", "EXIT STATUS", "server_key.pem"] {
            assert!(page.contains(part), "{part} is missing in {page}");
        }
    }

    #[test]
    fn every_shell_gets_a_script_with_the_options() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let script = String::from_utf8(completions(shell)).unwrap();
            assert!(script.contains("max-rooms"), "{shell}: {script}");
        }
    }
}
