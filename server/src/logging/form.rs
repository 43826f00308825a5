//! The forms of the log: for people, for programs that collect JSON, and for systemd's journal.

use std::fmt;
use std::os::fd::AsFd;

use rustix::fs::fstat;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::Layer;
use tracing_subscriber::registry::LookupSpan;

use super::LossyWriter;

/// The variable by which systemd names the device and the inode of the journal that a process is
/// connected with (systemd.exec(5)).
pub(super) const JOURNAL_STREAM: &str = "JOURNAL_STREAM";

/// A form of the log's lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Text with a time, coloured or not.
    Text {
        /// Levels and names are coloured.
        is_coloured: bool,
    },
    /// An object of JSON, with the fields of the event beside `timestamp`, `level` and `message`.
    Json,
    /// Text behind the priority that the journal reads from it (sd-daemon(3)), without the time that
    /// the journal notes by itself. Its own protocol would have a field for each field, but takes
    /// datagrams, whose sender waits when the journal does not keep up.
    Journal,
}

impl Form {
    /// Returns the line that tells how many lines were lost.
    pub(super) fn notice(self, lost: u64) -> String {
        match self {
            Self::Text { .. } => format!("{lost} lines of this log were lost\n"),
            Self::Journal => format!("<4>{lost} lines of this log were lost\n"),
            Self::Json => {
                let now = OffsetDateTime::now_utc().format(&Rfc3339);
                let notice = serde_json::json!({
                    "timestamp": now.unwrap_or_default(),
                    "level": "WARN",
                    "message": "lines of this log were lost",
                    "lost": lost,
                });
                format!("{notice}\n")
            }
        }
    }

    /// Returns the layer that writes lines of this form to `sink`.
    pub(super) fn layer<S>(self, sink: LossyWriter) -> Box<dyn Layer<S> + Send + Sync>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let layer = tracing_subscriber::fmt::layer()
            .with_writer(move || sink.clone())
            // A report of a failed write on standard error would block on, or panic at, the same
            // stream.
            .log_internal_errors(false)
            .with_target(false);
        match self {
            Self::Text { is_coloured } => layer.with_ansi(is_coloured).boxed(),
            Self::Json => {
                let json = layer.with_ansi(false).json().flatten_event(true);
                json.with_current_span(false).with_span_list(false).boxed()
            }
            Self::Journal => {
                let text = tracing_subscriber::fmt::format();
                let text = text.with_target(false).with_level(false).without_time();
                layer.with_ansi(false).event_format(Prefixed(text)).boxed()
            }
        }
    }
}

/// Returns whether `stream` is the journal that `named` (`JOURNAL_STREAM`) names: the variable is
/// inherited by processes whose output goes elsewhere.
pub(super) fn is_journal(stream: impl AsFd, named: Option<&str>) -> bool {
    let Some((device, inode)) = named.and_then(|named| named.split_once(':')) else {
        return false;
    };
    let (Ok(device), Ok(inode)) = (device.parse::<u64>(), inode.parse::<u64>()) else {
        return false;
    };
    fstat(stream).is_ok_and(|it| (it.st_dev, it.st_ino) == (device, inode))
}

/// Another format behind the priority of the line.
struct Prefixed<F>(F);

impl<S, N, F> FormatEvent<S, N> for Prefixed<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        write!(writer, "<{}>", priority(*event.metadata().level()))?;
        self.0.format_event(context, writer, event)
    }
}

/// Returns the priority of syslog (RFC 5424 §6.2.1). `info` is that of the lines that an operator
/// reads anyway; nothing here is as bad as 2, for which somebody would be woken.
fn priority(level: Level) -> u8 {
    match level {
        Level::ERROR => 3,
        Level::WARN => 4,
        Level::INFO => 6,
        Level::DEBUG | Level::TRACE => 7,
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::os::unix::fs::MetadataExt;
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use tracing_subscriber::layer::SubscriberExt;

    use super::super::Excerpt;
    use super::*;

    /// A stream that tests look at.
    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(form: Form, events: impl FnOnce()) -> String {
        let written = Written::default();
        let writer = LossyWriter::new("test", written.clone());
        let subscriber = tracing_subscriber::registry().with(form.layer(writer.clone()));
        tracing::subscriber::with_default(subscriber, events);
        writer.flush_within(Duration::from_secs(30));
        let bytes = written.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    // The attack: text that ends a line and begins another one, or a field, of the attacker's.
    #[test]
    fn each_event_is_one_object_whatever_is_in_it() {
        let hostile = "x\",\"level\":\"ERROR\"}\n{\"message\":\"forged\u{1b}[2J";
        let text = logged(Form::Json, || {
            tracing::info!(connection = 7, text = hostile, "said");
            tracing::warn!(host = %Excerpt("y".repeat(5000)), suppressed = Some(3), "refused");
        });
        let lines: Vec<serde_json::Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines.len(), 2, "{text}");
        assert_eq!(lines[0]["level"], "INFO");
        assert_eq!(lines[0]["message"], "said");
        assert_eq!(lines[0]["connection"], 7);
        assert_eq!(lines[0]["text"], hostile);
        assert!(lines[0]["timestamp"].is_string(), "{text}");
        assert_eq!(lines[1]["suppressed"], 3);
        let host = lines[1]["host"].as_str().unwrap();
        assert!(host.chars().count() <= 101, "{host}");
        assert!(!text.contains('\u{1b}'), "{text:?}");
    }

    #[test]
    fn the_journal_gets_the_priority_and_no_time() {
        let text = logged(Form::Journal, || {
            tracing::error!("a");
            tracing::warn!(n = 1, "b");
            tracing::info!("c");
            tracing::debug!("d");
        });
        assert_eq!(text, "<3>a\n<4>b n=1\n<6>c\n<7>d\n");
    }

    #[test]
    fn text_is_coloured_only_if_it_is_told_to() {
        let event = || tracing::info!(n = 1, "c");
        let plain = logged(Form::Text { is_coloured: false }, event);
        assert!(plain.ends_with(" INFO c n=1\n"), "{plain:?}");
        let coloured = logged(Form::Text { is_coloured: true }, event);
        assert!(coloured.contains("\u{1b}["), "{coloured:?}");
    }

    // The fault: a line of text between objects, which a collector of JSON refuses.
    #[test]
    fn lost_lines_are_told_in_the_form_of_the_log() {
        let notice: serde_json::Value = serde_json::from_str(&Form::Json.notice(12)).unwrap();
        assert_eq!(notice["lost"], 12);
        assert_eq!(notice["level"], "WARN");
        assert!(notice["timestamp"].as_str().unwrap().ends_with('Z'));
        assert!(Form::Journal.notice(12).starts_with("<4>12 lines"));
    }

    #[test]
    fn a_journal_that_is_named_and_not_connected_is_none() {
        let file = tempfile::tempfile().unwrap();
        let found = file.metadata().unwrap();
        let its_own = format!("{}:{}", found.dev(), found.ino());
        assert!(is_journal(&file, Some(&its_own)));
        let other = format!("{}:{}", found.dev(), found.ino() + 1);
        for named in [Some(other.as_str()), Some("1"), Some("a:b"), Some(""), None] {
            assert!(!is_journal(&file, named), "{named:?}");
        }
    }
}
