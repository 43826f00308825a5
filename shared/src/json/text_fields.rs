//! Reads an object's text fields without keeping anything else of it.

use std::borrow::Cow;
use std::fmt;

use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Reads the text fields of an object that have these names. Others are ignored without being kept,
/// so that a stranger's object takes no more memory than its JSON.
pub(crate) fn text_fields<'a, const N: usize>(
    json: &'a [u8],
    names: [&'static str; N],
) -> Result<[Option<Cow<'a, str>>; N], serde_json::Error> {
    let mut found = [const { None }; N];
    let mut reader = serde_json::Deserializer::from_slice(json);
    let fields = TextFields {
        names: &names,
        found: &mut found,
    };
    reader.deserialize_any(fields)?;
    reader.end()?;
    Ok(found)
}

struct TextFields<'n, 'a> {
    names: &'n [&'static str],
    found: &'n mut [Option<Cow<'a, str>>],
}

/// The methods of a visitor that refuse a value, without the sentence in which serde's name it.
macro_rules! refuse {
    ($($method:ident($type:ty))*) => {
        $(fn $method<E: serde::de::Error>(self, _: $type) -> Result<Self::Value, E> {
            Err(E::custom("mistyped field"))
        })*

        fn visit_unit<E: serde::de::Error>(self) -> Result<Self::Value, E> {
            Err(E::custom("mistyped field"))
        }

        fn visit_seq<A: SeqAccess<'a>>(self, _: A) -> Result<Self::Value, A::Error> {
            Err(serde::de::Error::custom("mistyped field"))
        }

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a field")
        }
    };
}

impl<'a> Visitor<'a> for TextFields<'_, 'a> {
    type Value = ();

    fn visit_map<A: MapAccess<'a>>(self, mut fields: A) -> Result<(), A::Error> {
        while let Some(Word(name)) = fields.next_key()? {
            let Some(at) = self.names.iter().position(|it| *it == name) else {
                fields.next_value::<IgnoredAny>()?;
                continue;
            };
            let Word(text) = fields.next_value()?;
            if self.found[at].replace(text).is_some() {
                return Err(serde::de::Error::custom("repeated field"));
            }
        }
        Ok(())
    }

    refuse!(visit_bool(bool) visit_u64(u64) visit_i64(i64) visit_f64(f64) visit_str(&str));
}

/// A text, borrowed if it has no escapes.
struct Word<'a>(Cow<'a, str>);

impl<'a> Deserialize<'a> for Word<'a> {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        struct Take;

        impl<'a> Visitor<'a> for Take {
            type Value = Word<'a>;

            fn visit_borrowed_str<E>(self, text: &'a str) -> Result<Word<'a>, E> {
                Ok(Word(text.into()))
            }

            fn visit_str<E>(self, text: &str) -> Result<Word<'a>, E> {
                Ok(Word(text.to_owned().into()))
            }

            fn visit_map<A: MapAccess<'a>>(self, _: A) -> Result<Word<'a>, A::Error> {
                Err(serde::de::Error::custom("mistyped field"))
            }

            refuse!(visit_bool(bool) visit_u64(u64) visit_i64(i64) visit_f64(f64));
        }

        deserializer.deserialize_any(Take)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::portable_test;

    portable_test! {
        fn text_fields_are_taken_by_name_and_others_are_ignored() {
            let json = br#"{"new":[{"a":1}],"a":"\u0041","b":"plain","c":7}"#;
            let [b, a, d] = text_fields(json, ["b", "a", "d"]).unwrap();
            assert_eq!((a.as_deref(), b.as_deref(), d), (Some("A"), Some("plain"), None));
            for wrong in [
                r#"{"a":7}"#, r#"{"a":null}"#, r#"{"a":["x"]}"#, r#"{"a":{}}"#, r#"{"a":true}"#, r#"{"a":-1}"#,
                r#"{"a":1.5}"#, r#"{"a":"x","a":"x"}"#, r#"{"a":"x"}}"#, r#"{"a":"x""#, r#"["x"]"#, r#""a""#, "7", "",
            ] {
                assert!(text_fields(wrong.as_bytes(), ["a"]).is_err(), "{wrong}");
            }
            assert!(text_fields(b"{\"a\":\"\xff\"}", ["a"]).is_err());
        }
    }
}
