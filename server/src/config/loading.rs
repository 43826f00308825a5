//! Reads the settings of this process again, and keeps those that need a restart.

use clap::{CommandFactory, FromArgMatches};

use super::{Cli, Config, ConfigError, Values, merge, parse, read};

/// The settings of this process as they are now.
#[derive(Debug)]
pub struct Loaded {
    /// The checked configuration.
    pub config: Config,
    /// The settings by name, to compare them.
    pub values: Values,
}

/// Reads the settings of this process again: the flags and the variables are what they were, the
/// file may be another one.
///
/// # Errors
/// [`ConfigError`] names the setting and what is wrong with it.
pub fn load() -> Result<Loaded, ConfigError> {
    let command = Cli::command();
    // They were read before, without an error.
    let matches = command.clone().try_get_matches();
    let matches = matches.map_err(|error| ConfigError::Value(error.to_string()))?;
    let cli = Cli::from_arg_matches(&matches);
    let cli = cli.map_err(|error| ConfigError::Value(error.to_string()))?;
    let path = cli.config.clone();
    // Read once, so that both are of one moment.
    let text = path.as_deref().map(read).transpose()?;
    let path = path.map(|path| path.display().to_string());
    let file = path.as_deref().zip(text.as_deref());
    let settings = file.map(|(path, text)| parse(path, text)).transpose()?;
    Ok(Loaded {
        config: merge(
            cli.settings,
            settings.unwrap_or_default(),
            Config::default(),
        )?,
        values: Values::of(&command, &matches, file),
    })
}

impl Config {
    /// Takes the settings that need a restart from `running`, the configuration in use.
    ///
    /// # Errors
    /// [`ConfigError`], if the others do not go with them.
    pub fn keep_fixed(&mut self, running: &Self) -> Result<(), ConfigError> {
        self.network.keep_fixed(&running.network);
        self.data_dir.clone_from(&running.data_dir);
        self.new_claim = running.new_claim;
        self.log_format = running.log_format;
        self.telemetry.clone_from(&running.telemetry);
        self.max_history_mib = running.max_history_mib;
        self.key_bits = running.key_bits;
        self.network.check()
    }
}
