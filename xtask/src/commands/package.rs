//! `cargo xtask package`: Debian packages of the server and the terminal client, and the server's image
//! for containers (`container.rs`).
//!
//! Their contents and scripts are in `packaging/` and in the manifests (`[package.metadata.deb]`).

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::container;
use super::web::{self, Page};
use crate::contents;
use crate::failure::{Failure, Result};
use crate::tools::{CARGO_AUDITABLE, CARGO_DEB, Toolbox, cargo_home, process};
use crate::workspace;

const USAGE: &str = "usage: cargo xtask package [--quick]";

/// The service's unit.
const UNIT: &str = "packaging/systemd/secure-chat-server.service";

/// The highest exposure that `systemd-analyze security` may find, in tenths.
const MOST_EXPOSED: &str = "16";

/// The packages of cargo, the program of each, and so the names of Debian's.
const PROGRAMS: [(&str, &str); 2] = [("server", "secure-chat-server"), ("cli", "secure-chat")];

/// A shell script that makes a copy of the system as the test does, in a mount namespace that ends with it.
const COPY: &str = "mount --make-rprivate / && mount -t tmpfs copy /mnt \
    && mkdir /mnt/new /mnt/work /mnt/root \
    && mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/new,workdir=/mnt/work /mnt/root \
    && mount -t proc proc /mnt/root/proc";

/// The shells that get completions.
const SHELLS: [&str; 3] = ["bash", "zsh", "fish"];

/// The way in which the packaged programs are compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Build {
    /// For shipping: optimized, with the page inside, without paths of this machine.
    Shipped,
    /// As `cargo build` makes them: for checks of everything else.
    Quick,
}

impl Build {
    /// Returns the folder of the profile, below the target folder.
    pub(super) fn profile(self) -> &'static str {
        match self {
            Self::Shipped => "release",
            Self::Quick => "debug",
        }
    }
}

pub(crate) fn main(tools: &mut Toolbox, args: &[String]) -> Result<ExitCode> {
    let build = match args {
        [] => Build::Shipped,
        [flag] if flag == "--quick" => Build::Quick,
        _ => return Err(Failure::new(USAGE)),
    };
    match package(tools, build) {
        Err(why) if why.is_skipped() => println!("--- {why}"),
        done => done?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Checks everything about the packages but the optimized programs in them.
pub(crate) fn check(tools: &mut Toolbox) -> Result<()> {
    if tools.find("dpkg-deb").is_none() {
        return Err(Failure::skipped(
            "this is no Debian system: its packages were NOT built",
        ));
    }
    package(tools, Build::Quick)
}

fn package(tools: &mut Toolbox, build: Build) -> Result<()> {
    check_unit(tools)?;
    tools.ensure_cargo_tool(&CARGO_DEB)?;
    let target = compile(tools, build)?;
    let programs = PROGRAMS.map(|(_, program)| target.join(build.profile()).join(program));
    if build == Build::Shipped {
        check_paths(tools, &programs)?;
    }
    write_manuals(tools, &programs)?;
    let packages = [
        make(tools, build, &target, 0)?,
        make(tools, build, &target, 1)?,
    ];
    let installed = install(tools, &packages);
    if let Err(why) = installed.as_ref() {
        println!("--- {why}");
        // What cannot be tried of the packages here is no reason to have no image.
        if !why.is_skipped() {
            return installed;
        }
    }
    container::package(tools, build, &target).and(installed)
}

/// Has systemd judge what the service may do.
fn check_unit(tools: &Toolbox) -> Result<()> {
    let analyze = tools.ensure_program("systemd-analyze", "systemd's analyzer", &["systemd"])?;
    let mut security = tools.command(analyze);
    security.args(["security", "--offline=true", "--no-pager"]);
    let threshold = format!("--threshold={MOST_EXPOSED}");
    process::run(security.arg(threshold).arg(UNIT))
}

/// Compiles both programs. Returns the target folder that they are in.
fn compile(tools: &mut Toolbox, build: Build) -> Result<PathBuf> {
    if build == Build::Quick {
        let build = ["build", "--package", "server", "--package", "cli", "--bins"];
        process::run(&mut tools.cargo(&build))?;
        return workspace::target_dir();
    }
    web::build(tools, Page::Shipped)?;
    tools.ensure_cargo_tool(&CARGO_AUDITABLE)?;
    // A folder of its own: with other flags everything would be compiled anew, back and forth.
    let target = workspace::target_dir()?.join("package");
    let (variable, flags) = web::compiler_flags(tools)?;
    // One after the other: together, the server would get what only the terminal client asks of `shared`.
    for package in ["server", "cli"] {
        let mut command = tools.cargo(&["auditable", "build", "--locked", "--release", "--bins"]);
        command
            .args(["--package", package])
            .env("CARGO_TARGET_DIR", &target)
            .env("SOURCE_DATE_EPOCH", epoch(tools)?)
            .env("CFLAGS", c_flags(tools, &target)?)
            .env(variable, &flags);
        process::run(&mut command)?;
    }
    Ok(target)
}

/// Returns the flags by which C sources (SQLite, aws-lc) do not name folders of this machine.
pub(super) fn c_flags(tools: &Toolbox, target: &Path) -> Result<String> {
    let map = |folder: &Path, name| format!("-ffile-prefix-map={}={name}", folder.display());
    Ok([
        map(tools.root(), "secure-chat"),
        map(target, "target"),
        map(&cargo_home()?, "cargo"),
    ]
    .join(" "))
}

/// Returns the time that all files of a package have: that of the commit, unless the caller says
/// another.
pub(super) fn epoch(tools: &Toolbox) -> Result<String> {
    if let Ok(epoch) = std::env::var("SOURCE_DATE_EPOCH") {
        return Ok(epoch);
    }
    let mut log = tools.command("git");
    let printed = process::capture(log.args(["log", "-1", "--format=%ct"]))?;
    let time = printed.text.trim();
    if !printed.success || time.parse::<u64>().is_err() {
        return Err(Failure::new(
            "git tells no time of the last commit: set SOURCE_DATE_EPOCH, the seconds since 1970 \
             that the files of the packages shall have",
        ));
    }
    Ok(time.to_owned())
}

/// Refuses programs that name a folder of this machine: two machines would build two programs, and
/// whoever gets one would learn who has built it.
pub(super) fn check_paths(tools: &Toolbox, programs: &[PathBuf]) -> Result<()> {
    let folders = [tools.root().to_path_buf(), cargo_home()?];
    for program in programs {
        let content = std::fs::read(program)
            .map_err(Failure::because(format_args!("read {}", program.display())))?;
        for folder in &folders {
            if contents::holds(&content, folder.as_os_str().as_encoded_bytes()) {
                return Err(Failure::new(format!(
                    "{} names {}, a folder of this machine",
                    program.display(),
                    folder.display()
                )));
            }
        }
    }
    Ok(())
}

/// Writes what the programs print of themselves to where the manifests expect it.
fn write_manuals(tools: &Toolbox, programs: &[PathBuf]) -> Result<()> {
    let folder = tools.root().join("target").join("packaging");
    std::fs::create_dir_all(&folder)
        .map_err(Failure::because(format_args!("make {}", folder.display())))?;
    for program in programs {
        let name = program.file_name().unwrap_or_default().to_string_lossy();
        let write = |extension: &str, arguments: &[&str]| {
            let printed = process::capture(tools.command(program).args(arguments))?;
            if !printed.success {
                return Err(Failure::new(format!("{name} printed: {}", printed.text)));
            }
            let path = folder.join(format!("{name}.{extension}"));
            std::fs::write(&path, printed.text)
                .map_err(Failure::because(format_args!("write {}", path.display())))
        };
        write("1", &["man"])?;
        for shell in SHELLS {
            write(shell, &["completions", shell])?;
        }
    }
    Ok(())
}

/// Returns the folder of what is shipped, and makes it.
pub(super) fn folder() -> Result<PathBuf> {
    let folder = workspace::target_dir()?.join("packages");
    std::fs::create_dir_all(&folder)
        .map_err(Failure::because(format_args!("make {}", folder.display())))?;
    Ok(folder)
}

/// Makes the package of one of [`PROGRAMS`], and returns its path.
fn make(tools: &Toolbox, build: Build, target: &Path, which: usize) -> Result<PathBuf> {
    let (package, program) = PROGRAMS[which];
    let path = folder()?.join(format!("{program}.deb"));
    let mut deb = tools.cargo(&["deb", "--package", package, "--no-build", "--no-strip"]);
    deb.arg("--output").arg(&path);
    if build == Build::Quick {
        deb.args(["--profile", "dev", "--fast"]);
    }
    deb.env("CARGO_TARGET_DIR", target)
        .env("SOURCE_DATE_EPOCH", epoch(tools)?);
    process::run(&mut deb)?;
    process::run(tools.command("dpkg-deb").arg("--info").arg(&path))?;
    Ok(path)
}

/// Installs, starts and removes the packages in a copy of this system.
fn install(tools: &Toolbox, packages: &[PathBuf]) -> Result<()> {
    let mut probe = tools.command("unshare");
    let probed = process::capture(probe.args(["--mount", "sh", "-c", COPY]));
    if !probed.is_ok_and(|probed| probed.success) {
        return Err(Failure::skipped(
            "no copy of the system can be made here (`unshare --mount` and `mount` need root, and the \
             file system must be one that overlays take): the packages were built, and NOT installed",
        ));
    }
    let mut test = tools.command("unshare");
    test.args(["--mount", "sh", "packaging/install-test.sh"]);
    process::run(test.args(packages))
}
