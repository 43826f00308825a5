//! The TCP segment in a packet. Everything else, and everything that is cut, is passed over.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use pcap_file::DataLink;

/// TCP's number among the protocols over IP.
const TCP: u8 = 6;

const SYN: u8 = 2;
const ACK: u8 = 16;

/// The types of IP in Ethernet's header.
const IPV4: [u8; 2] = [0x08, 0x00];
const IPV6: [u8; 2] = [0x86, 0xdd];

/// An address and a port.
pub(super) type Endpoint = (IpAddr, u16);

/// A TCP segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Segment<'a> {
    pub(super) from: Endpoint,
    pub(super) to: Endpoint,
    pub(super) sequence: u32,
    flags: u8,
    pub(super) payload: &'a [u8],
}

impl Segment<'_> {
    /// Returns `true` for the first segment of a connection.
    pub(super) fn opens(&self) -> bool {
        self.flags & (SYN | ACK) == SYN
    }

    /// Returns `true` for the first segment of a direction.
    pub(super) fn is_first(&self) -> bool {
        self.flags & SYN != 0
    }
}

/// Returns the segment of a packet.
pub(super) fn segment(link: DataLink, packet: &[u8]) -> Option<Segment<'_>> {
    let ip = match link {
        DataLink::RAW => packet,
        DataLink::ETHERNET => behind(packet, 12)?,
        DataLink::LINUX_SLL => behind(packet, 14)?,
        // The type stands first, and twenty bytes are the whole header.
        DataLink::LINUX_SLL2 => {
            let kind = packet.get(..2)?;
            (kind == IPV4 || kind == IPV6).then_some(())?;
            packet.get(20..)?
        }
        _ => return None,
    };
    match ip.first()? >> 4 {
        4 => ipv4(ip),
        6 => ipv6(ip),
        _ => None,
    }
}

/// Returns what is behind a link's header whose last two bytes, the type, stand at `at`.
fn behind(packet: &[u8], at: usize) -> Option<&[u8]> {
    let kind = packet.get(at..at + 2)?;
    (kind == IPV4 || kind == IPV6).then_some(())?;
    packet.get(at + 2..)
}

fn ipv4(packet: &[u8]) -> Option<Segment<'_>> {
    let header: &[u8; 20] = packet.first_chunk()?;
    let length = usize::from(header[0] & 0x0f) * 4;
    let total = usize::from(u16::from_be_bytes([header[2], header[3]]));
    // A fragment has no header of its own.
    let fragment = u16::from_be_bytes([header[6], header[7]]) & 0x3fff != 0;
    if header[9] != TCP || fragment || length < header.len() {
        return None;
    }
    let address = |at: usize| {
        let bytes: [u8; 4] = header[at..at + 4].try_into().ok()?;
        Some(IpAddr::V4(Ipv4Addr::from(bytes)))
    };
    // Ethernet pads short packets; a capture may have less than the packet had.
    let end = if total == 0 {
        packet.len()
    } else {
        total.min(packet.len())
    };
    tcp(address(12)?, address(16)?, packet.get(length..end)?)
}

fn ipv6(packet: &[u8]) -> Option<Segment<'_>> {
    let header: &[u8; 40] = packet.first_chunk()?;
    if header[6] != TCP {
        return None;
    }
    let address = |at: usize| {
        let bytes: [u8; 16] = header[at..at + 16].try_into().ok()?;
        Some(IpAddr::V6(Ipv6Addr::from(bytes)))
    };
    let length = usize::from(u16::from_be_bytes([header[4], header[5]]));
    let end = if length == 0 {
        packet.len()
    } else {
        (40 + length).min(packet.len())
    };
    tcp(address(8)?, address(24)?, packet.get(40..end)?)
}

fn tcp(from: IpAddr, to: IpAddr, segment: &[u8]) -> Option<Segment<'_>> {
    let header: &[u8; 20] = segment.first_chunk()?;
    let length = usize::from(header[12] >> 4) * 4;
    if length < header.len() {
        return None;
    }
    let port = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
    Some(Segment {
        from: (from, port(0)),
        to: (to, port(2)),
        sequence: u32::from_be_bytes([header[4], header[5], header[6], header[7]]),
        flags: header[13],
        payload: segment.get(length..)?,
    })
}

#[cfg(test)]
pub(super) fn example(sequence: u32, flags: u8, payload: &[u8]) -> Segment<'_> {
    let end = (IpAddr::V4(Ipv4Addr::LOCALHOST), 1);
    Segment {
        from: end,
        to: end,
        sequence,
        flags,
        payload,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw() -> Vec<u8> {
        let mut packet = vec![
            0x45, 0, 0, 43, 0, 0, 0x40, 0, 64, TCP, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2,
        ];
        packet.extend([
            0xc0, 0, 0x13, 0x88, 0, 0, 0, 7, 0, 0, 0, 0, 0x50, ACK, 0, 0, 0, 0, 0, 0,
        ]);
        packet.extend(b"abc");
        packet
    }

    #[test]
    fn segments_are_found_behind_every_link_and_padding_is_left_out() {
        let raw = raw();
        let expected = segment(DataLink::RAW, &raw).unwrap();
        assert_eq!((expected.sequence, expected.payload), (7, &b"abc"[..]));
        assert_eq!((expected.from.1, expected.to.1), (0xc000, 5000));
        let padded = [&raw[..], &[0; 6]].concat();
        assert_eq!(segment(DataLink::RAW, &padded), Some(expected));
        let ethernet = [&[0; 12][..], &IPV4, &raw].concat();
        assert_eq!(segment(DataLink::ETHERNET, &ethernet), Some(expected));
        let cooked = [&[0; 14][..], &IPV4, &raw].concat();
        assert_eq!(segment(DataLink::LINUX_SLL, &cooked), Some(expected));
        let cooked = [&IPV4[..], &[0; 18], &raw].concat();
        assert_eq!(segment(DataLink::LINUX_SLL2, &cooked), Some(expected));
        let mut ipv6 = vec![0x60, 0, 0, 0, 0, 23, TCP, 64];
        ipv6.extend([1; 32]);
        ipv6.extend(&raw[20..]);
        assert_eq!(segment(DataLink::RAW, &ipv6).unwrap().payload, b"abc");
    }

    #[test]
    fn a_packet_that_is_cut_or_changed_gives_no_panic() {
        let raw = raw();
        for length in 0..raw.len() {
            let cut = segment(DataLink::RAW, &raw[..length]);
            assert!(cut.is_none_or(|it| it.payload.len() < 3), "{length}");
            for bit in 0..8 {
                let mut changed = raw.clone();
                changed[length] ^= 1 << bit;
                let _ = segment(DataLink::RAW, &changed);
            }
        }
        assert_eq!(segment(DataLink::ETHERNET, &raw), None);
        assert_eq!(segment(DataLink::USB_LINUX, &raw), None);
    }
}
