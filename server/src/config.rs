//! The server's configuration: flags win over the environment, that over the file, and that over
//! the defaults.

mod acme;
mod changes;
mod commands;
mod flags;
mod listing;
mod loading;
mod log;
mod network;
mod telemetry;
mod values;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::CommandFactory;
use shared::chat::{AdmissionMode, Keep};
use shared::limits::{
    HANDSHAKE_FRAME_BYTES, HANDSHAKE_TIMEOUT, MESSAGE_FRAME_BYTES, RSA_MAX_BITS, RSA_MIN_BITS,
    RekeyLimits, V2_REKEY_RECORDS,
};
use thiserror::Error;

pub use self::acme::AcmeSettings;
pub use self::changes::{Changes, Values};
pub use self::commands::{BackupTask, ConfigTask, HealthTask, ImportTask, RestoreTask};
use self::flags::Settings;
pub use self::flags::{Cli, Command, OperatorsTask};
pub use self::loading::{Loaded, load};
pub use self::log::{LogFormat, LogLevel};
pub use self::network::{NetworkSettings, TlsSettings};
pub use self::telemetry::{OtlpEndpoint, TelemetrySettings};
use self::values::check_origin;
use crate::listen::Endpoint;
use crate::rates::PerMinute;

/// Room in a frame for what is not text: JSON, a name, padding, and base64's third.
const FRAME_OVERHEAD_BYTES: usize = 1024;

/// Longest time for which new keys may not write, in seconds: a month.
const NEW_KEYS_WAIT_SECONDS: usize = 30 * 24 * 60 * 60;

/// A checked configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// Addresses, names, proxies and TLS.
    pub network: NetworkSettings,
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
    /// Form of the log's lines.
    pub log_format: LogFormat,
    /// Where traces go, and how many.
    pub telemetry: TelemetrySettings,
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
    /// Most names and rooms that the keys of one network may take in a day; 0 is no limit.
    pub claims_per_day: u32,
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
            network: NetworkSettings::default(),
            data_dir: PathBuf::from("data"),
            allow_v1: false,
            log_plaintext: false,
            new_claim: false,
            log_level: LogLevel::Info,
            log_format: LogFormat::Auto,
            telemetry: TelemetrySettings::default(),
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
            claims_per_day: 2_000,
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
    /// Others would reach the page without TLS.
    #[error(
        "http {0} would send the page without TLS to other machines, and whoever is in between could \
         change it: use --acme, or --tls-cert and --tls-key, or --tls-self-signed, or name the proxy \
         in front of it with --trusted-proxy; --insecure-http allows it as it is"
    )]
    PlainHttp(Endpoint),
    /// Others would read the server's metrics.
    #[error(
        "ops {0} would tell other machines when and how much is written on this server: let whoever \
         watches it come by loopback or a Unix socket; --insecure-ops allows it as it is"
    )]
    OpenOps(Endpoint),
    /// A setting has a value that cannot be used; the text names both.
    #[error("{0}")]
    Value(String),
}

impl ConfigError {
    /// Returns the error as one line of the log, without the drawing of the place in the file.
    pub fn line(&self) -> String {
        match self {
            Self::Parse(path, error) => {
                let text = error.to_string();
                let place = text.lines().next().unwrap_or_default();
                let what = error.message().replace('\n', " ");
                // The names of all settings would follow.
                let what = what.split(", expected one of ").next().unwrap_or_default();
                format!("{path}: {place}: {what}")
            }
            other => other.to_string().replace('\n', " "),
        }
    }
}

impl Cli {
    /// Reads the file, if one is named, and checks everything.
    ///
    /// # Errors
    /// [`ConfigError`] names the setting and what is wrong with it.
    pub fn into_config(self) -> Result<Config, ConfigError> {
        let file = self.read_file()?;
        merge(self.settings, file, Config::default())
    }

    /// Reads the file, if one is named, and takes the data folder from the settings, whatever the
    /// others are.
    ///
    /// # Errors
    /// [`ConfigError`], if the file cannot be read.
    pub fn into_config_of_data(self) -> Result<Config, ConfigError> {
        let file = self.read_file()?;
        let mut config = Config::default();
        if let Some(folder) = self.settings.data_dir.or(file.data_dir) {
            config.data_dir = folder;
        }
        Ok(config)
    }

    fn read_file(&self) -> Result<Settings, ConfigError> {
        let file = self.config.as_deref().map(read_file).transpose()?;
        Ok(file.unwrap_or_default())
    }
}

fn read_file(path: &Path) -> Result<Settings, ConfigError> {
    parse(&path.display().to_string(), &read(path)?)
}

fn read(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path)
        .map_err(|error| ConfigError::Read(path.display().to_string(), error))
}

fn parse(path: &str, text: &str) -> Result<Settings, ConfigError> {
    toml::from_str(text).map_err(|error| ConfigError::Parse(path.to_owned(), error))
}

/// Returns a file of TOML with every setting, its help and its default.
pub fn sample() -> String {
    listing::sample(&Cli::command())
}

/// Returns each setting of this process with its value, and whether that is from a flag, a variable
/// of the environment, a line of the file or the default.
///
/// # Errors
/// [`ConfigError::Read`], if the file is gone since it was read.
pub fn show() -> Result<String, ConfigError> {
    let command = Cli::command();
    let matches = command.clone().get_matches();
    let path = matches.get_one::<PathBuf>("config");
    let path = path.map(|path| path.display().to_string());
    let text = path.as_deref().map(|path| {
        std::fs::read_to_string(path).map_err(|error| ConfigError::Read(path.to_owned(), error))
    });
    let text = text.transpose()?;
    let file = path.as_deref().zip(text.as_deref());
    Ok(listing::origins(&command, &matches, file))
}

fn merge(mut over: Settings, mut file: Settings, default: Config) -> Result<Config, ConfigError> {
    let rates = rates(&over, &file, default.rates);
    let config = Config {
        network: network::merge(&mut over, &mut file)?,
        telemetry: telemetry::merge(&mut over, &mut file)?,
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
        log_format: over
            .log_format
            .or(file.log_format)
            .unwrap_or(default.log_format),
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
        claims_per_day: over
            .claims_per_day
            .or(file.claims_per_day)
            .unwrap_or(default.claims_per_day),
        max_history_mib: over
            .max_history_mib
            .or(file.max_history_mib)
            .unwrap_or(default.max_history_mib),
        // Stays `None` without a setting, which leaves the mode in force that an operator has set.
        admission: over.admission.or(file.admission).or(default.admission),
        new_keys_wait: over
            .new_keys_wait
            .or(file.new_keys_wait)
            .map_or(default.new_keys_wait, Duration::from_secs),
        keep: over.keep.or(file.keep).map_or(default.keep, |keep| keep.0),
        rates,
        key_bits: over.key_bits.or(file.key_bits).unwrap_or(default.key_bits),
    };
    check(config)
}

fn rates(over: &Settings, file: &Settings, default: PerMinute) -> PerMinute {
    let either = |over: Option<u32>, file: Option<u32>, default| over.or(file).unwrap_or(default);
    PerMinute {
        sends: either(over.sends_per_minute, file.sends_per_minute, default.sends),
        joins: either(over.joins_per_minute, file.joins_per_minute, default.joins),
        creates: either(
            over.creates_per_minute,
            file.creates_per_minute,
            default.creates,
        ),
        asks: either(over.asks_per_minute, file.asks_per_minute, default.asks),
        handshakes: either(
            over.handshakes_per_minute,
            file.handshakes_per_minute,
            default.handshakes,
        ),
    }
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
    config.network.check()?;
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
        // Every connection can make the server hold one frame of this size.
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

#[cfg(test)]
mod tests;
