//! Programs for containers, of which none needs a service: buildah makes images, podman runs them.
//! Also what a program needs that runs without any library of a system.

use std::path::PathBuf;

use super::{Toolbox, process};
use crate::failure::Result;

/// The folder of Debian's package with the authorities of Mozilla. Others that a machine trusts are
/// in another folder.
const AUTHORITIES: &str = "/usr/share/ca-certificates/mozilla";

impl Toolbox {
    /// Returns the program that makes images.
    pub(crate) fn ensure_buildah(&self) -> Result<PathBuf> {
        self.ensure_program("buildah", "buildah", &["buildah"])
    }

    /// Puts podman on the PATH, and installs what it calls.
    pub(crate) fn ensure_podman(&mut self) -> Result<()> {
        let packages = ["conmon", "crun"];
        self.ensure_program("crun", "crun", &packages)?;
        self.ensure_program("conmon", "conmon", &packages)?;
        self.ensure_podman_itself()
    }

    /// Returns the C compiler of programs that have musl inside, and installs Rust's library for
    /// `target`.
    pub(crate) fn ensure_musl(&self, target: &str) -> Result<PathBuf> {
        self.ensure_target(target)?;
        self.ensure_program("musl-gcc", "musl's C compiler", &["musl-tools"])
    }

    /// Returns the folder with a file for each authority that Mozilla trusts.
    pub(crate) fn ensure_authorities(&self) -> Result<PathBuf> {
        let folder = PathBuf::from(AUTHORITIES);
        if !folder.is_dir() {
            self.apt_install("the authorities of certificates", &["ca-certificates"])?;
        }
        Ok(folder)
    }

    /// Returns `true` if this user can make a mount namespace and mount something in it.
    pub(crate) fn can_mount(&self) -> bool {
        let script = "mount --make-rprivate / && mount -t tmpfs probe /mnt";
        let mut probe = self.command("unshare");
        let probed = process::capture(probe.args(["--mount", "sh", "-c", script]));
        probed.is_ok_and(|probed| probed.success)
    }
}
