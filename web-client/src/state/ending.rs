//! The reason for which a connection ended, in a person's words, and whether another attempt can
//! help.
//!
//! Pure: it knows the protocol's error codes, not how the end was noticed.

use shared::error::ErrorCode;

/// The reason for which a connection ended, or never began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// The tunnel to the server that this page came from did not open.
    Unreachable,
    /// The server that this page came from answers, but its tunnel did not open.
    TunnelRefused,
    /// The server that this page came from says that a part of it does not work, in these words.
    Unhealthy(String),
    /// The tunnel to another server did not open.
    UnreachableElsewhere {
        /// The `host[:port]` of that server.
        host: String,
        /// The browser reported that the page's own policy forbids it.
        blocked: bool,
    },
    /// The tunnel closed between two frames.
    Lost,
    /// The tunnel closed inside a frame.
    Truncated,
    /// In v2: the tunnel closed without the server's authenticated close.
    Cut,
    /// The browser reports that there is no network.
    NoNetwork,
    /// The server closed with an error frame.
    Reported {
        /// The code in the frame.
        code: ErrorCode,
    },
    /// The server closed the tunnel with a WebSocket close code of its own.
    ClosedByTunnel {
        /// The close code (RFC 6455 §7.4).
        code: u16,
        /// The reason that came with it; may be empty.
        reason: String,
    },
    /// The server sent bytes that the protocol does not allow, and this page closed.
    Misbehaved(String),
    /// The server did not answer in time, and this page closed.
    TimedOut,
    /// The person's own key could not sign.
    KeyFailed(String),
    /// The worker that keeps the person's key has ended while it was needed.
    VaultStopped(String),
    /// The browser does not give out the pins.
    PinsUnavailable(String),
    /// The person asked the server to end the session (`/quit`).
    Quit,
}

/// The use of another attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// The next attempt comes by itself, after the back-off.
    Automatic,
    /// Another attempt makes sense only when the person has changed something.
    Pointless,
}

impl Ending {
    /// Returns the use of another attempt after this ending.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Unreachable
            | Self::TunnelRefused
            | Self::Unhealthy(_)
            | Self::Lost
            | Self::Truncated
            | Self::Cut
            | Self::NoNetwork
            // The next attempt starts the worker anew.
            | Self::VaultStopped(_)
            | Self::TimedOut => Retry::Automatic,
            Self::ClosedByTunnel { code, .. } => match code {
                // 1008 is a policy, and the others are about the bytes that were sent: the same
                // would happen again.
                1002 | 1003 | 1007..=1009 => Retry::Pointless,
                _ => Retry::Automatic,
            },
            Self::UnreachableElsewhere { .. }
            | Self::Misbehaved(_)
            | Self::KeyFailed(_)
            | Self::PinsUnavailable(_)
            | Self::Quit => Retry::Pointless,
            Self::Reported { code } => match code {
                ErrorCode::Timeout
                | ErrorCode::ServerStopping
                | ErrorCode::TooManyConnections
                | ErrorCode::SlowConsumer => Retry::Automatic,
                _ => Retry::Pointless,
            },
        }
    }

    /// Returns one sentence that says what happened.
    pub fn sentence(&self) -> String {
        match self {
            Self::Unreachable => "The server cannot be reached.".into(),
            Self::TunnelRefused => "The chat’s tunnel does not open.".into(),
            Self::Unhealthy(said) => format!("A part of the server does not work: {said}."),
            Self::UnreachableElsewhere {
                host,
                blocked: true,
            } => {
                format!("Your browser did not let this page connect to {host}.")
            }
            Self::UnreachableElsewhere { host, .. } => format!("{host} cannot be reached."),
            Self::Lost => "The connection was lost.".into(),
            Self::Truncated => "The connection broke in the middle of a message.".into(),
            Self::Cut => "The connection was cut.".into(),
            Self::NoNetwork => "This device is offline.".into(),
            Self::Reported { code } => reported_sentence(*code).into(),
            Self::ClosedByTunnel { code, reason } => match (code, reason.as_str()) {
                (1001, _) => "The server is stopping.".into(),
                (1008, "") => "The server does not allow this page to connect.".into(),
                (1009, "") => "A message was larger than the server allows.".into(),
                (code, "") => format!("The server closed the connection (code {code})."),
                (code, reason) => format!("The server closed the connection: {reason} ({code})."),
            },
            Self::Misbehaved(detail) => {
                format!("The server sent something this page refuses: {detail}.")
            }
            Self::TimedOut => "The server did not answer in time.".into(),
            Self::VaultStopped(detail) | Self::KeyFailed(detail) => {
                format!("Your key could not be used. {detail}")
            }
            Self::PinsUnavailable(detail) => {
                format!("This browser does not say which servers you trust ({detail}).")
            }
            Self::Quit => "You left the chat.".into(),
        }
    }

    /// Returns the advice to the person; empty if there is none.
    pub fn advice(&self) -> String {
        match self {
            Self::Unreachable => "Is it running, and is this device on the right network?".into(),
            Self::TunnelRefused => {
                "Something answers at this address. The server may have no place left, a proxy on the \
                 way may not pass WebSockets, or it is not the chat server."
                    .into()
            }
            Self::Unhealthy(_) => {
                "Whoever runs the server has to look after it, if this does not end soon.".into()
            }
            Self::UnreachableElsewhere { host, .. } => format!(
                "This page may only connect to the server it was loaded from; its security policy \
                 blocks everything else. Open the page of {host} itself, or run your own copy of \
                 the page with “trunk serve” and start that server with --allow-origin and the \
                 address of your copy."
            ),
            Self::Reported { code } => reported_advice(*code).into(),
            Self::ClosedByTunnel { code: 1008, .. } => {
                "If you run the server, start it with --allow-origin and this page's address."
                    .into()
            }
            Self::Misbehaved(_) => {
                "It may be another program, a different version, or someone between you and it."
                    .into()
            }
            Self::Cut => {
                "The server did not say goodbye: it stopped suddenly, or somebody on the way cut \
                 the line. What you read until then is genuine."
                    .into()
            }
            Self::KeyFailed(_) => "Look at “Your identity”, or reload the page.".into(),
            Self::PinsUnavailable(_) => {
                "Private windows and strict privacy settings can be the cause. Without its memory, \
                 the page cannot tell a known server from a false one."
                    .into()
            }
            _ => String::new(),
        }
    }
}

fn reported_sentence(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::FrameTooLarge => "The server refused a message because it was too large.",
        ErrorCode::Malformed => "The server did not understand what this page sent.",
        ErrorCode::HandshakeFailed => "The server refused the handshake.",
        ErrorCode::BadMessage => "The server could not open a message: it was changed on its way.",
        ErrorCode::Timeout => "The handshake took longer than the server allows.",
        ErrorCode::V1Disabled => "This server does not accept protocol v1.",
        ErrorCode::ServerStopping => "The server is stopping.",
        ErrorCode::TooManyConnections => "The server has no place left for another connection.",
        ErrorCode::SlowConsumer => "This page was too slow to read what the server sent.",
        ErrorCode::UnexpectedMessage => "The server did not expect what it got from this page.",
        ErrorCode::BadRecord => "The server could not open a record: it was changed on its way.",
        ErrorCode::Kicked => "An operator of the server has ended your session.",
        other => other.sentence(),
    }
}

fn reported_advice(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::FrameTooLarge => "Send a shorter message.",
        ErrorCode::Malformed => "Reload the page, in case it is older than the server.",
        ErrorCode::HandshakeFailed => {
            "Its key may have changed while you connected; try once more. If it stays, someone may \
             be between you and the server."
        }
        ErrorCode::BadMessage | ErrorCode::BadRecord => {
            "Someone may be between you and the server. Connect again."
        }
        ErrorCode::UnexpectedMessage => {
            "Reload the page, in case it is older than the server. If it stays, someone may be \
             between you and the server."
        }
        ErrorCode::Kicked => "Ask whoever runs the server why.",
        ErrorCode::V1Disabled => {
            "Whoever runs it can allow v1 by starting it with --allow-v1. Trying again will not \
             help until then."
        }
        ErrorCode::TooManyConnections => "Close other tabs of this chat, if there are some.",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_own_sentence_and_a_decision() {
        let mut sentences = Vec::new();
        for code in ErrorCode::ALL {
            let ending = Ending::Reported { code };
            let sentence = ending.sentence();
            assert!(sentence.ends_with('.'), "{sentence}");
            assert!(
                !sentence.contains(code.as_str()),
                "a code is no sentence: {sentence}"
            );
            assert!(!sentences.contains(&sentence), "twice: {sentence}");
            sentences.push(sentence);
            if ending.retry() == Retry::Pointless {
                assert!(
                    !ending.advice().is_empty(),
                    "{code} leaves the person alone"
                );
            }
        }
    }

    #[test]
    fn retries_only_where_it_can_help() {
        for code in [
            ErrorCode::V1Disabled,
            ErrorCode::Malformed,
            ErrorCode::HandshakeFailed,
            ErrorCode::Kicked,
        ] {
            assert_eq!(Ending::Reported { code }.retry(), Retry::Pointless);
        }
        for code in [ErrorCode::ServerStopping, ErrorCode::TooManyConnections] {
            assert_eq!(Ending::Reported { code }.retry(), Retry::Automatic);
        }
        assert_eq!(Ending::Lost.retry(), Retry::Automatic);
        assert_eq!(Ending::Cut.retry(), Retry::Automatic);
        let closed = |code| Ending::ClosedByTunnel {
            code,
            reason: String::new(),
        };
        assert_eq!(closed(1001).retry(), Retry::Automatic);
        assert_eq!(closed(1008).retry(), Retry::Pointless);
    }
}
