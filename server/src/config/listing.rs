//! All settings with their help, from the same source as `--help`: the sample file, and where each
//! value comes from.

use std::fmt::Write as _;

use clap::parser::ValueSource;
use clap::{ArgMatches, Command};
use toml::de::DeTable;

use super::flags::RESTART;

/// The width of the sample's comments, in characters.
const WIDTH: usize = 90;

/// The arguments that are no settings of a file.
const NOT_SETTINGS: [&str; 3] = ["config", "help", "version"];

/// The form of a setting's value in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Switch,
    List,
    Number,
    Text,
}

/// A setting.
pub(super) struct Setting {
    /// Its key in the file.
    pub(super) key: String,
    flag: String,
    environment: Option<String>,
    help: String,
    /// Its value without a flag, a variable and a line of the file; as the help says it, which a
    /// test compares with the program.
    default: Option<String>,
    pub(super) kind: Kind,
    /// What stands for a value in the help.
    value_name: String,
    /// Its value is shown to nobody.
    is_secret: bool,
    /// A reload leaves the setting as it is.
    pub(super) needs_restart: bool,
}

pub(super) fn settings(command: &Command) -> Vec<Setting> {
    let is_setting = |arg: &&clap::Arg| !NOT_SETTINGS.contains(&arg.get_id().as_str());
    let arguments = command.get_arguments().filter(is_setting);
    arguments.map(Setting::of).collect()
}

impl Setting {
    fn of(arg: &clap::Arg) -> Self {
        let help = arg.get_long_help().or(arg.get_help());
        let help = help.map(ToString::to_string).unwrap_or_default();
        let (help, default) = match help.split_once("[default: ") {
            Some((before, behind)) => {
                let default = behind.trim_end().trim_end_matches(']');
                // The mark of a link in the documentation.
                let default = default.trim_matches(['<', '>']);
                (before.trim_end().to_owned(), Some(default.to_owned()))
            }
            None => (help, None),
        };
        let value_name = arg.get_value_names().and_then(|names| names.first());
        let value_name = value_name.map(ToString::to_string).unwrap_or_default();
        let many = arg.get_value_delimiter().is_some()
            || matches!(arg.get_action(), clap::ArgAction::Append);
        let kind = if value_name == "BOOL" {
            Kind::Switch
        } else if many {
            Kind::List
        } else if default.as_ref().is_some_and(|it| it.parse::<f64>().is_ok()) {
            Kind::Number
        } else {
            Kind::Text
        };
        Self {
            key: arg.get_id().to_string(),
            flag: format!("--{}", arg.get_long().unwrap_or_default()),
            environment: arg
                .get_env()
                .map(|name| name.to_string_lossy().into_owned()),
            help,
            default,
            kind,
            value_name,
            is_secret: arg.is_hide_env_values_set(),
            needs_restart: arg.get_help_heading() == Some(RESTART),
        }
    }

    /// Returns the value that the setting has when nothing sets it, as TOML; `None` if it then has
    /// none.
    fn default_value(&self) -> Option<String> {
        match (&self.default, self.kind) {
            (Some(default), Kind::List) => Some(list([default.as_str()])),
            (Some(default), kind) => Some(value(default, kind)),
            (None, Kind::Switch) => Some("false".to_owned()),
            (None, Kind::List) => Some("[]".to_owned()),
            (None, Kind::Number | Kind::Text) => None,
        }
    }

    /// Returns the values of a flag or a variable as TOML.
    fn given(&self, matches: &ArgMatches) -> String {
        let raw = matches.get_raw(&self.key);
        let values: Vec<_> = raw
            .into_iter()
            .flatten()
            .map(|it| it.to_string_lossy())
            .collect();
        match (self.kind, values.as_slice()) {
            (Kind::List, values) => list(values.iter().map(AsRef::as_ref)),
            (kind, [one]) => value(one, kind),
            // A switch whose flag has no value.
            (_, values) => value(&values.join(" "), self.kind),
        }
    }
}

/// Returns the settings as a file of TOML, each with its help and commented out, with the value that
/// it has without it.
pub(super) fn sample(command: &Command) -> String {
    let mut text = String::from(
        "# Settings of secure-chat-server. Each line without a space behind the # is a setting with\n\
         # the value that it has anyway: remove the # to change it. A flag or a variable of the\n\
         # environment wins over this file. After `kill -HUP` the server works by the file as it is then,\n\
         # but for the settings that need a restart.\n",
    );
    for setting in settings(command) {
        text.push('\n');
        for line in wrapped(&setting.help, WIDTH - 2) {
            text.extend(["# ", line.as_str(), "\n"]);
        }
        let environment = setting.environment.as_deref();
        let environment = environment.map(|name| format!(", environment {name}"));
        let environment = environment.unwrap_or_default();
        // Never fails: a text takes everything.
        let restart = if setting.needs_restart {
            "; needs a restart"
        } else {
            ""
        };
        let _ = writeln!(text, "# Flag {}{environment}{restart}.", setting.flag);
        let key = &setting.key;
        let _ = match setting.default_value() {
            Some(default) => writeln!(text, "#{key} = {default}"),
            None => writeln!(text, "# {key} = {}", quoted(&setting.value_name)),
        };
    }
    text
}

/// The file of the settings: its name and its text, which was read without an error before.
pub(super) type File<'a> = (&'a str, &'a str);

/// Returns each setting with its value and where that comes from, as TOML.
pub(super) fn origins(command: &Command, matches: &ArgMatches, file: Option<File<'_>>) -> String {
    let mut shown = String::new();
    for (setting, value, origin) in effective(command, matches, file) {
        let value = match value.as_str() {
            value if setting.is_secret && !value.is_empty() => "\"(not shown)\"",
            value => value,
        };
        let restart = if setting.needs_restart {
            "; needs a restart"
        } else {
            ""
        };
        // Never fails: a text takes everything.
        let _ = if value.is_empty() {
            writeln!(shown, "# {} is not set{restart}", setting.key)
        } else {
            writeln!(shown, "{} = {value}  # {origin}{restart}", setting.key)
        };
    }
    shown
}

/// Returns each setting with its value, which is empty if there is none, and where that comes from.
pub(super) fn effective(
    command: &Command,
    matches: &ArgMatches,
    file: Option<File<'_>>,
) -> Vec<(Setting, String, String)> {
    let table = file.and_then(|(_, text)| DeTable::parse(text).ok());
    let of = |setting: Setting| {
        let from_file = || {
            let (path, text) = file?;
            let table = table.as_ref()?.get_ref();
            let (key, value) = table
                .iter()
                .find(|(key, _)| key.get_ref().as_ref() == setting.key)?;
            let line = text.get(..key.span().start)?.matches('\n').count() + 1;
            let value = text.get(value.span())?.replace('\n', " ");
            Some((value, format!("{path}, line {line}")))
        };
        let (value, origin) = match matches.value_source(&setting.key) {
            Some(ValueSource::CommandLine) => {
                (setting.given(matches), format!("flag {}", setting.flag))
            }
            Some(ValueSource::EnvVariable) => {
                let name = setting.environment.as_deref().unwrap_or_default();
                (setting.given(matches), format!("environment {name}"))
            }
            _ => from_file().unwrap_or_else(|| {
                let default = setting.default_value();
                (default.unwrap_or_default(), "default".to_owned())
            }),
        };
        (setting, value, origin)
    };
    settings(command).into_iter().map(of).collect()
}

fn value(text: &str, kind: Kind) -> String {
    match kind {
        Kind::Switch | Kind::Number => text.to_owned(),
        Kind::List | Kind::Text => quoted(text),
    }
}

fn list<'a>(values: impl IntoIterator<Item = &'a str>) -> String {
    let values: Vec<_> = values.into_iter().map(quoted).collect();
    format!("[{}]", values.join(", "))
}

/// Returns a basic string of TOML.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            c if c.is_control() => {
                // Never fails: a text takes everything.
                let _ = write!(quoted, "\\u{:04X}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// Returns a text in lines of at most `width` characters, if its words are no longer.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let Some(line) = lines.last_mut() else { break };
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

#[cfg(test)]
pub(super) mod tests {
    use clap::{Arg, CommandFactory, Parser};

    use super::super::{Cli, Config};
    use super::*;

    pub(in crate::config) fn written(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        file
    }

    pub(in crate::config) fn config_of(file: &tempfile::NamedTempFile) -> Result<Config, String> {
        let arguments = [
            "secure-chat-server",
            "--config",
            file.path().to_str().unwrap(),
        ];
        let cli = Cli::try_parse_from(arguments).map_err(|error| error.to_string())?;
        cli.into_config().map_err(|error| error.to_string())
    }

    /// Returns the sample with every setting that has a value turned on.
    fn turned_on() -> String {
        let sample = sample(&Cli::command());
        let turn_on = |line: &str| match line.strip_prefix('#') {
            Some(setting) if !setting.starts_with(' ') => format!("{setting}\n"),
            _ => format!("{line}\n"),
        };
        sample.lines().map(turn_on).collect()
    }

    // The fault: a help text that says another default than the program has.
    #[test]
    fn the_sample_parses_and_says_the_defaults_that_the_program_has() {
        let all = settings(&Cli::command());
        assert!(all.len() > 20, "{}", all.len());
        let sample = sample(&Cli::command());
        let config = config_of(&written(&sample)).unwrap();
        assert_eq!(format!("{config:?}"), format!("{:?}", Config::default()));
        let config = config_of(&written(&turned_on())).unwrap();
        assert_eq!(format!("{config:?}"), format!("{:?}", Config::default()));
        for setting in all {
            let line = format!("{} = ", setting.key);
            assert!(sample.contains(&line), "{}", setting.key);
            assert!(sample.contains(&setting.flag), "{}", setting.flag);
        }
        assert!(
            sample
                .lines()
                .all(|line| line.chars().count() <= WIDTH + 20)
        );
    }

    #[test]
    fn a_file_with_an_unknown_key_or_a_wrong_type_is_refused_with_its_line() {
        for (text, line, word) in [
            (
                "listen = \"127.0.0.1:7\"\nlisten_on = 1\n",
                "line 2",
                "listen_on",
            ),
            ("\n\nmax_rooms = \"many\"\n", "line 3", "many"),
            ("allow_v1 = 1\n", "line 1", "boolean"),
            (
                "allow_origin = \"https://chat.example\"\n",
                "line 1",
                "sequence",
            ),
            ("max_rooms = -1\n", "line 1", "-1"),
            ("max_rooms = 1\nmax_rooms = 2\n", "line 2", "duplicate"),
            ("max_rooms = \n", "line 1", "max_rooms"),
            ("[chat]\nmax_rooms = 1\n", "line 1", "chat"),
        ] {
            let error = config_of(&written(text)).unwrap_err();
            assert!(error.contains(line), "{text:?}: {error}");
            assert!(error.contains(word), "{text:?}: {error}");
        }
    }

    #[test]
    fn each_value_is_shown_with_where_it_comes_from() {
        let text = "keep = \"30d\"\nmax_rooms = 5\nallow_origin = [\n  \"https://a.example\",\n]\n";
        // Variables of the environment are those of the process, so that a test cannot set one.
        let matches = Cli::command().get_matches_from([
            "secure-chat-server",
            "--max-rooms",
            "7",
            "--allow-v1",
            "--data-dir",
            "a \"folder\"",
        ]);
        let shown = origins(&Cli::command(), &matches, Some(("chat.toml", text)));
        for line in [
            "listen = [\"127.0.0.1:5000\"]  # default; needs a restart",
            "max_rooms = 7  # flag --max-rooms",
            "allow_v1 = true  # flag --allow-v1",
            "data_dir = \"a \\\"folder\\\"\"  # flag --data-dir; needs a restart",
            "keep = \"30d\"  # chat.toml, line 1",
            "allow_origin = [   \"https://a.example\", ]  # chat.toml, line 3",
            "new_claim = false  # default; needs a restart",
        ] {
            assert!(
                shown.lines().any(|shown| shown == line),
                "{line} in\n{shown}"
            );
        }
        // What is shown is a file itself.
        let config = config_of(&written(&shown)).unwrap();
        assert_eq!(config.max_rooms, 7);
    }

    // The attack: a secret in a log of the terminal, or in a report of a fault.
    #[test]
    fn a_secret_is_not_shown() {
        let secret = Arg::new("token")
            .long("token")
            .hide_env_values(true)
            .value_name("TOKEN");
        let command = Command::new("server").arg(secret);
        let matches = command
            .clone()
            .get_matches_from(["server", "--token", "hunter2"]);
        let shown = origins(&command, &matches, Some(("file", "token = \"hunter3\"")));
        assert_eq!(shown, "token = \"(not shown)\"  # flag --token\n");
        let matches = command.clone().get_matches_from(["server"]);
        let shown = origins(&command, &matches, Some(("file", "token = \"hunter3\"")));
        assert_eq!(shown, "token = \"(not shown)\"  # file, line 1\n");
        let shown = origins(&command, &matches, None);
        assert_eq!(shown, "# token is not set\n");
    }
}
