//! Tools of the operating system. They are installed with apt-get if this user may, or else named.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Toolbox, process};
use crate::failure::{Failure, Result};

/// The names of Chromium and browsers that are built from it.
const CHROMIUM_NAMES: [&str; 5] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
];
const FIREFOX_NAMES: [&str; 2] = ["firefox-esr", "firefox"];
const CHROME_ON_MACOS: &str = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome";

impl Toolbox {
    /// Returns the browser of the browser tests: `$CHROMIUM`, or else one on the PATH.
    pub(crate) fn ensure_chromium(&self) -> Result<PathBuf> {
        if let Some(named) = named_program("CHROMIUM")? {
            return Ok(named);
        }
        if let Some(found) = self.find_chromium() {
            return Ok(found);
        }
        self.apt_install("Chromium", &["chromium"])?;
        self.find_chromium().ok_or_else(|| {
            Failure::new("Chromium was installed but is not on the PATH: set CHROMIUM to its path")
        })
    }

    /// Returns a released Firefox from the PATH.
    pub(crate) fn ensure_firefox(&self) -> Result<PathBuf> {
        let on_path = FIREFOX_NAMES.iter().find_map(|name| self.find(name));
        on_path.map_or_else(
            || self.ensure_program("firefox-esr", "Firefox", &["firefox-esr"]),
            Ok,
        )
    }

    /// Returns the driver of the system's `WebKit`, and the program of the display that it needs.
    pub(crate) fn ensure_webkit(&self) -> Result<(PathBuf, PathBuf)> {
        let driver =
            self.ensure_program("WebKitWebDriver", "WebKit's driver", &["webkit2gtk-driver"])?;
        Ok((driver, self.ensure_program("Xvfb", "Xvfb", &["xvfb"])?))
    }

    /// Returns the ACME directory that the server gets certificates from in tests.
    pub(crate) fn ensure_pebble(&self) -> Result<PathBuf> {
        self.ensure_program("pebble", "pebble, a directory of ACME,", &["pebble"])
    }

    fn find_chromium(&self) -> Option<PathBuf> {
        let on_path = CHROMIUM_NAMES.iter().find_map(|name| self.find(name));
        let macos = PathBuf::from(CHROME_ON_MACOS);
        on_path.or_else(|| macos.is_file().then_some(macos))
    }

    /// Returns OpenSSL's program, the yardstick of the benchmarks.
    pub(crate) fn ensure_openssl(&self) -> Result<PathBuf> {
        self.ensure_program("openssl", "OpenSSL", &["openssl"])
    }

    /// Returns `program`, and installs `packages` of the system if it is missing.
    pub(crate) fn ensure_program(
        &self,
        program: &str,
        what: &str,
        packages: &[&str],
    ) -> Result<PathBuf> {
        if let Some(found) = self.find(program) {
            return Ok(found);
        }
        self.apt_install(what, packages)?;
        self.find(program)
            .ok_or_else(|| Failure::new(format!("{what} was installed but is not on the PATH")))
    }

    /// Installs Debian packages if this is root on a system with apt. Otherwise names the command
    /// for it.
    pub(super) fn apt_install(&self, what: &str, packages: &[&str]) -> Result<()> {
        let list = packages.join(" ");
        if self.find("apt-get").is_none() {
            return Err(Failure::new(format!(
                "{what} is missing: install it with your system's package manager \
                 (on Debian it is `{list}`, with Homebrew `brew install {list}`)"
            )));
        }
        if !self.is_root() {
            return Err(Failure::new(format!(
                "{what} is missing: run `sudo apt-get install {list}`"
            )));
        }
        let apt = |args: &[&str]| {
            let mut command = self.command("apt-get");
            command.args(args).env("DEBIAN_FRONTEND", "noninteractive");
            command
        };
        self.refresh_packages()?;
        let mut install = apt(&["install", "-y", "-qq", "--no-install-recommends"]);
        process::install(
            &format!("{what} (apt-get install {list})"),
            install.args(packages),
        )
    }

    /// Unpacks a Debian package into `folder`, which is whole or not there afterwards.
    pub(super) fn unpack(&self, package: &str, folder: &Path) -> Result<()> {
        for program in ["apt-get", "dpkg-deb"] {
            if self.find(program).is_none() {
                return Err(Failure::new(format!(
                    "{package} is missing: put it on the PATH with your system's package manager"
                )));
            }
        }
        let new = folder.with_extension("new");
        // What an earlier run was interrupted in.
        let _ = fs::remove_dir_all(&new);
        fs::create_dir_all(&new).map_err(Failure::because("make a folder"))?;
        self.refresh_packages()?;
        let mut download = self.command("apt-get");
        download
            .args(["download", "-qq", package])
            .current_dir(&new);
        process::install(&format!("{package} (into target/)"), &mut download)?;
        let files = fs::read_dir(&new).map_err(Failure::because("read a folder"))?;
        let archive = files
            .filter_map(|file| file.ok().map(|file| file.path()))
            .find(|path| path.extension().is_some_and(|end| end == "deb"))
            .ok_or_else(|| Failure::new(format!("apt-get has brought no package {package}")))?;
        let mut extract = self.command("dpkg-deb");
        process::run(extract.arg("-x").arg(&archive).arg(&new))?;
        let _ = fs::remove_file(archive);
        let _ = fs::remove_dir_all(folder);
        fs::rename(&new, folder).map_err(Failure::because("rename a folder"))
    }

    /// Fetches the lists of packages, which a fresh container does not have yet. Only root may: others
    /// use those that are there.
    fn refresh_packages(&self) -> Result<()> {
        if !self.is_root() {
            return Ok(());
        }
        process::run(self.command("apt-get").args(["update", "-qq"]))
    }

    fn is_root(&self) -> bool {
        process::capture(self.command("id").arg("-u")).is_ok_and(|id| id.text.trim() == "0")
    }
}

/// Returns the program that `variable` names, if it is set.
pub(crate) fn named_program(variable: &str) -> Result<Option<PathBuf>> {
    let Some(named) = std::env::var_os(variable).map(PathBuf::from) else {
        return Ok(None);
    };
    if named.is_file() {
        return Ok(Some(named));
    }
    Err(Failure::new(format!(
        "{variable} names {}, which is no file",
        named.display()
    )))
}
