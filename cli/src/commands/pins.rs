//! `secure-chat pins`: lists the trusted servers, and removes one.

use std::io::{self, Write};
use std::path::Path;

use serde_json::json;
use shared::trust::{Compared, Way, words};

use crate::advice;
use crate::args::Pins;
use crate::exit::Failure;
use crate::known_servers::KnownServers;
use crate::printable;

/// Runs the command.
///
/// # Errors
/// [`Failure`] if the file cannot be used, or has no such server.
pub(crate) fn run(command: Pins, folder: &Path) -> Result<(), Failure> {
    let known = KnownServers::new(folder);
    match command {
        Pins::List { json } => {
            let pins = known.load()?;
            let text = if json { as_json(&pins) } else { as_text(&pins) };
            super::print(&text)
        }
        Pins::Remove { address } => {
            let address = address.to_string();
            // Looked up first, so that a mistyped address creates no folder and no lock.
            let pin = known.load()?.get(&address).copied();
            let removed = match pin {
                Some(_) => known.update(|pins| pins.remove(&address))?,
                None => None,
            };
            match removed {
                Some(pin) => {
                    // Standard output stays empty for scripts. Standard error may have no reader
                    // either.
                    let _ = writeln!(
                        io::stderr(),
                        "forgot {address}, whose key was\n{}",
                        advice::key("", pin.fingerprint)
                    );
                    Ok(())
                }
                None => Err(Failure::other(format!(
                    "{address} is not in {}",
                    known.path().display()
                ))),
            }
        }
    }
}

fn as_text(pins: &shared::trust::Pins) -> String {
    let lines: Vec<_> = pins
        .iter()
        .map(|(address, pin)| {
            format!(
                "{}\n{}\n  {:<10} {}\n  {:<10} {}\n  {:<10} {}\n",
                // This program writes the file, but anybody with an editor can change it.
                printable::line(address.as_bytes()),
                advice::key("key", pin.fingerprint),
                "pinned",
                advice::date(pin.first_seen),
                "seen",
                advice::date(pin.last_seen),
                "protocol",
                pin.highest,
            ) + &compared(pin.compared)
        })
        .collect();
    lines.concat()
}

/// Returns the line that tells how a key came to be trusted, beyond the first contact.
fn compared(compared: Option<Compared>) -> String {
    compared.map_or_else(String::new, |Compared { at, by }| {
        let how = match by {
            Way::Words => "compared by you",
            Way::Link => "named by --pin",
        };
        format!("  {:<10} {}, {how}\n", "right key", advice::date(at))
    })
}

/// Formats the pins as one array; times are Unix seconds.
fn as_json(pins: &shared::trust::Pins) -> String {
    let list: Vec<_> = pins
        .iter()
        .map(|(address, pin)| {
            json!({
                "address": address,
                "fingerprint": pin.fingerprint.to_string(),
                "words": words(&pin.fingerprint).as_array(),
                "first_seen": pin.first_seen.0,
                "last_seen": pin.last_seen.0,
                "highest": pin.highest.as_str(),
                "compared": pin.compared.map(|it| json!({
                    "at": it.at.0,
                    "by": match it.by {
                        Way::Words => "words",
                        Way::Link => "link",
                    },
                })),
            })
        })
        .collect();
    format!("{:#}\n", serde_json::Value::Array(list))
}
