//! Arrays of JSON, of which one element is in memory at a time.

use std::fmt;
use std::io::BufRead;
use std::marker::PhantomData;

use serde::Deserializer;
use serde::de::{DeserializeOwned, DeserializeSeed, Error as _, SeqAccess, Visitor};

use super::super::error::{ImportError, Problem};
use super::archive::wrong;

/// Calls `take` with each element of the array that a file has, and its number from 1.
pub(super) fn each<T: DeserializeOwned>(
    name: &str,
    reader: &mut dyn BufRead,
    mut take: impl FnMut(T, u64) -> Result<(), ImportError>,
) -> Result<(), ImportError> {
    let mut failure = None;
    let mut json = serde_json::Deserializer::from_reader(reader);
    let elements = Elements {
        take: |element, number| {
            take(element, number).map_err(|error| {
                failure = Some(error);
            })
        },
        of: PhantomData,
    };
    let done = elements.deserialize(&mut json).and_then(|()| json.end());
    match (done, failure) {
        (_, Some(failure)) => Err(failure),
        (Ok(()), None) => Ok(()),
        (Err(error), None) => {
            let place = format!("{name}, line {}", error.line());
            let problem = if error.is_io() {
                Problem::Read(error.into())
            } else {
                Problem::Json(error)
            };
            Err(wrong(&place, problem))
        }
    }
}

struct Elements<T, F> {
    take: F,
    of: PhantomData<T>,
}

impl<'de, T, F> DeserializeSeed<'de> for Elements<T, F>
where
    T: DeserializeOwned,
    F: FnMut(T, u64) -> Result<(), ()>,
{
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, T, F> Visitor<'de> for Elements<T, F>
where
    T: DeserializeOwned,
    F: FnMut(T, u64) -> Result<(), ()>,
{
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut elements: A) -> Result<(), A::Error> {
        let mut number = 0;
        while let Some(element) = elements.next_element()? {
            number += 1;
            // The caller has the error itself.
            (self.take)(element, number).map_err(|()| A::Error::custom("refused"))?;
        }
        Ok(())
    }
}
