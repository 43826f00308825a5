//! HTTP and WebSocket by hand: an attacker sends bytes that no library would send.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};

use super::client::{Wire, connect};

/// Opcodes of RFC 6455 §5.2.
pub(crate) const CONTINUATION: u8 = 0;
pub(crate) const TEXT: u8 = 1;
pub(crate) const BINARY: u8 = 2;
pub(crate) const CLOSE: u8 = 8;
pub(crate) const PING: u8 = 9;
pub(crate) const PONG: u8 = 10;

/// A response of the HTTP listener.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Response {
    /// Returns the value of a header, or an empty text.
    pub(crate) fn header(&self, name: &str) -> &str {
        let values = self.head.lines().filter_map(|line| line.split_once(": "));
        let mut values = values.filter(|(header, _)| header.eq_ignore_ascii_case(name));
        values.next().map_or("", |(_, value)| value)
    }
}

/// Reads one response; with `has_body`, as much body as it announces.
pub(crate) fn read_response(stream: &mut impl Read, has_body: bool) -> Response {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        // Reads on after a signal, such as that of a machine that was suspended.
        let read = stream.read_exact(&mut byte);
        read.unwrap_or_else(|error| panic!("the end instead of a response: {error}"));
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let mut response = Response {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        head,
        body: String::new(),
    };
    if has_body {
        let mut body = vec![0; response.header("content-length").parse().unwrap_or(0)];
        stream.read_exact(&mut body).unwrap();
        response.body = String::from_utf8_lossy(&body).into_owned();
    }
    response
}

/// Sends `head` (lines ended by `
/// `, without the empty one) and reads the response.
pub(crate) fn ask(address: SocketAddr, head: &str) -> Response {
    ask_over(&mut connect(address), head)
}

/// Sends such a head over a stream and reads the response.
pub(crate) fn ask_over(stream: &mut (impl Read + Write), head: &str) -> Response {
    write_head(stream, head);
    read_response(stream, !head.starts_with("HEAD"))
}

/// Writes the head of a request.
pub(crate) fn write_head(stream: &mut impl Write, head: &str) {
    let head = format!("{}\r\n\r\n", head.trim_end().replace('\n', "\r\n"));
    stream.write_all(head.as_bytes()).unwrap();
}

/// Returns the head of a correct request for the tunnel, with further header lines.
pub(crate) fn upgrade_head(host: &str, query: &str, more: &str) -> String {
    format!(
        "GET /ws{query} HTTP/1.1\nHost: {host}\nConnection: Upgrade\nUpgrade: websocket\n\
         Sec-WebSocket-Version: 13\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n{more}"
    )
}

/// A received WebSocket frame.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) opcode: u8,
    pub(crate) payload: Vec<u8>,
}

/// The client's end of a tunnel. As a stream, it splices the messages.
pub(crate) struct WebSocket {
    pub(crate) stream: TcpStream,
    encoding: u8,
    incoming: Vec<u8>,
    /// The code of the close frame, after it was received.
    pub(crate) closed: Option<u16>,
}

impl WebSocket {
    /// Opens a tunnel of this encoding.
    pub(crate) fn open(address: SocketAddr, encoding: &str) -> Self {
        let mut stream = connect(address);
        let query = format!("?encoding={encoding}");
        write_head(&mut stream, &upgrade_head(&address.to_string(), &query, ""));
        Self::after_upgrade(stream, encoding)
    }

    /// Opens a tunnel under this host, with further header lines, as a proxy does.
    pub(crate) fn open_as(address: SocketAddr, host: &str, more: &str) -> Self {
        let mut stream = connect(address);
        write_head(&mut stream, &upgrade_head(host, "", more));
        Self::after_upgrade(stream, "binary")
    }

    /// Reads the response to an upgrade that was requested on `stream`.
    pub(crate) fn after_upgrade(mut stream: TcpStream, encoding: &str) -> Self {
        let response = read_response(&mut stream, false);
        assert_eq!(response.status, 101, "{response:?}");
        // RFC 6455 §1.3 computes this value for the key above.
        let accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
        assert_eq!(response.header("sec-websocket-accept"), accept);
        Self {
            stream,
            encoding: if encoding == "text" { TEXT } else { BINARY },
            incoming: Vec::new(),
            closed: None,
        }
    }

    /// Sends one frame.
    pub(crate) fn send(&mut self, last: bool, opcode: u8, payload: &[u8]) {
        self.stream
            .write_all(&frame(last, opcode, payload))
            .unwrap();
    }

    /// Returns the next frame; `None` at the stream's end.
    pub(crate) fn next_frame(&mut self) -> io::Result<Option<Frame>> {
        let mut head = [0; 2];
        match self.stream.read_exact(&mut head) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            result => result?,
        }
        assert_eq!(head[0] & 0x80, 0x80, "the server does not fragment");
        let length = match head[1] {
            126 => {
                let mut length = [0; 2];
                self.stream.read_exact(&mut length)?;
                u64::from(u16::from_be_bytes(length))
            }
            127 => {
                let mut length = [0; 8];
                self.stream.read_exact(&mut length)?;
                u64::from_be_bytes(length)
            }
            length => length.into(),
        };
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        self.stream.read_exact(&mut payload)?;
        Ok(Some(Frame {
            opcode: head[0] & 0x0f,
            payload,
        }))
    }

    /// Reads up to the close frame and returns its code. The stream must then end, not break.
    pub(crate) fn receive_close(&mut self) -> u16 {
        while self.closed.is_none() {
            let mut ignored = [0; 1024];
            let read = self.read(&mut ignored).unwrap();
            assert!(read > 0 || self.closed.is_some(), "an end without a close");
        }
        // RFC 6455 §5.5.1 forbids data after a close; an answer to a ping may still be under way.
        while let Some(frame) = self.next_frame().unwrap() {
            assert_eq!(frame.opcode, PONG, "{frame:?}");
        }
        self.closed.unwrap()
    }
}

/// Returns a masked frame (RFC 6455 §5.2).
pub(crate) fn frame(last: bool, opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![u8::from(last) << 7 | opcode];
    match payload.len() {
        length @ 0..126 => frame.push(0x80 | u8::try_from(length).unwrap()),
        length @ 126..65536 => {
            frame.push(0x80 | 0x7e);
            frame.extend_from_slice(&u16::try_from(length).unwrap().to_be_bytes());
        }
        length => {
            frame.push(0x80 | 0x7f);
            frame.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    let mask = [0x12, 0x34, 0x56, 0x78];
    frame.extend_from_slice(&mask);
    frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(a, b)| a ^ b));
    frame
}

impl Wire for WebSocket {
    fn tcp(&self) -> &TcpStream {
        &self.stream
    }
}

impl Write for WebSocket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.write_all(&frame(true, self.encoding, bytes))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for WebSocket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.incoming.is_empty() && self.closed.is_none() {
            let Some(frame) = self.next_frame()? else {
                return Ok(0);
            };
            match frame.opcode {
                CLOSE => {
                    let code = frame.payload.first_chunk().copied();
                    self.closed = Some(code.map_or(1005, u16::from_be_bytes));
                    // The server waits for this answer, but perhaps not any more.
                    let _ = self
                        .stream
                        .write_all(&self::frame(true, CLOSE, &frame.payload));
                }
                PING => self.send(true, PONG, &frame.payload),
                PONG => {}
                opcode => {
                    assert_eq!(opcode, self.encoding);
                    self.incoming = frame.payload;
                }
            }
        }
        let length = buffer.len().min(self.incoming.len());
        for (place, byte) in buffer.iter_mut().zip(self.incoming.drain(..length)) {
            *place = byte;
        }
        Ok(length)
    }
}
