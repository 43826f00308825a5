//! The bytes of a connection as IP packets: headers that another program can follow, around the
//! bytes that the protocol has sent.
//!
//! The addresses are made up (RFC 5737), because a tunnel's bytes have none of their own, and a
//! capture that is given to somebody should not tell where its writer is.

use super::Capture;

/// The client's address.
const CLIENT: [u8; 4] = [192, 0, 2, 1];

/// The server's address.
const SERVER: [u8; 4] = [192, 0, 2, 2];

/// The server's port: the protocol's own for TCP, whatever the real one is, so that other programs
/// know what they read.
const SERVER_PORT: u16 = 5000;

/// The client's port in the first connection. The next ones have the ports behind it (RFC 6335 §6).
const FIRST_CLIENT_PORT: u16 = 49_152;

const IP_HEADER_BYTES: usize = 20;
const TCP_HEADER_BYTES: usize = 20;

/// The most bytes of a segment's payload: an IPv4 packet's length has 16 bits.
const SEGMENT_BYTES: usize = u16::MAX as usize - IP_HEADER_BYTES - TCP_HEADER_BYTES;

/// TCP's number, and its flags (RFC 9293 §3.1).
const TCP: u8 = 6;
const FIN: u8 = 1;
const SYN: u8 = 2;
const PSH: u8 = 8;
const ACK: u8 = 16;

/// The sender of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sender {
    Client,
    Server,
}

/// One connection of a capture.
#[derive(Debug)]
pub(crate) struct Flow {
    capture: Capture,
    segments: Segments,
}

/// The numbers of a connection's segments.
#[derive(Debug)]
struct Segments {
    client_port: u16,
    /// The next sequence number of the client, and of the server.
    next: [u32; 2],
    ended: [bool; 2],
}

impl Flow {
    pub(super) fn begin(capture: Capture, number: u16) -> Self {
        let mut segments = Segments {
            client_port: FIRST_CLIENT_PORT + number % (u16::MAX - FIRST_CLIENT_PORT),
            next: [0; 2],
            ended: [false; 2],
        };
        for packet in segments.open() {
            capture.packet(packet);
        }
        Self { capture, segments }
    }

    /// Takes bytes that were sent.
    pub(super) fn bytes(&mut self, sender: Sender, bytes: &[u8]) {
        for payload in bytes.chunks(SEGMENT_BYTES) {
            let packet = self.segments.next(sender, PSH | ACK, payload);
            self.capture.packet(packet);
        }
    }

    /// Takes the end of a direction.
    pub(super) fn end(&mut self, sender: Sender) {
        if !std::mem::replace(&mut self.segments.ended[sender as usize], true) {
            let packet = self.segments.next(sender, FIN | ACK, &[]);
            self.capture.packet(packet);
        }
    }
}

impl Segments {
    /// Returns the three segments that open a connection (RFC 9293 §3.5).
    fn open(&mut self) -> [Vec<u8>; 3] {
        [
            self.next(Sender::Client, SYN, &[]),
            self.next(Sender::Server, SYN | ACK, &[]),
            self.next(Sender::Client, ACK, &[]),
        ]
    }

    /// Returns the next segment of a direction.
    fn next(&mut self, sender: Sender, flags: u8, payload: &[u8]) -> Vec<u8> {
        let (at, other) = match sender {
            Sender::Client => (0, 1),
            Sender::Server => (1, 0),
        };
        let sequence = self.next[at];
        let acknowledged = if flags & ACK == 0 {
            0
        } else {
            self.next[other]
        };
        // SYN and FIN count as a byte each (RFC 9293 §3.4).
        let counted = payload.len() + usize::from(flags & (SYN | FIN) != 0);
        let counted = u32::try_from(counted).unwrap_or(u32::MAX);
        self.next[at] = sequence.wrapping_add(counted);

        let (client, server) = ((CLIENT, self.client_port), (SERVER, SERVER_PORT));
        let (from, to) = match sender {
            Sender::Client => (client, server),
            Sender::Server => (server, client),
        };
        let mut tcp = Vec::with_capacity(TCP_HEADER_BYTES + payload.len());
        tcp.extend_from_slice(&from.1.to_be_bytes());
        tcp.extend_from_slice(&to.1.to_be_bytes());
        tcp.extend_from_slice(&sequence.to_be_bytes());
        tcp.extend_from_slice(&acknowledged.to_be_bytes());
        // The header's length in words of four bytes, the flags, the window, and room for the
        // checksum; no urgent data.
        tcp.extend_from_slice(&[5 << 4, flags, 0xff, 0xff, 0, 0, 0, 0]);
        tcp.extend_from_slice(payload);
        let length = u16::try_from(tcp.len()).unwrap_or(u16::MAX);
        let pseudo = [&from.0[..], &to.0, &[0, TCP], &length.to_be_bytes()].concat();
        let sum = checksum(&[&pseudo, &tcp]);
        tcp[16..18].copy_from_slice(&sum.to_be_bytes());

        let total = u16::try_from(IP_HEADER_BYTES + tcp.len()).unwrap_or(u16::MAX);
        let [high, low] = total.to_be_bytes();
        // Version 4, five words; do not fragment; 64 hops (RFC 791 §3.1).
        let mut packet = vec![0x45, 0, high, low, 0, 0, 0x40, 0, 64, TCP, 0, 0];
        packet.extend_from_slice(&from.0);
        packet.extend_from_slice(&to.0);
        let sum = checksum(&[&packet]);
        packet[10..12].copy_from_slice(&sum.to_be_bytes());
        packet.extend_from_slice(&tcp);
        packet
    }
}

/// Returns the checksum of these parts (RFC 1071). All but the last have an even length.
fn checksum(parts: &[&[u8]]) -> u16 {
    let mut sum = 0_u64;
    for part in parts {
        for pair in part.chunks(2) {
            let low = pair.get(1).copied().unwrap_or_default();
            sum += u64::from(u16::from_be_bytes([pair[0], low]));
        }
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_follow_the_bytes_and_checksums_are_right() {
        let mut segments = Segments {
            client_port: FIRST_CLIENT_PORT,
            next: [0; 2],
            ended: [false; 2],
        };
        let [syn, answer, last] = segments.open();
        let numbers = |packet: &[u8]| {
            let number = |at: usize| u32::from_be_bytes(packet[at..at + 4].try_into().unwrap());
            (number(24), number(28), packet[33])
        };
        assert_eq!(numbers(&syn), (0, 0, SYN));
        assert_eq!(numbers(&answer), (0, 1, SYN | ACK));
        assert_eq!(numbers(&last), (1, 1, ACK));
        let up = segments.next(Sender::Client, PSH | ACK, b"hello");
        let down = segments.next(Sender::Server, PSH | ACK, &vec![0; SEGMENT_BYTES]);
        let end = segments.next(Sender::Client, FIN | ACK, &[]);
        assert_eq!(numbers(&up), (1, 1, PSH | ACK));
        assert_eq!(numbers(&down), (1, 6, PSH | ACK));
        assert_eq!(numbers(&end), (6, 65_496, FIN | ACK));
        assert_eq!(down.len(), usize::from(u16::MAX));
        for packet in [syn, up, down, end] {
            // A header with its checksum adds up to all ones.
            assert_eq!(checksum(&[&packet[..20]]), 0);
            let length = u16::try_from(packet.len() - 20).unwrap().to_be_bytes();
            let pseudo = [&packet[12..20], &[0, TCP], &length].concat();
            assert_eq!(checksum(&[&pseudo, &packet[20..]]), 0);
        }
    }

    #[test]
    fn the_example_of_rfc_1071_section_3() {
        let bytes = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7];
        assert_eq!(checksum(&[&bytes]), !0xddf2);
    }
}
