//! `secure-chat`: Secure Chat in a terminal and in pipes. Reads the command line, runs the
//! command, and ends with the exit code that says how it went.

mod address;
mod advice;
mod args;
mod bench;
mod capture;
mod chat;
mod commands;
mod contact;
mod decode;
mod exit;
mod folder;
mod keystore;
mod known_servers;
mod printable;
mod session;
mod system;
mod terminal;
mod transport;
mod ui;
mod wish;

use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};
use exit::{Code, Failure};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help goes to standard output and is no failure. A failure to print it is ignored:
            // there may be no reader.
            let _ = error.print();
            return ExitCode::from(u8::from(error.use_stderr()));
        }
    };
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // A person who presses Ctrl-C knows that the program was interrupted. Lines that were
            // not delivered are news; their numbers stand on a second line of the text.
            if failure.code != Code::Interrupted || failure.text.contains('\n') {
                ui::pipe::note(&format!("secure-chat: {failure}"));
            }
            failure.exit_code()
        }
    }
}

fn run(cli: Cli) -> Result<(), Failure> {
    // These commands need neither a key nor pins, so they also work where no data folder can be
    // found.
    match cli.command {
        Command::Completions { shell } => return commands::manual::completions(shell),
        Command::Man { command } => return commands::manual::man(command.as_deref()),
        Command::Decode(decode) => return commands::decode::run(&decode, cli.global.verbose),
        Command::Bench(bench) => return commands::bench::run(bench, cli.global.level()),
        Command::Lab(lab) => return commands::lab::run(&lab),
        _ => {}
    }
    let level = cli.global.level();
    let folder = match cli.global.data_dir {
        Some(folder) => folder,
        None => folder::default_path().map_err(Failure::other)?,
    };
    match cli.command {
        Command::Chat(server) => commands::chat::run(server, &folder, level),
        Command::Connect(connect) => commands::connect::run(connect, &folder, level),
        Command::Keys(command) => commands::keys::run(command, &folder),
        Command::Pins(command) => commands::pins::run(command, &folder),
        // Handled above, without a data folder.
        Command::Bench(_)
        | Command::Decode(_)
        | Command::Lab(_)
        | Command::Completions { .. }
        | Command::Man { .. } => Ok(()),
    }
}
