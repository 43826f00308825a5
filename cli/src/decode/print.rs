//! Frames as text for people, or as JSON. Everything in a capture is another program's: it reaches
//! a terminal by [`printable`] alone.

use std::fmt::Write as _;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};
use shared::connection::Direction;
use shared::observe::{FORMAT, FORMAT_VERSION, FrameRecord, VerdictRecord};

use crate::printable;

/// The form of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// A line for each frame.
    Lines,
    /// A line for each frame, with its layers, fields and keys below.
    Fields,
    /// One JSON object.
    Json,
}

/// Prints frames as they come.
pub(crate) struct Printer<'a> {
    output: &'a mut dyn Write,
    form: Form,
    begun: bool,
    frames: u64,
}

impl<'a> Printer<'a> {
    pub(crate) fn new(output: &'a mut dyn Write, form: Form) -> Self {
        Self {
            output,
            form,
            begun: false,
            frames: 0,
        }
    }

    /// Begins with the connection's version of the protocol, unless it has begun.
    ///
    /// # Errors
    /// The output's.
    pub(crate) fn begin(&mut self, protocol: Option<&str>) -> io::Result<()> {
        if std::mem::replace(&mut self.begun, true) {
            return Ok(());
        }
        if self.form == Form::Json {
            let (format, protocol) = (json(&FORMAT)?, json(&protocol)?);
            write!(
                self.output,
                "{{\"format\":{format},\"version\":{FORMAT_VERSION},\"protocol\":{protocol},\"frames\":["
            )
        } else {
            let protocol = protocol.map_or("of an unknown version".to_owned(), |protocol| {
                printable::line(protocol.as_bytes())
            });
            writeln!(self.output, "protocol {protocol}")
        }
    }

    /// Prints a frame.
    ///
    /// # Errors
    /// The output's.
    pub(crate) fn frame(&mut self, record: &FrameRecord) -> io::Result<()> {
        let comma = if self.frames == 0 { "" } else { "," };
        self.frames += 1;
        match self.form {
            Form::Json => write!(self.output, "{comma}\n{}", json(record)?),
            Form::Lines => writeln!(self.output, "{}", summary(record)),
            Form::Fields => write!(self.output, "{}\n{}", summary(record), details(record)),
        }
    }

    /// Ends what was begun.
    ///
    /// # Errors
    /// The output's.
    pub(crate) fn end(&mut self) -> io::Result<()> {
        if self.begun && self.form == Form::Json {
            self.output.write_all(b"\n]}\n")?;
        }
        self.output.flush()
    }
}

fn summary(record: &FrameRecord) -> String {
    let arrow = match record.direction {
        Direction::Sent => "->",
        Direction::Received => "<-",
    };
    let (seconds, micros) = (record.at / 1_000_000, record.at % 1_000_000);
    let mut line = format!(
        "{:>5} {seconds:>6}.{micros:06} s {arrow} {} ({} bytes)",
        record.number,
        safe(&record.kind),
        record.wire.len()
    );
    // Writing to a text does not fail, here and below.
    let _ = match &record.verdict {
        VerdictRecord::Accepted => Ok(()),
        VerdictRecord::Unchecked => write!(line, ", not opened"),
        VerdictRecord::Refused {
            check,
            section,
            error,
            layer,
            offset,
        } => write!(
            line,
            ", REFUSED by {} (§{}) at byte {offset} of {}: {}",
            safe(check),
            safe(section),
            safe(layer),
            safe(error)
        ),
    };
    line
}

fn details(record: &FrameRecord) -> String {
    let mut text = String::new();
    for key in &record.keys {
        let _ = write!(
            text,
            "        key {} from {} by {:?}, epoch {}",
            safe(&key.name),
            safe(&key.derived_from),
            safe(&key.label),
            key.epoch
        );
        if let Some(seq) = key.seq {
            let _ = write!(text, ", seq {seq}, nonce {}", safe(&key.nonce));
        }
        if let Some(value) = &key.value {
            let _ = write!(text, ", value {}", safe(value));
        }
        text.push('\n');
    }
    for (layer, bytes) in record.layers() {
        let _ = writeln!(text, "      {} ({} bytes)", safe(&layer.name), bytes.len());
        for field in &layer.fields {
            let range = format!("{}..{}", field.start, field.end);
            let _ = write!(text, "        {range:<12} {}", safe(&field.name));
            if let Some(shown) = &field.shown {
                let _ = write!(text, " = {}", safe(shown));
            }
            let _ = writeln!(
                text,
                "  ({}, §{})",
                safe(&field.meaning),
                safe(&field.section)
            );
        }
    }
    text
}

fn safe(text: &str) -> String {
    printable::line(text.as_bytes())
}

/// Returns the JSON of a value, in ASCII: a terminal that it is printed to sees no control character
/// and none that turns a line around.
fn json(value: &impl Serialize) -> io::Result<String> {
    let mut bytes = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut bytes, Ascii);
    value.serialize(&mut serializer)?;
    String::from_utf8(bytes).map_err(io::Error::other)
}

/// Writes every other character than those of ASCII as an escape (RFC 8259 §7).
struct Ascii;

impl Formatter for Ascii {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        for c in fragment.chars() {
            if (' '..='~').contains(&c) {
                writer.write_all(&[u8::try_from(c).unwrap_or(b'?')])?;
            } else {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            }
        }
        Ok(())
    }
}
