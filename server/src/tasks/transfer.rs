//! The tasks `export` of all rooms and `import`.

use std::fmt::Write as _;
use std::io;
use std::path::Path;

use secure_chat_server::backup::DATABASE;
use secure_chat_server::config::ImportTask;
use secure_chat_server::transfer::{self, ExportError, Options};

use super::{TaskFailure, print};

/// Writes all rooms to standard output. A server may run meanwhile.
pub(crate) fn export_all(folder: &Path) -> Result<(), TaskFailure> {
    let mut out = io::stdout().lock();
    match transfer::export(folder, DATABASE, &mut out) {
        // The reader has read enough.
        Err(ExportError::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done.map_err(TaskFailure::ExportAll),
    }
}

/// Imports an export into the data folder of a server that is stopped, and prints what came of it.
pub(crate) fn import(data: &Path, task: ImportTask) -> Result<(), TaskFailure> {
    let data = task.data_dir.as_deref().unwrap_or(data);
    let options = Options {
        renamed: task.renamed.into_iter().collect(),
        skip_existing: task.skip_existing,
        owner: task.owner,
    };
    let report = transfer::import(&task.path, data, DATABASE, &options);
    let report = report.map_err(TaskFailure::Import)?;
    let mut text = format!(
        "imported {} rooms with {} entries\n",
        report.rooms, report.entries
    );
    for (note, times) in report.notes {
        // Never fails: a text takes everything.
        let _ = writeln!(text, "{times} times: {note}");
    }
    print(&text)
}
