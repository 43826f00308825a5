//! A gate: named steps in order, each with its time. The first failure stops it. The module knows
//! no step itself.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::failure::Result;
use crate::table;
use crate::tools::Toolbox;

/// A named check of the gate.
#[derive(Clone, Copy)]
pub(crate) struct Step {
    /// A single word, by which `cargo xtask test` filters.
    pub(crate) name: &'static str,
    /// The subject of the check, for the heading.
    pub(crate) what: &'static str,
    pub(crate) check: fn(&mut Toolbox) -> Result<()>,
}

enum Outcome {
    Passed(Duration),
    Failed(Duration),
    /// The step could not be checked on this machine, and counts as neither passed nor failed.
    Skipped(Duration),
    NotRun,
}

/// Runs `steps` until one fails, then prints the result and the time of each.
pub(crate) fn run(tools: &mut Toolbox, steps: &[Step]) -> ExitCode {
    let mut outcomes = Vec::with_capacity(steps.len());
    let mut failure = None;
    let mut skipped = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        // The steps that are left are listed as not run, so that nobody takes them for passed.
        if failure.is_some() {
            outcomes.push(Outcome::NotRun);
            continue;
        }
        println!(
            "\n=== {}/{} {}: {}",
            index + 1,
            steps.len(),
            step.name,
            step.what
        );
        let start = Instant::now();
        outcomes.push(match (step.check)(tools) {
            Ok(()) => Outcome::Passed(start.elapsed()),
            Err(why) if why.is_skipped() => {
                println!("--- SKIPPED {}: {why}", step.name);
                skipped.push(format!("{} was SKIPPED: {why}", step.name));
                Outcome::Skipped(start.elapsed())
            }
            Err(why) => {
                failure = Some(format!("{}: {why}", step.name));
                Outcome::Failed(start.elapsed())
            }
        });
    }
    // Skips are repeated below the table: the output of later steps has pushed them out of sight.
    println!("\n{}", summary(steps, &outcomes));
    for why in skipped {
        eprintln!("xtask: {why}");
    }
    match failure {
        None => ExitCode::SUCCESS,
        Some(why) => {
            eprintln!("xtask: {why}");
            ExitCode::FAILURE
        }
    }
}

/// Returns the table of steps, with a last line that counts them.
fn summary(steps: &[Step], outcomes: &[Outcome]) -> String {
    let mut rows = vec![["step", "result", "time"].map(str::to_owned).to_vec()];
    let (mut passed, mut failed, mut skipped) = (0_u32, 0_u32, 0_u32);
    let mut total = Duration::ZERO;
    for (step, outcome) in steps.iter().zip(outcomes) {
        let (word, time) = match outcome {
            Outcome::Passed(time) => {
                passed += 1;
                ("passed", Some(*time))
            }
            Outcome::Failed(time) => {
                failed += 1;
                ("FAILED", Some(*time))
            }
            Outcome::Skipped(time) => {
                skipped += 1;
                ("SKIPPED", Some(*time))
            }
            Outcome::NotRun => ("not run", None),
        };
        total += time.unwrap_or_default();
        rows.push(vec![
            step.name.to_owned(),
            word.to_owned(),
            time.map(table::duration).unwrap_or_default(),
        ]);
    }
    rows.push(vec![
        "all".to_owned(),
        String::new(),
        table::duration(total),
    ]);
    let mut text = format!("{}\n{passed} passed, {failed} failed", table::render(&rows));
    if skipped > 0 {
        text.push_str(", ");
        text.push_str(&skipped.to_string());
        text.push_str(" skipped");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEP: Step = Step {
        name: "fmt",
        what: "formatting",
        check: |_| Ok(()),
    };

    #[test]
    fn the_last_line_counts_passed_and_failed_alone() {
        let outcomes = [
            Outcome::Passed(Duration::from_secs(1)),
            Outcome::Failed(Duration::from_secs(2)),
            Outcome::NotRun,
        ];
        let text = summary(&[STEP; 3], &outcomes);
        assert_eq!(text.lines().last(), Some("1 passed, 1 failed"));
        assert!(text.contains("not run"));
        assert!(text.contains("3.0 s"), "the total is there: {text}");
    }

    #[test]
    fn a_skipped_step_is_counted_as_neither_and_the_next_one_runs() {
        let outcomes = [
            Outcome::Skipped(Duration::from_secs(1)),
            Outcome::Passed(Duration::from_secs(2)),
        ];
        let text = summary(&[STEP; 2], &outcomes);
        assert_eq!(text.lines().last(), Some("1 passed, 0 failed, 1 skipped"));
        let skips = Step {
            check: |_| Err(crate::failure::Failure::skipped("no network")),
            ..STEP
        };
        let fails = Step {
            check: |_| Err(crate::failure::Failure::new("ran")),
            ..STEP
        };
        let mut tools = Toolbox::new(std::env::temp_dir());
        assert_eq!(run(&mut tools, &[skips, STEP]), ExitCode::SUCCESS);
        assert_eq!(run(&mut tools, &[skips, fails]), ExitCode::FAILURE);
    }

    #[test]
    fn nothing_runs_after_a_failure() {
        let never = Step {
            check: |_| panic!("ran after a failure"),
            ..STEP
        };
        let fails = Step {
            check: |_| Err(crate::failure::Failure::new("no")),
            ..STEP
        };
        let mut tools = Toolbox::new(std::env::temp_dir());
        assert_eq!(run(&mut tools, &[STEP, fails, never]), ExitCode::FAILURE);
        assert_eq!(run(&mut tools, &[STEP, STEP]), ExitCode::SUCCESS);
    }
}
