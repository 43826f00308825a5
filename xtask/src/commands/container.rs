//! The server's image for containers, and the static program in it; a part of `cargo xtask package`.
//!
//! The image's definition is in `packaging/container/`. It is made from a folder in which everything
//! has its name and its rights already, twice, and both must be the same bytes.

use std::fs;
use std::path::{Path, PathBuf};

use super::package::{self, Build};
use super::web;
use crate::failure::{Failure, Result};
use crate::tools::{Toolbox, process};
use crate::workspace;

/// The program, and the image's name.
const PROGRAM: &str = "secure-chat-server";

/// The user in the image. `packaging/container/` has the number, too.
const USER: &str = "65532";

/// The folder of key and history in the image.
const DATA: &str = "var/lib/secure-chat";

/// Files of this system that a program needs if it is not static.
const LIBRARIES: [&str; 4] = ["--volume", "/lib:/lib:ro", "--volume", "/lib64:/lib64:ro"];

/// Makes the image, and tries it with the terminal client in the target folder `natives`.
///
/// The quick image has the program that `cargo build` makes, which finds its libraries in folders of
/// this machine when it is tried: a static one would be compiled with all that it depends on.
pub(super) fn package(tools: &mut Toolbox, build: Build, natives: &Path) -> Result<()> {
    let profile = build.profile();
    let program = match build {
        Build::Shipped => {
            let program = compile(tools)?;
            package::check_paths(tools, std::slice::from_ref(&program))?;
            program
        }
        Build::Quick => natives.join(profile).join(PROGRAM),
    };
    let folder = workspace::target_dir()?.join("container");
    let image = make(tools, &folder, &program)?;
    if build == Build::Shipped {
        let packages = package::folder()?;
        copy(
            tools,
            &image,
            &packages.join(format!("{PROGRAM}.oci.tar")),
            "644",
        )?;
        pack(tools, &folder, &program, &packages)?;
    }
    let client = natives.join(profile).join("secure-chat");
    try_out(tools, build, &image, &client)
}

/// Returns the target of the static program, of this machine's processor.
fn target() -> String {
    format!("{}-unknown-linux-musl", std::env::consts::ARCH)
}

/// Compiles the static server, for shipping. Returns the program.
fn compile(tools: &Toolbox) -> Result<PathBuf> {
    let target = target();
    let compiler = tools.ensure_musl(&target)?;
    let folder = workspace::target_dir()?.join("package");
    let (variable, flags) = web::compiler_flags(tools)?;
    let named = |variable: &str| format!("{variable}_{}", target.replace('-', "_"));
    let mut command = tools.cargo(&["auditable", "build", "--locked", "--release"]);
    command
        .args(["--package", "server", "--bin", PROGRAM, "--target", &target])
        .env("CARGO_TARGET_DIR", &folder)
        .env("SOURCE_DATE_EPOCH", package::epoch(tools)?)
        .env(named("CC"), compiler)
        .env(named("CFLAGS"), package::c_flags(tools, &folder)?)
        .env(variable, flags);
    process::run(&mut command)?;
    Ok(folder.join(target).join("release").join(PROGRAM))
}

/// Makes the image, and returns it as an archive in `folder`.
fn make(tools: &Toolbox, folder: &Path, program: &Path) -> Result<PathBuf> {
    let buildah = tools.ensure_buildah()?;
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder)
        .map_err(Failure::because(format_args!("make {}", folder.display())))?;
    stage(tools, folder, program)?;
    let images = Images {
        tools,
        buildah,
        folder,
        epoch: package::epoch(tools)?,
        version: version(tools)?,
        revision: revision(tools),
    };
    let image = images.archive("image")?;
    let again = images.archive("image-again")?;
    // Its layers are some programs in size, and nobody needs them any more.
    let _ = fs::remove_dir_all(folder.join("storage"));
    if read(&image)? != read(&again)? {
        return Err(Failure::new(format!(
            "two images of the same program differ: compare {} and {}",
            image.display(),
            again.display()
        )));
    }
    fs::remove_file(again).map_err(Failure::because("remove the second image"))?;
    Ok(image)
}

/// Puts together what the definition copies. It is left there, for those who build the image with
/// docker.
fn stage(tools: &Toolbox, folder: &Path, program: &Path) -> Result<()> {
    let context = folder.join("context");
    let data = folder.join("root").join(DATA);
    for made in [&context, &data] {
        fs::create_dir_all(made)
            .map_err(Failure::because(format_args!("make {}", made.display())))?;
    }
    copy(tools, program, &context.join(PROGRAM), "755")?;
    for name in ["passwd", "group"] {
        let from = tools.root().join("packaging/container").join(name);
        copy(tools, &from, &context.join(name), "644")?;
    }
    for name in LICENCES {
        copy(tools, &tools.root().join(name), &context.join(name), "644")?;
    }
    let bundle = authorities(&tools.ensure_authorities()?)?;
    let path = context.join("ca-certificates.crt");
    fs::write(&path, bundle).map_err(Failure::because(format_args!("write {}", path.display())))?;
    allow(tools, &path, "644")?;
    // Parents and folder, each with its owner and rights.
    let archive = context.join("data.tar");
    for (action, names, user, mode) in [
        ("--create", &["var", "var/lib"][..], "0", "755"),
        ("--append", &[DATA], USER, "700"),
    ] {
        let mut tar = tools.command("tar");
        tar.args([action, "--format=ustar", "--no-recursion"]);
        tar.arg("--file").arg(&archive);
        tar.arg(format!("--mtime=@{}", package::epoch(tools)?));
        tar.args(["--numeric-owner", "--owner", user, "--group", user]);
        tar.args(["--mode", mode, "--directory"]);
        process::run(tar.arg(folder.join("root")).args(names))?;
    }
    Ok(())
}

/// The files of the workspace's root that go with the program.
const LICENCES: [&str; 2] = ["LICENSE-APACHE", "LICENSE-MIT"];

/// Returns all certificates of a folder in one text, in the order of their names.
fn authorities(folder: &Path) -> Result<Vec<u8>> {
    let unreadable = || Failure::because(format_args!("read {}", folder.display()).to_string());
    let mut paths = Vec::new();
    for item in fs::read_dir(folder).map_err(unreadable())? {
        let path = item.map_err(unreadable())?.path();
        if path.extension().is_some_and(|end| end == "crt") {
            paths.push(path);
        }
    }
    paths.sort();
    let mut bundle = Vec::new();
    for path in &paths {
        let certificate = read(path)?;
        if !certificate.starts_with(b"-----BEGIN CERTIFICATE-----") {
            return Err(Failure::new(format!(
                "{} is no certificate in PEM",
                path.display()
            )));
        }
        bundle.extend_from_slice(certificate.trim_ascii_end());
        bundle.push(b'\n');
    }
    // Without any the server could ask no directory, and would say so only when it has to.
    if bundle.is_empty() {
        return Err(Failure::new(format!(
            "{} has no certificates",
            folder.display()
        )));
    }
    Ok(bundle)
}

/// Images of one folder and one time.
struct Images<'a> {
    tools: &'a Toolbox,
    buildah: PathBuf,
    folder: &'a Path,
    epoch: String,
    version: String,
    revision: String,
}

impl Images<'_> {
    /// Makes the image anew, and packs it into an archive of this name.
    fn archive(&self, name: &str) -> Result<PathBuf> {
        let mut build = self.buildah();
        // No cache, or the second image would be the first one.
        build.args([
            "build",
            "--isolation",
            "chroot",
            "--no-cache",
            "--layers=false",
        ]);
        build.args(["--format", "oci", "--identity-label=false"]);
        build.args(["--timestamp", &self.epoch, "--tag", name, "--quiet"]);
        for (variable, value) in [("VERSION", &self.version), ("REVISION", &self.revision)] {
            build.arg("--build-arg").arg(format!("{variable}={value}"));
        }
        build.args(["--file", "packaging/container/Containerfile"]);
        process::run(build.arg(self.folder.join("context")))?;
        // As a folder first: buildah's own archives have the time at which they were made.
        let layout = self.folder.join(name);
        let target = format!("oci:{}:{PROGRAM}:{}", layout.display(), self.version);
        process::run(self.buildah().args(["push", "--quiet", name, &target]))?;
        let archive = layout.with_extension("oci.tar");
        let files = ["oci-layout", "index.json", "blobs"];
        pack_reproducibly(self.tools, &self.epoch, &archive, &[], &layout, &files)?;
        fs::remove_dir_all(&layout).map_err(Failure::because(format_args!(
            "remove {}",
            layout.display()
        )))?;
        Ok(archive)
    }

    /// Returns buildah with a storage of its own, which works on every file system.
    fn buildah(&self) -> std::process::Command {
        let storage = self.folder.join("storage");
        let mut command = self.tools.command(&self.buildah);
        command.args(["--storage-driver", "vfs", "--root"]);
        command.arg(storage.join("root"));
        command.arg("--runroot").arg(storage.join("run"));
        command
    }
}

/// Packs files of `folder` into an archive that has the same bytes on every machine.
fn pack_reproducibly(
    tools: &Toolbox,
    epoch: &str,
    archive: &Path,
    options: &[&str],
    folder: &Path,
    files: &[&str],
) -> Result<()> {
    let mut tar = tools.command("tar");
    tar.args(["--create", "--format=ustar", "--sort=name", "--file"]);
    tar.arg(archive).args(options);
    tar.args(["--numeric-owner", "--owner=0", "--group=0"]);
    tar.args(["--mode=u=rwX,go=rX", &format!("--mtime=@{epoch}")]);
    process::run(tar.arg("--directory").arg(folder).args(files))
}

/// Packs the static program with what belongs to it, for systems without packages of ours.
fn pack(tools: &Toolbox, folder: &Path, program: &Path, packages: &Path) -> Result<()> {
    let name = format!("{PROGRAM}-{}-linux-musl", std::env::consts::ARCH);
    let contents = folder.join(&name);
    fs::create_dir_all(&contents).map_err(Failure::because(format_args!(
        "make {}",
        contents.display()
    )))?;
    copy(tools, program, &contents.join(PROGRAM), "755")?;
    for licence in LICENCES {
        copy(
            tools,
            &tools.root().join(licence),
            &contents.join(licence),
            "644",
        )?;
    }
    for document in ["README.md", "docs/DEPLOY.md", "docs/KEEPING.md"] {
        let from = tools.root().join(document);
        let name = from.file_name().unwrap_or_default();
        copy(tools, &from, &contents.join(name), "644")?;
    }
    let archive = packages.join(format!("{name}.tar.gz"));
    // Without `-n`, gzip would write the time.
    let compress = ["--use-compress-program", "gzip -9n"];
    let epoch = package::epoch(tools)?;
    pack_reproducibly(tools, &epoch, &archive, &compress, folder, &[&name])?;
    println!("--- packed {}", archive.display());
    Ok(())
}

/// Starts the image in containers, as a user does.
fn try_out(tools: &mut Toolbox, build: Build, image: &Path, client: &Path) -> Result<()> {
    let without = |why: &str| {
        Failure::skipped(format!(
            "{why}: the image was built, and NOT started in a container"
        ))
    };
    if !tools.can_mount() {
        return Err(without(
            "`unshare --mount` and `mount` need root, which this user is not",
        ));
    }
    tools
        .ensure_podman()
        .map_err(|why| without(&why.to_string()))?;
    let script = |arguments: &[&str]| {
        let mut script = tools.command("unshare");
        script.args(["--mount", "sh", "packaging/container/test.sh"]);
        script.args(arguments);
        script
    };
    let probed = process::capture(&mut script(&["probe"]))?;
    if !probed.success {
        let why = probed
            .text
            .trim()
            .lines()
            .last()
            .unwrap_or_default()
            .to_owned();
        return Err(without(&format!(
            "no container can be started here ({why})"
        )));
    }
    let mut test = script(&[]);
    test.arg(image).arg(client);
    if build == Build::Quick {
        test.args(LIBRARIES);
    }
    process::run(&mut test)
}

fn version(tools: &Toolbox) -> Result<String> {
    workspace::locked_version(tools.root(), "server")
}

/// Returns the commit that the image is of, with a mark if there are changes beside it.
fn revision(tools: &Toolbox) -> String {
    let mut describe = tools.command("git");
    describe.args([
        "describe",
        "--always",
        "--abbrev=40",
        "--exclude=*",
        "--dirty",
    ]);
    let printed = process::capture(&mut describe);
    let printed = printed.ok().filter(|printed| printed.success);
    // A source without its history is no reason to have no image.
    printed.map_or_else(|| "unknown".to_owned(), |it| it.text.trim().to_owned())
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(Failure::because(format_args!("read {}", path.display())))
}

/// Copies a file, which gets these rights whatever those of the source are.
fn copy(tools: &Toolbox, from: &Path, to: &Path, mode: &str) -> Result<()> {
    let copied = fs::copy(from, to);
    copied.map_err(Failure::because(format_args!(
        "copy {} to {}",
        from.display(),
        to.display()
    )))?;
    allow(tools, to, mode)
}

fn allow(tools: &Toolbox, path: &Path, mode: &str) -> Result<()> {
    let printed = process::capture(tools.command("chmod").arg(mode).arg(path))?;
    if printed.success {
        return Ok(());
    }
    Err(Failure::new(printed.text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn authorities_are_one_text_in_the_order_of_their_names() {
        let folder = Scratch::new("authorities");
        let begin = "-----BEGIN CERTIFICATE-----";
        fs::write(folder.0.join("b.crt"), format!("{begin}\nB\n")).unwrap();
        fs::write(folder.0.join("a.crt"), format!("{begin}\nA")).unwrap();
        fs::write(folder.0.join("README"), "no certificate").unwrap();
        let bundle = authorities(&folder.0).unwrap();
        assert_eq!(bundle, format!("{begin}\nA\n{begin}\nB\n").as_bytes());
    }

    #[test]
    fn a_folder_without_authorities_or_with_something_else_makes_no_image() {
        let folder = Scratch::new("no-authorities");
        assert!(authorities(&folder.0).is_err());
        fs::write(folder.0.join("key.crt"), "-----BEGIN PRIVATE KEY-----\n").unwrap();
        let failure = authorities(&folder.0).unwrap_err().to_string();
        assert!(failure.contains("key.crt"), "{failure}");
    }
}
