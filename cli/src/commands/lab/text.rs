//! Scenes and outcomes as plain text of at most 80 columns.

use lab::{Action, Outcome, SCENES, Saw, Scene};
use unicode_width::UnicodeWidthStr as _;

/// The columns of the whole.
const COLUMNS: usize = 80;
/// The columns of each version, with two between them.
const HALF: usize = 39;
/// The most digits of evidence that are shown: two lines of a half. JSON has all of them.
const EVIDENCE: usize = 64;
/// The most deeds of one version that are shown before the rest is counted.
const DEEDS: usize = 8;

/// Returns the list of scenes.
pub(super) fn list() -> String {
    let width = SCENES.iter().map(|scene| scene.name.len()).max();
    let width = width.unwrap_or_default();
    let mut lines = vec![
        "Attacks on a client and a server of both versions, in memory:".to_owned(),
        String::new(),
    ];
    for scene in SCENES {
        lines.push(format!("{:<width$}  {}", scene.name, scene.title));
        if !scene.choices.is_empty() {
            let choices = format!("--choice {}", scene.choices.join(" | "));
            lines.extend(wrapped(
                &choices,
                COLUMNS - width - 2,
                &" ".repeat(width + 2),
            ));
        }
    }
    lines.push(String::new());
    lines.push("secure-chat lab SCENE plays one, secure-chat lab all plays all.".to_owned());
    lines.join("\n") + "\n"
}

/// Returns the outcomes of a scene on both versions, side by side.
pub(super) fn side_by_side(scene: &Scene, outcomes: &[Outcome; 2]) -> String {
    let [left, right] = outcomes;
    let title = match left.choice {
        Some(choice) => format!("{}: {} ({choice})", scene.name, scene.title),
        None => format!("{}: {}", scene.name, scene.title),
    };
    let seed = format!("seed {}", left.seed);
    let gap = COLUMNS.saturating_sub(title.width() + seed.width()).max(1);
    let mut lines = vec![
        format!("{title}{}{seed}", " ".repeat(gap)),
        "=".repeat(COLUMNS),
    ];
    lines.extend(wrapped(&format!("Goal: {}", scene.goal), COLUMNS, ""));
    lines.push(String::new());
    let parts = sections(scene, left)
        .into_iter()
        .zip(sections(scene, right));
    for (at, ((heading, left), (_, right))) in parts.enumerate() {
        if left.is_empty() && right.is_empty() {
            continue;
        }
        if !heading.is_empty() {
            lines.push(String::new());
            lines.push(format!("{heading}:"));
        }
        for row in 0..left.len().max(right.len()) {
            let half = |lines: &[String]| lines.get(row).cloned().unwrap_or_default();
            lines.push(beside(&half(&left), &half(&right)));
        }
        if at == 0 {
            let line = "-".repeat(HALF);
            lines.push(beside(&line, &line));
        }
    }
    lines.join("\n") + "\n"
}

/// Returns the parts of one half: a heading for both, and the lines.
fn sections(scene: &Scene, outcome: &Outcome) -> Vec<(&'static str, Vec<String>)> {
    let explanation = scene.explanation(outcome.version);
    let lines = |texts: Vec<String>| {
        texts
            .iter()
            .flat_map(|text| wrapped(text, HALF, ""))
            .collect::<Vec<_>>()
    };
    let sections: Vec<_> = explanation
        .sections
        .iter()
        .map(|section| format!("§{section}"))
        .collect();
    vec![
        (
            "",
            lines(vec![format!("{}: {}", outcome.version, verdict(outcome))]),
        ),
        ("The attacker", lines(deeds(outcome))),
        ("The client", lines(saw(&outcome.client))),
        ("The server", lines(saw(&outcome.server))),
        ("The attacker has learnt", lines(learnt(outcome))),
        ("Why", lines(vec![explanation.why.to_owned()])),
        (
            "Read on in docs/PROTOCOL.md",
            lines(vec![
                sections.join(", "),
                format!("and in {}", explanation.references.join("; ")),
            ]),
        ),
    ]
}

/// Returns the outcome in a few words.
fn verdict(outcome: &Outcome) -> String {
    match &outcome.stopped {
        Some(stop) => format!(
            "stopped by {} at the {} (§{})",
            stop.by.as_str(),
            stop.side,
            stop.by.section(outcome.version)
        ),
        None if outcome.achieved => "THE ATTACK WORKS, nothing stops it".to_owned(),
        None => "in vain, with nothing to stop".to_owned(),
    }
}

fn deeds(outcome: &Outcome) -> Vec<String> {
    let mut told: Vec<(String, usize)> = Vec::new();
    for deed in outcome.interference().map(|deed| format!("- {deed}")) {
        match told.last_mut() {
            Some((last, times)) if *last == deed => *times += 1,
            _ => told.push((deed, 1)),
        }
    }
    let mut deeds: Vec<_> = told
        .into_iter()
        .map(|(deed, times)| match times {
            1 => deed,
            times => format!("{deed}, {times} times"),
        })
        .collect();
    if deeds.is_empty() {
        return vec!["- passes every frame as it is".to_owned()];
    }
    // A man in the middle does the same with every frame.
    let rest = deeds.len().saturating_sub(DEEDS);
    if rest > 0 {
        deeds.truncate(DEEDS);
        deeds.push(format!("- and {rest} deeds more"));
    }
    let passes = outcome
        .deeds
        .iter()
        .any(|deed| deed.action == Action::Passes);
    if passes {
        deeds.push("- passes every other frame".to_owned());
    }
    deeds
}

fn saw(saw: &Saw) -> Vec<String> {
    let mut lines = Vec::new();
    for (verb, texts) in [("sent", &saw.said), ("got", &saw.received)] {
        match &texts[..] {
            [] => lines.push(format!("- {verb} no text")),
            texts => lines.extend(texts.iter().map(|text| format!("- {verb} \"{text}\""))),
        }
    }
    lines.push(format!("- {}", saw.ending));
    lines
}

fn learnt(outcome: &Outcome) -> Vec<String> {
    let learnt = &outcome.learnt;
    let texts = learnt.texts.iter().map(|text| format!("- \"{text}\""));
    let facts = learnt.facts.iter();
    let facts = facts.map(|fact| format!("- {}: {}", plain(fact.name), fact.value));
    let evidence = learnt.evidence.iter().map(|fact| {
        let (value, more) = match fact.value.get(..EVIDENCE) {
            Some(start) if fact.value.len() > EVIDENCE + 2 => (start, "..."),
            _ => (&fact.value[..], ""),
        };
        format!("- {}: {value}{more}", plain(fact.name))
    });
    let lines: Vec<_> = texts.chain(facts).chain(evidence).collect();
    if lines.is_empty() {
        vec!["- no text".to_owned()]
    } else {
        lines
    }
}

/// Returns the name of a fact in words.
fn plain(name: &str) -> String {
    name.replace('_', " ")
}

fn beside(left: &str, right: &str) -> String {
    let gap = (HALF + 2).saturating_sub(left.width());
    format!("{left}{}{right}", " ".repeat(gap))
        .trim_end()
        .to_owned()
}

/// Breaks a text into lines of at most `columns`, each after `indent`. The lines behind the first one
/// of an entry that begins with `- ` stand below its text. A word that is longer than a line is
/// broken.
fn wrapped(text: &str, columns: usize, indent: &str) -> Vec<String> {
    let hanging = if text.starts_with("- ") { "  " } else { "" };
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        let mut word = word.to_owned();
        loop {
            let blank = line.is_empty() || line == hanging;
            let space = usize::from(!blank);
            if line.width() + space + word.width() <= columns {
                if !blank {
                    line.push(' ');
                }
                line.push_str(&word);
                break;
            }
            if blank {
                // Only digits of evidence are that long, and all of those are ASCII.
                let at = word.floor_char_boundary(columns - hanging.len());
                let rest = word.split_off(at);
                line.push_str(&word);
                word = rest;
            }
            lines.push(std::mem::replace(&mut line, hanging.to_owned()));
        }
    }
    lines.push(line);
    lines
        .into_iter()
        .map(|line| format!("{indent}{line}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use lab::{Plan, Run, Seed};
    use shared::connection::Version;

    fn played(scene: &'static Scene) -> String {
        let outcomes = [Version::V1, Version::V2].map(|version| {
            let plan = Plan {
                version,
                seed: Seed(1),
                choice: None,
            };
            Run::new(scene, plan).unwrap().run().unwrap()
        });
        side_by_side(scene, &outcomes)
    }

    #[test]
    fn no_line_is_wider_than_80_columns() {
        let texts = SCENES.iter().map(|scene| played(scene)).chain([list()]);
        for line in texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()) {
            assert!(line.width() <= COLUMNS, "{} columns: {line}", line.width());
            assert_eq!(line, line.trim_end());
        }
    }

    #[test]
    fn both_versions_stand_beside_each_other() {
        let text = played(lab::scene("replay").unwrap());
        let verdict = text.lines().find(|line| line.starts_with("v1: ")).unwrap();
        assert!(verdict.contains("v1: THE ATTACK WORKS"), "{text}");
        assert!(verdict.contains("  v2: stopped by record_tag"), "{text}");
    }

    #[test]
    fn long_words_are_broken_and_entries_hang() {
        assert_eq!(wrapped("- ab cd", 5, ""), ["- ab", "  cd"]);
        assert_eq!(wrapped("abcdefgh", 3, " "), [" abc", " def", " gh"]);
        assert_eq!(wrapped("", 3, ""), [""]);
    }
}
