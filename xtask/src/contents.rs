//! What must not be in the built page: paths of the machine that built it, and code for private
//! keys in the program that has no need for one.

use std::path::Path;

use crate::failure::{Failure, Result};

/// The file name's beginning, and a text of the code that reads and writes private keys (the label
/// of RFC 7468): the page's program has neither that code nor its text.
const PAGE_PROGRAM: &str = "web-client";
const PRIVATE_KEY_LABEL: &[u8] = b"PRIVATE KEY";

/// Checks the programs and scripts in `dist`. `paths` are the folders of this machine that must not
/// be named in any of them.
pub(crate) fn check(dist: &Path, paths: &[&Path]) -> Result<()> {
    let unreadable = || Failure::because(format_args!("read {}", dist.display()).to_string());
    for item in std::fs::read_dir(dist).map_err(unreadable())? {
        let path = item.map_err(unreadable())?.path();
        let extension = path.extension().and_then(|e| e.to_str());
        if !matches!(extension, Some("wasm" | "js")) {
            continue;
        }
        let content = std::fs::read(&path).map_err(unreadable())?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        // A person who looks into the page would learn the builder's name, and two machines would
        // build two different pages.
        for folder in paths {
            if holds(&content, folder.as_os_str().as_encoded_bytes()) {
                return Err(Failure::new(format!(
                    "{name} names {}, a folder of this machine: a new way for paths into the \
                     page, which xtask/src/commands/web.rs does not remap",
                    folder.display()
                )));
            }
        }
        if name.starts_with(PAGE_PROGRAM) && holds(&content, PRIVATE_KEY_LABEL) {
            return Err(Failure::new(format!(
                "{name} has code for private keys: something in the page calls it, and only the \
                 vault may (web-client/src/bin/vault.rs)"
            )));
        }
    }
    Ok(())
}

pub(crate) fn holds(content: &[u8], text: &[u8]) -> bool {
    // Only a root folder is this short; it is in every address.
    text.len() > 1 && content.windows(text.len()).any(|window| window == text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    fn checked(test: &str, name: &str, content: &[u8]) -> Result<()> {
        let dist = Scratch::new(test);
        std::fs::write(dist.0.join(name), content).unwrap();
        check(&dist.0, &[Path::new("/home/ada/chat"), Path::new("/")])
    }

    #[test]
    fn paths_of_the_builder_are_refused() {
        let named = b"\0asm at /home/ada/chat/shared/src/lib.rs";
        for name in ["web-client-1_bg.wasm", "vault.js"] {
            let refusal = checked("paths", name, named).unwrap_err().to_string();
            assert!(refusal.contains(name) && refusal.contains("/home/ada/chat"));
        }
        assert!(checked("other-paths", "a.wasm", b"\0asm at /cargo/yew/src/lib.rs").is_ok());
        assert!(checked("not-a-program", "index.html", named).is_ok());
    }

    #[test]
    fn only_the_vault_may_read_private_keys() {
        let reads = b"\0asm -----BEGIN RSA PRIVATE KEY-----";
        assert!(checked("page", "web-client-1_bg.wasm", reads).is_err());
        assert!(checked("vault", "vault-1_bg.wasm", reads).is_ok());
    }
}
