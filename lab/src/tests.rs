//! Every scene on both versions, natively and in wasm: what happens is exactly what is claimed.

use super::*;
use crate::attacker::v2_reader::Recording;
use shared::connection::{Direction, FrameKind, LayerName, Version};

/// Defines tests for the native harness and, on wasm32, for wasm-bindgen's.
macro_rules! portable_test {
    ($($(#[$meta:meta])* fn $name:ident() $body:block)*) => {
        $(
            $(#[$meta])*
            #[cfg_attr(not(target_arch = "wasm32"), test)]
            #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
            fn $name() $body
        )*
    };
}

const SEEDS: [u32; 5] = [0, 1, 2, 7, u32::MAX];

/// Runs every scene with every choice on both versions.
fn for_every_plan(seeds: &[u32], mut check: impl FnMut(&'static Scene, Plan)) {
    for scene in SCENES {
        let choices: Vec<_> = match scene.choices {
            [] => vec![None],
            choices => choices.iter().copied().map(Some).collect(),
        };
        for (version, seed) in [Version::V1, Version::V2]
            .into_iter()
            .flat_map(|version| seeds.iter().map(move |seed| (version, Seed(*seed))))
        {
            for choice in &choices {
                let choice = *choice;
                check(
                    scene,
                    Plan {
                        version,
                        seed,
                        choice,
                    },
                );
            }
        }
    }
}

portable_test! {
    fn every_scene_ends_exactly_as_it_claims() {
        let mut wrong = Vec::new();
        for_every_plan(&SEEDS, |scene, plan| {
            let outcome = match Run::new(scene, plan).and_then(|mut run| run.run()) {
                Ok(outcome) => outcome,
                Err(error) => return wrong.push(format!("{} {plan:?}: {error}", scene.name)),
            };
            let (found, expected) = (outcome.findings(), scene.expected(&plan));
            if found != expected || !outcome.as_expected {
                wrong.push(format!("{} {plan:?}\n found {found:?}\n wants {expected:?}", scene.name));
            }
        });
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    fn the_same_seed_gives_the_same_steps_and_a_restart_begins_anew() {
        for_every_plan(&[3], |scene, plan| {
            let mut run = Run::new(scene, plan).unwrap();
            let first = run.run().unwrap();
            assert!(run.is_done() && run.step().unwrap().is_none());
            let steps = run.steps().to_vec();
            assert!(steps.iter().map(|step| step.number).eq(1..=steps.len()));
            assert!(steps.len() < limits::STEPS / 4, "{}: {} steps", scene.name, steps.len());
            run.restart().unwrap();
            assert!(run.steps().is_empty() && !run.is_done());
            // One by one, as the page walks them.
            for expected in &steps {
                assert_eq!(run.step().unwrap(), Some(expected), "{}", scene.name);
            }
            assert!(run.step().unwrap().is_none());
            assert_eq!(run.outcome().findings(), first.findings());
            assert_eq!(run.outcome().deeds, first.deeds);
            assert!(run.outcome().as_expected);
        });
    }

    fn a_run_that_is_not_done_is_not_as_expected() {
        for_every_plan(&[4], |scene, plan| {
            let mut run = Run::new(scene, plan).unwrap();
            run.step().unwrap();
            assert!(!run.outcome().as_expected, "{}", scene.name);
        });
    }

    fn the_refused_frame_is_in_the_records_of_the_side_that_noticed() {
        for_every_plan(&[5], |scene, plan| {
            let outcome = Run::new(scene, plan).unwrap().run().unwrap();
            let Some(Stop { side, by: Stopper::Check(check), frame }) = outcome.stopped else {
                return;
            };
            let frames = match side {
                Side::Client => &outcome.client_frames,
                Side::Server => &outcome.server_frames,
            };
            let refused = frames.iter().find(|it| Some(it.number) == frame).unwrap();
            assert_eq!(refused.direction, Direction::Received);
            let shared::connection::Verdict::Refused { check: found, .. } = refused.verdict else {
                panic!("{}: accepted", scene.name)
            };
            assert_eq!(found, check);
        });
    }

    fn every_explanation_names_sections_that_are_there() {
        let document = include_str!("../../docs/PROTOCOL.md");
        for_every_plan(&[0], |scene, plan| {
            let explanation = scene.explanation(plan.version);
            assert!(!explanation.why.is_empty() && !explanation.references.is_empty());
            assert!(!explanation.why.contains("  "), "{}: {}", scene.name, explanation.why);
            let stopper = scene.expected(&plan).stopped.map(|(_, by)| by.section(plan.version));
            for section in explanation.sections.iter().copied().chain(stopper) {
                let found = document.lines().any(|line| {
                    line.trim_start_matches('#').starts_with(&format!(" {section} "))
                        || line.starts_with(&format!("## {section}. "))
                });
                assert!(found, "{}: §{section}", scene.name);
            }
        });
    }

    fn the_document_has_every_scene_with_its_outcome() {
        let document = include_str!("../../docs/LAB.md");
        let mut rows = Vec::new();
        for_every_plan(&[0], |scene, plan| {
            if plan.version == Version::V1 {
                let other = Plan { version: Version::V2, ..plan };
                let choice = plan.choice.map_or(String::new(), |choice| format!(" {choice}"));
                rows.push(format!(
                    "| `{}`{choice} | {} | {} | {} |",
                    scene.name,
                    scene.goal,
                    in_the_table(&scene.expected(&plan), Version::V1),
                    in_the_table(&scene.expected(&other), Version::V2),
                ));
            }
        });
        assert!(document.contains(&rows.join("\n")), "docs/LAB.md needs\n{}", rows.join("\n"));
    }

    fn names_are_unique_and_found() {
        for (at, it) in SCENES.iter().enumerate() {
            assert!(std::ptr::eq(scene(it.name).unwrap(), *it));
            assert!(it.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'));
            assert!(SCENES.iter().take(at).all(|other| other.name != it.name));
        }
        assert!(scene("dance").is_none());
        let plan = Plan { version: Version::V1, seed: Seed(0), choice: Some("dance") };
        assert_eq!(Run::new(SCENES[0], plan).err(), Some(LabError::Choice("dance")));
    }

    fn an_outcome_as_json_has_what_happened() {
        let replay = scene("replay").unwrap();
        let plan = Plan { version: Version::V2, seed: Seed(9), choice: None };
        let outcome = Run::new(replay, plan).unwrap().run().unwrap();
        let json = outcome_to_json(&outcome, &replay.explanation(Version::V2));
        assert_eq!(json["stopped_by"]["by"], "record_tag");
        assert_eq!(json["stopped_by"]["section"], "2.5");
        assert_eq!(json["server"]["received"][0], "Meet me at noon.");
        assert_eq!(json["as_expected"], true);
        let number = json["stopped_by"]["frame"].as_u64().unwrap();
        let frames = json["frames"]["server"].as_array().unwrap();
        let refused = frames.iter().find(|frame| frame["number"] == number).unwrap();
        assert_eq!(refused["refused_by"], "record_tag");
    }

    fn the_attackers_reader_opens_the_documents_session_with_both_secrets_only() {
        let vectors: serde_json::Value =
            serde_json::from_str(include_str!("../../docs/vectors-v2.json")).unwrap();
        let session = &vectors["sessions"][0];
        let bytes = |value: &serde_json::Value| unhex(value.as_str().unwrap());
        let secret = |name: &str| -> [u8; 32] {
            bytes(&session["values"][name]).try_into().unwrap()
        };
        let clear = ["announcement", "client_hello", "server_hello"]
            .map(|name| bytes(&session[name]));
        let sealed: Vec<_> = session["records"].as_array().unwrap().iter()
            .map(|record| {
                let side = match record["from"].as_str().unwrap() {
                    "client" => Side::Client,
                    _ => Side::Server,
                };
                (side, bytes(&record["wire"]))
            })
            .collect();
        let recording = Recording {
            clear: [&clear[0], b"SC/2\n", &clear[1], &clear[2]],
            sealed: sealed.iter().map(|(side, wire)| (*side, &wire[..])).collect(),
        };
        let (ml_kem, x25519) = (secret("mlkem_shared"), secret("x25519_shared"));
        let (opened, texts) = recording.read(&ml_kem, &x25519);
        assert_eq!(opened, sealed.len());
        assert!(!texts.is_empty());
        for (ml_kem, x25519) in [([0; 32], x25519), (ml_kem, [0; 32])] {
            assert_eq!(recording.read(&ml_kem, &x25519), (0, Vec::new()));
        }
    }

    fn trying_the_servers_key_finds_what_is_encrypted_to_it() {
        let tries = [Version::V1, Version::V2].map(|version| {
            let plan = Plan { version, seed: Seed(0), choice: None };
            let mut run = Run::new(scene("eavesdrop").unwrap(), plan).unwrap();
            run.run().unwrap();
            let mut random = plan.seed.random(seed::Draws::Attacker);
            attacker::recording::try_key(run.tap(), &keys::server().unwrap(), &mut random)
        });
        // v1's session, which stolen_key opens; in v2 nothing is.
        assert_eq!(tries, [(1, 1), (8, 0)]);
    }

    fn the_lab_shows_the_keys_of_its_own_sessions() {
        let plan = Plan { version: Version::V2, seed: Seed(0), choice: None };
        let outcome = Run::new(scene("eavesdrop").unwrap(), plan).unwrap().run().unwrap();
        let sealed = outcome.client_frames.iter()
            .find(|frame| frame.kind == FrameKind::Message).unwrap();
        assert!(sealed.keys.iter().all(|key| key.value.is_some()));
        assert!(sealed.layers().any(|layer| layer.name == LayerName::Message));
    }
}

// Only there is it certain that `shared` is built without aws-lc, which draws randomness of its own.
#[cfg(target_arch = "wasm32")]
portable_test! {
    fn the_same_seed_gives_the_same_bytes() {
        for_every_plan(&[6], |scene, plan| {
            let bytes = || {
                let outcome = Run::new(scene, plan).unwrap().run().unwrap();
                let frames = outcome.client_frames.iter().chain(&outcome.server_frames);
                frames.map(|frame| frame.wire.clone()).collect::<Vec<_>>()
            };
            assert_eq!(bytes(), bytes(), "{}", scene.name);
        });
    }

    fn another_seed_gives_other_bytes() {
        let [one, other] = [1, 2].map(|seed| {
            let plan = Plan { version: Version::V2, seed: Seed(seed), choice: None };
            let outcome = Run::new(SCENES[0], plan).unwrap().run().unwrap();
            outcome.client_frames.iter().map(|frame| frame.wire.clone()).collect::<Vec<_>>()
        });
        assert_ne!(one, other);
    }
}

/// Returns the words of the document's table for what is found.
fn in_the_table(findings: &Findings, version: Version) -> String {
    match findings.stopped {
        Some((side, by)) => format!("`{}`, {side}, §{}", by.as_str(), by.section(version)),
        None if findings.achieved => "**works**".to_owned(),
        None => "in vain".to_owned(),
    }
}

fn unhex(text: &str) -> Vec<u8> {
    text.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}
