//! Programs that are unpacked below `target/` from Debian's packages, and not installed: Prometheus and
//! proxies, which the tests run beside the server, tshark, and podman. Installing would start services, on
//! ports that others may need.

use super::Toolbox;
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

/// Its package is of Wireshark's version in Debian 12.
const TSHARK: Package = Package {
    name: "tshark",
    folder: "usr/bin",
    programs: &["tshark"],
    libraries: &[
        "libwireshark16",
        "libwiretap13",
        "libwsutil14",
        "libpcap0.8",
    ],
};

const PODMAN: Package = Package {
    name: "podman",
    folder: "usr/bin",
    programs: &["podman"],
    libraries: &["libsubid4"],
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

    /// Puts Wireshark's tshark on the PATH, unless it is there.
    pub(crate) fn ensure_tshark(&mut self) -> Result<()> {
        self.ensure_unpacked(&TSHARK)
    }

    /// Puts podman on the PATH, unless it is there.
    pub(super) fn ensure_podman_itself(&mut self) -> Result<()> {
        self.ensure_unpacked(&PODMAN)
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
}
