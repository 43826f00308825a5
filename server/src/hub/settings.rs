//! The limits of a server in its rooms.

use std::sync::Arc;
use std::time::Duration;

use shared::chat::limits::TEXT_BYTES;
use shared::chat::{AdmissionMode, Keep};

use crate::metrics::Metrics;
use crate::operators::{self, Log};
use crate::rates::PerMinute;

/// The limits of a server in its rooms.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Longest text of a message, in bytes.
    pub text_bytes: usize,
    /// The rates at which people may do things.
    pub per_minute: PerMinute,
    /// The retention of new rooms.
    pub keep: Keep,
    /// Most rooms with a name. There may be ten times as many rooms of two.
    pub max_rooms: usize,
    /// Most bytes that one key may write in a day into rooms that keep them; 0 is no limit.
    pub bytes_per_day: u64,
    /// Most names and rooms that the keys of one network may take in a day; 0 is no limit.
    pub claims_per_day: u32,
    /// The admission mode from now on; without it, the stored one stays.
    pub admission: Option<AdmissionMode>,
    /// Time for which a key that the server has not seen before may not write.
    pub new_keys_wait: Duration,
    /// The part of the configuration that operators are shown.
    pub shown: operators::Settings,
    /// The log that operators can follow.
    pub log: Option<Log>,
    /// The server's metrics, to which the hub adds. A reload keeps those of the start.
    pub metrics: Arc<Metrics>,
}

impl Default for Settings {
    /// Returns the settings of a server without flags.
    fn default() -> Self {
        Self {
            text_bytes: TEXT_BYTES,
            per_minute: PerMinute::default(),
            keep: Keep::Forever,
            max_rooms: 10_000,
            bytes_per_day: 64 << 20,
            claims_per_day: 2_000,
            admission: None,
            new_keys_wait: Duration::ZERO,
            shown: operators::Settings::default(),
            log: None,
            metrics: Arc::default(),
        }
    }
}
