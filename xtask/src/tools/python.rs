//! The Python of the interoperability tests, in a virtual environment under `target/`.

use std::path::{Path, PathBuf};

use super::{Toolbox, process};
use crate::failure::{Failure, Result};

impl Toolbox {
    /// Returns an interpreter that has the packages of `requirements`, a path below the root.
    pub(crate) fn ensure_python(&self, requirements: &str) -> Result<PathBuf> {
        let requirements = self.root().join(requirements);
        let wanted = std::fs::read(&requirements).map_err(Failure::because(format_args!(
            "read {}",
            requirements.display()
        )))?;
        let venv = self.root().join("target").join("interop-venv");
        let python = interpreter(&venv);
        // The stamp is written last, so an installation that was interrupted is done again.
        let stamp = venv.join("installed-requirements.txt");
        if python.is_file() && std::fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
            return Ok(python);
        }
        self.make_venv(&venv)?;
        process::install(
            "the Python packages of the interoperability tests",
            self.command(&python)
                .args(["-m", "pip", "install", "--quiet", "-r"])
                .arg(&requirements),
        )?;
        std::fs::write(&stamp, wanted)
            .map_err(Failure::because(format_args!("write {}", stamp.display())))?;
        Ok(python)
    }

    fn make_venv(&self, venv: &Path) -> Result<()> {
        let packages = ["python3", "python3-venv", "python3-pip"];
        let base = self.ensure_program("python3", "Python 3", &packages)?;
        let make = || {
            let mut command = self.command(&base);
            command.args(["-m", "venv", "--clear"]).arg(venv);
            command
        };
        // Debian's Python comes without the part that makes environments.
        if !process::capture(&mut make())?.success {
            self.apt_install("Python's venv module", &packages)?;
            process::run(&mut make())?;
        }
        Ok(())
    }
}

fn interpreter(venv: &Path) -> PathBuf {
    if cfg!(windows) {
        venv.join("Scripts").join("python.exe")
    } else {
        venv.join("bin").join("python")
    }
}
