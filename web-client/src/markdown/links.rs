//! Addresses in texts: their place, whether they may be followed, and the host that they really
//! lead to.
//!
//! Pure.

use std::ops::Range;

/// The longest address that is made clickable, in bytes.
const ADDRESS_BYTES: usize = 2048;

/// Returns `true` if an address may be followed: the web and mail, and nothing that runs code or
/// reads files.
pub fn is_safe(address: &str) -> bool {
    let harmful = |c: char| c.is_control() || c.is_whitespace() || is_invisible(c);
    // Browsers drop line ends and tabs from an address, so `java\nscript:` would run.
    if address.len() > ADDRESS_BYTES || address.contains(harmful) {
        return false;
    }
    // A list of allowed schemes: a list of forbidden ones would miss the next one that runs code.
    match scheme(address) {
        Some("http" | "https") => host(address).is_some_and(|host| !host.is_empty()),
        Some("mailto") => address.len() > "mailto:".len(),
        _ => false,
    }
}

/// Returns `true` for characters that turn a text around or do not show. No honest address has
/// them; they make one address look like another.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

fn scheme(address: &str) -> Option<&'static str> {
    let (scheme, _) = address.split_once(':')?;
    ["http", "https", "mailto"]
        .into_iter()
        .find(|known| scheme.eq_ignore_ascii_case(known))
}

/// Returns the host that an address of the web leads to, as browsers read it: text before an `@` is
/// no part of it, and a backslash is a slash.
pub fn host(address: &str) -> Option<&str> {
    let (_, rest) = address.split_once("://")?;
    let end = rest.find(['/', '\\', '?', '#']).unwrap_or(rest.len());
    let authority = &rest[..end];
    Some(
        authority
            .rsplit_once('@')
            .map_or(authority, |(_, host)| host),
    )
}

/// Returns the addresses in a text.
pub fn find(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = next_scheme(&text[from..]).map(|at| from + at) {
        let boundary = text[..at].chars().next_back();
        let rest = &text[at..];
        let end = rest
            .find(|c: char| c.is_whitespace() || c.is_control() || "<>\"`".contains(c))
            .unwrap_or(rest.len());
        let address = without_trailing_punctuation(&rest[..end]);
        if !boundary.is_some_and(char::is_alphanumeric) && is_safe(address) {
            found.push(at..at + address.len());
        }
        // At least the scheme is skipped; otherwise the search would not advance behind a text that
        // is no address.
        from = at + address.len().max("http".len());
    }
    found
}

/// Returns the next position where an address of the web may begin.
fn next_scheme(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    (0..bytes.len()).find(|&at| {
        let rest = &bytes[at..];
        let begins = |scheme: &[u8]| {
            rest.len() >= scheme.len() && rest[..scheme.len()].eq_ignore_ascii_case(scheme)
        };
        begins(b"http://") || begins(b"https://")
    })
}

/// Cuts off the punctuation of the sentence around an address. A closing bracket stays if the
/// address opened it.
fn without_trailing_punctuation(address: &str) -> &str {
    let mut address = address;
    loop {
        let Some(last) = address.chars().next_back() else {
            return address;
        };
        let count = |c| address.matches(c).count();
        let cut = match last {
            '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '*' | '_' | '~' => true,
            ')' => count(')') > count('('),
            ']' => count(']') > count('['),
            _ => false,
        };
        if !cut {
            return address;
        }
        address = &address[..address.len() - last.len_utf8()];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_run_code_or_hide_something_are_not_followed() {
        // Everything else than the web and mail can run code, read files or start programs.
        for address in [
            "javascript:alert(1)",
            "JaVaScRiPt://x/%0aalert(1)",
            "data:text/html,<script>",
            "vbscript:x",
            "file:///etc/passwd",
            "//evil.example",
            "/relative",
            "http://",
            "https:///x",
            "https://a.example/\u{202e}gpj.exe",
            "https://a b",
            "java\nscript:alert(1)",
            "mailto:",
            "",
        ] {
            assert!(!is_safe(address), "{address:?}");
        }
        for address in ["http://a", "HTTPS://a.example/x?y#z", "mailto:a@b.example"] {
            assert!(is_safe(address), "{address:?}");
        }
        assert!(!is_safe(&format!("https://{}", "x".repeat(3000))));
    }

    #[test]
    fn the_host_is_the_one_that_browsers_go_to() {
        // Phishing: a user name or a backslash lets an address begin with the name of another host.
        for (address, expected) in [
            ("https://bank.example@evil.example/", "evil.example"),
            ("https://evil.example\\@bank.example/", "evil.example"),
            ("https://evil.example?@bank.example", "evil.example"),
            ("http://a.example:81/x", "a.example:81"),
        ] {
            assert_eq!(host(address), Some(expected), "{address}");
        }
    }

    #[test]
    fn addresses_end_where_the_sentence_goes_on() {
        for (text, expected) in [
            ("see https://a.example/x. And", vec!["https://a.example/x"]),
            ("(https://a.example/b_(c))", vec!["https://a.example/b_(c)"]),
            ("<https://a.example>", vec!["https://a.example"]),
            ("http://a http://b", vec!["http://a", "http://b"]),
            ("xhttp://a", vec![]),
            ("http:// nothing", vec![]),
            ("ftp://a", vec![]),
            ("größe:https://ü.example!", vec!["https://ü.example"]),
        ] {
            let found: Vec<_> = find(text).into_iter().map(|range| &text[range]).collect();
            assert_eq!(found, expected, "{text}");
        }
    }
}
