//! The arguments of the tasks that keep a server's data.

use std::path::PathBuf;

/// The arguments of `backup`.
#[derive(Debug, clap::Args)]
pub struct BackupTask {
    /// Folder that the backup will be: a new one, in a folder that is there. Nothing is ever
    /// overwritten.
    #[arg(value_name = "DIR")]
    pub path: PathBuf,
    /// Begin at once. Without it the backup waits for two seconds in which nothing is written, for
    /// at most a minute.
    #[arg(long)]
    pub now: bool,
    /// The server's data folder.
    #[arg(long, value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,
}

/// The arguments of `restore`.
#[derive(Debug, clap::Args)]
pub struct RestoreTask {
    /// Folder of the backup.
    #[arg(value_name = "DIR")]
    pub path: PathBuf,
    /// Restore though the data folder is not empty. It is renamed, and never deleted.
    #[arg(long)]
    pub replace: bool,
    /// The server's data folder.
    #[arg(long, value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,
}
