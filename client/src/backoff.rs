//! The wait before the next attempt to connect. Pure: randomness is an argument.

/// The longest first wait, in milliseconds.
pub const FIRST_MS: u64 = 1_000;
/// The longest wait, in milliseconds.
pub const MAX_MS: u64 = 30_000;

/// Returns the wait after `failures` failed attempts in a row (1 after the first), in milliseconds.
///
/// The wait grows exponentially, so that a server that is down is not hammered. Half of it is jitter
/// (`jitter` in 0..1), also the first time: all clients of a restarted server lose their connections
/// at the same moment. The wait is always within `FIRST_MS / 2` and [`MAX_MS`].
pub fn delay_ms(failures: u32, jitter: f64) -> u64 {
    // 16 doublings are far beyond the limit, and a shift by more than 63 bits would overflow.
    let doublings = failures.saturating_sub(1).min(16);
    let ceiling = (FIRST_MS << doublings).min(MAX_MS);
    let floor = ceiling / 2;
    // Not-a-number survives `clamp`, and as an integer it would be 0: no jitter at all.
    let jitter = if jitter.is_finite() {
        jitter.clamp(0.0, 1.0)
    } else {
        0.5
    };
    // The arithmetic stays in integers, in thousandths: `jitter` is within 0..=1 here, so the cast
    // loses nothing but fractions.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let thousandths = (jitter * 1000.0) as u64;
    floor + (ceiling - floor) * thousandths / 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_and_stays_within_its_limits() {
        assert_eq!(delay_ms(1, 0.0), FIRST_MS / 2);
        assert_eq!(delay_ms(1, 1.0), FIRST_MS);
        assert_eq!(delay_ms(2, 1.0), 2_000);
        assert_eq!(delay_ms(3, 1.0), 4_000);
        assert_eq!(delay_ms(3, 0.0), 2_000);
        for failures in [0, 1, 2, 5, 6, 20, u32::MAX] {
            for jitter in [-1.0, 0.0, 0.3, 1.0, 2.0, f64::NAN, f64::INFINITY] {
                let delay = delay_ms(failures, jitter);
                assert!(
                    (FIRST_MS / 2..=MAX_MS).contains(&delay),
                    "{failures} {jitter} {delay}"
                );
            }
        }
        assert_eq!(delay_ms(50, 1.0), MAX_MS);
    }

    // The herd: a server restarts, and every client comes back after exactly one second.
    #[test]
    fn jitter_spreads_every_wait_and_the_first() {
        for failures in [1, 2, 6, 50] {
            let [early, late] = [0.1, 0.9].map(|jitter| delay_ms(failures, jitter));
            assert!(late - early >= early / 2, "{failures}: {early}, {late}");
        }
    }
}
