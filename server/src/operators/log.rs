//! The live log: what the server's log says, for the operators who follow it.
//!
//! It must not feed itself: nothing of at least level `info` is logged for what is told to a
//! client, and below that, or of other crates, nothing is taken.

use std::fmt::{self, Write};
use std::time::SystemTime;

use shared::chat::operator::{LogLevel, LogLine};
use tokio::sync::broadcast::{self, error::RecvError, error::TryRecvError};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

use crate::system;

/// Lines that wait for an operator who reads slowly; older ones are counted as missed.
const LINES: usize = 256;

/// Lines of one message. With [`CHARACTERS`] they fit a message of v2, whatever is in them.
const LINES_TOGETHER: usize = 10;

/// Longest line in characters, at most four bytes each; the rest is cut off.
const CHARACTERS: usize = 1000;

/// Our own crates' events.
const TARGETS: [&str; 2] = ["secure_chat_server", "shared"];

/// The source of the lines, a layer of the log itself. Without a follower it does nothing.
#[derive(Debug, Clone)]
pub struct Log(broadcast::Sender<LogLine>);

impl Default for Log {
    fn default() -> Self {
        Self(broadcast::Sender::new(LINES))
    }
}

impl Log {
    /// Follows everything that is logged from now on.
    pub(crate) fn follow(&self) -> Follower {
        Follower(self.0.subscribe())
    }
}

/// One operator's view of the log.
#[derive(Debug)]
pub(crate) struct Follower(broadcast::Receiver<LogLine>);

impl Follower {
    /// Returns lines as soon as there are some, and how many were missed.
    /// `None` when there will be nothing any more.
    ///
    /// Cancel safe.
    pub(crate) async fn next(&mut self) -> Option<(Vec<LogLine>, u64)> {
        let (mut lines, mut missed) = (Vec::new(), 0);
        match self.0.recv().await {
            Ok(line) => lines.push(line),
            Err(RecvError::Lagged(lines)) => missed = lines,
            Err(RecvError::Closed) => return None,
        }
        while lines.len() < LINES_TOGETHER {
            match self.0.try_recv() {
                Ok(line) => lines.push(line),
                Err(TryRecvError::Lagged(more)) => missed += more,
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
        Some((lines, missed))
    }
}

impl<S: Subscriber> Layer<S> for Log {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let metadata = event.metadata();
        let of_crate = metadata.target().split("::").next().unwrap_or_default();
        // What is told to a client is logged below this level, if at all: a line about a line would
        // never end.
        if *metadata.level() > Level::INFO
            || !TARGETS.contains(&of_crate)
            || self.0.receiver_count() == 0
        {
            return;
        }
        let mut text = Text::default();
        event.record(&mut text);
        // The last follower may just have gone.
        let _ = self.0.send(LogLine {
            at: system::timestamp(SystemTime::now()),
            level: level(*metadata.level()),
            text: text.finish(),
        });
    }
}

fn level(level: Level) -> LogLevel {
    match level {
        Level::ERROR => LogLevel::Error,
        Level::WARN => LogLevel::Warn,
        Level::INFO => LogLevel::Info,
        Level::DEBUG => LogLevel::Debug,
        Level::TRACE => LogLevel::Trace,
    }
}

/// An event as one line: its message, then its fields.
#[derive(Default)]
struct Text {
    message: String,
    fields: String,
}

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a string does not fail.
        let _ = if field.name() == "message" {
            write!(self.message, "{value:?}")
        } else {
            write!(self.fields, " {}={value:?}", field.name())
        };
    }
}

impl Text {
    /// Returns the text without characters that could end a line or steer a terminal.
    fn finish(self) -> String {
        let all = self.message.chars().chain(self.fields.chars());
        // Operators read it in terminals, and strangers choose parts of it.
        all.map(|c| if c.is_control() { ' ' } else { c })
            .take(CHARACTERS)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    fn logged(log: &Log, events: impl FnOnce()) {
        let subscriber = tracing_subscriber::registry().with(log.clone());
        tracing::subscriber::with_default(subscriber, events);
    }

    // The attacks: control sequences in a field, a line without end, and a log that feeds itself.
    #[tokio::test]
    async fn followers_see_lines_of_our_own_and_nothing_that_telling_them_could_log() {
        let log = Log::default();
        logged(&log, || tracing::info!("before"));
        let mut follower = log.follow();
        logged(&log, || {
            tracing::info!(connection = 7, from = %"a\u{1b}[2J\nb", text = ?"x\ny", "said");
            tracing::debug!("detail");
            tracing::error!(target: "hyper::proto", "of others");
            tracing::warn!("{}", "x".repeat(2 * CHARACTERS));
        });
        let (lines, missed) = follower.next().await.unwrap();
        assert_eq!((lines.len(), missed), (2, 0));
        assert_eq!(lines[0].level, LogLevel::Info);
        assert_eq!(
            lines[0].text,
            r#"said connection=7 from=a [2J b text="x\ny""#
        );
        assert_eq!(lines[1].level, LogLevel::Warn);
        assert_eq!(lines[1].text.len(), CHARACTERS);
    }

    // The attack: an operator's connection that does not read, while the log goes on.
    #[tokio::test]
    async fn who_reads_slowly_misses_lines_and_is_told_how_many() {
        let log = Log::default();
        let mut follower = log.follow();
        logged(&log, || {
            for number in 0..LINES + 5 {
                tracing::info!("{number}");
            }
        });
        let (lines, missed) = follower.next().await.unwrap();
        assert_eq!(missed, 5);
        assert_eq!(lines.len(), LINES_TOGETHER);
        assert_eq!(lines[0].text, "5");
        drop(log);
        while let Some((lines, missed)) = follower.next().await {
            assert_eq!((lines.is_empty(), missed), (false, 0));
        }
    }
}
