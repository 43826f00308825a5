//! Servers that the tests run beside the server: Prometheus and proxies.
//!
//! Debian's packages of them are unpacked below `target/` and not installed: installing would start
//! services, on ports that others may need.

use std::fs;
use std::path::Path;

use super::{Toolbox, process};
use crate::failure::{Failure, Result};

/// A Debian package whose programs run from wherever they are.
struct Package {
    name: &'static str,
    /// The folder of the programs inside of the package.
    folder: &'static str,
    programs: &'static [&'static str],
    /// The packages of the shared libraries that the programs need beside those of a small system.
    libraries: &'static [&'static str],
}

const PROMETHEUS: Package = Package {
    name: "prometheus",
    folder: "usr/bin",
    programs: &["prometheus", "promtool"],
    libraries: &[],
};

const PROXIES: [Package; 3] = [
    Package {
        name: "nginx",
        folder: "usr/sbin",
        programs: &["nginx"],
        libraries: &["libpcre2-8-0", "libssl3"],
    },
    Package {
        name: "haproxy",
        folder: "usr/sbin",
        programs: &["haproxy"],
        libraries: &[
            "liblua5.3-0",
            "libopentracing-c-wrapper0",
            "libpcre2-8-0",
            "libssl3",
        ],
    },
    Package {
        name: "caddy",
        folder: "usr/bin",
        programs: &["caddy"],
        libraries: &[],
    },
];

impl Toolbox {
    /// Puts Prometheus and its `promtool` on the PATH, unless they are there.
    pub(crate) fn ensure_prometheus(&mut self) -> Result<()> {
        self.ensure_unpacked(&PROMETHEUS)
    }

    /// Puts the proxies on the PATH that are not there. Returns why for each that cannot be had.
    pub(crate) fn ensure_proxies(&mut self) -> Vec<Failure> {
        let tried = PROXIES.iter().map(|proxy| self.ensure_unpacked(proxy));
        tried.filter_map(Result::err).collect()
    }

    fn ensure_unpacked(&mut self, package: &Package) -> Result<()> {
        let mut programs = package.programs.iter();
        if programs.all(|program| self.find(program).is_some()) {
            return Ok(());
        }
        let folder = self.cache().join(package.name);
        let programs = folder.join(package.folder);
        if !package
            .programs
            .iter()
            .all(|it| programs.join(it).is_file())
        {
            if !package.libraries.is_empty() {
                self.apt_install(&format!("{}'s libraries", package.name), package.libraries)?;
            }
            self.unpack(package.name, &folder)?;
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
