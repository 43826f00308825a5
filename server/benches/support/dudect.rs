//! Tests whether the time that something takes tells two classes of inputs apart: the method of
//! Reparaz, Balasch and Verbauwhede, "Dude, is my code constant time?" (DATE 2017).
//!
//! Both classes are measured in random order, one call at a time, and Welch's t-test compares their
//! means. Slow measurements are interruptions more than secrets, so the test is made again without
//! them, for a hundred limits (the paper's cropping), and on the squared distances from the mean
//! (its second-order test); the largest |t| of all counts. The paper takes 4.5 for the sign of a
//! difference. A small |t| proves nothing but that this many measurements show none; a large one
//! says that there is a difference, not that it can be used from afar.

use std::fmt;
use std::time::{Duration, Instant};

use shared::random::Random;

/// The |t| that the paper takes for the sign of a difference.
pub(crate) const THRESHOLD: f64 = 4.5;

/// Inputs that are made before any of them is measured, so that making them disturbs less.
const BATCH: usize = 128;

/// Limits above which measurements are left out, one after the other.
const CROPS: i32 = 100;

/// The one of them that leaves half.
const HALF: i32 = 10;

/// A test of fewer measurements a class than this is not made.
const MIN_OF_CLASS: f64 = 500.0;

/// One of the two kinds of inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    A,
    B,
}

/// The result of a comparison; `Display` is for a `result:` line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outcome {
    /// The largest |t| of all tests.
    pub(crate) t: f64,
    /// All measurements, of both classes.
    measurements: usize,
    /// Mean of class B less mean of class A in the test with the largest |t|, if that is one of
    /// means.
    difference: Option<f64>,
    /// The difference that would have reached [`THRESHOLD`] in the test of the faster half.
    visible: f64,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "|t| {:.1}, n {}", self.t, self.measurements)?;
        match self.difference {
            Some(difference) => write!(f, ", difference {difference:.1} ns")?,
            None => write!(f, ", in the spread")?,
        }
        write!(f, " ({:.2} ns would show)", self.visible)
    }
}

/// Measures `run` on inputs of both classes in random order, for about `span` in all. `prepare`
/// makes an input, and takes as long as it likes.
pub(crate) fn compare<I>(
    span: Duration,
    random: &mut Random,
    mut prepare: impl FnMut(Class) -> I,
    mut run: impl FnMut(&mut I),
) -> Outcome {
    let mut measured = Vec::new();
    let mut warm = false;
    let start = Instant::now();
    while start.elapsed() < span {
        let mut coins = [0; BATCH];
        random.fill(&mut coins).unwrap();
        // At random: a disturbance that comes at intervals then meets both classes alike.
        let classes = coins.map(|coin| if coin & 1 == 0 { Class::A } else { Class::B });
        let mut inputs = classes.map(&mut prepare);
        for (class, input) in classes.into_iter().zip(&mut inputs) {
            let start = Instant::now();
            run(input);
            let nanoseconds = start.elapsed().as_secs_f64() * 1e9;
            // The first batch meets cold caches, whichever class its inputs are of.
            if warm {
                measured.push((class, nanoseconds));
            }
        }
        warm = true;
    }
    judge(&measured)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a share of a count"
)]
fn judge(measured: &[(Class, f64)]) -> Outcome {
    let mut sorted: Vec<f64> = measured.iter().map(|&(_, time)| time).collect();
    sorted.sort_by(f64::total_cmp);

    let whole = Test::of(measured.iter().copied());
    let mut outcome = Outcome {
        t: whole.t().abs(),
        measurements: measured.len(),
        difference: Some(whole.difference()),
        visible: THRESHOLD * whole.standard_error(),
    };
    for crop in 1..=CROPS {
        // The paper's limits: close together where most measurements are slow ones.
        let share = 1.0 - 0.5_f64.powf(10.0 * f64::from(crop) / f64::from(CROPS));
        let limit = sorted[(share * (sorted.len() - 1) as f64) as usize];
        let test = Test::of(measured.iter().copied().filter(|&(_, time)| time <= limit));
        // Few measurements are left below the lowest limits, and a t-test of few says little.
        if !test.is_large_enough() {
            continue;
        }
        if crop == HALF {
            outcome.visible = THRESHOLD * test.standard_error();
        }
        if test.t().abs() > outcome.t {
            outcome.t = test.t().abs();
            outcome.difference = Some(test.difference());
        }
    }
    let squares = measured.iter().map(|&(class, time)| {
        let distance = time - whole.of_class(class).mean;
        (class, distance * distance)
    });
    let spread = Test::of(squares).t().abs();
    if spread > outcome.t {
        outcome.t = spread;
        outcome.difference = None;
    }
    outcome
}

/// Welch's t-test between the two classes.
#[derive(Default)]
struct Test([Moments; 2]);

impl Test {
    fn of(values: impl Iterator<Item = (Class, f64)>) -> Self {
        let mut test = Self::default();
        for (class, value) in values {
            test.0[class as usize].add(value);
        }
        test
    }

    fn of_class(&self, class: Class) -> &Moments {
        &self.0[class as usize]
    }

    fn is_large_enough(&self) -> bool {
        self.0.iter().all(|class| class.count >= MIN_OF_CLASS)
    }

    fn difference(&self) -> f64 {
        self.of_class(Class::B).mean - self.of_class(Class::A).mean
    }

    fn standard_error(&self) -> f64 {
        let of_mean = |class: &Moments| class.variance() / class.count;
        self.0.iter().map(of_mean).sum::<f64>().sqrt()
    }

    fn t(&self) -> f64 {
        let error = self.standard_error();
        // All values alike: the clock is coarser than both classes' spread.
        if error == 0.0 {
            0.0
        } else {
            self.difference() / error
        }
    }
}

/// Count, mean and variance, taken in one value after the other (Welford's way).
#[derive(Default)]
struct Moments {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Moments {
    fn add(&mut self, value: f64) {
        self.count += 1.0;
        let distance = value - self.mean;
        self.mean += distance / self.count;
        self.squares += distance * (value - self.mean);
    }

    fn variance(&self) -> f64 {
        self.squares / (self.count - 1.0)
    }
}
