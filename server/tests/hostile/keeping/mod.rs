//! What keeps a server's data, by the program's own tasks: backups under load, moves, settings.

mod backup;
mod settings;
mod transfer;
