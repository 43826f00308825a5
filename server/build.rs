//! Rebuilds the server when the built page changes: the files in `dist/` are embedded in release
//! builds, and a new file in a folder is not something the compiler notices by itself.

fn main() {
    println!("cargo::rerun-if-changed=../dist");
}
