//! `cargo xtask ci`: the gate that every change must pass, quick checks first.
//!
//! The steps share cargo's target folder. Clippy and rustdoc share the checked dependencies;
//! native, interoperability and browser tests share the compiled ones.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use super::web::{self, Page};
use super::{fuzz, package};
use crate::failure::{Failure, Result};
use crate::steps::{self, Step};
use crate::tools::{CARGO_AUDIT, CARGO_DENY, Toolbox, named_program, process};
use crate::workspace;

/// The steps of the gate, ordered by their cost: a quick failure comes first.
pub(crate) const STEPS: [Step; 15] = [
    Step {
        name: "fmt",
        what: "the formatting of every crate",
        check: fmt,
    },
    Step {
        name: "clippy",
        what: "lints of all crates and tests, warnings refused",
        check: clippy,
    },
    Step {
        name: "clippy-wasm",
        what: "the same for the page's target",
        check: clippy_wasm,
    },
    Step {
        name: "doc",
        what: "rustdoc, warnings refused",
        check: doc,
    },
    Step {
        name: "deny",
        what: "licences, sources and versions of dependencies",
        check: deny,
    },
    Step {
        name: "advisories",
        what: "known holes of dependencies, by the RustSec database",
        check: advisories,
    },
    Step {
        name: "native",
        what: "all native tests, with the Python interoperability",
        check: native,
    },
    Step {
        name: "package",
        what: "the Debian packages in a copy of this system, the image in containers",
        check: package::check,
    },
    Step {
        name: "portable",
        what: "`shared` and `lab` on their own, without aws-lc",
        check: portable,
    },
    Step {
        name: "wasm",
        what: "the tests of `shared` and `lab` in wasm, under Node",
        check: wasm,
    },
    Step {
        name: "fuzz",
        what: "the protocol under libFuzzer, a minute a target",
        check: fuzz::check,
    },
    Step {
        name: "web",
        what: "the page as shipped",
        check: page,
    },
    Step {
        name: "browser",
        what: "the real page and server in Chromium",
        check: browser,
    },
    Step {
        name: "firefox",
        what: "what hangs on the engine, in Firefox",
        check: firefox,
    },
    Step {
        name: "webkit",
        what: "the same in WebKit",
        check: webkit,
    },
];

/// The features with which everything is checked and tested natively, so that each dependency is
/// compiled once. `package` and the browsers have the server as it is shipped, without traces.
const FEATURES: &str = "shared/aws-lc,server/otel";

const WASM_TARGET: [&str; 2] = ["--target", "wasm32-unknown-unknown"];

pub(crate) fn main(tools: &mut Toolbox, args: &[String]) -> Result<ExitCode> {
    if !args.is_empty() {
        return Err(Failure::new(
            "usage: cargo xtask ci (for single steps: cargo xtask test STEP…)",
        ));
    }
    tools.build_once();
    Ok(steps::run(tools, &STEPS))
}

fn fmt(tools: &mut Toolbox) -> Result<()> {
    tools.ensure_component("rustfmt", &["fmt", "--version"])?;
    process::run(&mut tools.cargo(&["fmt", "--all", "--check"]))?;
    // The fuzz targets are a workspace of their own: see its manifest.
    let fuzz = ["--manifest-path", "fuzz/Cargo.toml"];
    process::run(tools.cargo(&["fmt", "--check"]).args(fuzz))
}

fn clippy(tools: &mut Toolbox) -> Result<()> {
    tools.ensure_component("clippy", &["clippy", "--version"])?;
    process::run(&mut tools.cargo(&[
        "clippy",
        "--workspace",
        "--all-targets",
        "--features",
        FEATURES,
        "--",
        "-D",
        "warnings",
    ]))?;
    // As it is shipped, without traces: what only that server has is in no other build that refuses
    // warnings.
    process::run(&mut tools.cargo(&["clippy", "-p", "server", "--", "-D", "warnings"]))
}

fn clippy_wasm(tools: &mut Toolbox) -> Result<()> {
    tools.ensure_wasm_target()?;
    let mut command = tools.cargo(&["clippy", "-p", "shared", "-p", "client", "-p", "web-client"]);
    process::run(command.args(WASM_TARGET).args(["--", "-D", "warnings"]))?;
    // Apart, because it has `shared` report frames, which the page does not.
    let mut command = tools.cargo(&["clippy", "-p", "lab"]);
    process::run(command.args(WASM_TARGET).args(["--", "-D", "warnings"]))
}

fn doc(tools: &mut Toolbox) -> Result<()> {
    let mut command = tools.cargo(&[
        "doc",
        "--workspace",
        "--no-deps",
        "--document-private-items",
        "--features",
        FEATURES,
    ]);
    process::run(command.env("RUSTDOCFLAGS", "-D warnings"))
}

fn native(tools: &mut Toolbox) -> Result<()> {
    for why in tools.ensure_proxies() {
        println!("{why}; so the server is not tested behind it");
    }
    if let Err(why) = tools.ensure_prometheus() {
        println!("{why}; so the metrics, alert rules and dashboard are not tested with Prometheus");
    }
    // Its package starts nothing.
    if let Err(why) = tools.ensure_pebble() {
        println!("{why}; so certificates from an ACME directory are not tested");
    }
    if let Err(why) = tools.ensure_tshark() {
        println!("{why}; so Wireshark's dissector is not tested");
    }
    let mut command = tools.cargo(&["test", "--workspace", "--features", FEATURES]);
    // The interoperability tests run Python programs, which need the packages of this environment.
    let python = interop_python(tools)?;
    process::run(command.env("SECURE_CHAT_PYTHON", python))
}

/// The crates whose tests also run without aws-lc and in wasm. One by one, because `lab` has `shared`
/// report frames.
const PORTABLE: [&str; 2] = ["shared", "lab"];

fn portable(tools: &mut Toolbox) -> Result<()> {
    PORTABLE
        .iter()
        .try_for_each(|package| process::run(&mut tools.cargo(&["test", "-p", package])))
}

fn wasm(tools: &mut Toolbox) -> Result<()> {
    tools.ensure_wasm_target()?;
    tools.ensure_node()?;
    tools.ensure_wasm_bindgen()?;
    PORTABLE.iter().try_for_each(|package| {
        let mut command = tools.cargo(&["test", "-p", package]);
        command.args(WASM_TARGET);
        command.env(
            "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER",
            "wasm-bindgen-test-runner",
        );
        process::run(&mut command)
    })
}

fn page(tools: &mut Toolbox) -> Result<()> {
    web::build(tools, Page::Shipped)
}

fn browser(tools: &mut Toolbox) -> Result<()> {
    tests_of_the_page(tools, "chromium", &[])
}

fn firefox(tools: &mut Toolbox) -> Result<()> {
    let firefox = match named_program("FIREFOX")? {
        Some(named) => named,
        None => tools.ensure_firefox().map_err(|why| without_engine(&why))?,
    };
    tests_of_the_page(tools, "firefox", &[("FIREFOX", firefox)])
}

fn webkit(tools: &mut Toolbox) -> Result<()> {
    let (driver, display) = tools.ensure_webkit().map_err(|why| without_engine(&why))?;
    let variables = [("WEBKIT_DRIVER", driver), ("XVFB", display)];
    tests_of_the_page(tools, "webkit", &variables)
}

/// Turns the lack of an engine into a skipped step: not every system has each of them, and Chromium
/// is asked of all.
fn without_engine(why: &Failure) -> Failure {
    Failure::skipped(format!("{why}; so the page was NOT tested in this engine"))
}

/// Runs the browser tests in one engine, with these variables in their environment.
fn tests_of_the_page(
    tools: &mut Toolbox,
    engine: &str,
    variables: &[(&str, PathBuf)],
) -> Result<()> {
    let mut command = e2e_command(tools, "npx", "debug")?;
    // The builds of the native tests and the packages are reused, if they ran.
    let mut build = tools.cargo(&["build", "--package", "server", "--package", "cli", "--bins"]);
    process::run(build.args(["--example", "mitm"]))?;
    if !web::dist(tools).join("index.html").is_file() {
        web::build(tools, Page::Shipped)?;
    }
    for (name, path) in variables {
        command.env(name, path);
    }
    process::run(command.args(["playwright", "test", "--project", engine]))
}

/// Returns a command in `e2e/`, with the paths of the browser, the Python and the server of
/// `profile` in its environment.
pub(crate) fn e2e_command(tools: &mut Toolbox, program: &str, profile: &str) -> Result<Command> {
    let e2e = tools.root().join("e2e");
    if !e2e.join("package.json").is_file() {
        return Err(Failure::new(
            "e2e/package.json, the browser tests' manifest, is missing",
        ));
    }
    tools.ensure_node()?;
    let chromium = tools.ensure_chromium()?;
    let python = interop_python(tools)?;
    tools.npm_ci(&e2e)?;
    let server = format!("secure-chat-server{}", std::env::consts::EXE_SUFFIX);
    // For the test that builds the page by `trunk serve`, so that what is compiled is used again.
    let (variable, flags) = web::compiler_flags(tools)?;
    let mut command = tools.command(program);
    command
        .current_dir(e2e)
        .env(variable, flags)
        .env("CHROMIUM", chromium)
        .env("SECURE_CHAT_PYTHON", python)
        .env(
            "SECURE_CHAT_SERVER",
            workspace::target_dir()?.join(profile).join(server),
        );
    Ok(command)
}

fn interop_python(tools: &Toolbox) -> Result<PathBuf> {
    tools.ensure_python("server/tests/interop/requirements.txt")
}

fn deny(tools: &mut Toolbox) -> Result<()> {
    tools.ensure_cargo_tool(&CARGO_DENY)?;
    // The graph of every duplicate would fill pages. `cargo tree --invert` shows one when it is
    // wanted.
    let check = ["deny", "check", "--hide-inclusion-graph"];
    let mut local = tools.cargo(&check);
    process::run(local.args(["bans", "licenses", "sources"]))
}

/// The variable that names a copy of the `RustSec` database, for machines that cannot fetch it.
const ADVISORY_DB: &str = "SECURE_CHAT_ADVISORY_DB";

/// The lock files that are checked: of the workspace, and of the fuzz targets.
const LOCK_FILES: [&str; 2] = ["Cargo.lock", "fuzz/Cargo.lock"];

/// The advisories that do not fail the step, each with its reason. Any other advisory fails it.
const EXCEPTED: [(&str, &str); 3] = [
    (
        "RUSTSEC-2023-0071",
        "rsa's timing: no version is fixed. The server's private operations are aws-lc's; those of \
         the page and the portable build are blinded",
    ),
    (
        "RUSTSEC-2025-0141",
        "bincode 1 is unmaintained: yew brings it for workers that the page does not use, so that \
         it decodes no byte from outside",
    ),
    (
        "RUSTSEC-2024-0370",
        "proc-macro-error is unmaintained: it runs in the compiler, on our own source, for yew",
    ),
];

fn advisories(tools: &mut Toolbox) -> Result<()> {
    tools.ensure_cargo_tool(&CARGO_AUDIT)?;
    let copy = std::env::var_os(ADVISORY_DB).filter(|path| !path.is_empty());
    for lock_file in LOCK_FILES {
        let mut audit = tools.cargo(&["audit", "--deny", "warnings", "--file", lock_file]);
        if let Some(copy) = &copy {
            // A copy may be old, and only the registry knows which versions were yanked.
            audit.arg("--db").arg(copy);
            audit.args(["--no-fetch", "--stale", "--no-yanked"]);
        }
        for (id, _) in EXCEPTED {
            audit.args(["--ignore", id]);
        }
        let printed = process::capture(&mut audit)?;
        println!(
            "$ cargo audit --file {lock_file}\n{}",
            printed.text.trim_end()
        );
        match judge(printed.success, &printed.text) {
            Advisories::Clean => {}
            Advisories::Found => {
                return Err(Failure::new(format!(
                    "`cargo audit` found what is above in {lock_file}"
                )));
            }
            Advisories::Unreachable => {
                return Err(Failure::skipped(format!(
                    "the RustSec database could not be fetched from this network, and {ADVISORY_DB} \
                     names no copy: known holes were NOT checked in this run"
                )));
            }
        }
    }
    for (id, reason) in EXCEPTED {
        println!("--- excepted: {id}: {reason}");
    }
    Ok(())
}

#[derive(Debug, PartialEq, Eq)]
enum Advisories {
    Clean,
    Found,
    Unreachable,
}

/// Returns whether a run was clean, found something, or could not fetch its database. A database
/// that was read says how many advisories it has, so everything after that is a finding. An empty
/// database, such as a copy at the wrong path, would find nothing in anything.
fn judge(success: bool, printed: &str) -> Advisories {
    if success && !printed.contains("Loaded 0 security advisories") {
        Advisories::Clean
    } else if printed.contains("couldn't fetch advisory database") && !printed.contains("Scanning ")
    {
        Advisories::Unreachable
    } else {
        Advisories::Found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_failed_fetch_is_forgiven() {
        let fetch = "Fetching advisory database\nerror: couldn't fetch advisory database: git";
        assert_eq!(judge(false, fetch), Advisories::Unreachable);
        for found in [
            "Scanning Cargo.lock for vulnerabilities\nerror: 1 vulnerability found!",
            "Scanning Cargo.lock\nTitle: couldn't fetch advisory database",
            "error: not found: /nowhere",
        ] {
            assert_eq!(judge(false, found), Advisories::Found, "{found}");
        }
        let empty = "Loaded 0 security advisories\nScanning Cargo.lock";
        assert_eq!(judge(true, empty), Advisories::Found);
        assert_eq!(judge(true, "Scanning Cargo.lock"), Advisories::Clean);
    }
}
