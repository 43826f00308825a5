//! The tasks `backup` and `restore`.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use secure_chat_server::backup::{BackupError, Existing, Made, Start, make};
use secure_chat_server::config::{BackupTask, RestoreTask};
use tokio::signal::unix::{SignalKind, signal};

use super::{TaskFailure, print};

/// `true` once somebody has asked the program to end.
static STOPPED: AtomicBool = AtomicBool::new(false);

/// Makes a backup of the data folder, and prints what it has.
pub(crate) fn backup(data: &Path, task: &BackupTask) -> Result<(), TaskFailure> {
    let data = task.data_dir.as_deref().unwrap_or(data);
    let start = if task.now { Start::Now } else { Start::Quiet };
    // The copy has a thread of its own, and this one waits for signals: a program that they end
    // would leave a part of the copy on the disk.
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build();
    let runtime = runtime.map_err(TaskFailure::Runtime)?;
    let (data, path) = (data.to_owned(), task.path.clone());
    let made = runtime.block_on(async move {
        let copied = tokio::task::spawn_blocking(move || make(&data, &path, start, &STOPPED));
        let mut terminate = signal(SignalKind::terminate()).map_err(TaskFailure::Runtime)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(TaskFailure::Runtime)?;
        tokio::pin!(copied);
        loop {
            tokio::select! {
                done = &mut copied => {
                    // It does not panic; a panic would be told by its own line.
                    let done = done.unwrap_or(Err(BackupError::Stopped));
                    break done.map_err(TaskFailure::Backup);
                }
                _ = terminate.recv() => STOPPED.store(true, Ordering::Relaxed),
                _ = interrupt.recv() => STOPPED.store(true, Ordering::Relaxed),
            }
        }
    })?;
    let Made { path, manifest } = made;
    let bytes: u64 = manifest.files.iter().map(|file| file.bytes).sum();
    let (path, made) = (path.display(), manifest.made);
    print(&format!(
        "backup {path}: everything up to {made}, {bytes} bytes\n"
    ))
}

/// Restores a backup into the data folder.
pub(crate) fn restore(data: &Path, task: &RestoreTask) -> Result<(), TaskFailure> {
    let data = task.data_dir.as_deref().unwrap_or(data);
    let existing = if task.replace {
        Existing::PutAside
    } else {
        Existing::Refuse
    };
    let restored = secure_chat_server::backup::restore(&task.path, data, existing);
    let restored = restored.map_err(TaskFailure::Restore)?;
    let mut text = format!(
        "restored {} of {} into {}\n",
        task.path.display(),
        restored.manifest.made,
        data.display()
    );
    if let Some(aside) = restored.aside {
        // Never fails: a text takes everything.
        let _ = writeln!(text, "what was there is in {}", aside.display());
    }
    print(&text)
}
