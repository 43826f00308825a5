//! Reads the JSON of frames (docs/INSPECTOR.md §2) frame by frame.

use std::cell::Cell;
use std::fmt;
use std::io::{self, Read};

use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserializer, de};
use shared::observe::{FORMAT, FORMAT_VERSION, FrameRecord};

use super::Printer;

/// The most bytes of one frame's record: more than three times those of the longest frame in
/// base64, with all of its fields.
const RECORD_BYTES: usize = 16 * 1024 * 1024;

/// The reason for which a document was not read to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error("this is not the JSON of frames: {0}")]
    Json(serde_json::Error),
    #[error("the JSON is cut")]
    Cut,
    #[error(transparent)]
    Output(io::Error),
}

/// Prints the frames of a document.
///
/// # Errors
/// [`Unreadable`], after the frames that were read.
pub(crate) fn read_document(file: impl Read, printer: &mut Printer<'_>) -> Result<(), Unreadable> {
    let left = Cell::new(RECORD_BYTES);
    let bounded = Bounded { file, left: &left };
    let mut json = serde_json::Deserializer::from_reader(io::BufReader::new(bounded));
    let mut failed = None;
    let document = Document {
        printer,
        left: &left,
        failed: &mut failed,
    };
    let read = document.deserialize(&mut json).and_then(|()| json.end());
    match (failed, read) {
        (Some(error), _) => Err(Unreadable::Output(error)),
        (None, Err(error)) if error.is_eof() => Err(Unreadable::Cut),
        (None, Err(error)) => Err(Unreadable::Json(error)),
        (None, Ok(())) => Ok(()),
    }
}

/// A file of which no more than a record's bytes are read before there is a record.
struct Bounded<'a, R> {
    file: R,
    left: &'a Cell<usize>,
}

impl<R: Read> Read for Bounded<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left.get() == 0 {
            return Err(io::Error::other(
                "a frame is longer than any that there can be",
            ));
        }
        let room = buffer.len().min(self.left.get());
        let read = self.file.read(&mut buffer[..room])?;
        self.left.set(self.left.get() - read);
        Ok(read)
    }
}

struct Document<'a, 'p> {
    printer: &'a mut Printer<'p>,
    left: &'a Cell<usize>,
    failed: &'a mut Option<io::Error>,
}

impl<'de> DeserializeSeed<'de> for Document<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Document<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with the frames of a connection")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let (mut format, mut version, mut read) = (false, false, false);
        let mut protocol: Option<String> = None;
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "format" => {
                    if map.next_value::<String>()? != FORMAT {
                        return Err(A::Error::custom("it has another format"));
                    }
                    format = true;
                }
                "version" => {
                    if map.next_value::<u32>()? != FORMAT_VERSION {
                        let text = "it has a newer version of the format than this program reads";
                        return Err(A::Error::custom(text));
                    }
                    version = true;
                }
                "protocol" => protocol = map.next_value()?,
                "frames" if format && version && !read => {
                    read = true;
                    let begun = self.printer.begin(protocol.as_deref());
                    keep(begun, self.failed)?;
                    let frames = Frames {
                        printer: &mut *self.printer,
                        left: self.left,
                        failed: &mut *self.failed,
                    };
                    map.next_value_seed(frames)?;
                }
                "frames" => {
                    let text = "format and version stand before the frames, each once";
                    return Err(A::Error::custom(text));
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        if read {
            Ok(())
        } else {
            Err(A::Error::custom("it has no frames"))
        }
    }
}

struct Frames<'a, 'p> {
    printer: &'a mut Printer<'p>,
    left: &'a Cell<usize>,
    failed: &'a mut Option<io::Error>,
}

impl<'de> DeserializeSeed<'de> for Frames<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Frames<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of frames")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut frames: A) -> Result<(), A::Error> {
        while let Some(record) = frames.next_element::<FrameRecord>()? {
            self.left.set(RECORD_BYTES);
            record.check().map_err(A::Error::custom)?;
            keep(self.printer.frame(&record), self.failed)?;
        }
        Ok(())
    }
}

/// Keeps an error of the output beside the error that ends the reading.
fn keep<E: de::Error>(result: io::Result<()>, failed: &mut Option<io::Error>) -> Result<(), E> {
    result.map_err(|error| {
        *failed = Some(error);
        E::custom("the output failed")
    })
}
