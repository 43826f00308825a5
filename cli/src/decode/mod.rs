//! Reads captures of sessions offline: packets to streams, streams to frames by the protocol's own
//! codec, and frames to text or JSON. It never holds more than a few frames, however long a file is.

mod document;
mod packet;
mod print;
mod reassembly;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::io::{self, Read};
use std::time::Duration;

use pcap_file::pcapng::PcapNgReader;
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption,
};
use pcap_file::{Endianness, PcapError};
use shared::connection::{Direction, Observe, Version};
use shared::observe::{FrameRecord, KeyLog, Observer, Opening};
use shared::time::Time;

pub(crate) use self::document::{Unreadable, read_document};
use self::packet::{Endpoint, Segment};
pub(crate) use self::print::{Form, Printer};
use self::reassembly::Stream;

/// The number of an enhanced packet block (pcapng §4.3).
const ENHANCED_PACKET_BLOCK: u32 = 6;

/// The most interfaces of a capture. Its reader keeps all of them.
const MAX_INTERFACES: usize = 1024;

/// The most connections that are told apart at once. Behind that the oldest are forgotten, which
/// only a capture of a busy machine can notice.
const MAX_FLOWS: usize = 4096;

/// The first bytes that only this protocol's client sends, and those that only its server does.
const CLIENT_STARTS: &[u8] = b"SC/2\n";
const SERVER_STARTS: [&[u8]; 2] = [b"SERVER_PUB\n", b"{\"error\": \""];

/// A problem of a capture. Frames that were read before it have been printed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    #[error("this is neither a pcapng capture nor the JSON of frames")]
    NotPcapng,
    #[error("the capture is damaged: {0}")]
    Damaged(String),
    #[error("the capture is cut: it ends inside of a block")]
    Cut,
    #[error(
        "there is no such connection: the capture has {found} of this protocol, and number {wanted} \
         was asked for"
    )]
    NoConnection { wanted: usize, found: usize },
    #[error("bytes are missing in the capture, so that what is behind them cannot be read")]
    Missing,
    #[error("the capture ends inside of a frame: {0} bytes of it are there")]
    InsideFrame(usize),
    #[error("the key log has no secrets of this connection: what is sealed was not opened")]
    NoSecrets,
    #[error(
        "the secrets of the key log do not open this connection: they are wrong, or it was changed"
    )]
    WrongSecrets,
    #[error(transparent)]
    Output(io::Error),
    #[error("cannot read the capture: {0}")]
    Input(io::Error),
}

/// The end of a capture's reading.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Summary {
    /// The number of connections of this protocol.
    pub(crate) connections: usize,
}

/// Prints the frames of one connection of a capture: the one with this number, from 1.
///
/// # Errors
/// [`Problem`], after the frames that were read.
pub(crate) fn decode(
    file: impl Read,
    wanted: usize,
    key_log: KeyLog,
    printer: &mut Printer<'_>,
) -> Result<Summary, Problem> {
    let has_key_log = !key_log.is_empty();
    let mut decoder = Decoder {
        wanted,
        found: 0,
        flows: HashMap::new(),
        chosen: None,
        key_log,
    };
    let read = decoder.read(file, printer);
    if let Err(Problem::Output(error)) = read {
        return Err(Problem::Output(error));
    }
    let summary = Summary {
        connections: decoder.found,
    };
    let Some(mut chosen) = decoder.chosen else {
        read?;
        return Err(Problem::NoConnection {
            wanted,
            found: decoder.found,
        });
    };
    chosen.print(printer, true)?;
    match chosen.observer.opening() {
        Opening::Wrong if has_key_log => return Err(Problem::WrongSecrets),
        Opening::Unknown if has_key_log => return Err(Problem::NoSecrets),
        _ => {}
    }
    read?;
    chosen.verdict()?;
    Ok(summary)
}

struct Decoder {
    wanted: usize,
    found: usize,
    flows: HashMap<(Endpoint, Endpoint), Flow>,
    chosen: Option<Chosen>,
    key_log: KeyLog,
}

/// A connection that was not looked into yet, or is none of this protocol.
#[derive(Default)]
struct Flow {
    start: Option<Duration>,
    /// By sender: the lower endpoint, and the higher one.
    streams: [Stream; 2],
    other: bool,
}

/// The connection whose frames are printed.
struct Chosen {
    ends: (Endpoint, Endpoint),
    /// The client is the lower endpoint.
    client_is_low: bool,
    start: Duration,
    streams: [Stream; 2],
    observer: Observer,
    /// Records that came before the version of the protocol was known.
    waiting: Vec<FrameRecord>,
    over: bool,
}

impl Decoder {
    /// Reads the packets.
    fn read(&mut self, file: impl Read, printer: &mut Printer<'_>) -> Result<(), Problem> {
        let mut reader = PcapNgReader::new(file).map_err(|error| match error {
            PcapError::IoError(error) if error.kind() != io::ErrorKind::UnexpectedEof => {
                Problem::Input(error)
            }
            _ => Problem::NotPcapng,
        })?;
        loop {
            let order = reader.section().endianness;
            let block = match reader.next_raw_block() {
                None => return Ok(()),
                Some(block) => block.map_err(problem)?,
            };
            if block.type_ != ENHANCED_PACKET_BLOCK {
                if reader.interfaces().len() > MAX_INTERFACES {
                    return Err(Problem::Damaged("too many interfaces".to_owned()));
                }
                continue;
            }
            let packet = packet(&block.body, order);
            let Some((interface, raw_time, data)) = packet else {
                return Err(Problem::Damaged(
                    "a packet is longer than its block".to_owned(),
                ));
            };
            // The block borrows the reader, which has the interface.
            let data = data.to_vec();
            let Some(interface) = reader.interfaces().get(interface) else {
                return Err(Problem::Damaged("a packet has no interface".to_owned()));
            };
            let (link, time) = (interface.linktype, time(raw_time, interface));
            if let Some(segment) = packet::segment(link, &data) {
                self.segment(&segment, time, printer)?;
            }
        }
    }

    fn segment(
        &mut self,
        segment: &Segment<'_>,
        time: Duration,
        printer: &mut Printer<'_>,
    ) -> Result<(), Problem> {
        let from_low = segment.from <= segment.to;
        let ends = if from_low {
            (segment.from, segment.to)
        } else {
            (segment.to, segment.from)
        };
        if let Some(chosen) = &mut self.chosen
            && chosen.ends == ends
            && !chosen.over
        {
            // The same ports again are another connection.
            if segment.opens() && chosen.is_begun() {
                chosen.over = true;
            } else {
                chosen.take(segment, from_low, time);
                return chosen.print(printer, false);
            }
        }
        if self.flows.len() >= MAX_FLOWS && !self.flows.contains_key(&ends) {
            self.flows.clear();
        }
        let flow = self.flows.entry(ends).or_default();
        if segment.opens() {
            *flow = Flow::default();
        }
        let start = *flow.start.get_or_insert(time);
        if flow.other {
            return Ok(());
        }
        if segment.payload.is_empty() {
            flow.streams[usize::from(!from_low)].begin(segment);
            return Ok(());
        }
        let Some(from_client) = is_client(segment.payload) else {
            flow.other = true;
            return Ok(());
        };
        self.found += 1;
        flow.other = true;
        if self.found != self.wanted {
            return Ok(());
        }
        let mut chosen = Chosen {
            ends,
            client_is_low: from_low == from_client,
            start,
            streams: std::mem::take(&mut flow.streams),
            observer: Observer::new(std::mem::take(&mut self.key_log), Observe::Frames),
            waiting: Vec::new(),
            over: false,
        };
        chosen.take(segment, from_low, time);
        let result = chosen.print(printer, false);
        self.chosen = Some(chosen);
        result
    }
}

impl Chosen {
    fn is_begun(&self) -> bool {
        self.streams.iter().any(Stream::is_begun)
    }

    fn take(&mut self, segment: &Segment<'_>, from_low: bool, time: Duration) {
        let direction = if from_low == self.client_is_low {
            Direction::Sent
        } else {
            Direction::Received
        };
        let since = time.saturating_sub(self.start).as_micros();
        let now = Time::from_micros(u64::try_from(since).unwrap_or(u64::MAX));
        let observer = &mut self.observer;
        self.streams[usize::from(!from_low)].take(segment, &mut |bytes| {
            observer.handle_bytes(direction, bytes, now);
        });
    }

    /// Prints the records that are there, once the version of the protocol is known, or at the end.
    fn print(&mut self, printer: &mut Printer<'_>, last: bool) -> Result<(), Problem> {
        while let Some(record) = self.observer.poll_record() {
            self.waiting.push(record);
        }
        let version = self.observer.version();
        if version.is_none() && !last {
            return Ok(());
        }
        let protocol = version.map(Version::as_str);
        printer.begin(protocol).map_err(Problem::Output)?;
        for record in self.waiting.drain(..) {
            printer.frame(&record).map_err(Problem::Output)?;
        }
        Ok(())
    }

    /// Checks that everything was there.
    fn verdict(&self) -> Result<(), Problem> {
        if self.streams.iter().any(Stream::has_gap) {
            return Err(Problem::Missing);
        }
        for direction in [Direction::Sent, Direction::Received] {
            match self.observer.unread(direction) {
                0 => {}
                bytes => return Err(Problem::InsideFrame(bytes)),
            }
        }
        Ok(())
    }
}

/// Returns `true` if these first bytes are a client's, and `None` if they are of another program.
fn is_client(bytes: &[u8]) -> Option<bool> {
    let starts = |start: &[u8]| bytes.starts_with(start) || start.starts_with(bytes);
    if starts(CLIENT_STARTS) {
        // One byte alone may be either's: a server speaks first in v1, and never alone.
        Some(true)
    } else if SERVER_STARTS.iter().any(|start| starts(start)) {
        Some(false)
    } else {
        None
    }
}

/// Returns interface, time and bytes of an enhanced packet block (pcapng §4.3); `None` if it has not
/// the bytes that it claims. Its options are of no use here.
fn packet(block: &[u8], order: Endianness) -> Option<(usize, u64, &[u8])> {
    let (header, rest) = block.split_first_chunk::<20>()?;
    let number = |at: usize| {
        let bytes = [header[at], header[at + 1], header[at + 2], header[at + 3]];
        match order {
            Endianness::Big => u32::from_be_bytes(bytes),
            Endianness::Little => u32::from_le_bytes(bytes),
        }
    };
    let time = u64::from(number(4)) << 32 | u64::from(number(8));
    let interface = usize::try_from(number(0)).ok()?;
    Some((
        interface,
        time,
        rest.get(..usize::try_from(number(12)).ok()?)?,
    ))
}

/// Returns the time of a packet by the resolution of its interface.
fn time(raw: u64, interface: &InterfaceDescriptionBlock<'_>) -> Duration {
    let resolution = interface.options.iter().find_map(|option| match option {
        InterfaceDescriptionOption::IfTsResol(resolution) => Some(*resolution),
        _ => None,
    });
    // Microseconds unless it says otherwise; a power of two if the highest bit is set (pcapng §4.2).
    let per_second = match resolution.unwrap_or(6) {
        exponent @ 0..=18 => 10_u64.pow(u32::from(exponent)),
        exponent @ 0x80..=0xbf => 1 << (exponent & 0x3f),
        _ => return Duration::ZERO,
    };
    let rest = u128::from(raw % per_second) * 1_000_000_000 / u128::from(per_second);
    let nanoseconds = u32::try_from(rest).unwrap_or_default();
    Duration::new(raw / per_second, nanoseconds)
}

fn problem(error: PcapError) -> Problem {
    match error {
        PcapError::IoError(error) if error.kind() == io::ErrorKind::UnexpectedEof => Problem::Cut,
        PcapError::IncompleteBuffer => Problem::Cut,
        PcapError::IoError(error) => Problem::Input(error),
        other => Problem::Damaged(other.to_string()),
    }
}
