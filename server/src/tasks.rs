//! Tasks of the program other than serving, on a server's data folder.

mod backup;
mod config;
mod health;
mod transfer;

use std::io::{self, Write};
use std::path::Path;

use secure_chat_server::backup::{BackupError, DATABASE, RestoreError};
use secure_chat_server::config::{ConfigError, OperatorsTask};
use secure_chat_server::health_probe::ProbeError;
use secure_chat_server::manual;
use secure_chat_server::store::{
    Change, ExportError, OpenError, SqliteStore, Store, StoreError, export,
};
use shared::chat::limits::MAX_OPERATORS;
use shared::chat::{Name, RoomId, UserId};
use thiserror::Error;

pub(crate) use self::backup::{backup, restore};
pub(crate) use self::config::config;
pub(crate) use self::health::health;
pub(crate) use self::transfer::{export_all, import};

/// The reason for which a task was not done, or not to its end.
#[derive(Debug, Error)]
pub(crate) enum TaskFailure {
    #[error("{0} was not exported: {1}")]
    Export(RoomId, #[source] ExportError),
    #[error("the rooms were not exported: {0}")]
    ExportAll(#[source] secure_chat_server::transfer::ExportError),
    #[error("nothing was imported: {0}")]
    Import(#[source] secure_chat_server::transfer::ImportError),
    #[error(transparent)]
    Backup(BackupError),
    #[error("nothing was restored: {0}")]
    Restore(#[source] RestoreError),
    #[error(transparent)]
    Config(Box<ConfigError>),
    #[error("{0} of what a server needs is not as it must be")]
    NotWell(usize),
    #[error("the server does not work, as far as can be asked: {0}")]
    Unhealthy(#[source] ProbeError),
    #[error("the operators cannot be read or changed: {0}")]
    Open(#[source] OpenError),
    #[error("the operators cannot be read or changed: {0}")]
    Store(#[source] StoreError),
    #[error("{0} is no operator")]
    NoOperator(UserId),
    #[error("a server has at most {MAX_OPERATORS} operators")]
    TooMany,
    #[error("nobody has the name {0:?}; name the key, SHA256:…")]
    NoSuchName(String),
    #[error("standard output cannot be written: {0}")]
    Output(#[source] io::Error),
    #[error("the system refuses what the task needs: {0}")]
    Runtime(#[source] io::Error),
}

/// Prints the completions for a shell.
pub(crate) fn print_completions(shell: clap_complete::Shell) -> Result<(), TaskFailure> {
    print(&String::from_utf8_lossy(&manual::completions(shell)))
}

/// Prints the man page.
pub(crate) fn print_manual() -> Result<(), TaskFailure> {
    let page = manual::page().map_err(TaskFailure::Output)?;
    print(&String::from_utf8_lossy(&page))
}

/// Writes a room's entries to standard output. A server may run meanwhile.
pub(crate) fn write_export(folder: &Path, room: &RoomId) -> Result<(), TaskFailure> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    match export(&folder.join(DATABASE), room, &mut out) {
        // The reader has read enough.
        Err(ExportError::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done.map_err(|error| TaskFailure::Export(room.clone(), error)),
    }
}

/// Lists or changes the operators of a server that does not run. For a stolen key: its owner can
/// revoke everybody over the network, but not whoever has the machine.
pub(crate) fn operators(folder: &Path, task: OperatorsTask) -> Result<(), TaskFailure> {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.map_err(TaskFailure::Runtime)?;
    // Fails while a server runs, which would go on with the operators that it has in memory.
    let store = SqliteStore::open(&folder.join(DATABASE)).map_err(TaskFailure::Open)?;
    runtime.block_on(change_operators(&store, task))
}

async fn change_operators(store: &dyn Store, task: OperatorsTask) -> Result<(), TaskFailure> {
    let snapshot = store.load().await.map_err(TaskFailure::Store)?;
    let find = |who: &str| {
        let named = |(user, name): &(UserId, Name)| (name.as_str() == who).then_some(*user);
        let found = UserId::parse(who).ok();
        let found = found.or_else(|| snapshot.names.iter().find_map(named));
        found.ok_or_else(|| TaskFailure::NoSuchName(who.to_owned()))
    };
    let change = match task {
        OperatorsTask::List => None,
        OperatorsTask::Add { who } => {
            // The same cap as over the network: the list of all operators has to fit one message.
            if snapshot.operators.len() >= MAX_OPERATORS {
                return Err(TaskFailure::TooMany);
            }
            let user = find(&who)?;
            Some(Change::Operator { user, is: true })
        }
        OperatorsTask::Revoke { who } => {
            let user = find(&who)?;
            if !snapshot.operators.contains(&user) {
                return Err(TaskFailure::NoOperator(user));
            }
            Some(Change::Operator { user, is: false })
        }
    };
    let mut operators = snapshot.operators;
    if let Some(change) = change {
        store.change(change).await.map_err(TaskFailure::Store)?;
        // Read again, so that what is printed is what is stored.
        let changed = store.load().await.map_err(TaskFailure::Store)?;
        operators = changed.operators;
    }
    let line = |user: &UserId| {
        let name = snapshot.names.iter().find(|(other, _)| other == user);
        let name = name.map_or("-", |(_, name)| name.as_str());
        format!("{user} {name}\n")
    };
    let mut lines: String = operators.iter().map(line).collect();
    if operators.is_empty() {
        lines.push_str("No operators: the server prints a claim link when it starts.\n");
    }
    print(&lines)
}

/// Prints what a task has to say.
fn print(text: &str) -> Result<(), TaskFailure> {
    let written = io::stdout().lock().write_all(text.as_bytes());
    written.map_err(TaskFailure::Output)
}
