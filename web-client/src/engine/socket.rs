//! One WebSocket of the tunnel: bytes out, bytes in, open and closed. It knows no protocol.
//!
//! It lives on the page's own thread, where the browser's developer tools show its frames.

use gloo_events::EventListener;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{BinaryType, CloseEvent, MessageEvent, WebSocket};

/// An event of a socket.
#[derive(Debug)]
pub(super) enum SocketEvent {
    /// The socket is open.
    Opened,
    /// A message with these bytes was received.
    Bytes(Vec<u8>),
    /// The socket has failed. For one that never opened this may be the only event: browsers send
    /// no close event for a socket that the page's policy forbids.
    Failed,
    /// The socket is closed, or never opened.
    Closed {
        /// The close code (RFC 6455 §7.4).
        code: u16,
        /// The peer's reason; may be empty.
        reason: String,
    },
}

/// The kind of messages that carry the bytes, as the tunnel's URL has announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// Text messages: all bytes of v1 are text, and the developer tools show them readable.
    Text,
    /// Binary messages, for v2.
    Binary,
}

/// An open or opening socket; dropping it closes it and silences its events.
#[derive(Debug)]
pub(super) struct Socket {
    inner: WebSocket,
    encoding: Encoding,
    _listeners: [EventListener; 4],
}

impl Socket {
    /// Begins to open `url`.
    ///
    /// # Errors
    /// The browser's words, if it refuses the URL at once.
    pub(super) fn open(
        url: &str,
        encoding: Encoding,
        notify: impl Fn(SocketEvent) + Clone + 'static,
    ) -> Result<Self, String> {
        let socket = WebSocket::new(url).map_err(|error| words(&error))?;
        // Not `Blob`, the default, whose bytes can only be read asynchronously.
        socket.set_binary_type(BinaryType::Arraybuffer);
        let opened = notify.clone();
        let bytes = notify.clone();
        let failed = notify.clone();
        let listeners = [
            EventListener::new(&socket, "open", move |_| opened(SocketEvent::Opened)),
            EventListener::new(&socket, "message", move |event| {
                if let Some(event) = event.dyn_ref::<MessageEvent>() {
                    bytes(SocketEvent::Bytes(payload(&event.data())));
                }
            }),
            EventListener::new(&socket, "error", move |_| failed(SocketEvent::Failed)),
            EventListener::new(&socket, "close", move |event| {
                if let Some(event) = event.dyn_ref::<CloseEvent>() {
                    notify(SocketEvent::Closed {
                        code: event.code(),
                        reason: event.reason(),
                    });
                }
            }),
        ];
        Ok(Self {
            inner: socket,
            encoding,
            _listeners: listeners,
        })
    }

    /// Sends `bytes` as one message.
    ///
    /// # Errors
    /// The browser's words, if the socket is not open.
    pub(super) fn send(&self, bytes: &[u8]) -> Result<(), String> {
        // Checked first, because browsers complain on their console about messages that they do not
        // send.
        if self.inner.ready_state() != WebSocket::OPEN {
            return Err("it is not open".into());
        }
        match (self.encoding, std::str::from_utf8(bytes)) {
            (Encoding::Text, Ok(text)) => self.inner.send_with_str(text),
            _ => self.inner.send_with_u8_array(bytes),
        }
        .map_err(|error| words(&error))
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // Fails only for codes that are not allowed.
        let _ = self.inner.close_with_code(1000);
    }
}

fn payload(data: &JsValue) -> Vec<u8> {
    match data.as_string() {
        // The bytes of v1 are ASCII, so nothing of them is changed on the way through text.
        Some(text) => text.into_bytes(),
        None => js_sys::Uint8Array::new(data).to_vec(),
    }
}

fn words(error: &JsValue) -> String {
    let message = error
        .dyn_ref::<js_sys::Error>()
        .map(|error| String::from(error.message()));
    message.unwrap_or_else(|| "the browser gave no reason".into())
}
