//! The bytes that wait to be written, and the steps that follow them.

use std::io;

use tokio::io::{AsyncWrite, AsyncWriteExt};

/// The number of bytes that may wait to be written before no more messages are sealed.
pub(super) const OUTPUT_BYTES: usize = 64 * 1024;

/// The bytes that wait to be written, and the steps that follow them.
#[derive(Default)]
pub(super) struct Output {
    bytes: Vec<u8>,
    written: usize,
    flush_due: bool,
    pub(super) shutdown_due: bool,
}

impl Output {
    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len() - self.written
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        // Not with every push, because each move copies the bytes that are not written yet.
        if self.is_empty() || self.written >= OUTPUT_BYTES {
            self.bytes.drain(..self.written);
            self.written = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    pub(super) fn wants(&self) -> bool {
        !self.is_empty() || self.flush_due || self.shutdown_due
    }

    /// Performs one due step. Cancel safe: nothing is lost if this is dropped before it is done.
    pub(super) async fn step(&mut self, writer: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
        // The order matters: a stream is flushed when all is written, and ended when all is
        // flushed.
        if !self.is_empty() {
            let written = writer.write(&self.bytes[self.written..]).await?;
            // A writer that takes nothing of what is there would be asked again for ever.
            if written == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            self.written += written;
            self.flush_due = true;
        } else if self.flush_due {
            writer.flush().await?;
            self.flush_due = false;
        } else if self.shutdown_due {
            writer.shutdown().await?;
            self.shutdown_due = false;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;

    #[tokio::test]
    async fn output_keeps_its_order_and_does_not_grow_while_it_is_never_empty() {
        /// The bytes that the stream takes at once.
        const TAKEN: usize = 256;
        let (mut near, mut far) = tokio::io::duplex(TAKEN);
        let mut output = Output::default();
        let mut sent = Vec::new();
        let mut received = Vec::new();
        for round in 0..2_000_u32 {
            let piece = round.to_le_bytes().repeat(128);
            sent.extend_from_slice(&piece);
            output.push(&piece);
            while output.len() > TAKEN {
                output.step(&mut near).await.unwrap();
                let mut buffer = [0; TAKEN];
                let length = far.read(&mut buffer).await.unwrap();
                received.extend_from_slice(&buffer[..length]);
            }
            assert!(!output.is_empty());
            assert!(output.bytes.len() < 2 * OUTPUT_BYTES, "in round {round}");
        }
        output.shutdown_due = true;
        let writing = async {
            while output.wants() {
                output.step(&mut near).await.unwrap();
            }
        };
        let ((), read) = tokio::join!(writing, far.read_to_end(&mut received));
        read.unwrap();
        assert!(
            received == sent,
            "{} of {} bytes",
            received.len(),
            sent.len()
        );
    }
}
