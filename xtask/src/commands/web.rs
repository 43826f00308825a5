//! `cargo xtask web`: the page, from source to the compressed files in `dist/`.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::compress;
use crate::failure::{Failure, Result};
use crate::program_names;
use crate::tools::{TRUNK, Toolbox, process};

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
    process::run(&mut trunk)?;

    if page == Page::Shipped {
        program_names::hash_vault(&dist(tools))?;
        println!("--- compressing the page");
        print!(
            "{}",
            compress::report(&compress::compress_all(&dist(tools))?)
        );
    }
    Ok(())
}
