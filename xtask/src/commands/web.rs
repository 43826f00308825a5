//! `cargo xtask web`: the page, from source to the compressed files in `dist/`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::compress;
use crate::contents;
use crate::failure::{Failure, Result};
use crate::program_names;
use crate::tools::{TRUNK, Toolbox, cargo_home, process};
use crate::workspace;

/// The way in which the page is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Page {
    /// The page as visitors get it: the profile `web`, shrunk and compressed.
    Shipped,
    /// A page that is quick to build and to debug, some MiB large, and not compressed.
    Debug,
}

pub(crate) fn main(tools: &mut Toolbox, args: &[String]) -> Result<ExitCode> {
    let page = match args {
        [] => Page::Shipped,
        [flag] if flag == "--debug" => Page::Debug,
        _ => return Err(Failure::new("usage: cargo xtask web [--debug]")),
    };
    build(tools, page)?;
    Ok(ExitCode::SUCCESS)
}

/// Returns the folder of the built page, in which the server looks for it.
pub(crate) fn dist(tools: &Toolbox) -> PathBuf {
    tools.root().join("dist")
}

/// Builds the page. Afterwards `dist/` holds this page, and nothing of an earlier one.
pub(crate) fn build(tools: &mut Toolbox, page: Page) -> Result<()> {
    tools.ensure_wasm_target()?;
    tools.ensure_wasm_bindgen()?;
    tools.ensure_cargo_tool(&TRUNK)?;
    let shrink = page == Page::Shipped && tools.try_wasm_opt();

    let mut trunk = tools.command("trunk");
    trunk.arg("build");
    match page {
        // trunk runs wasm-opt in release builds only, and would download wasm-opt if it were
        // missing.
        Page::Shipped if shrink => trunk.args(["--release", "--cargo-profile", "web"]),
        Page::Shipped => trunk.args(["--cargo-profile", "web"]),
        Page::Debug => &mut trunk,
    };
    // All tools are installed by now, so trunk has no reason to look for newer ones.
    trunk.env("TRUNK_SKIP_VERSION_CHECK", "true");
    if std::env::var_os("NO_COLOR").is_some() {
        // trunk reads this variable as a boolean, and rejects the usual `1`.
        trunk.env("NO_COLOR", "true");
    }
    if page == Page::Shipped {
        let (variable, flags) = compiler_flags(tools)?;
        trunk.env(variable, flags);
    }
    process::run(&mut trunk)?;

    if page == Page::Shipped {
        program_names::divide_program(&dist(tools))?;
        program_names::join_styles(&dist(tools))?;
        program_names::hash_vault(&dist(tools))?;
        let folders = folders(tools)?;
        contents::check(
            &dist(tools),
            &folders.each_ref().map(|(it, _)| it.as_path()),
        )?;
        println!("--- compressing the page");
        let entries = compress::compress_all(&dist(tools))?;
        print!("{}", compress::report(&entries));
        // The limits are those of a page that wasm-opt has shrunk.
        if shrink {
            compress::check_limits(&entries)?;
        }
    }
    Ok(())
}

/// Returns the variable and the compiler's flags in it with which the page is built as shipped. Who
/// builds in the profile `web` with other flags compiles everything anew.
pub(crate) fn compiler_flags(tools: &Toolbox) -> Result<(&'static str, OsString)> {
    let inherited = RUSTFLAGS.map(std::env::var_os);
    let flags = flags_without_paths(inherited, &folders(tools)?);
    Ok((RUSTFLAGS[0], flags))
}

/// Returns the folders of this machine that have sources of the page, each with its name on every
/// machine. The last one that fits a path counts.
fn folders(tools: &Toolbox) -> Result<[(PathBuf, &'static str); 3]> {
    Ok([
        (tools.root().to_path_buf(), "secure-chat"),
        (workspace::target_dir()?, "target"),
        (cargo_home()?, "cargo"),
    ])
}

/// The variables from which cargo takes flags for the compiler, the one that counts first. In that
/// one they are separated by [`SEPARATOR`], in the other by blanks.
const RUSTFLAGS: [&str; 2] = ["CARGO_ENCODED_RUSTFLAGS", "RUSTFLAGS"];
const SEPARATOR: &str = "\u{1f}";

/// Returns the compiler's flags for a page in which `folders` are not named. Panics say where they
/// happened, by the path of the source at build time: that would tell visitors about the builder's
/// machine. (`trim-paths`, cargo's own way, is not stable.)
fn flags_without_paths(inherited: [Option<OsString>; 2], folders: &[(PathBuf, &str)]) -> OsString {
    let [encoded, plain] = inherited;
    let mut flags = encoded.unwrap_or_else(|| {
        let plain = plain.unwrap_or_default();
        let words: Vec<_> = plain
            .to_str()
            .unwrap_or_default()
            .split_whitespace()
            .collect();
        words.join(SEPARATOR).into()
    });
    if !flags.is_empty() {
        flags.push(SEPARATOR);
    }
    // With these names of functions the program is divided: they have the types of generic ones.
    flags.push("-Csymbol-mangling-version=v0");
    for (folder, name) in folders {
        if !flags.is_empty() {
            flags.push(SEPARATOR);
        }
        flags.push("--remap-path-prefix=");
        flags.push(folder);
        flags.push("=");
        flags.push(name);
    }
    flags
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_remapped_beside_the_callers_flags() {
        let folders = [
            ("/home/ada/chat".into(), "chat"),
            ("/home/ada lovelace/.cargo".into(), "cargo"),
        ];
        let ours = "-Csymbol-mangling-version=v0\u{1f}\
                    --remap-path-prefix=/home/ada/chat=chat\u{1f}\
                    --remap-path-prefix=/home/ada lovelace/.cargo=cargo";
        assert_eq!(flags_without_paths([None, None], &folders), *ours);
        let plain = flags_without_paths([None, Some("-C  debuginfo=1".into())], &folders);
        assert_eq!(plain, *format!("-C\u{1f}debuginfo=1\u{1f}{ours}"));
        let encoded = flags_without_paths([Some("-O".into()), Some("-g".into())], &folders);
        assert_eq!(encoded, *format!("-O\u{1f}{ours}"));
    }
}
