//! `cargo xtask …`: the project's own commands, so that a fresh clone needs nothing but Rust.
//!
//! This file only chooses the command, and must not know how any command works.

mod commands;
mod compress;
mod contents;
mod failure;
mod program_names;
#[cfg(test)]
mod scratch;
mod split;
mod steps;
mod table;
mod tools;
mod workspace;

use std::process::ExitCode;

use crate::failure::{Failure, Result};
use crate::tools::Toolbox;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  run [--release | --debug] [-- SERVER-ARGUMENTS]
            build the page and the server, and start the server
            default: the page as visitors get it, the server quickly built
            --release: both optimized, the page inside the server's binary
            --debug: both quickly built, for debugging
  web [--debug]
            build the page into dist/, compress it, show its size, and fail
            if it is above its limit
  test [FILTER…] [--list]
            everything that ci runs, or the steps whose names contain a filter
  ci        the one gate that every change must pass
  package   build the Debian packages of server and terminal client, the static
            server and its image for containers into target/packages/; install,
            start and remove the packages in a copy of this system, and start
            the image in containers
            --quick: of the programs as `cargo build` makes them, for checks
  bench     measure handshakes, throughput, page size and time to connect
  dissector write docs/secure-chat.lua, Wireshark's dissector, from the fields of
            the protocol's codec

Whatever tool is missing is installed, and named, by the command that needs it.";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&args) {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(args: &[String]) -> Result<ExitCode> {
    let Some((command, rest)) = args.split_first() else {
        return Err(Failure::new(USAGE));
    };
    let mut tools = Toolbox::new(workspace::root());
    match command.as_str() {
        "run" => commands::run::main(&mut tools, rest),
        "web" => commands::web::main(&mut tools, rest),
        "test" => commands::test::main(&mut tools, rest),
        "ci" => commands::ci::main(&mut tools, rest),
        "package" => commands::package::main(&mut tools, rest),
        "bench" => commands::bench::main(&mut tools, rest),
        "dissector" => commands::dissector::main(&mut tools, rest),
        "help" | "--help" | "-h" => {
            println!("{USAGE}");
            Ok(ExitCode::SUCCESS)
        }
        other => Err(Failure::new(format!(
            "there is no command `{other}`\n\n{USAGE}"
        ))),
    }
}
