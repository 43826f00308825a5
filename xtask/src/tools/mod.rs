//! Other programs: this module finds and runs them, installs the missing ones, and says so.
//!
//! It knows programs, not their purpose in this project.

mod cargo;
mod containers;
mod node;
pub(crate) mod process;
mod python;
mod system;
mod unpacked;

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) use cargo::{CARGO_AUDIT, CARGO_AUDITABLE, CARGO_DEB, CARGO_DENY, TRUNK, cargo_home};
pub(crate) use system::named_program;

/// The starting point of every program that the commands run, with one PATH and one folder.
pub(crate) struct Toolbox {
    root: PathBuf,
    /// The folders of tools that are not on the caller's PATH. They are searched first, newest
    /// first.
    folders: Vec<PathBuf>,
    /// Whether cargo keeps what makes the next build of a changed crate quicker.
    incremental: bool,
}

/// The variable by which cargo keeps or leaves out what the next build of a changed crate can use.
const INCREMENTAL: &str = "CARGO_INCREMENTAL";

impl Toolbox {
    pub(crate) fn new(root: PathBuf) -> Self {
        Self {
            root,
            folders: Vec::new(),
            incremental: true,
        }
    }

    /// Makes builds keep nothing for the next one, which takes less of the disk, unless the caller's
    /// environment decides that.
    pub(crate) fn build_once(&mut self) {
        self.incremental = false;
    }

    /// Returns the workspace's root, where every program starts.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Returns the folder for this project's own downloads and builds.
    pub(crate) fn cache(&self) -> PathBuf {
        self.root.join("target").join("tools")
    }

    /// Returns a command for `program` in the workspace's root, with this project's tools on its
    /// PATH.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let program = program.as_ref();
        let path = program.to_str().and_then(|name| self.find(name));
        let mut command = Command::new(path.as_deref().map_or(program, Path::as_os_str));
        command
            .current_dir(&self.root)
            .env("PATH", self.search_path());
        // `cargo run` describes xtask in these variables. Handed on, they would look like changed
        // inputs to build scripts, which would then build again what a plain `cargo build` built.
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(is_about_this_crate) {
                command.env_remove(name);
            }
        }
        if !self.incremental && std::env::var_os(INCREMENTAL).is_none() {
            command.env(INCREMENTAL, "0");
        }
        command
    }

    /// Returns a command for `cargo` with these arguments.
    pub(crate) fn cargo(&self, args: &[&str]) -> Command {
        let mut command = self.command("cargo");
        command.args(args);
        command
    }

    /// Returns the path of `program`. This project's folders come first, then the caller's PATH.
    pub(crate) fn find(&self, program: &str) -> Option<PathBuf> {
        let file = format!("{program}{}", std::env::consts::EXE_SUFFIX);
        std::env::split_paths(&self.search_path())
            .map(|folder| folder.join(&file))
            .find(|path| path.is_file())
    }

    /// Puts `folder` first on the PATH of the programs that the commands run, unless it is on it
    /// already.
    fn prefer(&mut self, folder: PathBuf) {
        if !self.folders.contains(&folder) {
            self.folders.insert(0, folder);
        }
    }

    fn search_path(&self) -> OsString {
        let inherited = std::env::var_os("PATH").unwrap_or_default();
        let folders = self
            .folders
            .iter()
            .cloned()
            .chain(std::env::split_paths(&inherited));
        // Joining fails only for a folder with the separator in its name, and PATH cannot hold such
        // a folder.
        std::env::join_paths(folders).unwrap_or(inherited)
    }
}

/// Returns `true` for a variable by which `cargo run` describes the package that it runs.
fn is_about_this_crate(name: &str) -> bool {
    ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"]
        .iter()
        .any(|prefix| name.starts_with(prefix))
        || ["CARGO_CRATE_NAME", "CARGO_PRIMARY_PACKAGE", "OUT_DIR"].contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn incremental_files_are_kept_unless_a_build_is_for_once() {
        let mut tools = Toolbox::new(PathBuf::from("."));
        let set = |tools: &Toolbox| {
            let command = tools.cargo(&["build"]);
            command.get_envs().any(|(name, _)| name == INCREMENTAL)
        };
        assert!(!set(&tools));
        tools.build_once();
        // What the caller has decided stays.
        assert_eq!(set(&tools), std::env::var_os(INCREMENTAL).is_none());
    }

    #[test]
    fn preferred_folders_come_first_and_once() {
        let mut tools = Toolbox::new(PathBuf::from("."));
        for name in ["first", "second", "first"] {
            tools.prefer(PathBuf::from(name));
        }
        let path = tools.search_path();
        let folders: Vec<_> = std::env::split_paths(&path).take(2).collect();
        assert_eq!(folders, [PathBuf::from("second"), PathBuf::from("first")]);
    }

    #[test]
    fn variables_of_cargo_run_are_told_from_those_of_the_user() {
        assert!(is_about_this_crate("CARGO_PKG_NAME"));
        assert!(is_about_this_crate("CARGO_MANIFEST_DIR"));
        assert!(!is_about_this_crate("CARGO_HOME"));
        assert!(!is_about_this_crate("CARGO_TARGET_DIR"));
    }
}
