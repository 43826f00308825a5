//! Tools from npm: the optimizer of the page's wasm, and the packages of the browser tests.

use std::path::Path;

use super::{Toolbox, process};
use crate::failure::Result;

/// The version of `binaryen`, which contains wasm-opt. It is fixed, so that the page's size does
/// not depend on the version that a machine happens to have.
const BINARYEN: &str = "132.0.0";

impl Toolbox {
    /// Installs Node and npm, which the wasm tests and the browser tests need, unless they are
    /// there.
    pub(crate) fn ensure_node(&self) -> Result<()> {
        self.ensure_program("node", "Node", &["nodejs"])?;
        self.ensure_program("npm", "npm", &["npm"])?;
        Ok(())
    }

    /// Returns `true` if wasm-opt is there, after an attempt to install it with npm. Without it the
    /// page works, but is larger.
    pub(crate) fn try_wasm_opt(&mut self) -> bool {
        let prefix = self.cache().join(format!("binaryen-{BINARYEN}"));
        let folder = prefix.join("node_modules").join(".bin");
        if !folder.join("wasm-opt").is_file() {
            if self.find("npm").is_none() {
                println!("--- npm is not here, so the page's wasm is not shrunk by wasm-opt");
                return false;
            }
            let mut command = self.command("npm");
            command.args([
                "install",
                "--no-audit",
                "--no-fund",
                "--no-package-lock",
                "--prefix",
            ]);
            command.arg(&prefix).arg(format!("binaryen@{BINARYEN}"));
            let what = format!("wasm-opt (npm's binaryen {BINARYEN}, into target/)");
            if let Err(failure) = process::install(&what, &mut command) {
                println!("--- {failure}; so the page's wasm is not shrunk by wasm-opt");
                return false;
            }
        }
        self.prefer(folder);
        true
    }

    /// Installs the packages of `folder`, exactly as its lock file has them.
    pub(crate) fn npm_ci(&self, folder: &Path) -> Result<()> {
        let wanted = std::fs::read(folder.join("package-lock.json")).ok();
        let stamp = folder.join("node_modules").join(".xtask-lock");
        if wanted.is_some() && wanted == std::fs::read(&stamp).ok() {
            return Ok(());
        }
        let mut command = self.command("npm");
        command
            .args(["ci", "--no-audit", "--no-fund"])
            .current_dir(folder);
        // The tests run the Chromium of the system, so Playwright need not download its own.
        command.env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1");
        process::install("the browser tests' npm packages", &mut command)?;
        if let Some(lock) = wanted {
            // If this fails, the next run installs again: slower, not wrong.
            let _ = std::fs::write(stamp, lock);
        }
        Ok(())
    }
}
