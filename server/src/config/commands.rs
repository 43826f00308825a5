//! The arguments of the tasks that keep a server's data.

use std::path::PathBuf;

use shared::chat::{RoomId, RoomName};

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

/// The arguments of `health`.
#[derive(Debug, clap::Args)]
pub struct HealthTask {
    /// Seconds that the server has for its answer, from 1 to 600.
    #[arg(long, value_name = "SECONDS", default_value_t = 5)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=600))]
    pub timeout: u64,
}

/// The arguments of `import`.
#[derive(Debug, clap::Args)]
pub struct ImportTask {
    /// Export of all rooms of a server of this program; Mattermost's bulk export, as zip archive or
    /// JSONL; or Slack's export, as zip archive or folder.
    #[arg(value_name = "FILE")]
    pub path: PathBuf,
    /// Another name for a room of the import; may be repeated.
    #[arg(long = "rename", value_name = "ROOM=NEW", value_parser = renaming)]
    pub renamed: Vec<(RoomId, RoomName)>,
    /// Leave out rooms that are in use here. Without it they are an error.
    #[arg(long)]
    pub skip_existing: bool,
    /// Key (SHA256:…) or name of the person who owns what is imported from another program, and can
    /// enter its private rooms.
    #[arg(long, value_name = "WHO")]
    pub owner: Option<String>,
    /// The server's data folder.
    #[arg(long, value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,
}

/// The tasks of `config`. Give the flags of the server before `config`.
#[derive(Debug, clap::Subcommand)]
pub enum ConfigTask {
    /// Print each setting with its value and where that comes from. Secrets are not shown.
    Show,
    /// Check the data folder, the key, the history, the ports and the disk. Changes nothing, and
    /// ends with 1 if something is wrong.
    Check,
    /// Print a file for --config with every setting, its help and its default.
    Sample,
}

/// Parses a new name of a room.
fn renaming(text: &str) -> Result<(RoomId, RoomName), String> {
    let (room, new) = text.split_once('=').ok_or("expected ROOM=NEW")?;
    let room = RoomName::from_stored(room).map_err(|error| error.to_string())?;
    let new = RoomName::parse(new).map_err(|error| error.to_string())?;
    Ok((room.into(), new))
}
