//! `cargo xtask bench`: the project's measurements, one section after the other, then a summary.
//!
//! A benchmark is a program under `server/benches/`, `cli/benches/` or `client/benches/`, or `e2e/bench.mjs`. The
//! summary repeats every line that it prints in the form `result: NAME = VALUE`.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, ExitCode, Stdio};

use super::ci;
use super::web::{self, Page};
use crate::compress;
use crate::failure::{Failure, Result};
use crate::table;
use crate::tools::{Toolbox, process};

/// A row of the summary: the name of a measurement, and the value with its unit.
type Measured = (String, String);

pub(crate) fn main(tools: &mut Toolbox, args: &[String]) -> Result<ExitCode> {
    if !args.is_empty() {
        return Err(Failure::new("usage: cargo xtask bench"));
    }
    let mut summary = Vec::new();
    summary.extend(page_size(tools)?);
    summary.extend(openssl(tools)?);
    summary.extend(server(tools)?);
    summary.extend(observation(tools)?);
    summary.extend(chat(tools)?);
    summary.extend(tls(tools)?);
    summary.extend(markup(tools)?);
    summary.extend(time_to_connect(tools)?);

    heading("summary");
    let mut rows = vec![vec!["measurement".to_owned(), "value".to_owned()]];
    rows.extend(summary.into_iter().map(|(name, value)| vec![name, value]));
    print!("{}", table::render(&rows));
    Ok(ExitCode::SUCCESS)
}

/// Measures the page's download. This comes first, because the release server embeds the page.
fn page_size(tools: &mut Toolbox) -> Result<Vec<Measured>> {
    heading("the page's download");
    web::build(tools, Page::Shipped)?;
    let entries = compress::measure(&web::dist(tools))?;
    let goal = table::size(compress::GOAL_BYTES);
    Ok(compress::Part::ALL
        .into_iter()
        .map(|part| {
            let goal = match part {
                compress::Part::Page => format!(" (goal {goal})"),
                compress::Part::Later | compress::Part::Vault => String::new(),
            };
            (
                format!("{}: wasm + js + css, brotli{goal}", part.name()),
                table::size(compress::bytes_of(part, &entries)),
            )
        })
        .collect())
}

/// Measures OpenSSL's RSA, the yardstick for handshakes: the same operation, on this machine, in
/// this run.
fn openssl(tools: &mut Toolbox) -> Result<Vec<Measured>> {
    heading("OpenSSL's RSA-2048, one core");
    tools.ensure_openssl()?;
    let printed = process::capture(
        tools
            .command("openssl")
            .args(["speed", "-seconds", "3", "rsa2048"]),
    )?;
    let Some((private, public)) = rsa_per_second(&printed.text).filter(|_| printed.success) else {
        return Err(Failure::new(format!(
            "cannot read what openssl speed printed:\n{}",
            printed.text
        )));
    };
    println!("private operations (sign): {private}/s\npublic operations (verify): {public}/s");
    Ok(vec![
        (
            "openssl: RSA-2048 private operations".to_owned(),
            format!("{private}/s"),
        ),
        (
            "openssl: RSA-2048 public operations".to_owned(),
            format!("{public}/s"),
        ),
    ])
}

/// Runs everything under `server/benches/`, with the settings of a release.
fn server(tools: &Toolbox) -> Result<Vec<Measured>> {
    heading("the server");
    run_and_collect(&mut tools.cargo(&["bench", "--package", "server", "--benches"]))
}

/// Measures what the records of frames cost: a build that can make them beside one that cannot, by
/// turns.
fn observation(tools: &Toolbox) -> Result<Vec<Measured>> {
    /// The turns of each build.
    const TURNS: usize = 5;
    heading("what observing costs");
    let turn = |features: &[&str], args: &[&str]| {
        let bench = ["bench", "--package", "server", "--bench", "observation"];
        let mut command = tools.cargo(&bench);
        collect(
            command.args(features).arg("--").arg("--turn").args(args),
            rate_in,
        )
    };
    let mut ratios: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for _ in 0..TURNS {
        let plain = turn(&[], &[])?;
        for (name, rate) in turn(&["--features", "shared/observe"], &["--observed"])? {
            let (what, mode) = name.split_once(", ").unwrap_or((&name, ""));
            let same = plain.iter().find(|(name, _)| name.starts_with(what));
            let (_, plain) =
                same.ok_or_else(|| Failure::new(format!("nothing to compare {name} with")))?;
            let goal = if mode == "observed" { 0.5 } else { 0.99 };
            let name = format!("{what}, {mode}, over the build without records (goal {goal})");
            ratios.entry(name).or_default().push(rate / plain);
        }
    }
    let median = |mut all: Vec<f64>| {
        all.sort_by(f64::total_cmp);
        format!("{:.3}", all[all.len() / 2])
    };
    let results: Vec<Measured> = ratios
        .into_iter()
        .map(|(name, all)| (name, median(all)))
        .collect();
    for (name, value) in &results {
        println!("{name} = {value}");
    }
    Ok(results)
}

/// Measures the server's deliveries under the load generator.
fn chat(tools: &Toolbox) -> Result<Vec<Measured>> {
    heading("the chat");
    run_and_collect(&mut tools.cargo(&["bench", "--package", "cli", "--bench", "fan_out"]))
}

/// Measures TLS of the released server, beside nginx where that can be had.
fn tls(tools: &mut Toolbox) -> Result<Vec<Measured>> {
    heading("TLS of the server");
    for why in tools.ensure_proxies() {
        println!("{why}");
    }
    process::run(&mut tools.cargo(&["build", "--release", "--package", "server"]))?;
    run_and_collect(&mut tools.cargo(&["bench", "--package", "cli", "--bench", "tls"]))
}

/// Measures the parser of messages.
fn markup(tools: &Toolbox) -> Result<Vec<Measured>> {
    heading("the markup of messages");
    let features = ["--features", "testing"];
    let mut bench = tools.cargo(&["bench", "--package", "client", "--bench", "markup"]);
    run_and_collect(bench.args(features))
}

/// Measures the time from opening the page to a connected session, in Chromium, with the release
/// server.
fn time_to_connect(tools: &mut Toolbox) -> Result<Vec<Measured>> {
    heading("from opening the page to connected");
    process::run(&mut tools.cargo(&["build", "--release", "--package", "server"]))?;
    let mut command = ci::e2e_command(tools, "node", "release")?;
    run_and_collect(command.arg("bench.mjs"))
}

fn heading(title: &str) {
    println!("\n=== {title}");
}

/// Runs a benchmark, prints its output as it comes, and returns its results.
fn run_and_collect(command: &mut Command) -> Result<Vec<Measured>> {
    collect(command, result_in)
}

/// Runs a benchmark, prints its output as it comes, and returns what `take` finds in its lines.
fn collect<T>(command: &mut Command, take: fn(&str) -> Option<T>) -> Result<Vec<T>> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(Failure::because("start the benchmark"))?;
    let mut results = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).lines() {
            let line = line.map_err(Failure::because("read the benchmark's output"))?;
            println!("{line}");
            results.extend(take(&line));
        }
    }
    let status = child
        .wait()
        .map_err(Failure::because("wait for the benchmark"))?;
    if !status.success() {
        return Err(Failure::new(format!("the benchmark failed ({status})")));
    }
    // A benchmark whose lines changed their form would otherwise drop out of the summary unseen.
    if results.is_empty() {
        return Err(Failure::new(
            "the benchmark printed no line of the form `result: NAME = VALUE`",
        ));
    }
    Ok(results)
}

/// Returns the name and the value of a line `result: NAME = VALUE`.
fn result_in(line: &str) -> Option<Measured> {
    let (name, value) = line.trim().strip_prefix("result:")?.split_once('=')?;
    Some((name.trim().to_owned(), value.trim().to_owned()))
}

/// Returns the name and the value of a line `rate: NAME = VALUE`.
fn rate_in(line: &str) -> Option<(String, f64)> {
    let (name, value) = line.trim().strip_prefix("rate:")?.split_once('=')?;
    Some((name.trim().to_owned(), value.trim().parse().ok()?))
}

/// Returns the two rates of `openssl speed rsa2048`: private and public operations a second.
/// OpenSSL 3 has columns for encryption too, so the columns are found by their headings.
fn rsa_per_second(printed: &str) -> Option<(&str, &str)> {
    let mut lines = printed.lines();
    let heading = lines.by_ref().find(|line| line.contains("sign/s"))?;
    let row = lines.find(|line| line.trim_start().starts_with("rsa"))?;
    let cells: Vec<&str> = row.split_whitespace().collect();
    let names: Vec<&str> = heading.split_whitespace().collect();
    // The row begins with three words for which the heading has none: `rsa 2048 bits`.
    let cell = |name: &str| {
        let at = names.iter().position(|&heading| heading == name)?;
        cells.get(at + 3).copied()
    };
    Some((cell("sign/s")?, cell("verify/s")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_openssl_of_both_shapes() {
        let old = "                  sign    verify    sign/s verify/s\n\
                   rsa 2048 bits 0.000713s 0.000021s   1402.3  47618.5\n";
        assert_eq!(rsa_per_second(old), Some(("1402.3", "47618.5")));
        let new = "                   sign    verify    encrypt   decrypt   sign/s verify/s  encr./s  decr./s\n\
                   rsa  2048 bits 0.000713s 0.000021s 0.000023s 0.000721s   1402.3  47618.5  43000.0  1386.0\n";
        assert_eq!(rsa_per_second(new), Some(("1402.3", "47618.5")));
        assert_eq!(rsa_per_second("speed: unknown option"), None);
    }

    #[test]
    fn a_result_line_needs_name_and_value() {
        let expected = ("v1 handshakes".to_owned(), "812/s".to_owned());
        assert_eq!(result_in("  result: v1 handshakes = 812/s"), Some(expected));
        assert_eq!(result_in("result: nothing"), None);
        assert_eq!(result_in("the result: a = b"), None);
    }
}
