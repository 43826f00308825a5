//! Tools from Rust's own sources: toolchain components, the wasm target, cargo's programs.

use std::path::{Path, PathBuf};

use super::{Toolbox, process};
use crate::failure::{Failure, Result};
use crate::workspace;

/// A program that `cargo install` can build, in the one version that this project uses.
pub(crate) struct CargoTool {
    package: &'static str,
    binaries: &'static [&'static str],
    version: &'static str,
    /// `true` if the author's lock file resolves. With it, the build is the one that the author
    /// tested.
    locked: bool,
    /// `true` if the default features are compiled. They are left out if they only cost time.
    default_features: bool,
}

/// The program that builds the page, in the newest version that Rust 1.95 compiles.
pub(crate) const TRUNK: CargoTool = CargoTool {
    package: "trunk",
    binaries: &["trunk"],
    version: "0.21.14",
    locked: true,
    default_features: true,
};

/// The program that checks the dependency tree by the rules of `deny.toml`.
pub(crate) const CARGO_DENY: CargoTool = CargoTool {
    package: "cargo-deny",
    binaries: &["cargo-deny"],
    version: "0.20.2",
    locked: true,
    default_features: true,
};

/// The program that checks lock files against the `RustSec` database. Its default feature, which
/// reads binaries, is not needed.
pub(crate) const CARGO_AUDIT: CargoTool = CargoTool {
    package: "cargo-audit",
    binaries: &["cargo-audit"],
    version: "0.22.2",
    locked: true,
    default_features: false,
};

/// The program that makes Debian packages. Its default features compress by liblzma and split off
/// symbols, which are not needed.
pub(crate) const CARGO_DEB: CargoTool = CargoTool {
    package: "cargo-deb",
    binaries: &["cargo-deb"],
    version: "3.8.0",
    locked: true,
    default_features: false,
};

/// The program that builds the list of dependencies into each program, where `cargo audit bin` and
/// scanners of images find it.
pub(crate) const CARGO_AUDITABLE: CargoTool = CargoTool {
    package: "cargo-auditable",
    binaries: &["cargo-auditable"],
    version: "0.7.7",
    locked: true,
    default_features: true,
};

/// The profile settings with which these programs are built. They run for seconds, but would
/// compile for many minutes with the settings of their authors' releases.
const QUICK_BUILD: [(&str, &str); 3] = [
    ("CARGO_PROFILE_RELEASE_LTO", "off"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1"),
];

const WASM_TARGET: &str = "wasm32-unknown-unknown";

impl Toolbox {
    /// Installs the standard library for the page's target, unless it is there.
    pub(crate) fn ensure_wasm_target(&self) -> Result<()> {
        self.ensure_target(WASM_TARGET)
    }

    /// Installs Rust's standard library for `target`, unless it is there.
    pub(crate) fn ensure_target(&self, target: &str) -> Result<()> {
        let mut query = self.command("rustc");
        query.args(["--print", "target-libdir", "--target", target]);
        let libdir = process::capture(&mut query)?;
        if libdir.success && Path::new(libdir.text.trim()).is_dir() {
            return Ok(());
        }
        if self.find("rustup").is_none() {
            return Err(Failure::new(format!(
                "Rust's target {target} is missing, and rustup is not here to add it: install Rust \
                 with rustup (https://rustup.rs), or your system's package of that target (Debian has \
                 libstd-rust-dev-wasm32 for the page's)"
            )));
        }
        process::install(
            &format!("the Rust target {target}"),
            self.command("rustup").args(["target", "add", target]),
        )
    }

    /// Installs `rustfmt` or `clippy`, by the name that rustup has for it, unless it is there.
    pub(crate) fn ensure_component(&self, component: &str, probe: &[&str]) -> Result<()> {
        // A Rust without rustup has no list of components, so the program is tried.
        if process::capture(&mut self.cargo(probe))?.success {
            return Ok(());
        }
        if self.find("rustup").is_none() {
            return Err(Failure::new(format!(
                "Rust's {component} is missing: install Rust with rustup (https://rustup.rs), \
                 or your system's package of {component}"
            )));
        }
        process::install(
            &format!("Rust's {component}"),
            self.command("rustup").args(["component", "add", component]),
        )
    }

    /// Installs wasm-bindgen's programs, unless they are there. Their version must be exactly the
    /// one that the page is built with.
    pub(crate) fn ensure_wasm_bindgen(&mut self) -> Result<()> {
        let version = workspace::locked_version(self.root(), "wasm-bindgen")?;
        self.ensure_version(
            // The lock file of the package names a yanked version of a dependency.
            &CargoTool {
                package: "wasm-bindgen-cli",
                binaries: &["wasm-bindgen", "wasm-bindgen-test-runner"],
                version: "",
                locked: false,
                default_features: true,
            },
            &version,
        )
    }

    /// Finds `tool` in its version wherever it is installed, or else installs it with `cargo
    /// install`.
    pub(crate) fn ensure_cargo_tool(&mut self, tool: &CargoTool) -> Result<()> {
        self.ensure_version(tool, tool.version)
    }

    fn ensure_version(&mut self, tool: &CargoTool, version: &str) -> Result<()> {
        let cargo_home = cargo_home()?;
        let common = cargo_home.join("bin");
        let own = cargo_home
            .join("secure-chat-tools")
            .join(format!("{}-{version}", tool.package));
        let on_path = std::env::var_os("PATH").unwrap_or_default();
        let known = std::env::split_paths(&on_path).chain([common.clone(), own.join("bin")]);
        let mut another_version = false;
        for folder in known {
            match self.versions_in(&folder, tool).as_deref() {
                Some([]) | None => {}
                Some(found) if found.iter().all(|found| found == version) => {
                    self.prefer(folder);
                    return Ok(());
                }
                // Not every program tells its own version: cargo-auditable passes the question on.
                Some(_) if self.has_installed(&folder, tool, version) => {
                    self.prefer(folder);
                    return Ok(());
                }
                Some(_) => another_version = true,
            }
        }
        // A version that another project needs stays as it is. This project's goes beside it, for
        // all clones.
        let target = if another_version { own } else { cargo_home };
        self.cargo_install(tool, version, &target)?;
        self.prefer(target.join("bin"));
        Ok(())
    }

    /// Returns the versions of the tool's programs in `folder`, or `None` if one is missing.
    fn versions_in(&self, folder: &Path, tool: &CargoTool) -> Option<Vec<String>> {
        tool.binaries
            .iter()
            .map(|binary| {
                let path = folder.join(format!("{binary}{}", std::env::consts::EXE_SUFFIX));
                if !path.is_file() {
                    return None;
                }
                let printed = process::capture(self.command(path).arg("--version")).ok()?;
                // A program that prints no version counts as there, in a version that never fits.
                Some(version_of(&printed.text).unwrap_or_default().to_owned())
            })
            .collect()
    }

    /// Returns `true` if cargo itself has installed `tool` in `version` into `folder`.
    fn has_installed(&self, folder: &Path, tool: &CargoTool, version: &str) -> bool {
        let Some(root) = folder.parent() else {
            return false;
        };
        let mut list = self.cargo(&["install", "--list", "--root"]);
        let printed = process::capture(list.arg(root));
        printed.is_ok_and(|printed| is_listed(&printed.text, tool.package, version))
    }

    fn cargo_install(&self, tool: &CargoTool, version: &str, target: &Path) -> Result<()> {
        let mut command = self.cargo(&["install", tool.package, "--version"]);
        command
            .arg(format!("={version}"))
            .arg("--root")
            .arg(target)
            .envs(QUICK_BUILD);
        if tool.locked {
            command.arg("--locked");
        }
        if !tool.default_features {
            command.arg("--no-default-features");
        }
        // The workspace's own target folder has other profiles, and a lock of its own. One fixed
        // folder lets an installation that was interrupted go on where it stopped.
        let build = self.cache().join("build");
        command.env("CARGO_TARGET_DIR", &build);
        process::install(
            &format!("{} {version} (some minutes, once)", tool.package),
            &mut command,
        )?;
        // A failure here only costs disk space.
        let _ = std::fs::remove_dir_all(build);
        Ok(())
    }
}

/// Returns the version in a line such as `trunk 0.21.14`.
fn version_of(printed: &str) -> Option<&str> {
    printed.lines().next()?.split_whitespace().nth(1)
}

/// Returns cargo's home folder, which has the sources of all dependencies.
pub(crate) fn cargo_home() -> Result<PathBuf> {
    if let Some(home) = std::env::var_os("CARGO_HOME") {
        return Ok(home.into());
    }
    std::env::home_dir()
        .map(|home| home.join(".cargo"))
        .ok_or_else(|| Failure::new("there is no home folder, and CARGO_HOME is not set"))
}

/// Returns whether `cargo install --list` has a package in a version.
fn is_listed(list: &str, package: &str, version: &str) -> bool {
    let named = format!("{package} v{version}:");
    list.lines().any(|line| line == named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_version_with_and_without_a_commit() {
        assert_eq!(version_of("trunk 0.21.14\n"), Some("0.21.14"));
        assert_eq!(
            version_of("wasm-bindgen 0.2.130 (d1f52d5d0 2026-01-01)"),
            Some("0.2.130")
        );
        assert_eq!(version_of("trunk"), None);
        assert_eq!(version_of(""), None);
    }

    // The fault: cargo-auditable was compiled again each time, because it prints cargo's version.
    #[test]
    fn a_program_that_hides_its_version_is_found_in_cargos_list() {
        let list =
            "cargo-audit v0.22.2:\n    cargo-audit\ncargo-auditable v0.7.7:\n    cargo-auditable\n";
        assert!(is_listed(list, "cargo-auditable", "0.7.7"));
        assert!(!is_listed(list, "cargo-auditable", "0.7.70"));
        assert!(!is_listed(list, "cargo-audit", "0.7.7"));
        assert!(!is_listed("", "cargo-audit", "0.22.2"));
    }

    #[cfg(unix)]
    #[test]
    fn only_a_folder_with_every_program_counts() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = std::env::temp_dir().join(format!("xtask-versions-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let tools = Toolbox::new(folder.clone());
        let tool = CargoTool {
            package: "ab",
            binaries: &["a", "b"],
            version: "",
            locked: false,
            default_features: true,
        };
        let program = |name: &str, prints: &str| {
            let path = folder.join(name);
            std::fs::write(&path, format!("#!/bin/sh\necho {prints}\n")).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        };
        program("a", "a 1.2.3");
        assert_eq!(tools.versions_in(&folder, &tool), None);
        program("b", "oops");
        assert_eq!(tools.versions_in(&folder, &tool).unwrap(), ["1.2.3", ""]);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
