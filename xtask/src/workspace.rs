//! The workspace's folder, and the versions in its lock file. The module must not run anything.

use std::path::{Path, PathBuf};

use crate::failure::{Failure, Result};

/// Returns the workspace's root, the parent of this crate's folder.
pub(crate) fn root() -> PathBuf {
    // `cargo run` says where the crate is now. The path of build time may be that of a checkout
    // that was moved since.
    let manifest =
        std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let manifest = PathBuf::from(manifest);
    manifest
        .parent()
        .map_or_else(|| manifest.clone(), Path::to_path_buf)
}

/// Returns cargo's target folder. This very program lies in `<target>/<profile>/`, wherever
/// `CARGO_TARGET_DIR` or a configuration file puts it.
pub(crate) fn target_dir() -> Result<PathBuf> {
    let exe = std::env::current_exe().map_err(Failure::because("find this program's own path"))?;
    exe.ancestors()
        .nth(2)
        .map(Path::to_path_buf)
        .ok_or_else(|| Failure::new(format!("{} is not inside a target folder", exe.display())))
}

/// Returns the version of `package` in the workspace's `Cargo.lock`.
pub(crate) fn locked_version(root: &Path, package: &str) -> Result<String> {
    let path = root.join("Cargo.lock");
    let lock = std::fs::read_to_string(&path)
        .map_err(Failure::because(format_args!("read {}", path.display())))?;
    version_in_lock(&lock, package)
        .map(str::to_owned)
        .ok_or_else(|| Failure::new(format!("Cargo.lock has no package `{package}`")))
}

/// Returns the `version` of the `[[package]]` named `package`. Cargo writes the two lines one after
/// the other, so no TOML parser is needed.
fn version_in_lock<'a>(lock: &'a str, package: &str) -> Option<&'a str> {
    let mut lines = lock.lines();
    while let Some(line) = lines.next() {
        if quoted(line, "name") == Some(package) {
            return lines.next().and_then(|next| quoted(next, "version"));
        }
    }
    None
}

/// Returns the value of a line `key = "value"`.
fn quoted<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    line.strip_prefix(key)?
        .trim_start()
        .strip_prefix('=')?
        .trim()
        .strip_prefix('"')?
        .strip_suffix('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = "\
version = 4

[[package]]
name = \"wasm-bindgen\"
version = \"0.2.130\"
source = \"registry\"
dependencies = [
 \"wasm-bindgen-macro\",
]

[[package]]
name = \"wasm-bindgen-macro\"
version = \"0.2.131\"
";

    #[test]
    fn reads_the_version_of_exactly_the_named_package() {
        assert_eq!(version_in_lock(LOCK, "wasm-bindgen"), Some("0.2.130"));
        assert_eq!(version_in_lock(LOCK, "wasm-bindgen-macro"), Some("0.2.131"));
    }

    #[test]
    fn a_dependency_entry_is_not_a_package() {
        assert_eq!(
            version_in_lock(" \"wasm-bindgen\",\n", "wasm-bindgen"),
            None
        );
        assert_eq!(version_in_lock(LOCK, "wasm"), None);
    }

    #[test]
    fn a_package_without_version_is_none() {
        assert_eq!(version_in_lock("name = \"x\"\nsource = \"y\"", "x"), None);
        assert_eq!(version_in_lock("name = \"x\"", "x"), None);
    }

    #[test]
    fn the_root_holds_the_workspace_manifest() {
        let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
        assert!(manifest.contains("[workspace]"));
    }
}
