//! The settings of the log: its level and its format.

use serde::Deserialize;

use crate::logging;

/// A level of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// Something does not work.
    Error,
    /// Something happened that should not.
    Warn,
    /// Clients that come and go, and the cause.
    Info,
    /// Details, and strangers who have not shown a key.
    Debug,
    /// Everything that can be logged.
    Trace,
}

impl From<LogLevel> for tracing::Level {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Error => Self::ERROR,
            LogLevel::Warn => Self::WARN,
            LogLevel::Info => Self::INFO,
            LogLevel::Debug => Self::DEBUG,
            LogLevel::Trace => Self::TRACE,
        }
    }
}

/// The form of the log as settings name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// The journal's if the log goes to systemd's journal, else text.
    Auto,
    /// Text for people.
    Text,
    /// An object of JSON a line.
    Json,
    /// Text with a priority, for systemd's journal.
    Journal,
}

impl From<LogFormat> for logging::Form {
    fn from(format: LogFormat) -> Self {
        match format {
            LogFormat::Auto => logging::form_for_stderr(),
            LogFormat::Text => logging::text_for_stderr(),
            LogFormat::Json => Self::Json,
            LogFormat::Journal => Self::Journal,
        }
    }
}
