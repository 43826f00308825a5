//! `secure-chat decode`: opens the files, and prints the frames in them.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read};
use std::path::Path;

use shared::observe::KeyLog;
use zeroize::Zeroizing;

use crate::args::Decode;
use crate::capture::shown;
use crate::decode::{self, Form, Printer, Problem, Unreadable};
use crate::exit::{Code, Failure};
use crate::ui::pipe;

/// The most bytes of a key log's line that is read; ours have some 170.
const LINE_BYTES: u64 = 4096;

/// Runs the command.
///
/// # Errors
/// [`Failure`] with the code for the problem. The frames before it were printed.
pub(crate) fn run(arguments: &Decode, verbose: bool) -> Result<(), Failure> {
    let path = &arguments.file;
    let unreadable = |error: io::Error| Failure::other(format!("{}: {error}", shown(path)));
    let mut file = open(path)?;
    let is_json = begins_as_json(&mut file).map_err(unreadable)?;
    if is_json && arguments.keylog.is_some() {
        return Err(Failure::other(
            "--keylog opens captures; the JSON of frames has what was opened already",
        ));
    }
    if is_json && arguments.connection != 1 {
        return Err(Failure::other(
            "--connection chooses in captures; the JSON of frames has one connection",
        ));
    }
    let key_log = match &arguments.keylog {
        Some(path) => read_key_log(path)?,
        None => KeyLog::default(),
    };
    let form = match (arguments.json, arguments.fields || verbose) {
        (true, _) => Form::Json,
        (false, true) => Form::Fields,
        (false, false) => Form::Lines,
    };
    let mut output = BufWriter::new(io::stdout().lock());
    let mut printer = Printer::new(&mut output, form);
    let read = if is_json {
        let read = decode::read_document(file, &mut printer);
        read.map(|()| 1).map_err(of_document)
    } else {
        let read = decode::decode(file, arguments.connection, key_log, &mut printer);
        read.map(|summary| summary.connections).map_err(of_capture)
    };
    let ended = printer.end();
    let connections = match (read, ended) {
        (Err(Ended::Output(error)), _) | (_, Err(error)) => {
            return match error.kind() {
                // A reader that has enough is no failure.
                io::ErrorKind::BrokenPipe => Ok(()),
                _ => Err(Failure::new(
                    Code::Output,
                    format!("standard output failed: {error}"),
                )),
            };
        }
        (Err(Ended::Failed(code, text)), Ok(())) => {
            return Err(Failure::new(code, format!("{}: {text}", shown(path))));
        }
        (Ok(connections), Ok(())) => connections,
    };
    if connections > 1 {
        pipe::note(&format!(
            "this is connection {} of {connections} in the capture; --connection chooses another",
            arguments.connection
        ));
    }
    Ok(())
}

/// The reason for which the printing ended.
enum Ended {
    Output(io::Error),
    Failed(Code, String),
}

fn of_capture(problem: Problem) -> Ended {
    let code = match problem {
        Problem::Output(error) => return Ended::Output(error),
        Problem::Cut | Problem::Missing | Problem::InsideFrame(_) => Code::Lost,
        _ => Code::Other,
    };
    Ended::Failed(code, problem.to_string())
}

fn of_document(error: Unreadable) -> Ended {
    let code = match error {
        Unreadable::Output(error) => return Ended::Output(error),
        Unreadable::Cut => Code::Lost,
        Unreadable::Json(_) => Code::Other,
    };
    // The text of a JSON error can quote the file.
    Ended::Failed(code, crate::printable::line(error.to_string().as_bytes()))
}

fn open(path: &Path) -> Result<BufReader<File>, Failure> {
    let file = File::open(path)
        .map_err(|error| Failure::other(format!("cannot read {}: {error}", shown(path))))?;
    Ok(BufReader::new(file))
}

/// Returns `true` if the first byte that is no white space begins an object. Nothing is taken from the
/// file, which may be a pipe.
fn begins_as_json(file: &mut BufReader<File>) -> io::Result<bool> {
    let first = file
        .fill_buf()?
        .iter()
        .find(|byte| !byte.is_ascii_whitespace());
    Ok(first == Some(&b'{'))
}

fn read_key_log(path: &Path) -> Result<KeyLog, Failure> {
    let failure = |number: u64, why: &dyn std::fmt::Display| {
        Failure::other(format!("{}, line {number}: {why}", shown(path)))
    };
    let mut file = open(path)?;
    let mut log = KeyLog::default();
    let mut line = Zeroizing::new(Vec::new());
    for number in 1.. {
        line.clear();
        let read = (&mut file).take(LINE_BYTES).read_until(b'\n', &mut line);
        match read.map_err(|error| failure(number, &error))? {
            0 => break,
            length if length as u64 == LINE_BYTES => {
                return Err(failure(number, &"too long for a key log"));
            }
            _ => {}
        }
        let text = str::from_utf8(&line).map_err(|_| failure(number, &"not text"))?;
        log.line(text).map_err(|error| failure(number, &error))?;
    }
    if log.is_empty() {
        let path = shown(path);
        return Err(Failure::other(format!(
            "{path} has no secrets of this protocol"
        )));
    }
    Ok(log)
}
