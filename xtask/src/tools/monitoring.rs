//! Prometheus, which the server's tests let scrape it.

use std::fs;
use std::path::Path;

use super::{Toolbox, process};
use crate::failure::{Failure, Result};

/// The programs of Debian's package that the tests use.
const PROGRAMS: [&str; 2] = ["prometheus", "promtool"];

impl Toolbox {
    /// Puts Prometheus and its `promtool` on the PATH, unless they are there. Debian's package is
    /// unpacked below `target/` and not installed: it would start a service, and asks for more rights
    /// than a test should have.
    pub(crate) fn ensure_prometheus(&mut self) -> Result<()> {
        if PROGRAMS.iter().all(|program| self.find(program).is_some()) {
            return Ok(());
        }
        let folder = self.cache().join("prometheus");
        let programs = folder.join("usr/bin");
        if !PROGRAMS.iter().all(|it| programs.join(it).is_file()) {
            self.unpack("prometheus", &folder)?;
        }
        self.prefer(programs);
        Ok(())
    }

    /// Unpacks a Debian package into `folder`, which is whole or not there afterwards.
    fn unpack(&self, package: &str, folder: &Path) -> Result<()> {
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
}
