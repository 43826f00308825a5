//! Forms of single values.

use serde::{Deserialize, Deserializer};

use super::ConfigError;

/// A value of the file that may stand alone or in a list.
#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

/// Reads a setting that may be repeated: as one value, which is what older files have, or as a list.
///
/// The values are read as text first: an untagged choice would answer a bad address with the
/// sentence that no variant matches.
pub(super) fn one_or_many<'de, D, T>(deserializer: D) -> Result<Option<Vec<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    let texts = match OneOrMany::deserialize(deserializer)? {
        OneOrMany::One(text) => vec![text],
        OneOrMany::Many(texts) => texts,
    };
    let values = texts.iter().map(|text| text.parse());
    let values: Result<_, T::Err> = values.collect();
    values.map(Some).map_err(serde::de::Error::custom)
}

/// An origin is scheme, host and port, nothing more (RFC 6454 §6.2); kept in lower case.
pub(super) fn check_origin(text: &str) -> Result<String, ConfigError> {
    let origin = text.trim().to_ascii_lowercase();
    let authority = origin
        .strip_prefix("https://")
        .or_else(|| origin.strip_prefix("http://"));
    match authority {
        // `*` is refused too: origins are compared as they stand, so that a wildcard would match
        // none.
        Some(authority)
            if !authority.is_empty() && !authority.contains(['/', '?', '#', '@', ' ', '*']) =>
        {
            Ok(origin)
        }
        _ => Err(ConfigError::Value(format!(
            "allow_origin has {text:?}, but an origin is like https://chat.example or \
             http://localhost:8081, without a path"
        ))),
    }
}
