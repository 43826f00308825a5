//! The first bytes of a connection, which tell HTTP from every protocol that reaches the wrong
//! port.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

use crate::rewound::Rewound;

/// The longest method of a request that is looked at, in bytes. RFC 9110 §9.1 has none longer than
/// `OPTIONS`, and the registry none longer than this.
const METHOD_BYTES: usize = 20;

/// Reads the bytes that tell whether a stream is HTTP. Returns `true` if it is, and the stream with
/// all its bytes.
pub(super) async fn is_http<S: AsyncRead + Unpin>(mut stream: S) -> io::Result<(bool, Rewound<S>)> {
    let mut first = Vec::with_capacity(METHOD_BYTES);
    let verdict = loop {
        if let Some(verdict) = judge(&first) {
            break verdict;
        }
        // A small buffer: everything that is read here has to be kept and given out again.
        let mut more = [0; METHOD_BYTES];
        let length = stream.read(&mut more).await?;
        if length == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        first.extend_from_slice(&more[..length]);
    };
    Ok((verdict, Rewound::new(first, stream)))
}

/// Decides by its first bytes whether a stream is HTTP. A request begins with a method in capital
/// letters and a space (RFC 9112 §3), or with an empty line that is skipped (§2.2). `None` if there
/// are too few bytes.
fn judge(first: &[u8]) -> Option<bool> {
    let letters = first.iter().take_while(|byte| byte.is_ascii_uppercase());
    let letters = letters.count();
    match first.get(letters) {
        Some(b'\r' | b'\n') if letters == 0 => Some(true),
        Some(b' ') => Some(letters > 0),
        Some(_) => Some(false),
        None if letters >= METHOD_BYTES => Some(false),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_told_from_other_protocols_at_any_cut() {
        for request in [
            "GET / HTTP/1.1\r\n",
            "PROPFIND /",
            "\r\nGET /",
            "PRI * HTTP/2.0",
        ] {
            let cut = (0..request.len()).find_map(|end| judge(&request.as_bytes()[..end]));
            assert_eq!(cut, Some(true), "{request:?}");
        }
        for other in [
            "{\"enc_session\"",
            "SC/2\n",
            "\u{16}\u{3}\u{1}",
            "Secret",
            " GET",
            "hello",
        ] {
            let cut = (0..=other.len()).find_map(|end| judge(&other.as_bytes()[..end]));
            assert_eq!(cut, Some(false), "{other:?}");
        }
        assert_eq!(judge(&[b'A'; METHOD_BYTES]), Some(false));
    }

    #[tokio::test]
    async fn nothing_of_the_stream_is_lost() {
        let (is_http, mut stream) = is_http(&b"GET / HTTP/1.1\r\n\r\n"[..]).await.unwrap();
        assert!(is_http);
        let mut all = String::new();
        stream.read_to_string(&mut all).await.unwrap();
        assert_eq!(all, "GET / HTTP/1.1\r\n\r\n");
    }
}
