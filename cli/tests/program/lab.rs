//! `secure-chat lab`, which needs no server, no key and no folder.

use serde_json::Value;

use crate::support::Home;

#[test]
fn without_a_scene_the_scenes_are_listed() {
    let home = Home::new();
    let listed = home.run(&["lab"], "").expect(0).stdout;
    for scene in ["eavesdrop", "replay", "quantum", "--choice ciphertext"] {
        assert!(listed.contains(scene), "{scene} is missing in {listed}");
    }
    let json = home.run(&["lab", "--json"], "").expect(0).stdout;
    let json: Value = serde_json::from_str(&json).unwrap();
    let names: Vec<_> = json
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["scene"])
        .collect();
    assert!(names.len() >= 18, "{names:?}");
    assert!(
        names
            .iter()
            .all(|name| listed.contains(name.as_str().unwrap()))
    );
    assert_eq!(
        std::fs::read_dir(home.path()).unwrap().count(),
        0,
        "no file is made"
    );
}

#[test]
fn a_scene_shows_both_versions_side_by_side() {
    let played = Home::new()
        .run(&["lab", "replay", "--seed", "7"], "")
        .expect(0);
    let text = played.stdout;
    assert!(text.contains("seed 7"), "{text}");
    let row = |starts: &str| text.lines().find(|line| line.starts_with(starts)).unwrap();
    assert!(
        row("v1: THE ATTACK WORKS").contains("v2: stopped by record_tag"),
        "{text}"
    );
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
}

#[test]
fn every_scene_ends_as_claimed_with_the_programs_own_cryptography() {
    let home = Home::new();
    for seed in ["0", "1", "4294967295"] {
        let json = home
            .run(&["lab", "all", "--json", "--seed", seed], "")
            .expect(0)
            .stdout;
        let json: Value = serde_json::from_str(&json).unwrap();
        for scene in json.as_array().unwrap() {
            let outcomes = scene["outcomes"].as_array().unwrap();
            assert_eq!(outcomes.len(), 2);
            for (outcome, version) in outcomes.iter().zip(["v1", "v2"]) {
                assert_eq!(outcome["version"], version);
                assert_eq!(outcome["seed"].to_string(), seed);
                assert_eq!(outcome["as_expected"], true, "{outcome}");
            }
        }
    }
}

#[test]
fn a_choice_is_taken_or_refused_by_name() {
    let home = Home::new();
    let json = home
        .run(&["lab", "flip", "--choice", "type", "--json"], "")
        .expect(0)
        .stdout;
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["outcomes"][1]["stopped_by"]["by"], "frame_type");
    home.run(&["lab", "replay", "--choice", "type"], "")
        .expect(1)
        .says(&["replay has no choice \"type\""]);
    home.run(&["lab", "dance"], "")
        .expect(1)
        .says(&["possible values", "replay"]);
    home.run(&["lab", "replay", "--seed", "-1"], "").expect(1);
}
