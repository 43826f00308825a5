//! Scenes and outcomes as JSON; `docs/LAB.md` describes an outcome.

use serde_json::{Value, json};
use shared::connection::{Direction, ObservedFrame, Verdict, Version};

use crate::outcome::{Deed, Fact, Outcome, Saw};
use crate::scene::{Explanation, Scene};

/// Returns a scene as an object.
pub fn scene_to_json(scene: &Scene) -> Value {
    json!({
        "scene": scene.name,
        "title": scene.title,
        "goal": scene.goal,
        "choices": scene.choices,
    })
}

/// Returns an outcome as an object, with the reason for it.
pub fn outcome_to_json(outcome: &Outcome, explanation: &Explanation) -> Value {
    json!({
        "scene": outcome.scene,
        "version": outcome.version.as_str(),
        "seed": outcome.seed.0,
        "choice": outcome.choice,
        "attacker": outcome.deeds.iter().map(deed).collect::<Vec<_>>(),
        "client": saw(&outcome.client),
        "server": saw(&outcome.server),
        "stopped_by": stopped(outcome),
        "learnt": {
            "texts": outcome.learnt.texts,
            "facts": facts(&outcome.learnt.facts),
            "evidence": facts(&outcome.learnt.evidence),
        },
        "achieved": outcome.achieved,
        "as_expected": outcome.as_expected,
        "explanation": {
            "why": explanation.why,
            "sections": explanation.sections,
            "references": explanation.references,
        },
        "frames": {
            "client": outcome.client_frames.iter().map(|it| frame(it)).collect::<Vec<_>>(),
            "server": outcome.server_frames.iter().map(|it| frame(it)).collect::<Vec<_>>(),
        },
    })
}

fn facts(facts: &[Fact]) -> Vec<Value> {
    facts
        .iter()
        .map(|fact| json!({ "name": fact.name, "value": fact.value }))
        .collect()
}

fn deed(deed: &Deed) -> Value {
    json!({
        "action": deed.action.as_str(),
        "frame": deed.frame.map(|frame| json!({
            "sender": frame.sender.as_str(),
            "number": frame.number,
            "kind": frame.kind.as_str(),
        })),
        "to": deed.to.map(crate::Side::as_str),
        "bytes": deed.bytes,
    })
}

fn saw(saw: &Saw) -> Value {
    json!({
        "said": saw.said,
        "received": saw.received,
        "established": saw.established,
        "peer": saw.peer.map(|peer| peer.to_string()),
        "ending": saw.ending.as_str(),
        "code": saw.ending.code().map(shared::error::ErrorCode::as_str),
    })
}

fn stopped(outcome: &Outcome) -> Value {
    let version: Version = outcome.version;
    outcome.stopped.map_or(Value::Null, |stop| {
        json!({
            "side": stop.side.as_str(),
            "by": stop.by.as_str(),
            "section": stop.by.section(version),
            "frame": stop.frame,
        })
    })
}

fn frame(frame: &ObservedFrame) -> Value {
    let check = match &frame.verdict {
        Verdict::Accepted => None,
        Verdict::Refused { check, .. } => Some(check.as_str()),
    };
    json!({
        "number": frame.number,
        "direction": match frame.direction {
            Direction::Sent => "sent",
            Direction::Received => "received",
        },
        "kind": frame.kind.as_str(),
        "at": frame.at.as_micros(),
        "bytes": frame.wire.len(),
        "refused_by": check,
    })
}
