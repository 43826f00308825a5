//! `secure-chat-server`: reads its settings, opens its listeners, and runs until it is told to stop.

use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use secure_chat_server::config::{Cli, Command, Config, ConfigError};
use secure_chat_server::hub::{Hub, Settings};
use secure_chat_server::keystore::{self, KeystoreError};
use secure_chat_server::operators::Log;
use secure_chat_server::store::{ExportError, OpenError, SqliteStore, StoreError, export};
use secure_chat_server::{Context, open_files, run};
use shared::chat::RoomId;
use shared::trust::words;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// How long RSA that is under way may keep the process.
const SHUTDOWN_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(1);

/// The chat's history, in the data folder.
const DATABASE: &str = "chat.db";

fn main() -> ExitCode {
    match start() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Standard error may be gone; there is nothing left to tell then.
            let _ = writeln!(io::stderr(), "secure-chat-server: {error}");
            error.exit_code()
        }
    }
}

/// Why the server did not start, or stopped otherwise than it was told to.
#[derive(Debug)]
enum Failure {
    Config(ConfigError),
    Key(KeystoreError),
    Open(OpenError),
    Load(StoreError),
    Export(RoomId, ExportError),
    Listen {
        flag: &'static str,
        address: std::net::SocketAddr,
        cause: io::Error,
    },
    Runtime(io::Error),
}

impl Failure {
    /// As in sysexits.h where it has a fitting one: 64 usage, 1 otherwise.
    fn exit_code(&self) -> ExitCode {
        ExitCode::from(if matches!(self, Self::Config(_)) {
            64
        } else {
            1
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(error) => fmt::Display::fmt(error, f),
            Self::Key(error) => fmt::Display::fmt(error, f),
            Self::Open(error) => fmt::Display::fmt(error, f),
            Self::Export(room, error) => write!(f, "{room} was not exported: {error}"),
            Self::Load(error) => write!(f, "the chat's history cannot be read: {error}"),
            Self::Listen {
                flag,
                address,
                cause,
            } => {
                write!(f, "cannot listen on {address}: {cause}")?;
                match cause.kind() {
                    io::ErrorKind::AddrInUse => {
                        write!(f, "; another program has this port, choose one with {flag}")
                    }
                    io::ErrorKind::PermissionDenied => {
                        write!(f, "; ports below 1024 need rights, choose one with {flag}")
                    }
                    _ => Ok(()),
                }
            }
            Self::Runtime(error) => write!(f, "the system refuses what a server needs: {error}"),
        }
    }
}

fn start() -> Result<(), Failure> {
    let mut cli = Cli::parse();
    let command = cli.command.take();
    let config = cli.into_config().map_err(Failure::Config)?;
    if let Some(Command::Export { room, data_dir }) = command {
        return write_export(&data_dir.unwrap_or(config.data_dir), &room);
    }
    let log = start_log(&config);
    let (identity, new) =
        keystore::load_or_generate(&config.data_dir, config.key_bits).map_err(Failure::Key)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Failure::Runtime)?;
    let hub = open_hub(&runtime, &config)?;
    hub.operators().show_log(log);
    let context = Arc::new(Context::new(config, identity, hub));
    tracing::info!(
        folder = %context.config.data_dir.display(),
        fingerprint = %context.identity.public_key().fingerprint(),
        bits = context.identity.public_key().bits(),
        "{}", if new { "made a new server key" } else { "loaded the server key" }
    );
    let fingerprint = context.identity.public_key().fingerprint();
    // What people compare with what their client shows them on their first visit.
    tracing::info!("this server's words: {}", words(&fingerprint));
    if context.config.log_plaintext {
        tracing::warn!("--log-plaintext: every decrypted line is written to this log");
    }
    let open_files = open_files::raise_limit();
    if !open_files::fits(context.config.max_connections, open_files) {
        tracing::warn!(
            max_connections = context.config.max_connections,
            open_files,
            "the system's limit of open files will be reached first; see `ulimit -n`"
        );
    }
    let result = runtime.block_on(listen_and_run(Arc::clone(&context)));
    // What did not drain in time is cut off here. Nothing uses the rooms any more then, so that their
    // store is closed, and not only left.
    runtime.shutdown_timeout(SHUTDOWN_TIMEOUT);
    drop(context);
    result
}

fn write_export(folder: &Path, room: &RoomId) -> Result<(), Failure> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    match export(&folder.join(DATABASE), room, &mut out) {
        // Whoever reads has read enough.
        Err(ExportError::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done.map_err(|error| Failure::Export(room.clone(), error)),
    }
}

/// The rooms, as they were when the last server of this data folder stopped.
fn open_hub(runtime: &tokio::runtime::Runtime, config: &Config) -> Result<Hub, Failure> {
    let path = config.data_dir.join(DATABASE);
    let store = SqliteStore::open(&path).map_err(Failure::Open)?;
    let hub = Hub::open(
        Arc::new(store),
        Settings {
            text_bytes: config.max_text_bytes,
            per_minute: config.rates,
            keep: config.keep,
            max_rooms: config.max_rooms,
        },
    );
    runtime.block_on(hub).map_err(Failure::Load)
}

/// Starts the log; gives what operators can follow of it.
fn start_log(config: &Config) -> Log {
    let level = tracing::Level::from(config.log_level);
    let log = Log::default();
    tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_max_level(level)
        .with_target(false)
        .finish()
        .with(log.clone())
        .init();
    log
}

async fn listen_and_run(context: Arc<Context>) -> Result<(), Failure> {
    let config = &context.config;
    let tcp = bind("--listen", config.listen).await?;
    let http = bind("--http", config.http).await?;
    announce("tcp", &tcp)?;
    announce("http", &http)?;
    if let Ok(address) = http.local_addr() {
        let fingerprint = context.identity.public_key().fingerprint();
        tracing::info!("the page is at http://{address}/");
        tracing::info!("with the server's key in the link: http://{address}/#pin={fingerprint}");
    }
    if let Ok(address) = http.local_addr()
        && (context.config.new_claim || !context.hub.has_operator())
    {
        offer_claim(&context, address)?;
    }
    watch_signals(Arc::clone(&context)).map_err(Failure::Runtime)?;
    run(tcp, http, context).await;
    tracing::info!("stopped");
    Ok(())
}

async fn bind(flag: &'static str, address: std::net::SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address)
        .await
        .map_err(|cause| Failure::Listen {
            flag,
            address,
            cause,
        })
}

/// One line on standard output for whoever started us: with port 0 only we know the port.
fn announce(kind: &str, listener: &TcpListener) -> Result<(), Failure> {
    let address = listener.local_addr().map_err(Failure::Runtime)?;
    let mut stdout = io::stdout().lock();
    // Nobody may be reading; that is no reason not to serve.
    let _ = writeln!(stdout, "{kind} listening on {address}").and_then(|()| stdout.flush());
    Ok(())
}

/// The link that makes an operator goes to standard output only: a log is read by many.
fn offer_claim(context: &Context, http: std::net::SocketAddr) -> Result<(), Failure> {
    let code = context.hub.operators().claim.make();
    let code = code.map_err(|_| Failure::Runtime(io::Error::other("there is no randomness")))?;
    let mut stdout = io::stdout().lock();
    let _ = writeln!(stdout, "operator claim link: http://{http}/#claim={code}")
        .and_then(|()| stdout.flush());
    Ok(())
}

/// SIGTERM and SIGINT stop, a second one at once; SIGUSR1 writes the table of clients to the log.
fn watch_signals(context: Arc<Context>) -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut table = signal(SignalKind::user_defined1())?;
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
                _ = table.recv() => {
                    log_clients(&context);
                    continue;
                }
            }
            if context.stop.is_cancelled() {
                tracing::warn!("told to stop again: stopping at once");
                std::process::exit(130);
            }
            tracing::info!(clients = context.clients.snapshot().len(), "stopping");
            context.stop.cancel();
        }
    });
    Ok(())
}

fn log_clients(context: &Context) {
    let clients = context.clients.snapshot();
    tracing::info!(count = clients.len(), "connected clients");
    for client in clients {
        tracing::info!("client {client}");
    }
}
