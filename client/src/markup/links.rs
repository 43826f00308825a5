//! Addresses in texts: where they are, whether they may be followed, and where they lead.

use std::borrow::Cow;
use std::ops::Range;

use shared::chat::visible::{BLANK_GLYPHS, is_ignorable};

use super::words::{is_punctuation, is_unspaced, is_wide_punctuation, is_word};
use super::{Inline, Link, hosts, plain_parts};

/// The longest address that is made a link, in bytes: what all browsers take.
const ADDRESS_BYTES: usize = 2048;

impl Link {
    /// Creates a link that shows its own address.
    pub(super) fn to_itself(address: &str) -> Self {
        Self {
            address: address.to_owned(),
            shown: vec![Inline::Text(shown(address).into_owned())],
            // `https://bank.example@evil.example/` begins with another host than it leads to.
            leads_to: authority(address)
                .filter(|authority| authority.contains('@'))
                .and_then(|_| target(address)),
        }
    }

    /// Returns the address as it is shown: a host that looks like another one in Punycode.
    pub fn shown_address(&self) -> Cow<'_, str> {
        shown(&self.address)
    }

    /// Creates a link that shows other parts.
    pub(super) fn new(address: &str, parts: Vec<Inline>) -> Self {
        let mut said = String::new();
        plain_parts(&parts, &mut said);
        let target = target(address);
        let honest = said == shown(address) || Some(&said) == target.as_ref();
        let leads_to = if honest {
            Self::to_itself(address).leads_to
        } else {
            target
        };
        Self {
            address: address.to_owned(),
            shown: parts,
            leads_to,
        }
    }
}

/// Returns the host or mailbox that an address leads to, as it is shown.
fn target(address: &str) -> Option<String> {
    match host(address) {
        Some(host) => Some(hosts::shown(host).into_owned()),
        None => address.split_once(':').map(|(_, mailbox)| {
            let (mailbox, _) = mailbox.split_once('?').unwrap_or((mailbox, ""));
            match mailbox.rsplit_once('@') {
                Some((person, host)) => format!("{person}@{}", hosts::shown(host)),
                None => mailbox.to_owned(),
            }
        }),
    }
}

/// Returns an address as it is shown: a host that looks like another one in Punycode.
pub(super) fn shown(address: &str) -> Cow<'_, str> {
    let Some(host) = host(address) else {
        return address.into();
    };
    match hosts::shown(host) {
        Cow::Borrowed(_) => address.into(),
        Cow::Owned(honest) => {
            // The host is a part of the address, so the two have its start in common.
            let start = address.len() - behind_host(address, host).len() - host.len();
            let (before, rest) = address.split_at(start);
            format!("{before}{honest}{}", &rest[host.len()..]).into()
        }
    }
}

fn behind_host<'a>(address: &'a str, host: &str) -> &'a str {
    let Some((_, rest)) = address.split_once("://") else {
        return "";
    };
    let authority = authority(address).unwrap_or_default();
    let at = authority.len() - host.len();
    &rest[at + host.len()..]
}

/// Returns `true` if an address may be followed: the web and mail, and nothing that runs code or
/// reads files.
pub fn is_safe(address: &str) -> bool {
    let harmful = |c: char| c.is_control() || c.is_whitespace() || is_invisible(c);
    // Browsers drop line ends and tabs from an address, so `java\nscript:` would run, and read a
    // backslash as a slash, so that the host is another one than it seems.
    if address.len() > ADDRESS_BYTES || address.contains(harmful) || address.contains('\\') {
        return false;
    }
    // A list of allowed schemes: a list of forbidden ones would miss the next one that runs code.
    match scheme(address) {
        Some(Scheme::Web) => host(address).is_some_and(is_host),
        Some(Scheme::Mail) => {
            let rest = address.split_once(':').map_or("", |(_, rest)| rest);
            let (mailbox, _) = rest.split_once('?').unwrap_or((rest, ""));
            let parts = mailbox.rsplit_once('@');
            parts.is_some_and(|(person, host)| !person.is_empty() && is_host(host))
        }
        None => false,
    }
}

/// Returns `true` if a host may be one: a name, or an IPv6 address in brackets, and a port.
fn is_host(host: &str) -> bool {
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, port),
        _ => (host, ""),
    };
    if !port.bytes().all(|b| b.is_ascii_digit()) {
        return false;
    }
    if let Some(inner) = name.strip_prefix('[') {
        let inner = inner.strip_suffix(']').unwrap_or_default();
        return !inner.is_empty()
            && inner
                .bytes()
                .all(|b| b.is_ascii_hexdigit() || b":.".contains(&b));
    }
    let first = name.chars().next();
    let inside = |c: char| !c.is_ascii() || c.is_ascii_alphanumeric() || "-._".contains(c);
    first.is_some_and(begins_host) && name.chars().all(inside)
}

fn begins_host(c: char) -> bool {
    c.is_alphanumeric() || (!c.is_ascii() && !is_punctuation(c) && !is_invisible(c))
}

/// Returns `true` for characters that turn a text around or do not show. No honest address has
/// them; they make one address look like another. The selector of an emoji's form is none of them.
fn is_invisible(c: char) -> bool {
    c != '\u{fe0f}' && is_ignorable(c)
        || BLANK_GLYPHS.contains(&c)
        // Signs of annotations, which are format characters.
        || ('\u{fff9}'..='\u{fffb}').contains(&c)
}

#[derive(Clone, Copy)]
enum Scheme {
    Web,
    Mail,
}

fn scheme(address: &str) -> Option<Scheme> {
    let begins = |scheme: &str| {
        let start = address.as_bytes().get(..scheme.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(scheme.as_bytes()))
    };
    if begins("http://") || begins("https://") {
        Some(Scheme::Web)
    } else if begins("mailto:") {
        Some(Scheme::Mail)
    } else {
        None
    }
}

/// Returns what stands between `://` and the path, as browsers read it: a backslash is a slash.
fn authority(address: &str) -> Option<&str> {
    let (_, rest) = address.split_once("://")?;
    let end = rest.find(['/', '\\', '?', '#']).unwrap_or(rest.len());
    Some(&rest[..end])
}

/// Returns the host that an address of the web leads to: text before an `@` is no part of it.
pub fn host(address: &str) -> Option<&str> {
    let authority = authority(address)?;
    let host = authority.rsplit_once('@');
    Some(host.map_or(authority, |(_, host)| host))
}

/// Returns the addresses in a text.
pub fn find(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut marks = Marks::default();
    let mut from = 0;
    while let Some(at) = next_scheme(text, from) {
        let before = &text[from..at];
        marks.see(before);
        let boundary = !text[..at].chars().next_back().is_some_and(is_word);
        let end = at + length(&text[at..]);
        let address = &text[at..end];
        let trimmed = without_trailing_punctuation(address, &marks);
        if boundary && is_safe(trimmed) {
            found.push(at..at + trimmed.len());
            from = at + trimmed.len();
        } else {
            // Nothing within a text that is no address is looked at again: a text of beginnings
            // would cost the square of its length.
            marks.see(address);
            from = end.max(at + 1);
            while !text.is_char_boundary(from) {
                from += 1;
            }
        }
    }
    found
}

/// Returns the next position where an address may begin.
fn next_scheme(text: &str, from: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    (from..bytes.len()).find(|&at| {
        matches!(bytes[at], b'h' | b'H' | b'm' | b'M')
            && text.get(at..).is_some_and(|rest| {
                // A byte behind the scheme that can begin a host: otherwise all that follows would
                // be looked at for each `http://`.
                scheme(rest).is_some_and(|scheme| match scheme {
                    Scheme::Web => {
                        let behind = rest.split_once("://").map_or("", |(_, rest)| rest);
                        let first = behind.chars().next();
                        first.is_some_and(|c| c == '[' || begins_host(c))
                    }
                    Scheme::Mail => true,
                })
            })
    })
}

/// Returns the length of the text that can be an address: up to a blank, a quotation mark, a
/// bracket that it did not open, or the punctuation of a script without blanks.
fn length(text: &str) -> usize {
    let mut depth = [0_u32; 3];
    let mut bracket = |c: char| {
        let (kind, opens) = match c {
            '(' => (0, true),
            ')' => (0, false),
            '[' => (1, true),
            ']' => (1, false),
            '{' => (2, true),
            '}' => (2, false),
            _ => return true,
        };
        if opens {
            depth[kind] += 1;
            return true;
        }
        let open = depth[kind] > 0;
        depth[kind] = depth[kind].saturating_sub(1);
        open
    };
    let mut host = Host::default();
    for (at, c) in text.char_indices() {
        let ends = c.is_whitespace()
            || c.is_control()
            || matches!(
                c,
                '<' | '>' | '"' | '`' | '\\' | '“' | '”' | '„' | '«' | '»'
            )
            || is_wide_punctuation(c)
            || !bracket(c)
            || host.ends(c);
        if ends {
            return at;
        }
    }
    text.len()
}

/// The host in an address that is being read.
#[derive(Default)]
struct Host {
    slashes: u8,
    /// The last character of the host's last label so far.
    ascii: bool,
}

impl Host {
    /// Returns `true` if the address ends with its host before this character. No name of a top
    /// domain mixes ASCII with scripts that have no blanks, and no host has other signs: what follows
    /// `a.example` there is the sentence.
    fn ends(&mut self, c: char) -> bool {
        match c {
            '/' | '?' | '#' => self.slashes = self.slashes.saturating_add(1),
            '.' | ':' | '@' => self.ascii = false,
            c if c.is_ascii_alphanumeric() => self.ascii = true,
            c if c.is_ascii() && !"-_~%[]".contains(c) => return self.slashes == 2,
            c if is_unspaced(c) => return self.slashes == 2 && self.ascii,
            _ => {}
        }
        false
    }
}

/// The marks of emphasis that stand before an address: only those can end behind it.
#[derive(Default)]
struct Marks {
    star: bool,
    underscore: bool,
    tilde: bool,
}

impl Marks {
    fn see(&mut self, text: &str) {
        self.star |= text.contains('*');
        self.underscore |= text.contains('_');
        self.tilde |= text.contains("~~");
    }
}

/// Cuts off the punctuation of the sentence around an address.
fn without_trailing_punctuation<'a>(address: &'a str, marks: &Marks) -> &'a str {
    let cut = |c: char| match c {
        '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '|' | '(' | '[' | '{' => true,
        '*' => marks.star,
        '_' => marks.underscore,
        '~' => marks.tilde,
        c => is_punctuation(c),
    };
    address.trim_end_matches(cut)
}
