//! The task `config`.

use std::fmt::Write as _;

use secure_chat_server::checkup::{self, Level};
use secure_chat_server::config::{self, Config, ConfigTask};

use super::{TaskFailure, print};

/// Shows or checks the configuration.
pub(crate) fn config(config: &Config, task: &ConfigTask) -> Result<(), TaskFailure> {
    match task {
        ConfigTask::Sample => print(&config::sample()),
        ConfigTask::Show => {
            print(&config::show().map_err(|error| TaskFailure::Config(error.into()))?)
        }
        ConfigTask::Check => {
            let findings = checkup::check(config);
            let mut text = String::new();
            for finding in &findings {
                // Never fails: a text takes everything.
                let _ = writeln!(text, "{finding}");
            }
            print(&text)?;
            let errors = findings.iter().filter(|it| it.level == Level::Error);
            match errors.count() {
                0 => Ok(()),
                errors => Err(TaskFailure::NotWell(errors)),
            }
        }
    }
}
