//! The corpus that a target starts from: made by the target itself, from real handshakes, so that
//! no opaque files have to be kept and none can be out of date.

use std::path::PathBuf;

/// Writes what `make` gives into the first folder that the program was called with, if any.
pub fn write(make: impl FnOnce() -> Vec<Vec<u8>>) {
    let folder = std::env::args()
        .skip(1)
        // libFuzzer writes what it finds into the first folder, and takes its options with a dash.
        .find(|argument| !argument.starts_with('-'))
        .map(PathBuf::from)
        .filter(|path| path.is_dir());
    let Some(folder) = folder else { return };
    for (index, seed) in make().into_iter().enumerate() {
        std::fs::write(folder.join(format!("seed-{index}")), seed)
            .expect("the corpus folder can be written");
    }
}
