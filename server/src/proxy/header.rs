//! The header of the PROXY protocol, versions 1 and 2, at the start of a stream. The crate `ppp`
//! parses it; here are the bounds, and the decision which headers are taken.

use std::net::{IpAddr, SocketAddr};

use ppp::{v1, v2};
use thiserror::Error;

/// The most bytes of a header. Version 1 has 107 at most; version 2 could have 64 KiB of further
/// values, of which proxies send a few hundred bytes.
pub const MAX_HEADER_BYTES: usize = 2048;

/// A header that was read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// The client; `None` if the proxy speaks for itself, as its health checks do.
    pub client: Option<SocketAddr>,
    /// The bytes of the header, behind which the stream's own begin.
    pub length: usize,
}

/// A start of a stream that is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum HeaderError {
    /// The stream begins with something else.
    #[error("the proxy's peer sends no PROXY header")]
    Missing,
    /// The header is longer than [`MAX_HEADER_BYTES`].
    #[error("the PROXY header has more than {MAX_HEADER_BYTES} bytes")]
    TooLong,
    /// The header breaks the protocol's rules.
    #[error("the PROXY header is malformed")]
    Malformed,
    /// The header is about Unix sockets or datagrams.
    #[error("the PROXY header is about another family than TCP over IPv4 or IPv6")]
    Family,
}

/// The first bytes of version 1.
const V1: &[u8] = b"PROXY ";

/// The most bytes of version 1, with its end (§2.1).
const V1_BYTES: usize = 107;

/// The bytes of version 2 before its addresses.
const V2_BYTES: usize = 16;

/// Parses the header at the start of a stream; `None` if more bytes are needed.
///
/// # Errors
/// The reason for which no number of further bytes would help.
pub fn parse(bytes: &[u8]) -> Result<Option<Header>, HeaderError> {
    let begins = |prefix: &[u8]| {
        let length = prefix.len().min(bytes.len());
        prefix[..length] == bytes[..length]
    };
    // Only whole headers are given to the crate: it takes some of version 1 that are cut for broken
    // ones (before the second port, `ppp` 2.3).
    if begins(V1) {
        let Some(header) = whole_v1(bytes)? else {
            return Ok(None);
        };
        let length = header.len();
        let header = v1::Header::try_from(header).map_err(|_| HeaderError::Malformed)?;
        let client = client_of_v1(header.addresses);
        Ok(Some(Header { client, length }))
    } else if begins(v2::PROTOCOL_PREFIX) {
        let Some(header) = whole_v2(bytes)? else {
            return Ok(None);
        };
        let length = header.len();
        let header = v2::Header::try_from(header).map_err(|_| HeaderError::Malformed)?;
        let client = client_of_v2(&header)?;
        Ok(Some(Header { client, length }))
    } else {
        Err(HeaderError::Missing)
    }
}

/// Returns the line that is version 1. A carriage return without a line feed is refused: the crate
/// takes it for the line's end, and would leave the rest of the line to the session.
fn whole_v1(bytes: &[u8]) -> Result<Option<&[u8]>, HeaderError> {
    let most = &bytes[..bytes.len().min(V1_BYTES)];
    let end = most.iter().position(|&byte| byte == b'\r');
    match end.map(|end| (end + 2, most.get(end + 1))) {
        Some((length, Some(b'\n'))) => Ok(most.get(..length)),
        Some((_, Some(_))) => Err(HeaderError::Malformed),
        Some((_, None)) | None if most.len() < V1_BYTES => Ok(None),
        Some((_, None)) | None => Err(HeaderError::TooLong),
    }
}

/// Returns the bytes that version 2 announces. One that is too long is refused before they have come.
fn whole_v2(bytes: &[u8]) -> Result<Option<&[u8]>, HeaderError> {
    let Some(&[high, low]) = bytes.get(V2_BYTES - 2..V2_BYTES) else {
        return Ok(None);
    };
    let length = V2_BYTES + usize::from(u16::from_be_bytes([high, low]));
    if length > MAX_HEADER_BYTES {
        return Err(HeaderError::TooLong);
    }
    Ok(bytes.get(..length))
}

fn client_of_v1(addresses: v1::Addresses) -> Option<SocketAddr> {
    match addresses {
        v1::Addresses::Tcp4(ip) => Some((IpAddr::from(ip.source_address), ip.source_port).into()),
        v1::Addresses::Tcp6(ip) => Some((IpAddr::from(ip.source_address), ip.source_port).into()),
        v1::Addresses::Unknown => None,
    }
}

fn client_of_v2(header: &v2::Header<'_>) -> Result<Option<SocketAddr>, HeaderError> {
    // The addresses of LOCAL have no meaning (§2.2).
    if header.command == v2::Command::Local {
        return Ok(None);
    }
    match (header.protocol, header.addresses) {
        (v2::Protocol::Stream, v2::Addresses::IPv4(ip)) => Ok(Some(
            (IpAddr::from(ip.source_address), ip.source_port).into(),
        )),
        (v2::Protocol::Stream, v2::Addresses::IPv6(ip)) => Ok(Some(
            (IpAddr::from(ip.source_address), ip.source_port).into(),
        )),
        (v2::Protocol::Unspecified, v2::Addresses::Unspecified) => Ok(None),
        _ => Err(HeaderError::Family),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a header of version 2 with this command, family and rest.
    fn v2_header(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let length = u16::try_from(rest.len()).unwrap().to_be_bytes();
        [v2::PROTOCOL_PREFIX, &[command, family], &length, rest].concat()
    }

    fn v4_addresses() -> Vec<u8> {
        vec![203, 0, 113, 7, 10, 0, 0, 1, 0x12, 0x67, 0x13, 0x88]
    }

    fn client(bytes: &[u8]) -> Result<Option<String>, HeaderError> {
        let header = parse(bytes)?.unwrap();
        assert_eq!(header.length, bytes.len());
        Ok(header.client.map(|client| client.to_string()))
    }

    #[test]
    fn both_versions_name_the_client() {
        let client = |bytes: &[u8]| client(bytes).unwrap().unwrap();
        let v1 = b"PROXY TCP4 203.0.113.7 10.0.0.1 4711 5000\r\n";
        assert_eq!(client(v1), "203.0.113.7:4711");
        let v1 = b"PROXY TCP6 2001:db8::7 ::1 4711 5000\r\n";
        assert_eq!(client(v1), "[2001:db8::7]:4711");
        let v2 = v2_header(0x21, 0x11, &v4_addresses());
        assert_eq!(client(&v2), "203.0.113.7:4711");
        let mut v6 = vec![0x20, 1, 0x0d, 0xb8];
        v6.extend([0; 11]);
        v6.push(7);
        v6.extend([0; 16]);
        v6.extend([0x12, 0x67, 0, 1]);
        assert_eq!(client(&v2_header(0x21, 0x21, &v6)), "[2001:db8::7]:4711");
        // Further values stand behind the addresses.
        let more = [&v4_addresses()[..], &[0x04, 0, 3, 1, 2, 3]].concat();
        assert_eq!(client(&v2_header(0x21, 0x11, &more)), "203.0.113.7:4711");
    }

    #[test]
    fn a_proxy_that_speaks_for_itself_names_nobody() {
        assert_eq!(client(b"PROXY UNKNOWN\r\n"), Ok(None));
        assert_eq!(client(b"PROXY UNKNOWN ::1 ::1 1 2\r\n"), Ok(None));
        assert_eq!(client(&v2_header(0x20, 0x00, &[])), Ok(None));
        assert_eq!(client(&v2_header(0x20, 0x11, &v4_addresses())), Ok(None));
        assert_eq!(client(&v2_header(0x21, 0x00, &[])), Ok(None));
    }

    #[test]
    fn a_header_that_is_cut_anywhere_waits_for_its_rest() {
        let v1 = b"PROXY TCP4 203.0.113.7 10.0.0.1 4711 5000\r\n".to_vec();
        let v2 = v2_header(0x21, 0x11, &v4_addresses());
        for header in [v1, v2] {
            for end in 0..header.len() {
                assert_eq!(parse(&header[..end]), Ok(None), "{end}");
            }
            // The stream's own bytes are not the header's.
            let more = [&header[..], b"SC/2\n"].concat();
            assert_eq!(parse(&more).unwrap().unwrap().length, header.len());
        }
    }

    #[test]
    fn other_families_missing_huge_and_broken_headers_are_refused() {
        for (bytes, expected) in [
            (b"SC/2\n".to_vec(), HeaderError::Missing),
            (b"{\"enc_session\"".to_vec(), HeaderError::Missing),
            (b"\x16\x03\x01".to_vec(), HeaderError::Missing),
            (b"PROXX".to_vec(), HeaderError::Missing),
            (b"\r\n\r\nGET".to_vec(), HeaderError::Missing),
            (
                b"PROXY UDP4 1.1.1.1 1.1.1.1 1 1\r\n".to_vec(),
                HeaderError::Malformed,
            ),
            // Found by the fuzzer: a lone carriage return is no end.
            (
                b"PROXY UNKNOWN \n\rN XY\r\n".to_vec(),
                HeaderError::Malformed,
            ),
            (
                b"PROXY TCP4 ::1 ::1 1 1\r\n".to_vec(),
                HeaderError::Malformed,
            ),
            (
                b"PROXY TCP4 1.1.1.1 1.1.1.1 1 99999\r\n".to_vec(),
                HeaderError::Malformed,
            ),
            (
                b"PROXY TCP4 1.1.1.1 1.1.1.1 -1 1\r\n".to_vec(),
                HeaderError::Malformed,
            ),
            (v2_header(0x21, 0x12, &v4_addresses()), HeaderError::Family),
            (v2_header(0x21, 0x31, &[b'/'; 216]), HeaderError::Family),
            (
                v2_header(0x11, 0x11, &v4_addresses()),
                HeaderError::Malformed,
            ),
            (
                v2_header(0x22, 0x11, &v4_addresses()),
                HeaderError::Malformed,
            ),
            (v2_header(0x21, 0x11, &[1, 2]), HeaderError::Malformed),
            (
                v2_header(0x21, 0x11, &vec![0; 60_000])[..16].to_vec(),
                HeaderError::TooLong,
            ),
        ] {
            assert_eq!(parse(&bytes), Err(expected), "{bytes:?}");
        }
        let endless = [V1, &[b'1'; 3000]].concat();
        assert_eq!(parse(&endless), Err(HeaderError::TooLong));
    }
}
