//! `secure-chat lab`: plays the attacks of the crate `lab` on both versions, and prints what came of
//! them side by side. Nothing leaves the process.

mod text;

use lab::{Outcome, Plan, Run, SCENES, Scene, outcome_to_json, scene_to_json};
use serde_json::Value;
use shared::connection::Version;

use crate::args::{ALL_SCENES, Lab};
use crate::exit::Failure;

/// Runs the command.
///
/// # Errors
/// [`Failure`] if the scene does not offer the choice, the output cannot be written, or an outcome is
/// not what the scene claims.
pub(crate) fn run(arguments: &Lab) -> Result<(), Failure> {
    let Some(name) = &arguments.scene else {
        let text = if arguments.json {
            pretty(&SCENES.iter().map(|scene| scene_to_json(scene)).collect())
        } else {
            text::list()
        };
        return super::print(&text);
    };
    let chosen = SCENES
        .iter()
        .copied()
        .filter(|scene| name == ALL_SCENES || scene.name == name);
    let mut played = Vec::new();
    for scene in chosen {
        played.push((scene, play(scene, arguments)?));
    }
    let text = if arguments.json {
        as_json(&played, name == ALL_SCENES)
    } else {
        let texts: Vec<_> = played
            .iter()
            .map(|(scene, outcomes)| text::side_by_side(scene, outcomes))
            .collect();
        texts.join("\n\n")
    };
    super::print(&text)?;
    // After the output, so that a person sees what came instead.
    match wrong(&played) {
        None => Ok(()),
        Some(wrong) => Err(Failure::other(format!(
            "{wrong} did not end as claimed: a mistake in this program, please report it"
        ))),
    }
}

/// A scene with its outcomes on both versions.
type Played = (&'static Scene, [Outcome; 2]);

fn play(scene: &'static Scene, arguments: &Lab) -> Result<[Outcome; 2], Failure> {
    let choice = match &arguments.choice {
        None => None,
        Some(name) => match scene.choices.iter().find(|choice| *choice == name) {
            Some(choice) => Some(*choice),
            // `all` has a choice for those that offer it.
            None if arguments.scene.as_deref() == Some(ALL_SCENES) => None,
            None => {
                return Err(Failure::other(format!(
                    "{} has no choice {name:?}",
                    scene.name
                )));
            }
        },
    };
    let one = |version| {
        let plan = Plan {
            version,
            seed: arguments.seed,
            choice,
        };
        Run::new(scene, plan)
            .and_then(|mut run| run.run())
            .map_err(|error| Failure::other(format!("{} on {version}: {error}", scene.name)))
    };
    Ok([one(Version::V1)?, one(Version::V2)?])
}

fn wrong(played: &[Played]) -> Option<String> {
    let wrong: Vec<_> = played
        .iter()
        .flat_map(|(_, outcomes)| outcomes)
        .filter(|outcome| !outcome.as_expected)
        .map(|outcome| format!("{} on {}", outcome.scene, outcome.version))
        .collect();
    (!wrong.is_empty()).then(|| wrong.join(", "))
}

fn as_json(played: &[Played], all: bool) -> String {
    let scenes = played.iter().map(|(scene, outcomes)| {
        let mut json = scene_to_json(scene);
        json["outcomes"] = outcomes
            .iter()
            .map(|outcome| outcome_to_json(outcome, &scene.explanation(outcome.version)))
            .collect();
        json
    });
    let mut scenes: Vec<_> = scenes.collect();
    match scenes.pop() {
        Some(scene) if !all => pretty(&scene),
        last => pretty(&scenes.into_iter().chain(last).collect()),
    }
}

fn pretty(json: &Value) -> String {
    format!("{json:#}\n")
}
