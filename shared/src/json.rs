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

mod text_fields;
mod tree;

use std::fmt;

use serde::de::DeserializeOwned;
use thiserror::Error;

pub(crate) use self::text_fields::text_fields;
use self::tree::Tree;

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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;
    use serde::de::IgnoredAny;

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
    }
}
