//! A stream whose bytes go into a capture, too.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::packets::{Flow, Sender};
use crate::transport::Stream;

/// A stream that is captured, if there is a capture.
pub(crate) struct Tap {
    stream: Box<dyn Stream>,
    flow: Option<Flow>,
}

impl Tap {
    /// Returns the stream, whose bytes go into `flow` as well.
    pub(crate) fn new(stream: Box<dyn Stream>, flow: Option<Flow>) -> Self {
        Self { stream, flow }
    }
}

impl AsyncRead for Tap {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let room = buffer.remaining() > 0;
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        if let Some(flow) = &mut self.flow {
            match &buffer.filled()[before..] {
                [] if room => flow.end(Sender::Server),
                bytes => flow.bytes(Sender::Server, bytes),
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Tap {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(context, buffer))?;
        if let Some(flow) = &mut self.flow {
            flow.bytes(Sender::Client, &buffer[..written]);
        }
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_shutdown(context))?;
        if let Some(flow) = &mut self.flow {
            flow.end(Sender::Client);
        }
        Poll::Ready(Ok(()))
    }
}
