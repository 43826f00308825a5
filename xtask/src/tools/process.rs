//! The start of one program, with or without its output shown. The module knows no particular
//! program.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::failure::{Failure, Result};
use crate::table;

/// The output of a program, and its success.
pub(crate) struct Output {
    pub(crate) success: bool,
    pub(crate) text: String,
}

/// Prints `command` and runs it with its output on the terminal. The command gets no input, so that
/// it cannot wait for an answer that never comes.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let shown = show(command);
    println!("$ {shown}");
    let status = command
        .stdin(Stdio::null())
        .status()
        .map_err(Failure::because(format_args!("start `{shown}`")))?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::new(format!("`{shown}` failed ({status})")))
}

/// Runs `command` silently and returns all that it printed. Its failure is no error here.
pub(crate) fn capture(command: &mut Command) -> Result<Output> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(Failure::because(format_args!("start `{}`", show(command))))?;
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    Ok(Output {
        success: output.status.success(),
        text,
    })
}

/// Runs an installation. Prints its subject before and its time after it.
pub(crate) fn install(what: &str, command: &mut Command) -> Result<()> {
    println!("--- installing {what}");
    let start = Instant::now();
    run(command).map_err(|why| Failure::new(format!("could not install {what}: {why}")))?;
    println!(
        "--- installed {what} in {}",
        table::duration(start.elapsed())
    );
    Ok(())
}

/// Returns the command as a person would type it.
fn show(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program
        .file_name()
        .unwrap_or(program.as_os_str())
        .to_string_lossy();
    let args = command.get_args().map(|arg| {
        let arg = arg.to_string_lossy();
        if arg.contains(' ') {
            format!("'{arg}'")
        } else {
            arg.into_owned()
        }
    });
    std::iter::once(name.into_owned())
        .chain(args)
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_a_command_as_typed() {
        let mut command = Command::new("/usr/bin/cargo");
        command.args(["test", "-p", "a b"]);
        assert_eq!(show(&command), "cargo test -p 'a b'");
    }

    #[test]
    fn a_failing_program_is_a_failure_with_its_name() {
        let failure = run(Command::new("cargo").arg("no-such-subcommand")).unwrap_err();
        assert!(
            failure.to_string().contains("cargo no-such-subcommand"),
            "{failure}"
        );
        let missing = run(&mut Command::new("xtask-no-such-program")).unwrap_err();
        assert!(missing.to_string().contains("cannot start"), "{missing}");
    }

    #[test]
    fn captured_output_says_whether_it_succeeded() {
        assert!(
            capture(Command::new("cargo").arg("--version"))
                .unwrap()
                .success
        );
        assert!(
            !capture(Command::new("cargo").arg("no-such-subcommand"))
                .unwrap()
                .success
        );
    }
}
