//! The health of the server that this page came from, judged by its answer at `/healthz`. It is
//! asked when the tunnel does not open, because browsers do not tell why.
//!
//! Pure: the engine asks.

use shared::error::ErrorCode;

use super::ending::Ending;

/// The most characters of a server's sentence. Its own are short, and a longer text is the page of
/// something on the way.
const SENTENCE_CHARS: usize = 100;

/// The health of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// The server does not answer.
    Silent,
    /// The server has no permit left for the connection that asked.
    Full,
    /// A part of the server does not work; the sentence is the server's own.
    Unhealthy(String),
    /// The server answers, so only the tunnel is the problem.
    Answers,
}

impl Health {
    /// Judges an answer by its status and its body, which is `None` if it could not be read.
    pub fn of(status: u16, body: Option<&str>) -> Self {
        // 503 stands for two things. The server that takes no further connection answers before it
        // has read the request, with nothing but the status; the one whose hub or store fails
        // answers with a sentence.
        let said = body.map(|body| body.trim().trim_end_matches('.'));
        match (status, said) {
            (503, Some("")) => Self::Full,
            (503, Some(said)) if is_sentence(said) => Self::Unhealthy(said.to_owned()),
            // Another 503 is a proxy's, which answers without the server.
            _ => Self::Answers,
        }
    }

    /// Returns the reason for which the tunnel did not open.
    pub fn ending(self) -> Ending {
        match self {
            Self::Silent => Ending::Unreachable,
            Self::Full => Ending::Reported {
                code: ErrorCode::TooManyConnections,
            },
            Self::Unhealthy(said) => Ending::Unhealthy(said),
            Self::Answers => Ending::TunnelRefused,
        }
    }
}

fn is_sentence(said: &str) -> bool {
    let plain = |c: char| !c.is_control() && c != '<';
    said.chars().count() <= SENTENCE_CHARS && said.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::ending::Retry;

    // The fault: every 503 was shown as "no place left", also when the server's hub or store did
    // not answer, so that people closed their other tabs and nobody looked after the server.
    #[test]
    fn a_server_whose_store_fails_is_not_called_full() {
        for said in [
            "the rooms do not answer",
            "the store does not answer",
            "the store fails",
        ] {
            let health = Health::of(503, Some(&format!("{said}\n")));
            assert_eq!(health, Health::Unhealthy(said.to_owned()));
            let ending = health.ending();
            let sentence = ending.sentence();
            assert!(sentence.contains(said), "{sentence}");
            assert!(!sentence.contains("place"), "{sentence}");
            assert!(!ending.advice().is_empty());
            assert_eq!(ending.retry(), Retry::Automatic);
        }
    }

    #[test]
    fn a_server_without_a_permit_says_nothing_and_is_full() {
        let full = Ending::Reported {
            code: ErrorCode::TooManyConnections,
        };
        assert_eq!(Health::of(503, Some("")).ending(), full);
    }

    #[test]
    fn what_a_proxy_says_is_not_taken_for_the_servers_words() {
        let long = "x".repeat(SENTENCE_CHARS + 1);
        for page in ["<html>503</html>", "one line\nand another", &long] {
            assert_eq!(Health::of(503, Some(page)), Health::Answers, "{page}");
        }
        assert_eq!(Health::of(503, None), Health::Answers);
        assert_eq!(Health::of(502, Some("")), Health::Answers);
        assert_eq!(
            Health::of(200, Some("ok\n")).ending(),
            Ending::TunnelRefused
        );
        assert_eq!(Health::Silent.ending(), Ending::Unreachable);
    }
}
