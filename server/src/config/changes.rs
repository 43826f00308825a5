//! The comparison of two configurations: the settings that differ, and those of them that need a
//! restart.

use std::collections::BTreeMap;

use clap::{ArgMatches, Command};

use super::listing::{File, Kind, effective};

/// The values of all settings, in a form in which equal ones are equal.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Values(BTreeMap<String, Value>);

#[derive(Debug, Clone, PartialEq)]
struct Value {
    value: Option<toml::Value>,
    needs_restart: bool,
}

/// The settings that differ between two configurations.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Names of the settings that a reload applies.
    pub at_once: Vec<String>,
    /// Names of the settings that a reload leaves as they are.
    pub after_restart: Vec<String>,
}

impl Values {
    pub(super) fn of(command: &Command, matches: &ArgMatches, file: Option<File<'_>>) -> Self {
        let all = effective(command, matches, file).into_iter();
        let values = all.map(|(setting, value, _)| {
            let value = parsed(&value, setting.kind);
            let needs_restart = setting.needs_restart;
            (
                setting.key,
                Value {
                    value,
                    needs_restart,
                },
            )
        });
        Self(values.collect())
    }

    /// Returns the settings that differ in `next`.
    pub fn changes(&self, next: &Self) -> Changes {
        let mut changes = Changes::default();
        for (key, value) in &next.0 {
            if self.0.get(key) == Some(value) {
                continue;
            }
            let names = if value.needs_restart {
                &mut changes.after_restart
            } else {
                &mut changes.at_once
            };
            names.push(key.clone());
        }
        changes
    }

    /// Takes the values of `next`, but for those that need a restart.
    pub fn take(&mut self, next: Self) {
        let next = next.0.into_iter().filter(|(_, it)| !it.needs_restart);
        self.0.extend(next);
    }
}

/// Returns a value that is written as TOML; of a list, one value alone is a list of it.
fn parsed(value: &str, kind: Kind) -> Option<toml::Value> {
    let mut table: toml::Table = toml::from_str(&format!("value = {value}")).ok()?;
    match table.remove("value")? {
        one @ toml::Value::String(_) if kind == Kind::List => Some(toml::Value::Array(vec![one])),
        value => Some(value),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::super::listing::settings;
    use super::super::listing::tests::{config_of, written};
    use super::super::{Cli, Config};
    use super::*;

    #[test]
    fn values_are_compared_by_what_they_mean() {
        let values = |text: &str| {
            let matches =
                Cli::command().get_matches_from(["secure-chat-server", "--max-rooms", "7"]);
            Values::of(&Cli::command(), &matches, Some(("chat.toml", text)))
        };
        let mut running = values("listen = \"127.0.0.1:5000\"\nkeep = \"30d\"\n");
        for same in [
            "keep = '30d'",
            "listen = [\n\"127.0.0.1:5000\",]\nkeep = \"30d\"",
            // A flag wins over the file.
            "max_rooms = 9\nkeep = \"30d\"",
            "keep = \"30d\"\nallow_v1 = false",
        ] {
            assert_eq!(running.changes(&values(same)), Changes::default(), "{same}");
        }
        let next = values("listen = \"127.0.0.1:6\"\nkey_bits = 3072\nallow_v1 = true\n");
        let changes = running.changes(&next);
        assert_eq!(changes.at_once, ["allow_v1", "keep"]);
        assert_eq!(changes.after_restart, ["key_bits", "listen"]);
        // What needs a restart stays told until there was one.
        running.take(next.clone());
        let changes = running.changes(&next);
        assert_eq!(changes.at_once, [""; 0]);
        assert_eq!(changes.after_restart, ["key_bits", "listen"]);
    }

    // The fault: a setting that is told to be loaded and is not, or the other way around.
    #[test]
    fn what_a_reload_takes_is_what_the_help_says() {
        const ACME: &str = "\nacme = [\"chat.example\"]\nacme_agree_tos = true";
        for setting in settings(&Cli::command()) {
            let other = match setting.key.as_str() {
                "listen" | "http" | "ops" => "[\"127.0.0.1:1\"]",
                "public_url" => "[\"https://chat.example\"]",
                "tls_cert" => "\"cert.pem\"\ntls_key = \"key.pem\"",
                "tls_key" => "\"key.pem\"\ntls_cert = \"cert.pem\"",
                "acme" => "[\"chat.example\"]\nacme_agree_tos = true",
                "acme_agree_tos" => "true\nacme = [\"chat.example\"]",
                "acme_email" => &format!("\"ada@chat.example\"{ACME}"),
                "acme_directory" => &format!("\"https://acme.example/\"{ACME}"),
                "acme_ca" => &format!("\"ca.pem\"{ACME}"),
                "trusted_proxy" | "proxy_protocol_from" => "[\"10.0.0.0/8\"]",
                "data_dir" => "\"elsewhere\"",
                "log_level" => "\"debug\"",
                "log_format" => "\"json\"",
                // A server without traces refuses it, in which a test of its own looks.
                "otlp_endpoint" if !cfg!(feature = "otel") => continue,
                "otlp_endpoint" => "\"http://127.0.0.1:4318\"",
                "otlp_sample" => "0.5",
                "allow_origin" => "[\"https://other.example\"]",
                "keep" => "\"30d\"",
                "admission" => "\"approval\"",
                "key_bits" => "3072",
                "max_frame_bytes" => "2000000",
                _ if setting.kind == Kind::Switch => "true",
                _ if setting.kind == Kind::Number => "77",
                other => panic!("another value of {other} is missing here"),
            };
            let file = written(&format!("{} = {other}\n", setting.key));
            let mut config = config_of(&file).unwrap();
            let default = format!("{:?}", Config::default());
            assert_ne!(format!("{config:?}"), default, "{}", setting.key);
            config.keep_fixed(&Config::default()).unwrap();
            let is_kept = format!("{config:?}") == default;
            assert_eq!(is_kept, setting.needs_restart, "{}", setting.key);
        }
    }
}
