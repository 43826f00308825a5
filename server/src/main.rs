//! `secure-chat-server`: reads its settings, opens its listeners, and runs until it is told to
//! stop.

mod tasks;

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use secure_chat_server::acme;
use secure_chat_server::backup::DATABASE;
use secure_chat_server::config::{
    self, AcmeSettings, Cli, Command, Config, ConfigError, Loaded, TlsSettings, Values,
};
use secure_chat_server::gateway::has_page;
use secure_chat_server::hub::Hub;
use secure_chat_server::keystore::{self, KeystoreError};
use secure_chat_server::links;
use secure_chat_server::listen::{
    BindError, Endpoint, InheritError, Inherited, Listener, Listeners, bind_all,
};
use secure_chat_server::logging::{self, LossyWriter, Threshold};
use secure_chat_server::operators::Log;
use secure_chat_server::reload::{self, Reloader, Watched};
use secure_chat_server::store::{OpenError, SqliteStore, StoreError};
use secure_chat_server::telemetry::{self, TelemetryError};
use secure_chat_server::tls::{self, CertificateError, Moment, Tls};
use secure_chat_server::{Context, hub_settings, open_files, run, service_manager, takeover};
use shared::trust::words;
use thiserror::Error;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use self::tasks::TaskFailure;

/// The allocator of static programs: musl's own has one lock for all threads.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Time for which RSA that is under way may keep the process.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(1);

/// Time for which the last lines may keep the process, when nobody reads them.
const LAST_WORDS_TIMEOUT: Duration = Duration::from_millis(500);

/// Time for which a service manager that takes no word keeps the process.
const MANAGER_TIMEOUT: Duration = Duration::from_secs(5);

/// The name of the certificate that the server signs itself, in the data folder.
const SELF_SIGNED: &str = "tls_self_signed.pem";

fn main() -> ExitCode {
    match start() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Standard error may be gone, or never be read: neither keeps the process.
            let mut stderr = LossyWriter::new("last words", io::stderr());
            let _ = stderr.write_all(format!("secure-chat-server: {error}\n").as_bytes());
            stderr.flush_within(LAST_WORDS_TIMEOUT);
            error.exit_code()
        }
    }
}

/// The reason for which the server did not start, or stopped without being told to.
#[derive(Debug, Error)]
enum Failure {
    #[error(transparent)]
    Config(ConfigError),
    #[error(transparent)]
    Key(KeystoreError),
    #[error(transparent)]
    Open(OpenError),
    #[error("the chat's history cannot be read: {0}")]
    Load(#[source] StoreError),
    #[error(transparent)]
    Task(TaskFailure),
    #[error(transparent)]
    Inherit(InheritError),
    #[error(transparent)]
    Listen(BindError),
    #[error(transparent)]
    Tls(CertificateError),
    #[error(transparent)]
    Telemetry(TelemetryError),
    #[error("the system refuses what a server needs: {0}")]
    Runtime(#[source] io::Error),
}

impl Failure {
    /// Returns the code of sysexits.h where it has a fitting one: 64 for usage, 1 otherwise.
    fn exit_code(&self) -> ExitCode {
        ExitCode::from(if matches!(self, Self::Config(_)) {
            64
        } else {
            1
        })
    }
}

fn start() -> Result<(), Failure> {
    // Before the first thread, which the log is.
    let inherited = Inherited::take();
    let mut cli = Cli::parse();
    if let Some(command) = cli.command.take() {
        let config = if uses_data_alone(&command) {
            cli.into_config_of_data()
        } else {
            cli.into_config()
        };
        let config = config.map_err(Failure::Config)?;
        return carry_out(command, config);
    }
    let Loaded { config, values } = config::load().map_err(Failure::Config)?;
    let inherited = inherited.map_err(Failure::Inherit)?;
    let log = logging::start(config.log_level.into(), config.log_format.into());
    let writer = log.writer.clone();
    let result = serve(config, values, log, inherited);
    writer.flush_within(LAST_WORDS_TIMEOUT);
    result
}

/// Returns whether a task uses the data folder and no other setting. It then works wherever the folder
/// is, such as in a container that has the addresses of the server in its variables, and not what
/// protects them.
fn uses_data_alone(command: &Command) -> bool {
    matches!(
        command,
        Command::Export { .. }
            | Command::Import(_)
            | Command::Operators { .. }
            | Command::Backup(_)
            | Command::Restore(_)
    )
}

/// Does a task instead of serving.
fn carry_out(command: Command, config: Config) -> Result<(), Failure> {
    let done = match command {
        Command::Export { room, data_dir } => {
            let folder = data_dir.unwrap_or(config.data_dir);
            match room {
                Some(room) => tasks::write_export(&folder, &room),
                None => tasks::export_all(&folder),
            }
        }
        Command::Completions { shell } => tasks::print_completions(shell),
        Command::Man => tasks::print_manual(),
        Command::Config(task) => tasks::config(&config, &task),
        Command::Health(task) => tasks::health(&config, &task),
        Command::Import(task) => tasks::import(&config.data_dir, task),
        Command::Operators { task, data_dir } => {
            let folder = data_dir.unwrap_or(config.data_dir);
            tasks::operators(&folder, task)
        }
        Command::Backup(task) => tasks::backup(&config.data_dir, &task),
        Command::Restore(task) => tasks::restore(&config.data_dir, &task),
    };
    done.map_err(Failure::Task)
}

fn serve(
    config: Config,
    running: Values,
    log: logging::Started,
    inherited: Inherited,
) -> Result<(), Failure> {
    let (identity, new) =
        keystore::load_or_generate(&config.data_dir, config.key_bits).map_err(Failure::Key)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Failure::Runtime)?;
    // Unhandled, the signal to read the settings again would end a server that is about to start. The
    // others may.
    let hang_up = {
        let _inside = runtime.enter();
        signal(SignalKind::hangup()).map_err(Failure::Runtime)?
    };
    let traces = telemetry::start(&config.telemetry, runtime.handle());
    let traces = traces.map_err(Failure::Telemetry)?;
    let patience = if inherited.is_empty() {
        // Nobody starts a second server on one folder on purpose.
        Duration::ZERO
    } else {
        takeover::PATIENCE
    };
    let hub = open_hub(&runtime, &config, log.followed, patience)?;
    // Before the connections are shared out by it.
    open_files::raise_limit();
    let context = Arc::new(Context::new(config, identity, hub));
    tracing::info!(
        folder = %context.config().data_dir.display(),
        fingerprint = %context.identity.public_key().fingerprint(),
        bits = context.identity.public_key().bits(),
        "{}", if new { "made a new server key" } else { "loaded the server key" }
    );
    let fingerprint = context.identity.public_key().fingerprint();
    // People compare them with the words that their client shows on their first visit.
    tracing::info!("this server's words: {}", words(&fingerprint));
    reload::warn_of(&context);
    let reloading = Reloading {
        running,
        threshold: log.threshold,
        hang_up,
    };
    let result = runtime.block_on(listen_and_run(Arc::clone(&context), reloading, inherited));
    // Everybody has gone by now, or had the time to.
    runtime.block_on(traces.stop());
    // Connections that did not drain in time are cut off here. Nothing uses the rooms after that,
    // so that their store is closed, and not only left.
    runtime.shutdown_timeout(SHUTDOWN_TIMEOUT);
    drop(context);
    result
}

/// Opens the rooms as they were when the last server of this data folder stopped, for which it is
/// given `patience`.
fn open_hub(
    runtime: &tokio::runtime::Runtime,
    config: &Config,
    log: Log,
    patience: Duration,
) -> Result<Hub, Failure> {
    let path = config.data_dir.join(DATABASE);
    let most = u64::from(config.max_history_mib) << 20;
    let settings = hub_settings(config, Some(log));
    let open = || SqliteStore::open_bounded(&path, most, &settings.metrics);
    let store = takeover::open_once_free(open, patience).map_err(Failure::Open)?;
    let hub = Hub::open(Arc::new(store), settings);
    runtime.block_on(hub).map_err(Failure::Load)
}

/// The inputs of [`Reloader`] that exist before the listeners.
struct Reloading {
    running: Values,
    threshold: Threshold,
    hang_up: Signal,
}

async fn listen_and_run(
    context: Arc<Context>,
    reloading: Reloading,
    inherited: Inherited,
) -> Result<(), Failure> {
    let config = context.config();
    // All are bound before any is announced: a program that reads the lines can use all at once.
    let listeners = listen(&config, inherited).await?;
    // Before anybody knows that the server is there, and can send one.
    watch_signals(Arc::clone(&context)).map_err(Failure::Runtime)?;
    // Nobody may read standard output; that is no reason not to serve.
    let mut out = LossyWriter::new("standard output", io::stdout());
    announce(&mut out, "tcp", &listeners.tcp);
    announce(&mut out, "http", &listeners.http);
    announce(&mut out, "ops", &listeners.ops);
    let pages = links::page_addresses(&config.network.public_url, &listeners);
    let fingerprint = context.identity.public_key().fingerprint();
    for page in &pages {
        tracing::info!("the page is at {page}");
        tracing::info!("with the server's key in the link: {page}#pin={fingerprint}");
    }
    if !has_page() {
        tracing::warn!(
            "the page is not built into this server; terminal clients can use it. To have both: \
             `cargo xtask web && cargo build --release -p server`"
        );
    }
    if config.new_claim || !context.hub.has_operator() {
        offer_claim(&mut out, &context, pages.first())?;
    }
    let reloader = Reloader {
        context: Arc::clone(&context),
        threshold: reloading.threshold,
        running: reloading.running,
        http: http_endpoints(&listeners),
        certificate: keep_certificate(&listeners, &context),
    };
    tokio::spawn(reloader.run(reloading.hang_up));
    // The sockets listen already: whoever comes now is served in a moment.
    drop(spawn_blocking(service_manager::tell_ready));
    tokio::spawn(service_manager::keep_watchdog(Arc::clone(&context)));
    let told = tokio::spawn(service_manager::tell_when_stopping(context.stop.clone()));
    run(listeners, context).await;
    // A server without clients stops before that. A manager that takes nothing does not hold it up.
    let _ = tokio::time::timeout(MANAGER_TIMEOUT, told).await;
    tracing::info!("stopped");
    Ok(())
}

/// Binds the listeners, but for those kinds of which the service manager has handed on some.
async fn listen(config: &Config, inherited: Inherited) -> Result<Listeners, Failure> {
    let mut listeners = inherited.into_listeners().map_err(Failure::Runtime)?;
    if listeners.tcp.is_empty() {
        let bound = bind_all("--listen", &config.network.listen).await;
        listeners.tcp = bound.map_err(Failure::Listen)?;
    }
    if listeners.http.is_empty() {
        let bound = bind_all("--http", &config.network.http).await;
        listeners.http = bound.map_err(Failure::Listen)?;
    }
    if listeners.ops.is_empty() {
        let bound = bind_all("--ops", &config.network.ops).await;
        listeners.ops = bound.map_err(Failure::Listen)?;
    }
    // The settings are checked already, but the service manager's sockets are in none.
    for http in http_endpoints(&listeners) {
        let checked = config.network.check_plain_http(&http);
        checked.map_err(Failure::Config)?;
    }
    for address in listeners.ops.iter().filter_map(Listener::net_address) {
        let checked = config.network.check_ops(&address.into());
        checked.map_err(Failure::Config)?;
    }
    listeners.tls = open_tls(config, &listeners)?;
    Ok(listeners)
}

fn http_endpoints(listeners: &Listeners) -> Vec<Endpoint> {
    let addresses = listeners.http.iter().filter_map(Listener::net_address);
    addresses.map(Endpoint::from).collect()
}

/// Loads the certificate, and tells what people compare.
fn open_tls(config: &Config, listeners: &Listeners) -> Result<Option<Arc<Tls>>, Failure> {
    let Some(settings) = config.network.tls.clone() else {
        return Ok(None);
    };
    let names = reload::certificate_names(config, &links::own_hosts(listeners));
    let source = match settings {
        TlsSettings::Files { chain, key } => tls::Source::Files { chain, key, names },
        TlsSettings::Acme(settings) => {
            return open_for_acme(config, &settings, listeners).map(Some);
        }
        TlsSettings::SelfSigned => tls::Source::SelfSigned {
            path: config.data_dir.join(SELF_SIGNED),
            names,
        },
    };
    let tls = Tls::open(source).map_err(Failure::Tls)?;
    tell_fingerprint(&tls);
    Ok(Some(Arc::new(tls)))
}

/// Loads the certificate that an ACME directory has issued before, if there is one: the first is got
/// while the server listens, because the directory connects to it.
fn open_for_acme(
    config: &Config,
    settings: &AcmeSettings,
    listeners: &Listeners,
) -> Result<Arc<Tls>, Failure> {
    let path = acme::certificate_path(&config.data_dir);
    let (tls, loaded) = Tls::open_for_acme(path).map_err(Failure::Tls)?;
    let names = settings.names().join(" ");
    match loaded {
        Ok(()) => tell_fingerprint(&tls),
        Err(error) if error.is_absent() => {
            tracing::info!(
                names,
                "there is no certificate yet; clients are refused until there is"
            );
        }
        Err(error) => tracing::warn!(names, "another certificate is needed: {error}"),
    }
    let mut addresses = listeners.http.iter().filter_map(Listener::net_address);
    if !addresses.any(|address| address.port() == acme::PORT) {
        tracing::info!(
            names,
            "the ACME directory connects to port 443 of each name, from where something must lead to \
             an address of --http"
        );
    }
    Ok(Arc::new(tls))
}

fn tell_fingerprint(tls: &Tls) {
    if let Some(certificate) = tls.certificate() {
        let until = Moment(certificate.not_after);
        let fingerprint = certificate.fingerprint;
        tracing::info!(%until, "the TLS certificate's fingerprint (SHA-256): {fingerprint}");
    }
}

/// Starts the task that keeps the certificate up to date, if there is one.
fn keep_certificate(listeners: &Listeners, context: &Context) -> Option<Watched> {
    let tls = listeners.tls.clone()?;
    // One request at a time: see `reload`.
    let (requests, asked) = mpsc::channel(1);
    let config = context.config();
    let stop = context.stop.clone();
    if let Some(TlsSettings::Acme(settings)) = &config.network.tls {
        let (data, settings) = (config.data_dir.clone(), settings.clone());
        tokio::spawn(acme::keep(data, settings, Arc::clone(&tls), asked, stop));
    } else {
        tokio::spawn(tls::watch(Arc::clone(&tls), asked, stop));
    }
    Some(Watched {
        tls,
        requests,
        own_hosts: links::own_hosts(listeners),
    })
}

/// Writes a line for each listener, for the program that started us: with port 0 only we know the
/// port.
fn announce(out: &mut LossyWriter, kind: &str, listeners: &[Listener]) {
    for listener in listeners {
        // Never fails: `LossyWriter` takes everything, and counts what it cannot write.
        let _ = out.write_all(format!("{kind} listening on {listener}\n").as_bytes());
    }
}

/// Writes the link that makes an operator, to standard output only: a log is read by many.
fn offer_claim(
    out: &mut LossyWriter,
    context: &Context,
    page: Option<&String>,
) -> Result<(), Failure> {
    let code = context.hub.operators().claim.make();
    let code = code.map_err(|_| Failure::Runtime(io::Error::other("there is no randomness")))?;
    // On Unix sockets only, the server does not know its name.
    let page = page.map_or("(the page's address)/", String::as_str);
    let _ = out.write_all(format!("operator claim link: {page}#claim={code}\n").as_bytes());
    Ok(())
}

/// Handles signals: SIGTERM and SIGINT stop, a second one at once; SIGUSR1 writes the table of
/// clients to the log.
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
                // 128 and the number of SIGINT, as shells have it.
                std::process::exit(130);
            }
            // First of all, so that nothing that logging does can prevent it.
            context.stop.cancel();
            tracing::info!(clients = context.clients.count(), "stopping");
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
