//! The names of the vault's files: like trunk's, they change with the content, so that the server
//! lets browsers keep them for good. trunk itself leaves the names of workers as they are.

use std::hash::{DefaultHasher, Hasher as _};
use std::path::Path;

use crate::failure::{Failure, Result};
use crate::split;

/// Stands for the link to all styles until its name is known.
const STYLES_MARK: &str = "<!-- styles -->";
/// The beginning and the ends of the names of the page's program, as trunk gives them.
const PAGE_PROGRAM: &str = "web-client-";
const PROGRAM_END: &str = "_bg.wasm";
/// The end of the name of its later part.
pub(crate) const LATER_END: &str = "_later.wasm";
/// The place in the page at which it reads where the later part is, before and after the minifier.
const LATER_MENTIONS: [&str; 2] = [
    "name=\"later\" content=\"undivided\"",
    "content=undivided name=later",
];

/// The script and the program, as trunk names them. The script has the program's name in it.
const SCRIPT: &str = "vault.js";
const PROGRAM: &str = "vault_bg.wasm";
/// The place in the page at which it reads where the vault is.
const MENTION: &str = "content=\"./vault.js\"";
/// The form of [`MENTION`] after the minifier, which drops quotes that are not needed.
const MENTION_MINIFIED: &str = "content=./vault.js";

/// Gives the vault's files in `dist` names with a hash of their content, and writes these into the
/// page.
pub(crate) fn hash_vault(dist: &Path) -> Result<()> {
    let page = read_text(&dist.join("index.html"))?;
    let script = read_text(&dist.join(SCRIPT))?;
    let program = read(&dist.join(PROGRAM))?;
    let hash = hash_of(&[script.as_bytes(), &program]);
    let script_name = format!("vault-{hash}.js");
    let program_name = format!("vault-{hash}_bg.wasm");

    let script = replaced(&script, PROGRAM, &program_name)
        .ok_or_else(|| Failure::new(format!("{SCRIPT} does not name {PROGRAM}")))?;
    let page = [MENTION, MENTION_MINIFIED]
        .iter()
        .find_map(|mention| replaced(&page, mention, &mention.replace(SCRIPT, &script_name)))
        .ok_or_else(|| Failure::new(format!("index.html does not say `{MENTION}`")))?;

    write(&dist.join(script_name), script.as_bytes())?;
    write(&dist.join(program_name), &program)?;
    for name in [SCRIPT, PROGRAM] {
        let path = dist.join(name);
        std::fs::remove_file(&path)
            .map_err(Failure::because(format_args!("remove {}", path.display())))?;
    }
    write(&dist.join("index.html"), page.as_bytes())
}

/// Divides the page's program in `dist`, gives its files names with a hash of what they are now, and
/// writes these into the page.
pub(crate) fn divide_program(dist: &Path) -> Result<()> {
    let unreadable = || Failure::because(format_args!("read {}", dist.display()).to_string());
    let mut name = None;
    for item in std::fs::read_dir(dist).map_err(unreadable())? {
        let file = item.map_err(unreadable())?.file_name();
        let file = file.to_str().unwrap_or_default();
        if file.starts_with(PAGE_PROGRAM) {
            name = name.or(file.strip_suffix(PROGRAM_END).map(str::to_owned));
        }
    }
    let old =
        name.ok_or_else(|| Failure::new(format!("{} has no program of the page", dist.display())))?;
    let named = |name: &str, end: &str| dist.join(format!("{name}{end}"));
    let page = read_text(&dist.join("index.html"))?;
    let script = read_text(&named(&old, ".js"))?;
    let parts = split::split(&read(&named(&old, PROGRAM_END))?)?;
    let script = parts.rename(&script);
    // trunk's hash is that of the whole program: parts that are divided in another way would go by
    // the same names.
    let new = format!(
        "{PAGE_PROGRAM}{}",
        hash_of(&[script.as_bytes(), &parts.first, &parts.later])
    );
    let later = format!("content=./{new}{LATER_END} name=later");
    let page = replaced(&page, &old, &new)
        .and_then(|page| {
            let [plain, minified] = LATER_MENTIONS;
            let quoted = later.replace("=./", "=\"./").replace(" name=later", "\"");
            let quoted = format!("name=\"later\" {quoted}");
            replaced(&page, plain, &quoted).or_else(|| replaced(&page, minified, &later))
        })
        .ok_or_else(|| Failure::new("index.html does not name the page's program"))?;

    for end in [".js", PROGRAM_END] {
        let path = named(&old, end);
        std::fs::remove_file(&path)
            .map_err(Failure::because(format_args!("remove {}", path.display())))?;
    }
    write(&named(&new, ".js"), script.as_bytes())?;
    write(&named(&new, PROGRAM_END), &parts.first)?;
    write(&named(&new, LATER_END), &parts.later)?;
    write(&dist.join("index.html"), page.as_bytes())
}

/// Makes one file of the page's styles, in the order in which the page has them: together they
/// compress to less, and need one answer of the server.
pub(crate) fn join_styles(dist: &Path) -> Result<()> {
    let page = read_text(&dist.join("index.html"))?;
    let mut joined = String::new();
    let mut rest = String::new();
    for (index, piece) in page.split("<link").enumerate() {
        let (tag, after) = piece.split_once('>').unwrap_or((piece, ""));
        let words = || tag.split_whitespace().map(|word| word.trim_matches('/'));
        let value = |attribute: &str| {
            let mut values = words().filter_map(|word| word.strip_prefix(attribute));
            values
                .next()
                .map(|value| value.trim_matches('"').trim_start_matches('/'))
        };
        if index == 0 || value("rel=") != Some("stylesheet") {
            if index > 0 {
                rest.push_str("<link");
            }
            rest.push_str(piece);
            continue;
        }
        let name = value("href=").unwrap_or_default();
        let path = dist.join(name);
        if joined.is_empty() {
            rest.push_str(STYLES_MARK);
        }
        joined.push_str(&read_text(&path)?);
        std::fs::remove_file(&path)
            .map_err(Failure::because(format_args!("remove {}", path.display())))?;
        rest.push_str(after);
    }
    let name = format!("styles-{}.css", hash_of(&[joined.as_bytes()]));
    let link = format!("<link href=\"/{name}\" rel=\"stylesheet\">");
    let page = replaced(&rest, STYLES_MARK, &link)
        .ok_or_else(|| Failure::new("index.html has no styles"))?;
    write(&dist.join(name), joined.as_bytes())?;
    write(&dist.join("index.html"), page.as_bytes())
}

/// Returns `text` with every `from` replaced; `None` if there is none.
fn replaced(text: &str, from: &str, to: &str) -> Option<String> {
    text.contains(from).then(|| text.replace(from, to))
}

/// Returns 16 hexadecimal digits, the form by which the server knows a hash. It tells versions of
/// a file apart and protects nothing, so any hash will do.
fn hash_of(contents: &[&[u8]]) -> String {
    let mut hasher = DefaultHasher::new();
    for content in contents {
        hasher.write_usize(content.len());
        hasher.write(content);
    }
    format!("{:016x}", hasher.finish())
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(Failure::because(format_args!("read {}", path.display())))
}

fn read_text(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(Failure::because(format_args!("read {}", path.display())))
}

fn write(path: &Path, content: &[u8]) -> Result<()> {
    std::fs::write(path, content)
        .map_err(Failure::because(format_args!("write {}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    fn page(dist: &Path, mention: &str, program: &[u8]) {
        write(&dist.join("index.html"), mention.as_bytes()).unwrap();
        write(&dist.join(SCRIPT), b"new URL('vault_bg.wasm', here)").unwrap();
        write(&dist.join(PROGRAM), program).unwrap();
    }

    fn names(dist: &Path) -> Vec<String> {
        let files = std::fs::read_dir(dist).unwrap();
        let mut names: Vec<String> = files
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn page_script_and_program_name_each_other() {
        for mention in [
            "<meta content=\"./vault.js\" />",
            "<meta content=./vault.js>",
        ] {
            let dist = Scratch::new("names");
            page(&dist.0, mention, b"one");
            hash_vault(&dist.0).unwrap();
            let [_, script, program] = names(&dist.0).try_into().unwrap();
            let page = read_text(&dist.0.join("index.html")).unwrap();
            assert_eq!(page, mention.replace("vault.js", &script));
            let text = read_text(&dist.0.join(&script)).unwrap();
            assert_eq!(text, format!("new URL('{program}', here)"));
            assert_eq!(script.len(), "vault-0123456789abcdef.js".len());
        }
    }

    #[test]
    fn another_content_has_other_names() {
        let dist = Scratch::new("other-names");
        page(&dist.0, MENTION, b"one");
        hash_vault(&dist.0).unwrap();
        page(&dist.0, MENTION, b"two");
        hash_vault(&dist.0).unwrap();
        assert_eq!(names(&dist.0).len(), 5);
    }

    #[test]
    fn a_page_that_does_not_name_the_vault_is_refused() {
        let dist = Scratch::new("no-name");
        page(&dist.0, "<meta>", b"one");
        assert!(hash_vault(&dist.0).is_err());
        assert!(dist.0.join(SCRIPT).exists(), "nothing is half renamed");
    }
}
