//! The table of attacks on v2. The Python peer holds both the bytes that are sent and the answer
//! that the protocol demands; this module reads the table and judges an attacker's report.

use serde_json::Value;

use super::python::{command, shorten};

/// An attack of the table.
#[derive(Debug)]
pub(crate) struct Attack {
    /// The value for `--attack`: `STAGE/NAME`.
    pub(crate) name: String,
    /// The progress of the handshake before the attack.
    stage: String,
    /// The alert's name, or `truncated`, `nothing` or `unreadable`.
    expected: String,
}

/// Returns the attacks of `role` in each of `stages`; there must be at least `least`.
pub(crate) fn attacks(role: &str, stages: &[&str], least: usize) -> Vec<Attack> {
    let output = command("attacks_v2.py").arg(role).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let listed = String::from_utf8(output.stdout).unwrap();
    let attacks: Vec<_> = listed
        .lines()
        .map(|line| {
            let attack: Value = serde_json::from_str(line).unwrap();
            let field = |name: &str| attack[name].as_str().unwrap().to_owned();
            Attack {
                name: field("attack"),
                stage: field("stage"),
                expected: field("expected"),
            }
        })
        .filter(|attack| stages.contains(&attack.stage.as_str()))
        .collect();
    assert!(attacks.len() >= least, "{} attacks", attacks.len());
    attacks
}

impl Attack {
    /// Returns the alert that this side must send and report as its own error, if any.
    pub(crate) fn alert(&self) -> Option<&str> {
        match self.expected.as_str() {
            "truncated" | "nothing" => None,
            "unreadable" => Some("bad_record"),
            alert => Some(alert),
        }
    }

    /// Returns `true` if the attacker cuts the stream.
    pub(crate) fn cuts(&self) -> bool {
        self.expected == "truncated"
    }

    /// Checks the `events` that the attacker saw, and returns what is wrong with them.
    pub(crate) fn judge(&self, events: &[Value]) -> Result<(), String> {
        let all = || {
            let lines: Vec<_> = events.iter().map(shorten).collect();
            format!("{}, expected {}: {lines:#?}", self.name, self.expected)
        };
        let named = |name: &str| -> Vec<&Value> {
            let found = events.iter().filter(|event| event["event"] == name);
            found.collect()
        };
        let alerts = named("alert");
        let right = match self.expected.as_str() {
            "truncated" | "nothing" => alerts.is_empty(),
            "unreadable" => alerts.is_empty() && named("unreadable").len() == 1,
            alert => {
                let keys = !matches!(self.stage.as_str(), "announcement" | "hello");
                alerts.len() == 1 && alerts[0]["name"] == alert && alerts[0]["sealed"] == keys
            }
        };
        if !right {
            return Err(format!("not the one right alert for {}", all()));
        }
        // The alert is the last message, and the stream ends without a reset.
        let said = |event: &&Value| {
            let name = event["event"].as_str().unwrap_or_default();
            matches!(name, "message" | "close_received" | "record" | "frame")
        };
        let after = events
            .iter()
            .skip_while(|event| event["event"] != "alert")
            .filter(said);
        if after.count() > 0 {
            return Err(format!("something behind the alert of {}", all()));
        }
        match events.last() {
            Some(last) if last["event"] == "closed" && last["reset"] == false => {}
            _ => return Err(format!("not ended after {}", all())),
        }
        let texts: Vec<_> = named("message")
            .into_iter()
            .filter_map(|event| event["text"].as_str())
            .collect();
        if texts.iter().any(|text| text.contains("never delivered"))
            || texts.iter().filter(|text| text.ends_with("once")).count() > 1
        {
            return Err(format!("delivered what must not be: {}", all()));
        }
        Ok(())
    }
}
