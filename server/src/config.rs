//! The server's configuration: flags win over the environment, that over the file, and that over
//! the defaults.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use clap::Parser;
use serde::Deserialize;
use shared::chat::keep::InvalidKeep;
use shared::chat::{AdmissionMode, Keep, RoomId};
use shared::limits::{
    HANDSHAKE_FRAME_BYTES, HANDSHAKE_TIMEOUT, MESSAGE_FRAME_BYTES, RSA_MAX_BITS, RSA_MIN_BITS,
    RekeyLimits, V2_REKEY_RECORDS,
};
use thiserror::Error;

use crate::rates::PerMinute;

/// Room in a frame for what is not text: JSON, a name, padding, and base64's third.
const FRAME_OVERHEAD_BYTES: usize = 1024;

/// Longest time for which new keys may not write, in seconds: a month.
const NEW_KEYS_WAIT_SECONDS: usize = 30 * 24 * 60 * 60;

/// Secure Chat's server: encrypted chat over TCP and, through a WebSocket tunnel, in the browser.
#[derive(Debug, Parser)]
#[command(version, about, after_help = EXAMPLES)]
pub struct Cli {
    /// Read settings from this TOML file; its keys are the flags' names with underscores.
    #[arg(long, value_name = "FILE", env = "SECURE_CHAT_CONFIG")]
    config: Option<PathBuf>,

    #[command(flatten)]
    settings: Settings,

    /// Task to do instead of serving.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// A task of the program other than serving.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Write a room's entries to standard output, oldest first, one JSON object a line. The server
    /// may run meanwhile.
    Export {
        /// Name of the room.
        #[arg(value_parser = RoomId::from_stored)]
        room: RoomId,
        /// The server's data folder.
        #[arg(long, value_name = "FOLDER")]
        data_dir: Option<PathBuf>,
    },
    /// List or change the operators of a server that is stopped, for instance after a key was
    /// stolen.
    Operators {
        /// Task about the operators.
        #[command(subcommand)]
        task: OperatorsTask,
        /// The server's data folder.
        #[arg(long, value_name = "FOLDER", global = true)]
        data_dir: Option<PathBuf>,
    },
}

/// A task about the operators.
#[derive(Debug, clap::Subcommand)]
pub enum OperatorsTask {
    /// Write a line for each operator: the key's fingerprint, and the name or a dash.
    List,
    /// Make somebody an operator.
    Add {
        /// Key (SHA256:…) or name.
        who: String,
    },
    /// Take an operator's rights away. Without any operator the server prints a claim link when it
    /// starts.
    Revoke {
        /// Key (SHA256:…) or name.
        who: String,
    },
}

const EXAMPLES: &str = "\
Examples:
  secure-chat-server
      Listen on this machine only; open http://127.0.0.1:8080 in a browser.
  secure-chat-server --listen 0.0.0.0:5000 --allow-v1
      Let other machines in, with the study protocol v1.
  secure-chat-server --log-plaintext
      Show every decrypted line in the log, as the original demo does.
  kill -USR1 PID
      Write the table of connected clients to the log.";

/// Every setting, as flag, environment variable and key of the file.
#[derive(Debug, Default, clap::Args, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// Address of the TCP listener; port 0 takes a free port. [default: 127.0.0.1:5000]
    #[arg(long, value_name = "ADDR:PORT", env = "SECURE_CHAT_LISTEN")]
    listen: Option<SocketAddr>,

    /// Address of the HTTP listener: the page and its tunnel. [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR:PORT", env = "SECURE_CHAT_HTTP")]
    http: Option<SocketAddr>,

    /// Folder of the server's key and of the chat's history; nobody else may have rights in it.
    /// [default: data]
    #[arg(long, value_name = "FOLDER", env = "SECURE_CHAT_DATA_DIR")]
    data_dir: Option<PathBuf>,

    /// Accept protocol v1 on addresses other than loopback, too.
    #[arg(long, value_name = "BOOL", env = "SECURE_CHAT_ALLOW_V1")]
    #[arg(num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    allow_v1: Option<bool>,

    /// Write every decrypted line to the log. Off by default: then no text ever gets there.
    #[arg(long, value_name = "BOOL", env = "SECURE_CHAT_LOG_PLAINTEXT")]
    #[arg(num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    log_plaintext: Option<bool>,

    /// Print a link that makes whoever opens it an operator, though there is one already. Without
    /// one, the link is printed anyway.
    #[arg(long, value_name = "BOOL", env = "SECURE_CHAT_NEW_CLAIM")]
    #[arg(num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    new_claim: Option<bool>,

    /// Least severe level that is logged: error, warn, info, debug or trace. [default: info]
    #[arg(long, value_name = "LEVEL", env = "SECURE_CHAT_LOG_LEVEL")]
    log_level: Option<LogLevel>,

    /// Let pages of this origin (such as <https://chat.example>) use the tunnel; may be repeated.
    #[arg(
        long,
        value_name = "ORIGIN",
        env = "SECURE_CHAT_ALLOW_ORIGIN",
        value_delimiter = ','
    )]
    allow_origin: Option<Vec<String>>,

    /// Most connections in all. [default: 10000]
    #[arg(long, value_name = "N", env = "SECURE_CHAT_MAX_CONNECTIONS")]
    max_connections: Option<usize>,

    /// Most connections from one address (IPv6: from one /64). [default: 1024]
    #[arg(
        long,
        value_name = "N",
        env = "SECURE_CHAT_MAX_CONNECTIONS_PER_ADDRESS"
    )]
    max_connections_per_address: Option<usize>,

    /// Seconds that a client has for its handshake. [default: 10]
    #[arg(long, value_name = "SECONDS", env = "SECURE_CHAT_HANDSHAKE_TIMEOUT")]
    handshake_timeout: Option<u64>,

    /// Largest v1 frame after the handshake in bytes; v2's limit is fixed. [default: 1048576]
    #[arg(long, value_name = "BYTES", env = "SECURE_CHAT_MAX_FRAME_BYTES")]
    max_frame_bytes: Option<usize>,

    /// Longest line of chat in bytes of UTF-8; v2 carries up to 65536. [default: 16384]
    #[arg(long, value_name = "BYTES", env = "SECURE_CHAT_MAX_TEXT_BYTES")]
    max_text_bytes: Option<usize>,

    /// Change the keys of a v2 session after so many records; it changes them after 1 GiB and after
    /// 10 minutes, too. [default: 1048576]
    #[arg(long, value_name = "N", env = "SECURE_CHAT_REKEY_RECORDS")]
    rekey_records: Option<usize>,

    /// Retention of the entries of new rooms: forever, a number of days like 30d, a number of
    /// entries like 1000, or nothing, which is told and never written. Rooms that are there stay as
    /// they are; only operators can have one keep more. [default: forever]
    #[arg(long, value_name = "KEEP", env = "SECURE_CHAT_KEEP")]
    keep: Option<KeepSetting>,

    /// Keys that may take part: open admits every key, invitation those with an invitation link,
    /// approval those that an operator admits. Keys with a name or in a room stay admitted. Without
    /// it the mode is the one that an operator has set. [default: open]
    #[arg(long, value_name = "MODE", env = "SECURE_CHAT_ADMISSION")]
    admission: Option<AdmissionMode>,

    /// Seconds for which a key that the server has not seen before may read but not write.
    /// [default: 0]
    #[arg(long, value_name = "SECONDS", env = "SECURE_CHAT_NEW_KEYS_WAIT")]
    new_keys_wait: Option<u64>,

    /// Most rooms with a name; there may be ten times as many rooms of two. [default: 10000]
    #[arg(long, value_name = "N", env = "SECURE_CHAT_MAX_ROOMS")]
    max_rooms: Option<usize>,

    /// MiB that one person may write in a day into rooms that keep them. 0 is no limit. [default: 64]
    #[arg(long, value_name = "MIB", env = "SECURE_CHAT_MIB_PER_DAY")]
    mib_per_day: Option<u32>,

    /// MiB that the history may have on the disk, beside its log: nothing more is taken than
    /// deletions then. 0 is no limit. [default: 0]
    #[arg(long, value_name = "MIB", env = "SECURE_CHAT_MAX_HISTORY_MIB")]
    max_history_mib: Option<u32>,

    /// Messages, edits, deletions and reactions of one person a minute, and ten times as many of one
    /// address; at most 120 at once. 0 is no limit, here and below. [default: 600]
    #[arg(long, value_name = "N", env = "SECURE_CHAT_SENDS_PER_MINUTE")]
    sends_per_minute: Option<u32>,

    /// Rooms that one person may join or leave, invitations and names, a minute. [default: 600]
    #[arg(long, value_name = "N", env = "SECURE_CHAT_JOINS_PER_MINUTE")]
    joins_per_minute: Option<u32>,

    /// Rooms that one person may create a minute. [default: 20]
    #[arg(long, value_name = "N", env = "SECURE_CHAT_CREATES_PER_MINUTE")]
    creates_per_minute: Option<u32>,
    /// Requests that only read, a minute for each person: pages of history and of lists, typing,
    /// read markers; dear ones, such as a search, count several times. 0 is no limit [default:
    /// 2400]
    #[arg(long, env = "SECURE_CHAT_ASKS_PER_MINUTE", value_name = "N")]
    asks_per_minute: Option<u32>,

    /// Connections from one address (IPv6: from one /64) a minute. [default: 1200]
    #[arg(long, value_name = "N", env = "SECURE_CHAT_HANDSHAKES_PER_MINUTE")]
    handshakes_per_minute: Option<u32>,

    /// Size of a new server key in bits: 2048, 3072 or 4096. [default: 2048]
    #[arg(long, value_name = "BITS", env = "SECURE_CHAT_KEY_BITS")]
    key_bits: Option<usize>,
}

/// A retention as flags and the file write it.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
struct KeepSetting(Keep);

impl FromStr for KeepSetting {
    type Err = InvalidKeep;

    fn from_str(text: &str) -> Result<Self, InvalidKeep> {
        text.parse().map(Self)
    }
}

impl TryFrom<String> for KeepSetting {
    type Error = InvalidKeep;

    fn try_from(text: String) -> Result<Self, InvalidKeep> {
        text.parse()
    }
}

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

/// A checked configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// Address of the TCP listener.
    pub listen: SocketAddr,
    /// Address of the HTTP listener.
    pub http: SocketAddr,
    /// Folder of the server's key and of the chat's history.
    pub data_dir: PathBuf,
    /// Accepts v1 on addresses other than loopback.
    pub allow_v1: bool,
    /// Logs decrypted lines.
    pub log_plaintext: bool,
    /// Prints a claim link though there is an operator.
    pub new_claim: bool,
    /// Least severe level that is logged.
    pub log_level: LogLevel,
    /// Origins that may use the tunnel, beside the page's own.
    pub allow_origin: Vec<String>,
    /// Most connections in all.
    pub max_connections: usize,
    /// Most connections from one address.
    pub max_connections_per_address: usize,
    /// Time that a client has for its handshake.
    pub handshake_timeout: Duration,
    /// Largest frame after the handshake, in bytes.
    pub max_frame_bytes: usize,
    /// Longest line of chat, in bytes.
    pub max_text_bytes: usize,
    /// Limits after which the keys of a v2 session change.
    pub rekey: RekeyLimits,
    /// Rates of what people may do.
    pub rates: PerMinute,
    /// Retention of the entries of new rooms.
    pub keep: Keep,
    /// Most rooms with a name.
    pub max_rooms: usize,
    /// Most MiB that one key may write in a day; 0 is no limit.
    pub mib_per_day: u32,
    /// Most MiB of the database; 0 is no limit.
    pub max_history_mib: u32,
    /// The admission mode, if one is configured.
    pub admission: Option<AdmissionMode>,
    /// Time for which a key that the server has not seen before may not write.
    pub new_keys_wait: Duration,
    /// Size of a new server key, in bits.
    pub key_bits: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: ([127, 0, 0, 1], 5000).into(),
            http: ([127, 0, 0, 1], 8080).into(),
            data_dir: PathBuf::from("data"),
            allow_v1: false,
            log_plaintext: false,
            new_claim: false,
            log_level: LogLevel::Info,
            allow_origin: Vec::new(),
            max_connections: 10_000,
            max_connections_per_address: 1024,
            handshake_timeout: HANDSHAKE_TIMEOUT,
            max_frame_bytes: MESSAGE_FRAME_BYTES,
            max_text_bytes: 16 * 1024,
            rekey: RekeyLimits::default(),
            rates: PerMinute::default(),
            keep: Keep::Forever,
            max_rooms: 10_000,
            mib_per_day: 64,
            max_history_mib: 0,
            admission: None,
            new_keys_wait: Duration::ZERO,
            key_bits: RSA_MIN_BITS,
        }
    }
}

/// A configuration that is refused.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {0}: {1}")]
    Read(String, #[source] io::Error),
    /// The file is no TOML, or has a key or value that is not known.
    #[error("{0} is not valid: {1}")]
    Parse(String, #[source] toml::de::Error),
    /// A setting has a value that cannot be used; the text names both.
    #[error("{0}")]
    Value(String),
}

impl Cli {
    /// Reads the file, if one is named, and checks everything.
    ///
    /// # Errors
    /// [`ConfigError`] names the setting and what is wrong with it.
    pub fn into_config(self) -> Result<Config, ConfigError> {
        let file = self
            .config
            .as_deref()
            .map(read_file)
            .transpose()?
            .unwrap_or_default();
        merge(self.settings, file, Config::default())
    }
}

fn read_file(path: &Path) -> Result<Settings, ConfigError> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| ConfigError::Read(path.display().to_string(), error))?;
    toml::from_str(&text).map_err(|error| ConfigError::Parse(path.display().to_string(), error))
}

fn merge(over: Settings, file: Settings, default: Config) -> Result<Config, ConfigError> {
    let config = Config {
        listen: over.listen.or(file.listen).unwrap_or(default.listen),
        http: over.http.or(file.http).unwrap_or(default.http),
        data_dir: over.data_dir.or(file.data_dir).unwrap_or(default.data_dir),
        allow_v1: over.allow_v1.or(file.allow_v1).unwrap_or(default.allow_v1),
        new_claim: over
            .new_claim
            .or(file.new_claim)
            .unwrap_or(default.new_claim),
        log_plaintext: over
            .log_plaintext
            .or(file.log_plaintext)
            .unwrap_or(default.log_plaintext),
        log_level: over
            .log_level
            .or(file.log_level)
            .unwrap_or(default.log_level),
        allow_origin: over
            .allow_origin
            .or(file.allow_origin)
            .unwrap_or(default.allow_origin)
            .iter()
            .map(|origin| check_origin(origin))
            .collect::<Result<_, _>>()?,
        max_connections: over
            .max_connections
            .or(file.max_connections)
            .unwrap_or(default.max_connections),
        max_connections_per_address: over
            .max_connections_per_address
            .or(file.max_connections_per_address)
            .unwrap_or(default.max_connections_per_address),
        handshake_timeout: over
            .handshake_timeout
            .or(file.handshake_timeout)
            .map_or(default.handshake_timeout, Duration::from_secs),
        max_frame_bytes: over
            .max_frame_bytes
            .or(file.max_frame_bytes)
            .unwrap_or(default.max_frame_bytes),
        max_text_bytes: over
            .max_text_bytes
            .or(file.max_text_bytes)
            .unwrap_or(default.max_text_bytes),
        rekey: RekeyLimits {
            records: over
                .rekey_records
                .or(file.rekey_records)
                .map_or(default.rekey.records, |records| records as u64),
            ..default.rekey
        },
        max_rooms: over
            .max_rooms
            .or(file.max_rooms)
            .unwrap_or(default.max_rooms),
        mib_per_day: over
            .mib_per_day
            .or(file.mib_per_day)
            .unwrap_or(default.mib_per_day),
        max_history_mib: over
            .max_history_mib
            .or(file.max_history_mib)
            .unwrap_or(default.max_history_mib),
        admission: over.admission.or(file.admission).or(default.admission),
        new_keys_wait: over
            .new_keys_wait
            .or(file.new_keys_wait)
            .map_or(default.new_keys_wait, Duration::from_secs),
        keep: over.keep.or(file.keep).map_or(default.keep, |keep| keep.0),
        rates: PerMinute {
            sends: over
                .sends_per_minute
                .or(file.sends_per_minute)
                .unwrap_or(default.rates.sends),
            joins: over
                .joins_per_minute
                .or(file.joins_per_minute)
                .unwrap_or(default.rates.joins),
            creates: over
                .creates_per_minute
                .or(file.creates_per_minute)
                .unwrap_or(default.rates.creates),
            asks: over
                .asks_per_minute
                .or(file.asks_per_minute)
                .unwrap_or(default.rates.asks),
            handshakes: over
                .handshakes_per_minute
                .or(file.handshakes_per_minute)
                .unwrap_or(default.rates.handshakes),
        },
        key_bits: over.key_bits.or(file.key_bits).unwrap_or(default.key_bits),
    };
    check(config)
}

fn check(config: Config) -> Result<Config, ConfigError> {
    let bounded = |name: &str, value: usize, least: usize, most: usize| {
        if (least..=most).contains(&value) {
            return Ok(());
        }
        Err(ConfigError::Value(format!(
            "{name} is {value}, but must be from {least} to {most}"
        )))
    };
    bounded("max_connections", config.max_connections, 1, 1_000_000)?;
    bounded(
        "max_connections_per_address",
        config.max_connections_per_address,
        1,
        1_000_000,
    )?;
    bounded(
        "max_frame_bytes",
        config.max_frame_bytes,
        HANDSHAKE_FRAME_BYTES,
        64 << 20,
    )?;
    // What is accepted as text must fit the frame that carries it on.
    let fitting = (config.max_frame_bytes.saturating_sub(FRAME_OVERHEAD_BYTES)) / 4 * 3;
    bounded("max_text_bytes", config.max_text_bytes, 1, fitting)?;
    let seconds = usize::try_from(config.handshake_timeout.as_secs()).unwrap_or(usize::MAX);
    // A stranger holds a permit for as long as this without having shown a key.
    bounded("handshake_timeout", seconds, 1, 600)?;
    let wait = usize::try_from(config.new_keys_wait.as_secs()).unwrap_or(usize::MAX);
    bounded("new_keys_wait", wait, 0, NEW_KEYS_WAIT_SECONDS)?;
    let records = usize::try_from(config.rekey.records).unwrap_or(usize::MAX);
    // Keys may change more often than the protocol says, and not less.
    bounded("rekey_records", records, 1, V2_REKEY_RECORDS)?;
    bounded("key_bits", config.key_bits, RSA_MIN_BITS, RSA_MAX_BITS)?;
    if !config.key_bits.is_multiple_of(1024) {
        return Err(ConfigError::Value(
            "key_bits must be 2048, 3072 or 4096".into(),
        ));
    }
    Ok(config)
}

/// An origin is scheme, host and port, nothing more (RFC 6454 §6.2); kept in lower case.
fn check_origin(text: &str) -> Result<String, ConfigError> {
    let origin = text.trim().to_ascii_lowercase();
    let authority = origin
        .strip_prefix("https://")
        .or_else(|| origin.strip_prefix("http://"));
    match authority {
        Some(authority)
            if !authority.is_empty() && !authority.contains(['/', '?', '#', '@', ' ', '*']) =>
        {
            Ok(origin)
        }
        _ => Err(ConfigError::Value(format!(
            "allow_origin has {text:?}, but an origin is like https://chat.example or \
             http://localhost:8081, without a path"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(arguments: &[&str]) -> Result<Config, String> {
        let cli = Cli::try_parse_from([&["secure-chat-server"], arguments].concat())
            .map_err(|error| error.to_string())?;
        cli.into_config().map_err(|error| error.to_string())
    }

    #[test]
    fn flags_win_over_the_file_and_the_file_over_defaults() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(
            file.path(),
            "listen = \"127.0.0.1:7\"\nallow_v1 = true\nkey_bits = 3072\n",
        )
        .unwrap();
        let path = file.path().to_str().unwrap();
        let config = config(&[
            "--config",
            path,
            "--listen",
            "127.0.0.1:8",
            // A flag can also take back what the file allows.
            "--allow-v1=false",
        ])
        .unwrap();
        assert_eq!(config.listen.port(), 8);
        assert!(!config.allow_v1);
        assert_eq!(config.key_bits, 3072);
        assert_eq!(config.max_connections, 10_000);
    }

    // A server that starts with something else than was asked for fails later, and elsewhere.
    #[test]
    fn every_bad_value_is_refused_by_name() {
        for (arguments, expected) in [
            (&["--listen", "nowhere"][..], "--listen"),
            (&["--max-connections", "0"], "max_connections is 0"),
            (&["--max-frame-bytes", "10"], "max_frame_bytes is 10"),
            (
                &["--max-text-bytes", "1048576"],
                "max_text_bytes is 1048576",
            ),
            (&["--handshake-timeout", "0"], "handshake_timeout is 0"),
            (&["--admission", "closed"], "--admission"),
            (
                &["--new-keys-wait", "99999999"],
                "new_keys_wait is 99999999",
            ),
            (&["--key-bits", "1024"], "key_bits is 1024"),
            (&["--key-bits", "2049"], "key_bits must be"),
            (&["--allow-origin", "chat.example"], "allow_origin has"),
            (
                &["--allow-origin", "https://chat.example/path"],
                "allow_origin has",
            ),
            (
                &["--config", "no-such-file.toml"],
                "cannot read no-such-file.toml",
            ),
            (&["--surprise"], "--surprise"),
        ] {
            let error = config(arguments).unwrap_err();
            assert!(error.contains(expected), "{arguments:?}: {error}");
        }
    }

    // A limit that is misspelled and passed over would be no limit.
    #[test]
    fn a_file_with_a_misspelled_key_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "lisen = \"127.0.0.1:7\"\n").unwrap();
        let error = config(&["--config", file.path().to_str().unwrap()]).unwrap_err();
        assert!(error.contains("lisen"), "{error}");
    }
}
