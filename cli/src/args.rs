//! The command line. Help, completions and the man page all come from here.

mod lab;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use shared::chat::name::Name;
use shared::chat::{Keep, RoomName};
use shared::connection::Version;
use shared::identity::Fingerprint;

use crate::address::Address;

pub(crate) use lab::{ALL as ALL_SCENES, Lab};

/// The meaning of every exit code, in the help and in the man page.
pub(crate) const EXIT_CODES: &str = "\
0    done: the server, or you, ended the session as it should
1    wrong usage, a damaged or unreadable file, or another error
2    no connection could be made
3    the server is not known, and nobody trusted its key
4    the server's key is not the pinned one
5    a higher version of the protocol was spoken with this server before
6    the server does not keep to the protocol, or the handshake failed
7    the connection was cut or lost: something may be missing
8    the server reported an error; its code is on standard error
9    in a pipe: lines were not delivered, or follow /quit; standard error has their numbers
10   in a pipe: the name of --name or /name was not given; no line behind it was sent
11   in a pipe: standard output failed, or nobody reads it any more
12   the terminal is gone; what was written is kept, and there in the next chat
130  interrupted";

/// Examples, for the help and for the man page.
pub(crate) const EXAMPLES: &str = "\
secure-chat chat chat.example:5000
    rooms, history and people; on first contact the server's key is shown, and you are asked
secure-chat connect chat.example:5000
    talk in the lobby, line by line
secure-chat chat wss://chat.example/ws --pin SHA256:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0
    through the web server, with a key that you were told
uptime | secure-chat connect chat.example:5000 --accept-new --name status
    send lines from a script, and print what is said meanwhile
secure-chat keys show --qr
    your own fingerprint and words, for others to compare
secure-chat pins list
    whom you trust
secure-chat lab replay
    what a replayed message does to v1, and what stops it in v2";

/// Secure Chat's terminal client
///
/// Talks to a Secure Chat server from a terminal, or as a part of a pipe: lines of standard input
/// are sent, messages come on standard output, and everything else is on standard error.
#[derive(Debug, Parser)]
#[command(name = "secure-chat", version, disable_help_subcommand = true)]
#[command(after_long_help = after_help(), after_help = "See --help for examples and exit codes.")]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

fn after_help() -> String {
    let indented = |text: &str| text.replace('\n', "\n  ");
    format!(
        "Examples:\n  {}\n\nExit codes:\n  {}",
        indented(EXAMPLES),
        indented(EXIT_CODES)
    )
}

/// Options that every command takes.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// Folder of your key (`client_key.pem`) and of the pins (`known_servers`).
    /// [default: the user's data folder, such as ~/.local/share/secure-chat]
    #[arg(long, global = true, value_name = "DIR", env = "SECURE_CHAT_DATA_DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Least severe level that is shown on standard error; debug shows every frame
    #[arg(
        long,
        global = true,
        value_name = "LEVEL",
        env = "SECURE_CHAT_LOG_LEVEL"
    )]
    #[arg(default_value = "info")]
    pub(crate) log_level: Level,
    /// The same as --log-level debug
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
}

impl Global {
    pub(crate) fn level(&self) -> Level {
        if self.verbose {
            Level::Debug
        } else {
            self.log_level
        }
    }
}

/// The amount of output beside messages. The reason for which the program ends is always shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Level {
    /// The reason for which the program ends
    Error,
    /// Everything that weakens your protection
    Warn,
    /// The connection and the server's key
    Info,
    /// Every frame that is sent or received
    Debug,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Chat in the whole terminal: rooms, history, people
    ///
    /// Rooms, direct messages, history, search, replies and reactions; F1 shows the keys. What
    /// cannot be sent waits in the data folder and is sent later, once; drafts are kept there, too.
    /// `NO_COLOR` is respected.
    Chat(Server),
    /// Talk in the lobby line by line, from a terminal or a pipe
    ///
    /// In a terminal: a prompt with history. With standard input or output redirected, or with
    /// --pipe: lines of standard input are messages, messages are lines of standard output, and at
    /// the end of standard input the program ends when the server has acknowledged every line. Lines
    /// that the server limits are sent again when it allows it. A line that was not delivered is
    /// named on standard error by its number, and the exit code is not 0. Empty lines are left out.
    /// `/name NEW` counts for the lines behind it, which wait until the server has given the name.
    Connect(Connect),
    /// Your own long-term key
    #[command(subcommand)]
    Keys(Keys),
    /// The servers that you trust
    #[command(subcommand)]
    Pins(Pins),
    /// Put a server of your own under load, and print what it does
    ///
    /// Connects many clients, lets one of each room send, and prints how fast the messages are
    /// acked and delivered. The server's key is not checked. Rate limits of the server count here
    /// as for everybody: start it with higher ones.
    Bench(Bench),
    /// Play attacks on both versions of the protocol, in memory, and see what stops each
    ///
    /// A client, a server and an attacker between them on a simulated network: what the attacker did,
    /// what both sides saw, which check stopped it or that nothing did, and why, for v1 and v2 side by
    /// side. No connection is made and no key of yours is used.
    Lab(Lab),
    /// Show the frames of a captured session
    ///
    /// Reads a capture of `--capture`, or of another program that saw the session over TCP, and
    /// prints its frames, opened with the secrets of `--keylog`. Needs no server and no network.
    Decode(Decode),
    /// Print a script that completes this program's command line
    Completions {
        /// Shell that the script is for
        shell: clap_complete::Shell,
    },
    /// Print the man page
    Man {
        /// Command to describe, instead of the whole program
        command: Option<String>,
    },
}

/// The options of `connect`.
#[derive(Debug, Args)]
pub(crate) struct Connect {
    #[command(flatten)]
    pub(crate) server: Server,
    /// Read lines and write messages even if this is a terminal
    #[arg(long)]
    pub(crate) pipe: bool,
    /// Room to deliver to, in a pipe; it must exist
    #[arg(long, value_name = "ROOM", default_value = "lobby", value_parser = room)]
    pub(crate) room: RoomName,
}

/// The server, and the way to connect to it.
#[derive(Debug, Args)]
pub(crate) struct Server {
    // Not a doc comment, where these would have to be links.
    #[arg(value_name = "ADDR")]
    #[arg(
        help = "The server: host:port or tcp://host:port, tls://host, ws://host/ws or wss://host/ws"
    )]
    pub(crate) address: Address,
    /// Version of the protocol: v2, or v1, which proves nothing about the server
    #[arg(long, value_name = "VERSION", default_value = "v2")]
    pub(crate) protocol: Version,
    /// Fingerprint that the server's key must have; pins it
    #[arg(long, value_name = "SHA256:…")]
    pub(crate) pin: Option<Fingerprint>,
    /// Pin the key of a server that is not known yet without asking; a changed key is refused as ever
    #[arg(long)]
    pub(crate) accept_new: bool,
    /// Name to take
    #[arg(long, value_name = "NAME", value_parser = name)]
    pub(crate) name: Option<Name>,
    /// Write the session's bytes to this new file, for Wireshark and `decode` (pcapng); without TLS
    /// and WebSocket around them
    #[arg(long, value_name = "FILE")]
    pub(crate) capture: Option<PathBuf>,
    /// Write the session's secrets to this new file: whoever has it can read the capture
    #[arg(long, value_name = "FILE", requires = "capture")]
    pub(crate) keylog: Option<PathBuf>,
}

/// The options of `decode`.
#[derive(Debug, Args)]
pub(crate) struct Decode {
    /// Capture (pcapng), or the JSON of frames
    pub(crate) file: PathBuf,
    /// Secrets of the captured session, written by --keylog
    #[arg(long, value_name = "FILE")]
    pub(crate) keylog: Option<PathBuf>,
    /// Connection of the capture to show, from 1
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = at_least_one())]
    pub(crate) connection: usize,
    /// Also the layers and fields of each frame, as with --verbose
    #[arg(long, conflicts_with = "json")]
    pub(crate) fields: bool,
    /// Print one JSON object (docs/INSPECTOR.md)
    #[arg(long)]
    pub(crate) json: bool,
}

/// The options of `bench`.
#[derive(Debug, Args)]
pub(crate) struct Bench {
    // Not a doc comment, where these would have to be links.
    #[arg(value_name = "ADDR")]
    #[arg(
        help = "The server: host:port or tcp://host:port, tls://host, ws://host/ws or wss://host/ws"
    )]
    pub(crate) address: Address,
    /// Version of the protocol
    #[arg(long, value_name = "VERSION", default_value = "v2")]
    pub(crate) protocol: Version,
    /// Connections, spread evenly over the rooms
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = at_least_one())]
    pub(crate) clients: usize,
    /// Rooms, made for this run; one client of each sends
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = at_least_one())]
    pub(crate) rooms: usize,
    /// Clients among these that read nothing once messages are sent; the others are measured
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) stalled: usize,
    /// Different keys among the clients
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = at_least_one())]
    pub(crate) keys: usize,
    /// Retention of these rooms: forever, 30d, 1000 or nothing
    #[arg(long, value_name = "KEEP")]
    pub(crate) keep: Option<Keep>,
    /// Messages of each room; 0 only connects
    #[arg(long, value_name = "N", default_value_t = 2000)]
    pub(crate) messages: u64,
    /// Bytes of a message's text
    #[arg(long, value_name = "BYTES", default_value_t = 200, value_parser = message_size())]
    pub(crate) size: usize,
    /// Messages a second in each room, whatever the server does
    #[arg(long, value_name = "N", value_parser = rate, conflicts_with = "in_flight")]
    pub(crate) rate: Option<f64>,
    /// Messages of each room that not everybody has, at most; looked at every millisecond
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) in_flight: u64,
    /// The server's process on this machine, for its processor time and memory (Linux)
    #[arg(long, value_name = "PID")]
    pub(crate) server_pid: Option<u32>,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

fn at_least_one() -> impl clap::builder::TypedValueParser<Value = usize> {
    number(1..=100_000)
}

/// Parses the size of a message. The time of sending has to fit into it.
fn message_size() -> impl clap::builder::TypedValueParser<Value = usize> {
    number(21..=1024 * 1024)
}

fn number(
    range: std::ops::RangeInclusive<u64>,
) -> impl clap::builder::TypedValueParser<Value = usize> {
    use clap::builder::TypedValueParser;
    // Nothing is lost: the ranges above fit into any `usize` that this program runs with.
    clap::value_parser!(u64)
        .range(range)
        .try_map(usize::try_from)
}

fn rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if rate.is_finite() && rate > 0.0 {
        Ok(rate)
    } else {
        Err("a rate is more than 0".to_owned())
    }
}

fn room(text: &str) -> Result<RoomName, String> {
    RoomName::parse(text).map_err(|error| error.to_string())
}

fn name(text: &str) -> Result<Name, String> {
    Name::parse(text).map_err(|error| error.to_string())
}

#[derive(Debug, Subcommand)]
pub(crate) enum Keys {
    /// Show fingerprint, words and public key; makes the key if there is none
    Show {
        /// Also as a QR code of the fingerprint
        #[arg(long)]
        qr: bool,
    },
    /// Write the key to FILE, encrypted with a passphrase (PKCS#8; the page and openssl open it)
    Export {
        /// A new file
        file: PathBuf,
        #[command(flatten)]
        passphrase: Passphrase,
    },
    /// Take the key in FILE as yours: PKCS#8 or PKCS#1 in PEM, encrypted or not
    Import {
        /// Output of `keys export`, the page or openssl
        file: PathBuf,
        #[command(flatten)]
        passphrase: Passphrase,
    },
}

/// The source of a passphrase.
#[derive(Debug, Args)]
pub(crate) struct Passphrase {
    /// Take the passphrase from the first line of this file instead of asking
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Pins {
    /// List the servers with their keys
    List {
        /// Print the list as JSON
        #[arg(long)]
        json: bool,
    },
    /// Forget a server: its next key will be asked about as on first contact
    Remove {
        /// Address, as it was given to `connect`
        #[arg(value_name = "ADDR")]
        address: Address,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definitions_fit_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_exit_code_is_in_the_help() {
        use crate::exit::Code;
        for code in [
            Code::Other,
            Code::CannotConnect,
            Code::Untrusted,
            Code::KeyChanged,
            Code::VersionFloor,
            Code::Protocol,
            Code::Lost,
            Code::Reported,
            Code::NotDelivered,
            Code::Name,
            Code::Output,
            Code::TerminalGone,
            Code::Interrupted,
        ] {
            let start = format!("{} ", code as u8);
            assert!(
                EXIT_CODES.lines().any(|line| line.starts_with(&start)),
                "{code:?}"
            );
        }
    }
}
