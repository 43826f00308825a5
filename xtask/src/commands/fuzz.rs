//! The gate's fuzzing. It builds the targets of `fuzz/` with libFuzzer's instrumentation, and runs
//! each for a while. The module knows nothing of the code that they test.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::failure::{Failure, Result};
use crate::tools::{Toolbox, process};
use crate::workspace;

/// The variable that changes the time of each target, for a longer or a quicker look.
const SECONDS_VARIABLE: &str = "SECURE_CHAT_FUZZ_SECONDS";
const DEFAULT_SECONDS: u64 = 60;

/// The length to which inputs are cut, in bytes. It is that of the longest frame that matters; the
/// programs of the state machines' targets are much shorter.
const INPUT_BYTES: u32 = 4096;

const TARGETS: [&str; 6] = [
    "v1_decoders",
    "v2_decoders",
    "server",
    "client",
    "markup",
    "proxies",
];

/// The number of targets that run at the same time.
const AT_ONCE: usize = 2;

/// The compiler flags: the coverage that libFuzzer steers by, as `cargo fuzz` asks for it, and
/// every check that Rust has. All of them are stable, so fuzzing needs no toolchain of its own. The
/// address sanitizer would need one, and has little to find where `unsafe` is forbidden.
const RUSTFLAGS: &str = "\
    -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares \
    -Ccodegen-units=1 -Cdebug-assertions -Coverflow-checks \
    --cfg fuzzing";

/// Lints, builds and runs every target.
pub(super) fn check(tools: &mut Toolbox) -> Result<()> {
    let seconds = seconds(std::env::var(SECONDS_VARIABLE).ok().as_deref())?;
    // This Debian package also brings the libraries that the compiler links with.
    tools.ensure_program("c++", "a C++ compiler, for libFuzzer", &["g++"])?;
    let host = host(tools)?;
    let folder = workspace::target_dir()?.join("fuzz");
    let cargo = |args: &[&str]| {
        let mut command = tools.cargo(args);
        command
            .args([
                "--manifest-path",
                "fuzz/Cargo.toml",
                "--locked",
                "--release",
            ])
            // If a target is named, build scripts and macros are built without instrumentation.
            .args(["--target", &host, "--target-dir"])
            .arg(&folder)
            .env("RUSTFLAGS", RUSTFLAGS);
        command
    };
    let mut clippy = cargo(&["clippy"]);
    process::run(clippy.args(["--", "-D", "warnings"]))?;
    // Parts of `shared` exist in fuzzing builds only, which no other step sees. Clippy looks only
    // at the crates of its own workspace, and `shared` is not one of those.
    let mut clippy_shared = tools.cargo(&["clippy", "--package", "shared", "--target-dir"]);
    clippy_shared
        .arg(folder.join("clippy"))
        .env("RUSTFLAGS", "--cfg fuzzing");
    process::run(clippy_shared.args(["--", "-D", "warnings"]))?;
    process::run(&mut cargo(&["build"]))?;

    let programs = folder.join(&host).join("release");
    for pair in TARGETS.chunks(AT_ONCE) {
        let outcomes: Vec<Result<()>> = std::thread::scope(|scope| {
            let runs: Vec<_> = pair
                .iter()
                .map(|target| {
                    let command = tools.command(programs.join(target));
                    let folder = &folder;
                    scope.spawn(move || run(command, target, folder, seconds))
                })
                .collect();
            runs.into_iter()
                .map(|run| {
                    run.join()
                        .unwrap_or_else(|_| Err(Failure::new("a fuzzer's thread panicked")))
                })
                .collect()
        });
        outcomes.into_iter().collect::<Result<()>>()?;
    }
    Ok(())
}

/// Runs one target for its time. The inputs that it has learned stay in `folder` for the next run.
fn run(mut command: Command, target: &str, folder: &Path, seconds: Duration) -> Result<()> {
    let corpus = folder.join("corpus").join(target);
    let artifacts = folder.join("artifacts").join(target);
    for folder in [&corpus, &artifacts] {
        std::fs::create_dir_all(folder).map_err(Failure::because(format_args!(
            "create {}",
            folder.display()
        )))?;
    }
    let mut prefix = artifacts.into_os_string();
    prefix.push(std::path::MAIN_SEPARATOR_STR);
    let mut artifact_prefix = std::ffi::OsString::from("-artifact_prefix=");
    artifact_prefix.push(&prefix);
    command
        .arg(corpus)
        .arg(format!("-max_total_time={}", seconds.as_secs()))
        .arg(format!("-max_len={INPUT_BYTES}"))
        .args(["-timeout=20", "-rss_limit_mb=1024", "-print_final_stats=1"])
        .arg(artifact_prefix);
    let printed = process::capture(&mut command)?;
    if printed.success {
        println!("{target}: {}", summary(&printed.text));
        return Ok(());
    }
    // libFuzzer prints a line for every step forward; the fault is at the end.
    let tail: Vec<&str> = printed.text.lines().rev().take(40).collect();
    for line in tail.iter().rev() {
        println!("{line}");
    }
    let input = artifact(&printed.text)
        .map_or_else(|| "no input".into(), |path| path.display().to_string());
    Err(Failure::new(format!(
        "the fuzz target {target} has found something: its input is {input}; \
         run the program with that path as its only argument to see it again"
    )))
}

/// Returns the last line of libFuzzer about a run: the number of executions, and the coverage.
fn summary(printed: &str) -> String {
    let done = printed.lines().rev().find(|line| line.contains("DONE"));
    done.map_or_else(
        || "ended without a summary".to_owned(),
        |line| line.split_whitespace().collect::<Vec<_>>().join(" "),
    )
}

/// Returns the file to which libFuzzer wrote a failing input.
fn artifact(printed: &str) -> Option<PathBuf> {
    printed
        .lines()
        .find_map(|line| line.split_once("Test unit written to "))
        .map(|(_, path)| PathBuf::from(path.trim()))
}

fn seconds(text: Option<&str>) -> Result<Duration> {
    let Some(text) = text else {
        return Ok(Duration::from_secs(DEFAULT_SECONDS));
    };
    match text.parse() {
        // To libFuzzer 0 means without end.
        Ok(seconds @ 1..) => Ok(Duration::from_secs(seconds)),
        _ => Err(Failure::new(format!(
            "{SECONDS_VARIABLE} is `{text}`: it has to be a number of seconds, 1 or more"
        ))),
    }
}

/// Returns the target triple of this machine.
fn host(tools: &Toolbox) -> Result<String> {
    let printed = process::capture(tools.command("rustc").arg("-vV"))?;
    printed
        .text
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .map(str::to_owned)
        .ok_or_else(|| Failure::new("`rustc -vV` does not name the host"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_is_a_number_of_seconds() {
        assert_eq!(seconds(None).unwrap(), Duration::from_mins(1));
        assert_eq!(seconds(Some("5")).unwrap(), Duration::from_secs(5));
        for wrong in ["", "0", "-1", "1m"] {
            assert!(seconds(Some(wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_libfuzzer_prints_is_understood() {
        let printed = "#12\tNEW    cov: 3\n#99\tDONE   cov: 7 exec/s: 5\n\
            Test unit written to /x/crash-1\nstat::…";
        assert_eq!(summary(printed), "#99 DONE cov: 7 exec/s: 5");
        assert_eq!(artifact(printed), Some(PathBuf::from("/x/crash-1")));
        assert_eq!(artifact("nothing"), None);
    }
}
