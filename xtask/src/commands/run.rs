//! `cargo xtask run`: from a fresh clone to a chat in the browser, with one command.

use std::process::{Command, ExitCode};
use std::time::Instant;

use super::web::{self, Page};
use crate::failure::{Failure, Result};
use crate::tools::{Toolbox, process};
use crate::{table, workspace};

const USAGE: &str = "usage: cargo xtask run [--release | --debug] [-- SERVER-ARGUMENTS]";

/// The address at which the server serves the page by default.
const DEFAULT_HTTP: &str = "127.0.0.1:8080";

/// The profile of a build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Build {
    /// The page as shipped, the server in the dev profile. This is the default: the page is what
    /// everybody sees and downloads, so it should be the real one. The server does the same in
    /// either profile, and its cryptography is optimized in both. Its dev profile compiles in a
    /// fraction of the time that whole-program optimization takes, and shares its work with `cargo
    /// test`.
    Demo,
    /// Page and server as shipped, with the page inside the server's binary.
    Release,
    /// Page and server quick to build and to debug.
    Debug,
}

/// The options of the command line.
#[derive(Debug, PartialEq, Eq)]
struct Options<'a> {
    build: Build,
    server_args: &'a [String],
}

pub(crate) fn main(tools: &mut Toolbox, args: &[String]) -> Result<ExitCode> {
    let options = parse(args)?;
    let start = Instant::now();
    let page = if options.build == Build::Debug {
        Page::Debug
    } else {
        Page::Shipped
    };
    web::build(tools, page)?;
    let release = options.build == Build::Release;
    let mut build = tools.cargo(&["build", "--package", "server"]);
    process::run(if release {
        build.arg("--release")
    } else {
        &mut build
    })?;
    println!(
        "--- page and server are ready after {}",
        table::duration(start.elapsed())
    );

    let profile = if release { "release" } else { "debug" };
    let binary = format!("secure-chat-server{}", std::env::consts::EXE_SUFFIX);
    let mut server = tools.command(workspace::target_dir()?.join(profile).join(binary));
    // The demo shows that text that is sent encrypted arrives readable. Otherwise the flag is off.
    let told = |arg: &String| arg.split('=').next() == Some("--log-plaintext");
    if !options.server_args.iter().any(told) {
        server.arg("--log-plaintext");
    }
    server.args(options.server_args);

    let page = page_address(options.server_args, |name| std::env::var(name).ok()).map_or_else(
        || "the address of `http listening on` below".to_owned(),
        |at| format!("http://{at}/"),
    );
    println!("\n    Open {page} in a browser. Ctrl-C stops the server.\n");
    become_server(server)
}

/// Replaces this process with the server, so that signals reach it and its exit code is that of the
/// command.
#[cfg(unix)]
fn become_server(mut server: Command) -> Result<ExitCode> {
    use std::os::unix::process::CommandExt as _;

    let error = server.exec();
    Err(Failure::because("start the server")(error))
}

/// Runs the server and waits for it, on systems where a process cannot be replaced. Ctrl-C reaches
/// both processes.
#[cfg(not(unix))]
fn become_server(mut server: Command) -> Result<ExitCode> {
    let status = server
        .status()
        .map_err(Failure::because("start the server"))?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

fn parse(args: &[String]) -> Result<Options<'_>> {
    let split = args.iter().position(|arg| arg == "--");
    let (own, server_args) = match split {
        Some(at) => (&args[..at], &args[at + 1..]),
        None => (args, &[][..]),
    };
    let build = match own {
        [] => Build::Demo,
        [flag] if flag == "--release" => Build::Release,
        [flag] if flag == "--debug" => Build::Debug,
        _ => return Err(Failure::new(USAGE)),
    };
    Ok(Options { build, server_args })
}

/// Returns the address at which a browser reaches the page, if the arguments or the environment fix
/// it before the server has started. They do not if a file decides, or if the system chooses the
/// port.
fn page_address(args: &[String], variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    let flag = |name: &str| {
        let at_sign = format!("{name}=");
        let separate = args
            .iter()
            .position(|arg| arg == name)
            .and_then(|at| args.get(at + 1));
        let joined = || args.iter().find_map(|arg| arg.strip_prefix(&at_sign));
        separate
            .map(String::as_str)
            .or_else(joined)
            .map(str::to_owned)
    };
    let told = flag("--http").or_else(|| variable("SECURE_CHAT_HTTP"));
    let by_file = flag("--config")
        .or_else(|| variable("SECURE_CHAT_CONFIG"))
        .is_some();
    let address = match told {
        Some(address) => address,
        None if by_file => return None,
        None => DEFAULT_HTTP.to_owned(),
    };
    let (host, port) = address.rsplit_once(':')?;
    let host = match host {
        // The server listens on every address of this machine, but a browser needs one that it can
        // open.
        "0.0.0.0" => "127.0.0.1",
        "[::]" => "[::1]",
        named => named,
    };
    // Port 0 lets the system choose.
    (port != "0").then(|| format!("{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    fn address(line: &str) -> Option<String> {
        page_address(&args(line), |_| None)
    }

    #[test]
    fn what_follows_the_dashes_is_the_servers() {
        let line = args("--release -- --http 127.0.0.1:1 --release");
        let options = parse(&line).unwrap();
        assert_eq!(options.build, Build::Release);
        assert_eq!(options.server_args, args("--http 127.0.0.1:1 --release"));
        assert_eq!(
            parse(&[]).unwrap(),
            Options {
                build: Build::Demo,
                server_args: &[]
            }
        );
        assert_eq!(parse(&args("--debug")).unwrap().build, Build::Debug);
    }

    #[test]
    fn unknown_words_are_refused() {
        assert!(parse(&args("--http 127.0.0.1:1")).is_err());
        assert!(parse(&args("--release --debug")).is_err());
    }

    #[test]
    fn the_address_follows_flag_then_environment_then_default() {
        assert_eq!(address("").as_deref(), Some("127.0.0.1:8080"));
        assert_eq!(
            address("--http 127.0.0.1:9000").as_deref(),
            Some("127.0.0.1:9000")
        );
        assert_eq!(address("--http=[::1]:9000").as_deref(), Some("[::1]:9000"));
        let environment =
            |name: &str| (name == "SECURE_CHAT_HTTP").then(|| "127.0.0.1:7000".to_owned());
        assert_eq!(
            page_address(&[], environment).as_deref(),
            Some("127.0.0.1:7000")
        );
        let both = page_address(&args("--http 127.0.0.1:1"), environment);
        assert_eq!(both.as_deref(), Some("127.0.0.1:1"));
    }

    #[test]
    fn an_unspecified_host_is_reached_through_loopback() {
        assert_eq!(
            address("--http 0.0.0.0:80").as_deref(),
            Some("127.0.0.1:80")
        );
        assert_eq!(address("--http [::]:80").as_deref(), Some("[::1]:80"));
    }

    #[test]
    fn no_address_is_claimed_that_is_not_settled() {
        assert_eq!(address("--http 127.0.0.1:0"), None);
        assert_eq!(address("--config chat.toml"), None);
        assert_eq!(
            address("--config chat.toml --http 127.0.0.1:1").as_deref(),
            Some("127.0.0.1:1")
        );
        assert_eq!(address("--http nonsense"), None);
    }
}
