//! Time to parse the longest message of each hostile text, beside a parser of all of Markdown.

#![allow(missing_docs)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use client::markup;
use client::testing::hostile;

/// Measurements of each text, of which the median counts.
const ROUNDS: usize = 21;

fn main() {
    let texts = hostile::texts();
    let slowest = |parse: fn(&str)| {
        let times = texts.iter().map(|(name, text)| (median(parse, text), name));
        let (time, name) = times.max().unzip();
        (time.unwrap_or_default(), name.map_or("", String::as_str))
    };
    for (parser, parse) in [
        ("markup (goal 5 ms)", ours as fn(&str)),
        ("pulldown-cmark", reference),
    ] {
        let (time, name) = slowest(parse);
        println!(
            "result: {parser}, slowest 16 KiB ({name}) = {:.2} ms",
            time.as_secs_f64() * 1000.0
        );
    }
}

fn ours(text: &str) {
    black_box(markup::parse(text));
}

fn reference(text: &str) {
    for event in pulldown_cmark::Parser::new(text) {
        black_box(event);
    }
}

fn median(parse: fn(&str), text: &str) -> Duration {
    let mut times: Vec<_> = (0..ROUNDS)
        .map(|_| {
            let begin = Instant::now();
            parse(text);
            begin.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[ROUNDS / 2]
}
