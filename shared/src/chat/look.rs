//! What a text looks like: the skeleton of UTS 39 §4, which is the same for texts that a person could
//! take for each other.
//!
//! Natively by the tables of `unicode-security`. In wasm they would be some 20 KiB of the page's
//! download, so that the page has a table of its own, of the characters that a name may have
//! (UTS 39 §3.1): the server refuses all others.

#[cfg(any(test, target_arch = "wasm32"))]
mod prototypes;

/// Returns the skeleton of a text.
#[cfg(not(target_arch = "wasm32"))]
pub(super) fn skeleton(text: &str) -> String {
    unicode_security::confusable_detection::skeleton(text).collect()
}

#[cfg(target_arch = "wasm32")]
pub(super) use by_short_table as skeleton;

/// Returns the skeleton of a text by the page's table.
#[cfg(any(test, target_arch = "wasm32"))]
pub(super) fn by_short_table(text: &str) -> String {
    use super::normal::nfd;
    use super::visible::is_ignorable;

    let mut looks = String::with_capacity(text.len());
    for character in nfd(text).chars().filter(|c| !is_ignorable(*c)) {
        match prototypes::prototype(character) {
            Some(prototype) => looks.push_str(prototype),
            None => looks.push(character),
        }
    }
    nfd(&looks)
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use unicode_security::GeneralSecurityProfile;

    use super::*;

    // The page must find the same names alike as the server.
    #[test]
    fn names_have_one_skeleton_by_both_tables() {
        let allowed = |c: &char| c.identifier_allowed() || "-_.".contains(*c);
        for character in ('\0'..=char::MAX).filter(allowed) {
            for text in [character.to_string(), format!("a{character}\u{301}l")] {
                assert_eq!(by_short_table(&text), skeleton(&text), "{text:?}");
            }
        }
    }
}
