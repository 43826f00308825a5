//! How long to wait before the next attempt to connect. Pure: randomness is an argument.

/// Shortest wait, in milliseconds.
pub const FIRST_MS: u64 = 1_000;
/// Longest wait, in milliseconds.
pub const MAX_MS: u64 = 30_000;

/// Milliseconds to wait after `failures` failed attempts in a row (1 after the first).
///
/// Exponential, so that a server that is down is not hammered; with jitter (`jitter` in 0..1), so
/// that all pages of a restarted server do not come back in the same instant. Always within
/// [`FIRST_MS`]..=[`MAX_MS`].
pub fn delay_ms(failures: u32, jitter: f64) -> u64 {
    let doublings = failures.saturating_sub(1).min(16);
    let ceiling = (FIRST_MS << doublings).min(MAX_MS);
    let floor = (ceiling / 2).max(FIRST_MS);
    let jitter = if jitter.is_finite() {
        jitter.clamp(0.0, 1.0)
    } else {
        0.5
    };
    // In thousandths, so that the arithmetic stays in integers; 0..=1000 fits every integer type.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let thousandths = (jitter * 1000.0) as u64;
    floor + (ceiling - floor) * thousandths / 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_and_stays_within_its_limits() {
        assert_eq!(delay_ms(1, 0.0), FIRST_MS);
        assert_eq!(delay_ms(2, 1.0), 2_000);
        assert_eq!(delay_ms(3, 1.0), 4_000);
        assert_eq!(delay_ms(3, 0.0), 2_000);
        for failures in [0, 1, 2, 5, 6, 20, u32::MAX] {
            for jitter in [-1.0, 0.0, 0.3, 1.0, 2.0, f64::NAN, f64::INFINITY] {
                let delay = delay_ms(failures, jitter);
                assert!(
                    (FIRST_MS..=MAX_MS).contains(&delay),
                    "{failures} {jitter} {delay}"
                );
            }
        }
        assert_eq!(delay_ms(50, 1.0), MAX_MS);
    }

    #[test]
    fn jitter_spreads() {
        assert!(delay_ms(6, 0.1) < delay_ms(6, 0.9));
    }
}
