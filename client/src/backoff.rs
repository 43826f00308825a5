//! The wait before the next attempt to connect. Pure: randomness is an argument.

/// The shortest first wait, in milliseconds: a server that restarts needs about as long.
pub const FIRST_MIN_MS: u64 = 500;
/// The longest first wait, in milliseconds. All clients of a server lose their connections in the
/// same moment when it stops, and each connection costs it an operation with its private key: they
/// come back spread over the time from [`FIRST_MIN_MS`] to here.
pub const FIRST_MS: u64 = 3_000;
/// The longest second wait, in milliseconds. Less than the first one: whoever came too early, while
/// the server was still away, is spread already.
pub const SECOND_MS: u64 = 2_000;
/// The longest wait, in milliseconds.
pub const MAX_MS: u64 = 30_000;

/// Returns the wait after `failures` failed attempts in a row (1 after the end of a session), in
/// milliseconds.
///
/// The waits from the second on grow exponentially, so that a server that is down is not hammered,
/// and half of each is jitter (`jitter` in 0..1). Of the first nearly all is. Of a server that is away
/// for at most 1.5 s every client is back 3.5 s after it went: an attempt that fails comes within
/// those 1.5 s, and the next one, at most 2 s later, cannot come within them.
pub fn delay_ms(failures: u32, jitter: f64) -> u64 {
    let (floor, ceiling) = match failures {
        0 | 1 => (FIRST_MIN_MS, FIRST_MS),
        more => {
            // 16 doublings are far beyond the limit, and a shift by more than 63 bits would overflow.
            let ceiling = (SECOND_MS << (more - 2).min(16)).min(MAX_MS);
            (ceiling / 2, ceiling)
        }
    };
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
        assert_eq!(delay_ms(1, 0.0), FIRST_MIN_MS);
        assert_eq!(delay_ms(1, 1.0), FIRST_MS);
        assert_eq!(delay_ms(2, 0.0), SECOND_MS / 2);
        assert_eq!(delay_ms(2, 1.0), SECOND_MS);
        assert_eq!(delay_ms(3, 1.0), 4_000);
        assert_eq!(delay_ms(3, 0.0), 2_000);
        for failures in [0, 1, 2, 5, 6, 20, u32::MAX] {
            for jitter in [-1.0, 0.0, 0.3, 1.0, 2.0, f64::NAN, f64::INFINITY] {
                let delay = delay_ms(failures, jitter);
                assert!(
                    (FIRST_MIN_MS..=MAX_MS).contains(&delay),
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

    /// Returns the time at which a client is back, counted from the end of a server that is away for
    /// `away`.
    fn back(away: u64, mut jitter: impl FnMut() -> f64) -> u64 {
        let mut at = 0;
        for failures in 1.. {
            at += delay_ms(failures, jitter());
            if at >= away {
                break;
            }
        }
        at
    }

    // The herd: all clients of a server that is away for a moment, with even randomness.
    #[test]
    fn everybody_is_back_after_a_restart_within_seconds_and_not_at_once() {
        const CLIENTS: u64 = 1_000;
        const SLOT_MS: u64 = 250;
        for away in [0, 200, 500, 1_000, 1_500] {
            let mut slots = [0_u64; 20];
            for client in 0..CLIENTS {
                // The golden ratio's multiples are as even as numbers can be, and the same each time.
                let mut turn = 0.0;
                #[allow(clippy::cast_precision_loss, reason = "a thousand is exact")]
                let at = back(away, || {
                    turn += 1.0;
                    (client as f64 * 0.618_034 + turn * 0.414_214).fract()
                });
                assert!(at <= 3_500, "away for {away} ms, back at {at} ms");
                slots[usize::try_from(at / SLOT_MS).unwrap()] += 1;
            }
            // With the same wait for all, one slot would have everybody.
            let most = slots.iter().max().unwrap();
            assert!(*most <= CLIENTS / 5, "away for {away} ms: {slots:?}");
        }
    }
}
