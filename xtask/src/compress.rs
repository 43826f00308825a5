//! Compression of the built page, once, so that the server never has to: `x.js` becomes `x.js.br`
//! and `x.js.gz`.
//!
//! The module knows files and sizes only, not how they are built or served.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Result};
use crate::program_names::LATER_END;
use crate::table;

/// A part of what a visitor downloads: wasm, script and style, compressed with brotli.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// The page without [`Part::Later`]: enough to enter and to chat over v2.
    Page,
    /// The rest of the page's program, loaded behind the first screen.
    Later,
    /// The Web Worker that keeps the key, loaded behind the page.
    Vault,
}

impl Part {
    pub(crate) const ALL: [Self; 3] = [Self::Page, Self::Later, Self::Vault];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Later => "later part",
            Self::Vault => "vault",
        }
    }

    /// Returns the most bytes that this part may have, a little more than it has: a build above it
    /// fails, so that nobody adds tens of KiB unseen. A part that has shrunk gets a lower limit, and
    /// whoever raises one says in the commit what it is spent on.
    pub(crate) fn limit(self) -> u64 {
        match self {
            Self::Page => 400 * 1024,
            Self::Later => 136 * 1024,
            Self::Vault => 160 * 1024,
        }
    }

    fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        has_extension(path, &COUNTED).then(|| {
            if name.starts_with("vault") {
                Self::Vault
            } else if name.ends_with(LATER_END) {
                Self::Later
            } else {
                Self::Page
            }
        })
    }
}

/// The size that the page is to shrink to, as its limit is lowered.
pub(crate) const GOAL_BYTES: u64 = 400 * 1024;

/// The extensions of text formats and wasm. Images and fonts of the page are compressed already.
const COMPRESSIBLE: [&str; 10] = [
    "html",
    "js",
    "mjs",
    "css",
    "wasm",
    "svg",
    "json",
    "webmanifest",
    "txt",
    "ico",
];
/// The kinds of files that count against a [`Part::limit`].
const COUNTED: [&str; 4] = ["wasm", "js", "mjs", "css"];

/// A file of the page, with its sizes.
pub(crate) struct Entry {
    name: String,
    part: Option<Part>,
    raw: u64,
    gzip: Option<u64>,
    brotli: Option<u64>,
}

impl Entry {
    /// Returns the bytes that a browser which accepts brotli downloads.
    fn on_the_wire(&self) -> u64 {
        self.brotli.unwrap_or(self.raw)
    }
}

/// Writes the compressed copies of every file under `dist`, and returns the sizes.
pub(crate) fn compress_all(dist: &Path) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for path in page_files(dist)? {
        let raw = std::fs::read(&path)
            .map_err(Failure::because(format_args!("read {}", path.display())))?;
        let mut entry = Entry {
            name: path
                .strip_prefix(dist)
                .unwrap_or(&path)
                .display()
                .to_string(),
            part: Part::of(&path),
            raw: raw.len() as u64,
            gzip: None,
            brotli: None,
        };
        if has_extension(&path, &COMPRESSIBLE) {
            entry.brotli = write_if_smaller(&path, "br", &raw, brotli(&raw))?;
            entry.gzip = write_if_smaller(&path, "gz", &raw, gzip(&raw))?;
        }
        entries.push(entry);
    }
    // A wrong folder would otherwise count as a page of 0 bytes, well within the goal.
    if entries.is_empty() {
        return Err(Failure::new(format!("{} holds no page", dist.display())));
    }
    Ok(entries)
}

/// Returns the sizes that [`compress_all`] left in `dist`, without compressing again.
pub(crate) fn measure(dist: &Path) -> Result<Vec<Entry>> {
    let files = page_files(dist)?;
    Ok(files
        .iter()
        .map(|path| Entry {
            name: path
                .strip_prefix(dist)
                .unwrap_or(path)
                .display()
                .to_string(),
            part: Part::of(path),
            raw: file_size(path).unwrap_or(0),
            gzip: file_size(&with_suffix(path, "gz")),
            brotli: file_size(&with_suffix(path, "br")),
        })
        .collect())
}

/// Returns the table of sizes, with the sum of each part and its limit.
pub(crate) fn report(entries: &[Entry]) -> String {
    let cell = |bytes: Option<u64>| bytes.map_or_else(|| "–".to_owned(), table::size);
    let heading = ["file", "raw", "gzip", "brotli"]
        .map(str::to_owned)
        .to_vec();
    let mut rows = vec![heading];
    rows.extend(entries.iter().map(|entry| {
        vec![
            entry.name.clone(),
            table::size(entry.raw),
            cell(entry.gzip),
            cell(entry.brotli),
        ]
    }));
    let mut text = table::render(&rows);
    for part in Part::ALL {
        let sum = bytes_of(part, entries);
        let verdict = if sum <= part.limit() { "of" } else { "OVER" };
        // Writing into a string never fails.
        let _ = writeln!(
            text,
            "  {}, wasm + js + css, brotli: {} ({verdict} {})",
            part.name(),
            table::size(sum),
            table::size(part.limit()),
        );
    }
    text
}

/// Refuses a part that is larger than its limit.
pub(crate) fn check_limits(entries: &[Entry]) -> Result<()> {
    for part in Part::ALL {
        let (sum, limit) = (bytes_of(part, entries), part.limit());
        if sum > limit {
            return Err(Failure::new(format!(
                "the {} has {}, more than its limit of {}: see `Part::limit` in \
                 xtask/src/compress.rs",
                part.name(),
                table::size(sum),
                table::size(limit),
            )));
        }
    }
    Ok(())
}

/// Returns the bytes that a browser downloads for a part.
pub(crate) fn bytes_of(part: Part, entries: &[Entry]) -> u64 {
    entries
        .iter()
        .filter(|entry| entry.part == Some(part))
        .map(Entry::on_the_wire)
        .sum()
}

/// Returns all files under `dist` except earlier compressed copies, sorted by name.
fn page_files(dist: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![dist.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let unreadable = || Failure::because(format_args!("list {}", folder.display()).to_string());
        for item in std::fs::read_dir(&folder).map_err(unreadable())? {
            let path = item.map_err(unreadable())?.path();
            if path.is_dir() {
                folders.push(path);
            } else if !has_extension(&path, &["br", "gz"]) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    path.extension()
        .and_then(|e| e.to_str())
        .is_some_and(|e| extensions.contains(&e))
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    name.into()
}

fn file_size(path: &Path) -> Option<u64> {
    std::fs::metadata(path).ok().map(|metadata| metadata.len())
}

/// Writes `compressed` beside `path` if that saves anything. Removes an older copy if not.
fn write_if_smaller(
    path: &Path,
    suffix: &str,
    raw: &[u8],
    compressed: std::io::Result<Vec<u8>>,
) -> Result<Option<u64>> {
    let target = with_suffix(path, suffix);
    let cannot = || Failure::because(format!("write {}", target.display()));
    let compressed = compressed.map_err(cannot())?;
    // A browser that accepts the copy would download more. An older copy must go too, or it would
    // be served with the contents of an earlier page.
    if compressed.len() >= raw.len() {
        // The copy may not exist, which is the aim, so that is no error.
        let _ = std::fs::remove_file(&target);
        return Ok(None);
    }
    std::fs::write(&target, &compressed).map_err(cannot())?;
    Ok(Some(compressed.len() as u64))
}

/// Compresses with brotli (RFC 7932) at its best ratio. The 16 MiB window costs nothing for files
/// this small.
fn brotli(raw: &[u8]) -> std::io::Result<Vec<u8>> {
    let params = brotli::enc::BrotliEncoderParams {
        quality: 11,
        lgwin: 24,
        size_hint: raw.len(),
        ..Default::default()
    };
    let mut out = Vec::new();
    brotli::BrotliCompress(&mut &raw[..], &mut out, &params)?;
    Ok(out)
}

/// Compresses with gzip (RFC 1952) at its best ratio.
fn gzip(raw: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(raw)?;
    encoder.finish()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn compressed_copies_hold_the_same_bytes() {
        let folder = Scratch::new("same-bytes");
        std::fs::create_dir(folder.0.join("sub")).unwrap();
        let text = "let answer = 42;\n".repeat(200);
        std::fs::write(folder.0.join("sub/app.js"), &text).unwrap();
        let entries = compress_all(&folder.0).unwrap();
        assert_eq!(entries.len(), 1);

        let mut unzipped = String::new();
        let gz = std::fs::File::open(folder.0.join("sub/app.js.gz")).unwrap();
        flate2::read::GzDecoder::new(gz)
            .read_to_string(&mut unzipped)
            .unwrap();
        assert_eq!(unzipped, text);

        let br = std::fs::read(folder.0.join("sub/app.js.br")).unwrap();
        let mut unpacked = Vec::new();
        brotli::BrotliDecompress(&mut &br[..], &mut unpacked).unwrap();
        assert_eq!(unpacked, text.as_bytes());
        assert_eq!(bytes_of(Part::Page, &entries), br.len() as u64);
    }

    #[test]
    fn a_copy_that_saves_nothing_is_not_kept() {
        let folder = Scratch::new("saves-nothing");
        std::fs::write(folder.0.join("x.css"), "a").unwrap();
        std::fs::write(folder.0.join("x.css.br"), "left over").unwrap();
        let entries = compress_all(&folder.0).unwrap();
        assert!(!folder.0.join("x.css.br").exists());
        assert_eq!(bytes_of(Part::Page, &entries), 1);
        assert_eq!(bytes_of(Part::Page, &measure(&folder.0).unwrap()), 1);
    }

    #[test]
    fn images_are_left_alone_and_not_counted() {
        let folder = Scratch::new("images");
        std::fs::write(folder.0.join("x.png"), "0".repeat(4096)).unwrap();
        let entries = compress_all(&folder.0).unwrap();
        assert!(!folder.0.join("x.png.gz").exists());
        assert_eq!(bytes_of(Part::Page, &entries), 0);
    }

    #[test]
    fn an_empty_folder_is_no_page() {
        let folder = Scratch::new("empty");
        assert!(compress_all(&folder.0).is_err());
    }

    #[test]
    fn a_part_above_its_limit_is_refused_and_named() {
        let entry = |name: &str, brotli| Entry {
            name: name.into(),
            part: Part::of(Path::new(name)),
            raw: 1 << 20,
            gzip: None,
            brotli: Some(brotli),
        };
        let names = [
            ("web-client-1_bg.wasm", "web-client-1.js", "page"),
            ("web-client-1_later.wasm", "x_later.wasm", "later part"),
            ("vault-1_bg.wasm", "vault-start.js", "vault"),
        ];
        for (part, (name, more, called)) in Part::ALL.into_iter().zip(names) {
            let within = [entry(name, part.limit()), entry("x.svg", 1 << 30)];
            assert!(check_limits(&within).is_ok());
            assert!(!report(&within).contains("OVER"));
            let over = [entry(name, part.limit()), entry(more, 1)];
            let refusal = check_limits(&over).unwrap_err().to_string();
            assert!(
                refusal.starts_with(&format!("the {called} has")),
                "{refusal}"
            );
            assert!(report(&over).contains("OVER"));
        }
    }
}
