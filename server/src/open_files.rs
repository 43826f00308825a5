//! The system's limit of open files: every connection needs one, and the usual limit of 1024 is
//! reached long before the server's own.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files that are open beside connections: listeners, the runtime's own, the log.
const BESIDE_CONNECTIONS: u64 = 64;

/// Raises the limit as far as the system lets us, and gives it back.
pub fn raise_limit() -> Option<u64> {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(error) => {
            tracing::debug!(%error, "the limit of open files was not raised");
            limit.current
        }
    }
}

/// Whether `connections` fit a limit of open files; no limit fits everything.
pub fn fits(connections: usize, limit: Option<u64>) -> bool {
    limit.is_none_or(|limit| connections as u64 + BESIDE_CONNECTIONS <= limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_judged_with_room_for_the_rest() {
        assert!(fits(10_000, None));
        assert!(fits(10_000, Some(20_000)));
        assert!(!fits(10_000, Some(10_000)));
        assert!(!fits(10_000, Some(1024)));
    }

    #[test]
    fn raising_never_lowers() {
        let before = getrlimit(Resource::Nofile).current;
        let after = raise_limit();
        assert!(after.is_none_or(|after| before.is_some_and(|before| after >= before)));
    }
}
