//! `secure-chat completions` and `secure-chat man`: generated from the definitions of the command
//! line, so that they cannot differ from it.

use clap::CommandFactory;
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use crate::args::{Cli, EXAMPLES, EXIT_CODES};
use crate::exit::Failure;

/// Prints the completions for `shell`.
///
/// # Errors
/// [`Failure`] if the output cannot be written.
pub(crate) fn completions(shell: Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "secure-chat", &mut script);
    super::print(&String::from_utf8_lossy(&script))
}

/// Prints the man page of the program, or of one command.
///
/// # Errors
/// [`Failure`] if there is no such command, or the output cannot be written.
pub(crate) fn man(command: Option<&str>) -> Result<(), Failure> {
    let page = page(command)?;
    super::print(&String::from_utf8_lossy(&page))
}

fn page(command: Option<&str>) -> Result<Vec<u8>, Failure> {
    let failure = |error: std::io::Error| Failure::other(error.to_string());
    // Built, so that the commands have their full names and the global options.
    let mut program = Cli::command()
        .after_long_help(None::<&str>)
        .after_help(None::<&str>);
    program.build();
    let mut page = Vec::new();
    let Some(name) = command else {
        Man::new(program).render(&mut page).map_err(failure)?;
        sections().to_writer(&mut page).map_err(failure)?;
        return Ok(page);
    };
    let command = program
        .find_subcommand(name)
        .ok_or_else(|| Failure::other(format!("there is no command {name:?}")))?;
    let title = format!("secure-chat-{name}");
    Man::new(command.clone().name(title))
        .render(&mut page)
        .map_err(failure)?;
    Ok(page)
}

/// Returns the sections that follow from no definition.
fn sections() -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["EXIT STATUS"]);
    for line in EXIT_CODES.lines() {
        let (code, meaning) = line.split_once(' ').unwrap_or((line, ""));
        roff.control("TP", []);
        roff.text([bold(code)]);
        roff.text([roman(meaning.trim_start())]);
    }
    roff.control("SH", ["FILES"]);
    for (file, meaning) in [
        (
            "client_key.pem",
            "your long-term key, made on first use: PKCS#8, for the owner only. Never overwritten.",
        ),
        (
            "known_servers",
            "one pinned server a line: address, fingerprint, first_seen, last_seen (Unix seconds), \
             the highest version of the protocol that was spoken, and, if you have compared the key \
             or named it with --pin, the time of that as words or link. Comments (#) are kept. A \
             damaged line stops the program: it is never skipped, and the file is left as it is.",
        ),
    ] {
        roff.control("TP", []);
        roff.text([bold(file)]);
        roff.text([roman(meaning)]);
    }
    roff.control("SH", ["EXAMPLES"]);
    for line in EXAMPLES.lines() {
        match line.strip_prefix("    ") {
            Some(meaning) => roff.text([roman(meaning)]),
            None => roff.control("TP", []).text([bold(line)]),
        };
    }
    roff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_man_page_has_commands_exit_codes_files_and_examples() {
        let page = String::from_utf8(page(None).unwrap()).unwrap();
        for part in [
            "connect",
            "EXIT STATUS",
            "pinned one",
            "known_servers",
            "wss://chat",
        ] {
            assert!(page.contains(part), "{part} is missing in {page}");
        }
    }

    #[test]
    fn each_command_has_a_page_and_others_have_none() {
        let page = String::from_utf8(page(Some("connect")).unwrap()).unwrap();
        assert!(page.contains("accept"), "{page}");
        assert!(super::page(Some("dance")).is_err());
    }
}
