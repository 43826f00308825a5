//! The flags: every setting with its help, and the tasks that the program does instead of serving.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Parser;
use serde::Deserialize;
use shared::chat::keep::InvalidKeep;
use shared::chat::{AdmissionMode, Keep, RoomId};

use super::commands::{BackupTask, ConfigTask, HealthTask, ImportTask, RestoreTask};
use super::values::one_or_many;
use super::{LogFormat, LogLevel, OtlpEndpoint};
use crate::acme::Domain;
use crate::listen::Endpoint;
use crate::proxy::Network;
use crate::public_url::PublicUrl;

/// Secure Chat's server: encrypted chat over TCP and, through a WebSocket tunnel, in the browser.
#[derive(Debug, Parser)]
#[command(name = "secure-chat-server", version, about, after_help = EXAMPLES)]
pub struct Cli {
    /// Read settings from this TOML file; its keys are the flags' names with underscores.
    #[arg(long, value_name = "FILE", env = "SECURE_CHAT_CONFIG")]
    pub(super) config: Option<PathBuf>,

    #[command(flatten)]
    pub(super) settings: Settings,

    /// Task to do instead of serving.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// A task of the program other than serving.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Write all rooms to standard output, in lines of JSON that `import` reads; or the entries of
    /// one room, oldest first. The server may run meanwhile.
    Export {
        /// Name of the one room.
        #[arg(value_parser = RoomId::from_stored)]
        room: Option<RoomId>,
        /// The server's data folder.
        #[arg(long, value_name = "FOLDER")]
        data_dir: Option<PathBuf>,
    },
    /// Print a script that completes this program's command line.
    Completions {
        /// Shell that the script is for.
        shell: clap_complete::Shell,
    },
    /// Print the man page.
    Man,
    /// Show or check the settings.
    #[command(subcommand)]
    Config(ConfigTask),
    /// Ask the running server whether it works, at the first address of --ops, or else of --http. Ends
    /// with 0 if it does, else with 1 and the reason. Give the flags of the server before `health`.
    Health(HealthTask),
    /// Put the rooms of an export into the history of a server that is stopped, all of them or
    /// nothing.
    Import(ImportTask),
    /// Make a backup of the history and the key as a new folder. The server may run meanwhile.
    Backup(BackupTask),
    /// Put a backup into the data folder of a server that is stopped.
    Restore(RestoreTask),
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

/// The heading of the settings that are read at the start only. All others are read again on SIGHUP.
pub(super) const RESTART: &str = "Options that need a restart";

const EXAMPLES: &str = "\
Examples:
  secure-chat-server
      Listen on this machine only; open http://127.0.0.1:8080 in a browser.
  secure-chat-server --listen 0.0.0.0:5000 --allow-v1
      Let other machines in, with the study protocol v1.
  secure-chat-server --http 0.0.0.0:443 --acme chat.example --acme-agree-tos
      Serve https://chat.example, with a certificate of Let's Encrypt.
  secure-chat-server --log-plaintext
      Show every decrypted line in the log, as the original demo does.
  kill -HUP PID
      Read the file of --config and the certificate again, for all options but
      those that need a restart.
  kill -USR1 PID
      Write the table of connected clients to the log.";

/// Every setting, as flag, environment variable and key of the file.
#[derive(Debug, Default, clap::Args, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    /// Address of a TCP listener: ADDR:PORT, where port 0 takes a free port, or `unix:/PATH`,
    /// with `?mode=660` behind it for rights; may be repeated. [default: 127.0.0.1:5000]
    #[arg(help_heading = RESTART)]
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "SECURE_CHAT_LISTEN",
        value_delimiter = ','
    )]
    #[serde(default, deserialize_with = "one_or_many")]
    pub(super) listen: Option<Vec<Endpoint>>,

    /// Address of an HTTP listener, for the page and its tunnel, in the same forms; may be repeated.
    /// [default: 127.0.0.1:8080]
    #[arg(help_heading = RESTART)]
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "SECURE_CHAT_HTTP",
        value_delimiter = ','
    )]
    #[serde(default, deserialize_with = "one_or_many")]
    pub(super) http: Option<Vec<Endpoint>>,

    /// Address of the page as people outside of this machine have it, such as <https://chat.example>:
    /// requests for that host and from that origin are served, and links begin with it; v1 is refused
    /// for whoever comes that way unless it is allowed. May be repeated.
    #[arg(
        long,
        value_name = "URL",
        env = "SECURE_CHAT_PUBLIC_URL",
        value_delimiter = ','
    )]
    #[serde(default, deserialize_with = "one_or_many")]
    pub(super) public_url: Option<Vec<PublicUrl>>,

    /// File with the certificate and its chain in PEM, for TLS on the HTTP listeners. It is loaded again
    /// on SIGHUP and when it changes.
    #[arg(help_heading = RESTART)]
    #[arg(long, value_name = "FILE", env = "SECURE_CHAT_TLS_CERT")]
    pub(super) tls_cert: Option<PathBuf>,

    /// File with the private key of --tls-cert in PEM.
    #[arg(help_heading = RESTART)]
    #[arg(long, value_name = "FILE", env = "SECURE_CHAT_TLS_KEY")]
    pub(super) tls_key: Option<PathBuf>,

    /// Name for which an ACME directory is to issue the certificate, such as chat.example, for TLS on
    /// the HTTP listeners; may be repeated. The directory must reach this server on port 443 of each
    /// name. Without --public-url these are the page's addresses.
    #[arg(help_heading = RESTART)]
    #[arg(
        long,
        value_name = "DOMAIN",
        env = "SECURE_CHAT_ACME",
        value_delimiter = ','
    )]
    #[serde(default, deserialize_with = "one_or_many")]
    pub(super) acme: Option<Vec<Domain>>,

    /// Address to which the directory of --acme may write.
    #[arg(help_heading = RESTART)]
    #[arg(long, value_name = "EMAIL", env = "SECURE_CHAT_ACME_EMAIL")]
    pub(super) acme_email: Option<String>,

    /// Directory of --acme. Only https.
    /// [default: <https://acme-v02.api.letsencrypt.org/directory>]
    #[arg(help_heading = RESTART)]
    #[arg(long, value_name = "URL", env = "SECURE_CHAT_ACME_DIRECTORY")]
    pub(super) acme_directory: Option<String>,

    /// File with the authorities, in PEM, that vouch for the directory of --acme, instead of those
    /// that the system trusts: for a directory of your own.
    #[arg(help_heading = RESTART)]
    #[arg(long, value_name = "FILE", env = "SECURE_CHAT_ACME_CA")]
    pub(super) acme_ca: Option<PathBuf>,

    /// Agree to the terms of service of the directory of --acme, which needs it.
    #[arg(help_heading = RESTART)]
    #[arg(long, value_name = "BOOL", env = "SECURE_CHAT_ACME_AGREE_TOS")]
    #[arg(num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(super) acme_agree_tos: Option<bool>,

    /// TLS with a certificate that the server signs itself, for a network of your own; its fingerprint
    /// is printed.
    #[arg(help_heading = RESTART)]
    #[arg(long, value_name = "BOOL", env = "SECURE_CHAT_TLS_SELF_SIGNED")]
    #[arg(num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(super) tls_self_signed: Option<bool>,

    /// Serve the page without TLS on addresses other than loopback, where whoever is in between can
    /// read and change it.
    #[arg(help_heading = RESTART)]
    #[arg(long, value_name = "BOOL", env = "SECURE_CHAT_INSECURE_HTTP")]
    #[arg(num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(super) insecure_http: Option<bool>,

    /// Address of a listener for monitoring, in the same forms: Prometheus scrapes /metrics there, and
    /// /livez, /readyz and /healthz say whether the server works. May be repeated.
    #[arg(help_heading = RESTART)]
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "SECURE_CHAT_OPS",
        value_delimiter = ','
    )]
    #[serde(default, deserialize_with = "one_or_many")]
    pub(super) ops: Option<Vec<Endpoint>>,

    /// Let --ops have addresses other than loopback, where whoever reaches them can read when and how
    /// much is written.
    #[arg(help_heading = RESTART)]
    #[arg(long, value_name = "BOOL", env = "SECURE_CHAT_INSECURE_OPS")]
    #[arg(num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(super) insecure_ops: Option<bool>,

    /// Network of a proxy (such as 10.0.0.0/8, or unix for the peers on Unix sockets) that is believed
    /// which client it speaks for, by Forwarded or X-Forwarded-For; may be repeated.
    #[arg(
        long,
        value_name = "CIDR",
        env = "SECURE_CHAT_TRUSTED_PROXY",
        value_delimiter = ','
    )]
    #[serde(default, deserialize_with = "one_or_many")]
    pub(super) trusted_proxy: Option<Vec<Network>>,

    /// Network of a proxy whose connections to the TCP listeners begin with a PROXY header, version 1
    /// or 2, which names the client: required from it and refused from all others. May be repeated.
    #[arg(
        long,
        value_name = "CIDR",
        env = "SECURE_CHAT_PROXY_PROTOCOL_FROM",
        value_delimiter = ','
    )]
    #[serde(default, deserialize_with = "one_or_many")]
    pub(super) proxy_protocol_from: Option<Vec<Network>>,

    /// Folder of the server's key and of the chat's history; nobody else may write there.
    /// [default: data]
    #[arg(help_heading = RESTART)]
    #[arg(long, value_name = "FOLDER", env = "SECURE_CHAT_DATA_DIR")]
    pub(super) data_dir: Option<PathBuf>,

    /// Accept protocol v1 from clients on other machines, too, and by the names of --public-url.
    #[arg(long, value_name = "BOOL", env = "SECURE_CHAT_ALLOW_V1")]
    // Only `=` brings a value: clap would otherwise take a subcommand behind the flag for the
    // flag's value.
    #[arg(num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(super) allow_v1: Option<bool>,

    /// Write every decrypted line to the log. Off by default: then no text ever gets there.
    #[arg(long, value_name = "BOOL", env = "SECURE_CHAT_LOG_PLAINTEXT")]
    #[arg(num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(super) log_plaintext: Option<bool>,

    /// Print a link that makes whoever opens it an operator, though there is one already. Without
    /// one, the link is printed anyway.
    #[arg(help_heading = RESTART)]
    #[arg(long, value_name = "BOOL", env = "SECURE_CHAT_NEW_CLAIM")]
    #[arg(num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(super) new_claim: Option<bool>,

    /// Least severe level that is logged: error, warn, info, debug or trace. [default: info]
    #[arg(long, value_name = "LEVEL", env = "SECURE_CHAT_LOG_LEVEL")]
    pub(super) log_level: Option<LogLevel>,

    /// Form of the log: text, json (an object a line), or journal (text behind a priority, for
    /// systemd); auto is journal if standard error is the journal, else text. [default: auto]
    #[arg(help_heading = RESTART)]
    #[arg(long, value_name = "FORMAT", env = "SECURE_CHAT_LOG_FORMAT")]
    pub(super) log_format: Option<LogFormat>,

    /// Collector of OpenTelemetry traces, such as <http://127.0.0.1:4318>: spans go to /v1/traces below
    /// it, as OTLP over HTTP. Only in a server that was built with the feature `otel`.
    #[arg(help_heading = RESTART)]
    #[arg(long, value_name = "URL", env = "SECURE_CHAT_OTLP_ENDPOINT")]
    pub(super) otlp_endpoint: Option<OtlpEndpoint>,

    /// Part of all traces that goes to --otlp-endpoint, from 0 to 1. [default: 0.01]
    #[arg(help_heading = RESTART)]
    #[arg(long, value_name = "RATIO", env = "SECURE_CHAT_OTLP_SAMPLE")]
    pub(super) otlp_sample: Option<f64>,

    /// Let pages of this origin (such as <https://chat.example>) use the tunnel; may be repeated.
    #[arg(
        long,
        value_name = "ORIGIN",
        env = "SECURE_CHAT_ALLOW_ORIGIN",
        value_delimiter = ','
    )]
    pub(super) allow_origin: Option<Vec<String>>,

    /// Most connections in all. [default: 10000]
    #[arg(long, value_name = "N", env = "SECURE_CHAT_MAX_CONNECTIONS")]
    pub(super) max_connections: Option<usize>,

    /// Most connections from one address (IPv6: from one /64). [default: 1024]
    #[arg(
        long,
        value_name = "N",
        env = "SECURE_CHAT_MAX_CONNECTIONS_PER_ADDRESS"
    )]
    pub(super) max_connections_per_address: Option<usize>,

    /// Seconds that a client has for its handshake. [default: 10]
    #[arg(long, value_name = "SECONDS", env = "SECURE_CHAT_HANDSHAKE_TIMEOUT")]
    pub(super) handshake_timeout: Option<u64>,

    /// Largest v1 frame after the handshake in bytes; v2's limit is fixed. [default: 1048576]
    #[arg(long, value_name = "BYTES", env = "SECURE_CHAT_MAX_FRAME_BYTES")]
    pub(super) max_frame_bytes: Option<usize>,

    /// Longest line of chat in bytes of UTF-8; v2 carries up to 65536. [default: 16384]
    #[arg(long, value_name = "BYTES", env = "SECURE_CHAT_MAX_TEXT_BYTES")]
    pub(super) max_text_bytes: Option<usize>,

    /// Change the keys of a v2 session after so many records; it changes them after 1 GiB and after
    /// 10 minutes, too. [default: 1048576]
    #[arg(long, value_name = "N", env = "SECURE_CHAT_REKEY_RECORDS")]
    pub(super) rekey_records: Option<usize>,

    /// Retention of the entries of new rooms: forever, a number of days like 30d, a number of
    /// entries like 1000, or nothing, which is told and never written. Rooms that are there stay as
    /// they are; only operators can have one keep more. [default: forever]
    #[arg(long, value_name = "KEEP", env = "SECURE_CHAT_KEEP")]
    pub(super) keep: Option<KeepSetting>,

    /// Keys that may take part: open admits every key, invitation those with an invitation link,
    /// approval those that an operator admits. Keys with a name or in a room stay admitted. Without
    /// it the mode is the one that an operator has set, and open at first.
    #[arg(long, value_name = "MODE", env = "SECURE_CHAT_ADMISSION")]
    pub(super) admission: Option<AdmissionMode>,

    /// Seconds for which a key that the server has not seen before may read but not write.
    /// [default: 0]
    #[arg(long, value_name = "SECONDS", env = "SECURE_CHAT_NEW_KEYS_WAIT")]
    pub(super) new_keys_wait: Option<u64>,

    /// Most rooms with a name; there may be ten times as many rooms of two. [default: 10000]
    #[arg(long, value_name = "N", env = "SECURE_CHAT_MAX_ROOMS")]
    pub(super) max_rooms: Option<usize>,

    /// MiB that one person may write in a day into rooms that keep them. 0 is no limit. [default: 64]
    #[arg(long, value_name = "MIB", env = "SECURE_CHAT_MIB_PER_DAY")]
    pub(super) mib_per_day: Option<u32>,

    /// Names and rooms that the keys of one network may take in a day. 0 is no limit. [default: 2000]
    #[arg(long, value_name = "N", env = "SECURE_CHAT_CLAIMS_PER_DAY")]
    pub(super) claims_per_day: Option<u32>,

    /// MiB that the history may have on the disk, beside its log: nothing more is taken than
    /// deletions then. 0 is no limit. [default: 0]
    #[arg(help_heading = RESTART)]
    #[arg(long, value_name = "MIB", env = "SECURE_CHAT_MAX_HISTORY_MIB")]
    pub(super) max_history_mib: Option<u32>,

    /// Messages, edits, deletions and reactions of one person a minute, and ten times as many of one
    /// address; at most 120 at once. 0 is no limit, here and below. [default: 600]
    #[arg(long, value_name = "N", env = "SECURE_CHAT_SENDS_PER_MINUTE")]
    pub(super) sends_per_minute: Option<u32>,

    /// Rooms that one person may join or leave, invitations and names, a minute. [default: 600]
    #[arg(long, value_name = "N", env = "SECURE_CHAT_JOINS_PER_MINUTE")]
    pub(super) joins_per_minute: Option<u32>,

    /// Rooms that one person may create a minute. [default: 20]
    #[arg(long, value_name = "N", env = "SECURE_CHAT_CREATES_PER_MINUTE")]
    pub(super) creates_per_minute: Option<u32>,
    /// Requests that only read, a minute for each person: pages of history and of lists, typing,
    /// read markers; dear ones, such as a search, count several times. 0 is no limit [default:
    /// 2400]
    #[arg(long, env = "SECURE_CHAT_ASKS_PER_MINUTE", value_name = "N")]
    pub(super) asks_per_minute: Option<u32>,

    /// Connections from one address (IPv6: from one /64) a minute. [default: 1200]
    #[arg(long, value_name = "N", env = "SECURE_CHAT_HANDSHAKES_PER_MINUTE")]
    pub(super) handshakes_per_minute: Option<u32>,

    /// Size of a new server key in bits: 2048, 3072 or 4096. [default: 2048]
    #[arg(help_heading = RESTART)]
    #[arg(long, value_name = "BITS", env = "SECURE_CHAT_KEY_BITS")]
    pub(super) key_bits: Option<usize>,
}

/// A retention as flags and the file write it.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct KeepSetting(pub(super) Keep);

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
