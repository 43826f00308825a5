//! The next thing that is due on a connection: an event, an answer, or the end.

use std::sync::Arc;

use futures_util::{FutureExt, StreamExt};
use shared::chat::operator::LogLine;
use shared::error::ErrorCode;
use tokio::time::Instant;

use super::{Listening, MAX_PENDING, REPLY_BYTES, Session};
use crate::operators::Follower;

/// The next thing to do on a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Due {
    /// A plaintext is to be sent.
    Text(Arc<str>),
    /// The session may be given more plaintexts again.
    Resume,
    /// The connection asked to end, and everything before that is sent.
    Quit,
    /// The connection was ended or evicted, and is told why.
    Ended(ErrorCode),
}

impl Session {
    /// Waits for the next thing that is due.
    ///
    /// Cancel safe: nothing is lost if the future is dropped.
    pub async fn next(&mut self) -> Due {
        loop {
            if let Some(text) = self.inbox.try_next() {
                return Due::Text(text);
            }
            if self.listening == Listening::Quit {
                return Due::Quit;
            }
            self.continue_catch_up();
            // Remembered from before the wait, to see that a completed request has made place. When
            // nothing woke the connection then, a message behind 300 `read` had no ack for 20 s.
            let wanted = self.wants_more();
            let is_silent = self.mode.is_none() && self.listening == Listening::Yes;
            tokio::select! {
                // Events go before the answers that were caused after them.
                biased;
                text = self.inbox.next() => {
                    let Some(text) = text else {
                        let id = self.requester.connection;
                        return Due::Ended(self.hub.directory().take_end(id));
                    };
                    return Due::Text(text);
                },
                Some(completed) = self.pending.next(), if !self.pending.is_empty() => {
                    self.complete(completed);
                    // A driver that waits only for something to send would never read again.
                    if !wanted && self.wants_more() {
                        return Due::Resume;
                    }
                }
                // Last among what is sent: a busy log must not delay the chat.
                lines = next_lines(self.log.as_mut()) => self.log_lines(lines),
                () = tokio::time::sleep_until(self.greet_at), if is_silent => self.become_plain(),
                // A ban that failed. Waited for also when no hold is set: one may have ended since it
                // was last looked at.
                () = self.requester.hold.released() => return Due::Resume,
                () = sleep_until(self.paused_until), if self.paused_until.is_some() => {
                    self.paused_until = None;
                    return Due::Resume;
                }
            }
        }
    }

    /// Returns a plaintext that waits already.
    pub fn try_next(&mut self) -> Option<Arc<str>> {
        loop {
            if let Some(text) = self.inbox.try_next() {
                return Some(text);
            }
            // Many requests may be done at once: their answers go together.
            let completed = self.pending.next().now_or_never()??;
            self.complete(completed);
        }
    }

    /// Returns `true` if the connection's next plaintext may be handled. While it is `false`
    /// neither the stream nor the plaintexts that were read already are looked at.
    pub fn wants_more(&self) -> bool {
        self.pending.len() < MAX_PENDING
            && !self.plain.is_full()
            && self.reserved + self.requester.outbox.reply_bytes() < REPLY_BYTES
            && self.listening == Listening::Yes
            && self.paused_until.is_none()
            && !self.requester.hold.is_set()
    }

    /// Waits for what is still due on a connection that says nothing more. Returns `None` when all
    /// that it has said is durable and broadcast.
    pub async fn farewell(&mut self) -> Option<Arc<str>> {
        loop {
            if let Some(text) = self.try_next() {
                return Some(text);
            }
            let completed = self.pending.next().await?;
            self.complete(completed);
        }
    }

    /// Waits until all requests are done.
    #[cfg(test)]
    pub(in crate::hub) async fn settle(&mut self) {
        while let Some(completed) = self.pending.next().await {
            self.complete(completed);
        }
    }

    fn log_lines(&mut self, lines: Option<(Vec<LogLine>, u64)>) {
        match lines {
            // Their rights may have ended since they began to follow it.
            Some((lines, missed)) if self.requester.is_operator() => {
                self.requester.send_log(lines, missed);
            }
            _ => self.log = None,
        }
    }
}

async fn next_lines(log: Option<&mut Follower>) -> Option<(Vec<LogLine>, u64)> {
    match log {
        Some(log) => log.next().await,
        None => std::future::pending().await,
    }
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
