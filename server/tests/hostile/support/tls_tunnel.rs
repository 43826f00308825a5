//! The tunnel over TLS, as browsers open it.

use std::io::{self, Read, Write};
use std::net::TcpStream;

use super::client::Wire;
use super::tls::Tls;
use super::websocket::{frame, upgrade_head};

/// The client's end of a tunnel over TLS: writes frames, and reads their content.
pub(crate) struct TlsTunnel {
    stream: Tls,
    incoming: Vec<u8>,
}

impl TlsTunnel {
    /// Opens a tunnel under this host, with further header lines.
    pub(crate) fn open(mut stream: Tls, host: &str, more: &str) -> Self {
        let head = upgrade_head(host, "", more)
            .trim_end()
            .replace('\n', "\r\n");
        stream
            .write_all(format!("{head}\r\n\r\n").as_bytes())
            .unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            assert_eq!(stream.read(&mut byte).unwrap(), 1, "{answer:?}");
            answer.push(byte[0]);
        }
        let answer = String::from_utf8(answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 101"), "{answer}");
        let incoming = Vec::new();
        Self { stream, incoming }
    }
}

impl Wire for TlsTunnel {
    fn tcp(&self) -> &TcpStream {
        &self.stream.sock
    }
}

impl Write for TlsTunnel {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let frame = frame(true, 2, bytes);
        self.stream.write_all(&frame).map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

impl Read for TlsTunnel {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.incoming.is_empty() {
            let mut head = [0; 2];
            self.stream.read_exact(&mut head)?;
            let mut length = u64::from(head[1]);
            if let Some(bytes) = [126, 127].iter().position(|mark| *mark == head[1]) {
                let mut long = [0; 8];
                let from = [6, 0][bytes];
                self.stream.read_exact(&mut long[from..])?;
                length = u64::from_be_bytes(long);
            }
            let mut payload = vec![0; usize::try_from(length).unwrap()];
            self.stream.read_exact(&mut payload)?;
            // Pings of the server are no content; a close is the end.
            match head[0] & 0x0f {
                8 => return Ok(0),
                2 => self.incoming = payload,
                _ => return self.read(buffer),
            }
        }
        let length = buffer.len().min(self.incoming.len());
        buffer[..length].copy_from_slice(&self.incoming[..length]);
        self.incoming.drain(..length);
        Ok(length)
    }
}
