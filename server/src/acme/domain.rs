//! Names for which a directory issues certificates to this server.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};
use thiserror::Error;

/// A name in DNS, in lower case, with other scripts as DNS has them (RFC 5890).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Domain(String);

/// A text that is no name for which a certificate can be had.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{text:?} is no name for an ACME certificate: {cause}")]
pub struct InvalidDomain {
    text: String,
    cause: &'static str,
}

impl Domain {
    /// Returns the name as DNS and certificates have it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Domain {
    type Err = InvalidDomain;

    fn from_str(text: &str) -> Result<Self, InvalidDomain> {
        let invalid = |cause| InvalidDomain {
            text: text.to_owned(),
            cause,
        };
        let name = text.trim();
        if name.contains('*') {
            return Err(invalid(
                "a wildcard is proven in DNS, which this server does not change; name each host",
            ));
        }
        if name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok() {
            return Err(invalid("it is an address, and not a name"));
        }
        if name.contains([':', '/']) {
            return Err(invalid("it is a name alone, such as chat.example"));
        }
        // A final dot marks a name as complete (RFC 1034 §3.1), and is no part of it in certificates.
        let name = name.strip_suffix('.').unwrap_or(name);
        let ascii = Uts46::new().to_ascii(
            name.as_bytes(),
            AsciiDenyList::STD3,
            Hyphens::CheckFirstLast,
            DnsLength::Verify,
        );
        let ascii = ascii.map_err(|_| invalid("it is no name of DNS, such as chat.example"))?;
        // Addresses have other forms, too: `127.1`, `1`.
        let last = ascii.rsplit('.').next().unwrap_or_default();
        if last.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(invalid("it ends in a number, as addresses do"));
        }
        Ok(Self(ascii.into_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_as_certificates_have_it() {
        for (text, name) in [
            ("chat.example", "chat.example"),
            (" Chat.Example. ", "chat.example"),
            ("chät.example", "xn--cht-rla.example"),
            ("xn--cht-rla.example", "xn--cht-rla.example"),
            ("a-b.c3.example", "a-b.c3.example"),
            ("chat", "chat"),
        ] {
            assert_eq!(text.parse::<Domain>().unwrap().as_str(), name, "{text}");
        }
    }

    #[test]
    fn what_no_directory_issues_for_is_refused() {
        let long = format!("{}.example", "a".repeat(64));
        let longer = format!("{}example", "a23456789.".repeat(25));
        for (text, cause) in [
            ("*.example", "wildcard"),
            ("chat.*.example", "wildcard"),
            ("192.0.2.1", "address"),
            ("::1", "address"),
            ("[2001:db8::1]", "address"),
            ("127.1", "number"),
            ("1", "number"),
            ("https://chat.example", "name alone"),
            ("chat.example:443", "name alone"),
            ("chat.example/page", "name alone"),
            ("", "no name of DNS"),
            (".", "no name of DNS"),
            ("chat..example", "no name of DNS"),
            (".example", "no name of DNS"),
            ("-chat.example", "no name of DNS"),
            ("chat-.example", "no name of DNS"),
            ("a_b.example", "no name of DNS"),
            ("a b.example", "no name of DNS"),
            ("a,b.example", "no name of DNS"),
            ("xn--a.example", "no name of DNS"),
            (&long, "no name of DNS"),
            (&longer, "no name of DNS"),
        ] {
            let error = text.parse::<Domain>().unwrap_err().to_string();
            assert!(error.contains(cause), "{text:?}: {error}");
        }
    }
}
