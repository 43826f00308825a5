//! Feeds any bytes to the parsers of the PROXY protocol's header and of the forwarding fields.
#![no_main]

use std::net::IpAddr;

use libfuzzer_sys::fuzz_target;

// The files themselves, because the server as a whole would bring its database and its TLS.
#[path = "../../server/src/proxy/forwarded.rs"]
mod forwarded;
#[path = "../../server/src/proxy/header.rs"]
mod header;

use forwarded::Field;

/// Trusts an eighth of all addresses, so that lists are walked.
fn is_trusted(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.octets()[0] < 32,
        IpAddr::V6(v6) => v6.octets()[0] < 32,
    }
}

/// A header is found in the same way however it is cut, and ends within the bytes and the bound.
fn header(bytes: &[u8]) {
    let whole = header::parse(bytes);
    if let Ok(Some(found)) = whole {
        assert!(found.length <= bytes.len().min(header::MAX_HEADER_BYTES));
        // What follows it changes nothing.
        assert_eq!(header::parse(&bytes[..found.length]), whole);
        let longer = [bytes, b"SC/2\n"].concat();
        assert_eq!(header::parse(&longer), whole);
    }
    for end in 0..bytes.len().min(300) {
        match header::parse(&bytes[..end]) {
            Ok(None) => {}
            // A decision that was taken stays.
            early => return assert_eq!(early, whole),
        }
    }
    if bytes.len() > header::MAX_HEADER_BYTES {
        assert_ne!(whole, Ok(None), "nothing is waited for without an end");
    }
}

/// Checks that a client cannot change the result by what it puts before the address that its proxy
/// appends.
fn fields(text: &str) {
    let client = "203.0.113.7".parse().expect("an address");
    for (field, own) in [
        (Field::XForwardedFor, "203.0.113.7"),
        (Field::Forwarded, "for=203.0.113.7"),
    ] {
        let values: Vec<_> = text.split('\n').map(Some).collect();
        let _ = forwarded::client(field, values.iter().copied(), is_trusted);
        let appended = format!("{text}, {own}");
        let lines = values.iter().copied().chain([Some(own)]);
        let lines: Vec<_> = lines.collect();
        for found in [
            forwarded::client(field, [Some(appended.as_str())].into_iter(), is_trusted),
            forwarded::client(field, lines.into_iter(), is_trusted),
        ] {
            assert_eq!(found, Some((client, None)));
        }
    }
}

fn seeds() -> Vec<Vec<u8>> {
    let v2 = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xcb\0\x71\x07\x0a\0\0\x01\x12\x67\x13\x88";
    [
        &b"PROXY TCP4 203.0.113.7 10.0.0.1 4711 5000\r\nSC/2\n"[..],
        b"PROXY TCP6 2001:db8::7 ::1 4711 5000\r\n",
        b"PROXY UNKNOWN\r\n",
        v2,
        b"for=\"[2001:db8::7]:4711\";proto=https, for=unknown, for=10.0.0.1",
        b"203.0.113.7:80, [fe80::1%25eth0]:80, 10.0.0.1\n10.0.0.2",
    ]
    .map(<[u8]>::to_vec)
    .to_vec()
}

fuzz_target!(init: fuzz::seeds::write(seeds), |data: &[u8]| {
    header(data);
    if let Ok(text) = std::str::from_utf8(data) {
        fields(text);
    }
});
