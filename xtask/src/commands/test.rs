//! `cargo xtask test`: the gate of `ci`, or chosen steps of it.

use std::process::ExitCode;

use super::ci;
use crate::failure::{Failure, Result};
use crate::steps::{self, Step};
use crate::tools::Toolbox;

pub(crate) fn main(tools: &mut Toolbox, args: &[String]) -> Result<ExitCode> {
    if args.iter().any(|arg| arg == "--list") {
        for step in ci::STEPS {
            println!("{:<12} {}", step.name, step.what);
        }
        return Ok(ExitCode::SUCCESS);
    }
    let chosen = choose(&ci::STEPS, args)?;
    Ok(steps::run(tools, &chosen))
}

/// Returns the steps that the filters choose, in the order of the gate. Without a filter it returns
/// all.
fn choose(steps: &[Step], filters: &[String]) -> Result<Vec<Step>> {
    let names: Vec<_> = steps.iter().map(|step| step.name).collect();
    for filter in filters {
        // A mistyped filter would choose nothing, and a run of nothing would pass.
        if !names.iter().any(|name| fits(name, filter, &names)) {
            return Err(Failure::new(format!(
                "no step's name contains `{filter}`; the steps are {}",
                names.join(", ")
            )));
        }
    }
    let wanted = |step: &&Step| {
        filters.is_empty() || filters.iter().any(|filter| fits(step.name, filter, &names))
    };
    Ok(steps.iter().filter(wanted).copied().collect())
}

/// Returns `true` if the filter chooses the step. A filter that is the whole name of a step means
/// that step only; any other means all steps whose names contain it.
fn fits(name: &str, filter: &str, names: &[&str]) -> bool {
    if names.contains(&filter) {
        name == filter
    } else {
        name.contains(filter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(filters: &[&str]) -> Vec<&'static str> {
        let filters: Vec<_> = filters.iter().map(|&filter| filter.to_owned()).collect();
        choose(&ci::STEPS, &filters)
            .unwrap()
            .iter()
            .map(|step| step.name)
            .collect()
    }

    #[test]
    fn without_filter_the_whole_gate_runs() {
        assert_eq!(names(&[]).len(), ci::STEPS.len());
    }

    #[test]
    fn filters_add_up_and_keep_the_gates_order() {
        assert_eq!(names(&["browser", "fmt"]), ["fmt", "browser"]);
    }

    #[test]
    fn a_whole_name_means_that_step_alone() {
        assert_eq!(names(&["wasm"]), ["wasm"]);
        assert_eq!(names(&["clip"]), ["clippy", "clippy-wasm"]);
    }

    #[test]
    fn a_filter_that_fits_nothing_is_an_error() {
        let failure = choose(&ci::STEPS, &["browsr".to_owned()]).err().unwrap();
        assert!(
            failure.to_string().contains("browser"),
            "it names the steps: {failure}"
        );
    }

    #[test]
    fn step_names_are_words_and_differ() {
        let mut names: Vec<_> = ci::STEPS.iter().map(|step| step.name).collect();
        assert!(names.iter().all(|name| !name.contains(' ')));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ci::STEPS.len());
    }
}
