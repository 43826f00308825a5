//! The system's limit of open files, and its shares: every connection needs a file, and the usual
//! limit of 1024 is reached long before the server's own.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The files that are open beside the chat's connections: listeners, the runtime's own, the database,
/// the log, and the 16 connections of the ops listener.
const BESIDE_CONNECTIONS: usize = 64;

/// The most connections that are told at a time that there is no permit for them. Each gets a
/// moment to read that, and holds a socket meanwhile. Beyond this number a connection just ends.
const REFUSALS_AT_A_TIME: usize = 256;

/// The HTTP connections of a session. A page opens up to six, and keeps them for a while, before
/// its tunnel.
const HTTP_CONNECTIONS_PER_SESSION: usize = 7;

/// The HTTP connections of pages that can have no session; the page itself says so.
const HTTP_CONNECTIONS_TO_SPARE: usize = 64;

/// The part of the files, as a divisor, that HTTP keeps when there are too few for everything: a
/// quarter, because without the page no browser gets in.
const HTTP_PART: usize = 4;

/// The connections of each kind that fit the limit of open files together, so that no kind can take
/// the files of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shares {
    /// The sessions over TCP and through the tunnel, with the operators' reserve.
    pub sessions: usize,
    /// The HTTP connections that are no tunnel.
    pub http: usize,
    /// The connections that are told that they are refused.
    pub refusals: usize,
}

impl Shares {
    /// Divides `limit` files among at most `sessions` sessions and the rest. Without a limit there
    /// are as many HTTP connections as that many pages open.
    pub fn of(limit: Option<u64>, sessions: usize) -> Self {
        let wanted = sessions
            .saturating_mul(HTTP_CONNECTIONS_PER_SESSION)
            .saturating_add(HTTP_CONNECTIONS_TO_SPARE);
        let limit = limit.map_or(usize::MAX, |limit| {
            usize::try_from(limit).unwrap_or(usize::MAX)
        });
        // Eight is the least of which no share is zero: without files for pages or sessions nobody
        // would get in.
        let files = limit.saturating_sub(BESIDE_CONNECTIONS).max(8);
        let refusals = REFUSALS_AT_A_TIME.min(files / 8);
        let files = files - refusals;
        let http = wanted.min(files.saturating_sub(sessions).max(files / HTTP_PART));
        Self {
            sessions: sessions.min(files - http),
            http,
            refusals,
        }
    }
}

/// Raises the limit as far as the system allows.
pub fn raise_limit() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::debug!(%error, "the limit of open files was not raised");
    }
}

/// Returns the limit of open files, if there is one.
pub fn limit() -> Option<u64> {
    getrlimit(Resource::Nofile).current
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_kind_of_connection_can_take_the_files_of_another() {
        for limit in [0, 64, 100, 256, 1024, 2048, 10_000, 20_000, 1 << 40] {
            for sessions in [1, 17, 1000, 10_016] {
                let shares = Shares::of(Some(limit), sessions);
                let all = shares.sessions + shares.http + shares.refusals;
                let files = usize::try_from(limit).unwrap();
                assert!(
                    all + BESIDE_CONNECTIONS <= files.max(72),
                    "{limit} {shares:?}"
                );
                assert!(shares.sessions > 0 && shares.http > 0, "{limit} {shares:?}");
            }
        }
    }

    #[test]
    fn a_limit_that_is_high_enough_takes_nothing_away() {
        assert_eq!(Shares::of(None, 10_016).sessions, 10_016);
        assert_eq!(Shares::of(Some(20_000), 10_016).sessions, 10_016);
        let few = Shares::of(Some(1024), 10_016);
        assert_eq!((few.sessions, few.http, few.refusals), (630, 210, 120));
    }

    #[test]
    fn raising_never_lowers() {
        let before = limit();
        raise_limit();
        assert!(limit().is_none_or(|after| before.is_some_and(|before| after >= before)));
    }
}
