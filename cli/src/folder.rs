//! The place of the data folder.

use std::path::PathBuf;

use etcetera::{AppStrategy, AppStrategyArgs, choose_app_strategy};

/// Returns the data folder that is used when none is given.
///
/// # Errors
/// A sentence, if the system does not tell where the user's home is.
pub(crate) fn default_path() -> Result<PathBuf, String> {
    let application = AppStrategyArgs {
        top_level_domain: String::new(),
        author: String::new(),
        app_name: "secure-chat".to_owned(),
    };
    choose_app_strategy(application)
        .map(|strategy| strategy.data_dir())
        .map_err(|error| format!("cannot find the data folder ({error}): give --data-dir"))
}
