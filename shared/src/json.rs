//! Reads JSON for programs that are downloaded: with little code for each type.
//!
//! `serde_json::from_str` is compiled once for each type, with a sentence for each way in which it
//! can be wrong. Here the text becomes a tree by one piece of code, and the types are read from the
//! tree with an error that has no sentences: slower, and less code for each type.
//!
//! ```
//! #[derive(serde::Deserialize)]
//! struct Point { x: i32, y: i32 }
//!
//! let point: Point = shared::json::read(r#"{"x":1,"y":-2}"#)?;
//! assert_eq!((point.x, point.y), (1, -2));
//! assert!(shared::json::read::<Point>(r#"{"x":1}"#).is_err());
//! # Ok::<(), shared::json::Error>(())
//! ```

use std::borrow::Cow;
use std::fmt;

use serde::de::value::{MapAccessDeserializer, MapDeserializer, SeqDeserializer};
use serde::de::{DeserializeOwned, IgnoredAny, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, forward_to_deserialize_any};
use thiserror::Error;

/// Reads a value from its JSON.
///
/// # Errors
/// [`enum@Error`], if the text is no JSON or has not what the type needs.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    T::deserialize(grow(text)?)
}

/// Reads the fields of an object, for types that read themselves.
pub(crate) fn read_object(text: &str) -> Result<Fields, Error> {
    grow(text)?.try_into()
}

fn grow(text: &str) -> Result<Tree, Error> {
    serde_json::from_str(text).map_err(|error| Error::Syntax(error.to_string()))
}

/// The fields of an object, which are taken out one by one. Others are ignored.
pub(crate) struct Fields(Vec<(String, Tree)>);

impl Fields {
    fn find(&mut self, name: &'static str) -> Result<Option<Tree>, Error> {
        let mut places = (0..self.0.len()).filter(|at| self.0[*at].0 == name);
        let (found, second) = (places.next(), places.next());
        if second.is_some() {
            return Err(Error::Twice(name));
        }
        Ok(found.map(|at| self.0.swap_remove(at).1))
    }

    pub(crate) fn take<T: DeserializeOwned>(&mut self, name: &'static str) -> Result<T, Error> {
        T::deserialize(self.find(name)?.ok_or(Error::Missing(name))?)
    }

    pub(crate) fn take_or_default<T: DeserializeOwned + Default>(
        &mut self,
        name: &'static str,
    ) -> Result<T, Error> {
        self.find(name)?
            .map_or_else(|| Ok(T::default()), T::deserialize)
    }

    /// Takes a list of objects.
    pub(crate) fn list<T>(
        &mut self,
        name: &'static str,
        read: impl Fn(Fields) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        let Tree::List(list) = self.find(name)?.ok_or(Error::Missing(name))? else {
            return Err(Error::Value);
        };
        list.into_iter()
            .map(|item| read(item.try_into()?))
            .collect()
    }

    /// Reads what is left.
    pub(crate) fn rest<T: DeserializeOwned>(self) -> Result<T, Error> {
        T::deserialize(Tree::Object(self.0))
    }
}

impl TryFrom<Tree> for Fields {
    type Error = Error;

    fn try_from(tree: Tree) -> Result<Self, Error> {
        match tree {
            Tree::Object(fields) => Ok(Self(fields)),
            _ => Err(Error::Value),
        }
    }
}

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

/// The reason why a text was not read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Error {
    /// The text is no JSON.
    #[error("it is no JSON: {0}")]
    Syntax(String),
    /// A field is missing.
    #[error("it lacks the field `{0}`")]
    Missing(&'static str),
    /// A field is there twice.
    #[error("it has the field `{0}` twice")]
    Twice(&'static str),
    /// A value is of a wrong type, or not allowed.
    #[error("it has a value that is not allowed")]
    Value,
}

// The defaults of the other methods make a sentence of what they are given.
impl serde::de::Error for Error {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::Value
    }

    fn invalid_type(_: serde::de::Unexpected<'_>, _: &dyn serde::de::Expected) -> Self {
        Self::Value
    }

    fn invalid_value(_: serde::de::Unexpected<'_>, _: &dyn serde::de::Expected) -> Self {
        Self::Value
    }

    fn invalid_length(_: usize, _: &dyn serde::de::Expected) -> Self {
        Self::Value
    }

    fn unknown_variant(_: &str, _: &'static [&'static str]) -> Self {
        Self::Value
    }

    fn unknown_field(_: &str, _: &'static [&'static str]) -> Self {
        Self::Value
    }

    fn missing_field(field: &'static str) -> Self {
        Self::Missing(field)
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::Twice(field)
    }
}

/// A JSON value. An object keeps all its fields, so that one that stands twice is found.
enum Tree {
    Null,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Text(String),
    List(Vec<Tree>),
    Object(Vec<(String, Tree)>),
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Grow;

        impl<'de> Visitor<'de> for Grow {
            type Value = Tree;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("JSON")
            }

            fn visit_unit<E>(self) -> Result<Tree, E> {
                Ok(Tree::Null)
            }

            fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
                Ok(Tree::Bool(value))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Tree, E> {
                Ok(Tree::Unsigned(value))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Tree, E> {
                Ok(Tree::Signed(value))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Tree, E> {
                Ok(Tree::Float(value))
            }

            fn visit_str<E>(self, text: &str) -> Result<Tree, E> {
                Ok(Tree::Text(text.into()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Tree, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = items.next_element()? {
                    list.push(item);
                }
                Ok(Tree::List(list))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Tree, A::Error> {
                let mut object = Vec::new();
                while let Some(field) = fields.next_entry()? {
                    object.push(field);
                }
                Ok(Tree::Object(object))
            }
        }

        deserializer.deserialize_any(Grow)
    }
}

/// The name of a field, or the key of a map.
struct Key(String);

fn keyed((key, value): (String, Tree)) -> (Key, Tree) {
    (Key(key), value)
}

impl IntoDeserializer<'_, Error> for Key {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Key {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_string(self.0)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        // A number is a text where it is a key.
        let number = self.0.parse().map_err(|_| Error::Value)?;
        visitor.visit_u64(number)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl IntoDeserializer<'_, Error> for Tree {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Tree {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Self::Null => visitor.visit_unit(),
            Self::Bool(value) => visitor.visit_bool(value),
            Self::Unsigned(value) => visitor.visit_u64(value),
            Self::Signed(value) => visitor.visit_i64(value),
            Self::Float(value) => visitor.visit_f64(value),
            Self::Text(text) => visitor.visit_string(text),
            list @ Self::List(_) => list.deserialize_seq(visitor),
            object @ Self::Object(_) => object.deserialize_map(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Self::Null => visitor.visit_none(),
            value => visitor.visit_some(value),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self {
            Self::Text(variant) => visitor.visit_enum(variant.into_deserializer()),
            Self::Object(object) if object.len() == 1 => {
                let fields = MapDeserializer::new(object.into_iter().map(keyed));
                visitor.visit_enum(MapAccessDeserializer::new(fields))
            }
            _ => Err(Error::Value),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self {
            // Not from a list of its fields, as serde's own readers would.
            Self::Object(_) => self.deserialize_map(visitor),
            _ => Err(Error::Value),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Self::List(list) => {
                let mut items = SeqDeserializer::new(list.into_iter());
                let value = visitor.visit_seq(&mut items)?;
                items.end().map(|()| value)
            }
            _ => Err(Error::Value),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Self::Object(object) => {
                let mut fields = MapDeserializer::new(object.into_iter().map(keyed));
                let value = visitor.visit_map(&mut fields)?;
                fields.end().map(|()| value)
            }
            _ => Err(Error::Value),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct tuple tuple_struct identifier
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::testing::portable_test;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Point {
        x: i32,
        #[serde(default)]
        tags: Vec<String>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    enum Shape {
        Empty,
        Dot(Point),
        Line { from: Point, bold: Option<bool> },
    }

    portable_test! {
        fn values_are_read_as_serde_json_reads_them() {
            for json in [
                r#"{"x":-1,"tags":["a\n\u00e9",""]}"#,
                r#"{"x":1,"new":[1.5,{"y":null}]}"#,
                r#" {"x" : 1} "#,
                r#"{"x":1,"x":2}"#, r#"{"x":1.5}"#, r#"{"x":"1"}"#, r#"{"x":99999999999}"#,
                r#"{"tags":[]}"#, r#"{"x":1"#, r#"{"x":1}}"#, "", "7", "null",
            ] {
                assert_eq!(read::<Point>(json).ok(), serde_json::from_str(json).ok(), "{json}");
            }
            for json in [
                r#""Empty""#, r#"{"Empty":null}"#, r#"{"Dot":{"x":1}}"#, r#""Dot""#, r#"{"Other":1}"#,
                r#"{"Line":{"from":{"x":1},"bold":null}}"#, r#"{"Line":{"bold":true}}"#, "{}", "[]",
                r#"{"Dot":{"x":1},"Empty":null}"#,
            ] {
                assert_eq!(read::<Shape>(json).ok(), serde_json::from_str(json).ok(), "{json}");
            }
            let numbered = r#"{"7":"a","-1":"b"}"#;
            assert!(read::<BTreeMap<u64, String>>(numbered).is_err());
            let numbered = read::<BTreeMap<u64, String>>(r#"{"7":"a","10":"b"}"#).unwrap();
            assert_eq!(numbered[&10], "b");
            // serde takes a list for the fields of a struct, and no document of ours does.
            assert!(read::<Point>("[1,[]]").is_err());
        }

        fn an_error_names_the_field_that_is_missing_or_twice() {
            assert_eq!(read::<Point>("{}"), Err(Error::Missing("x")));
            assert_eq!(read::<Point>(r#"{"x":1,"x":1}"#), Err(Error::Twice("x")));
            assert!(matches!(read::<Point>("{"), Err(Error::Syntax(_))));
            let deep = "[".repeat(200) + &"]".repeat(200);
            assert!(matches!(read::<Vec<IgnoredAny>>(&deep), Err(Error::Syntax(_))));
        }

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
