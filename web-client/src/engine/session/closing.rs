//! Finds the reason for which a session ended, or never began, and reports it as an [`Ending`].
//!
//! The reducer knows what an ending means for the next attempt.

use std::rc::Rc;

use shared::connection::{CloseReason, Version};
use shared::error::{Error, ErrorCode, LocalFailure};
use wasm_bindgen_futures::spawn_local;

use super::{Inner, Phase, Session};
use crate::engine::probe;
use crate::state::SessionEvent;
use crate::state::ending::Ending;
use crate::vault::messages::Failure;

impl Session {
    /// Handles the end of the connection for `reason`.
    pub(super) fn closed(&self, reason: CloseReason) {
        // No ending like the others: a person has to decide, and nothing is tried meanwhile.
        if let CloseReason::Failed(Error::Untrusted(cause)) = reason {
            if self.0.borrow_mut().end() {
                self.notify(SessionEvent::Untrusted(cause));
            }
            return;
        }
        let ending = {
            let mut inner = self.0.borrow_mut();
            // The vault's failure is more exact than the protocol's, which only knows that the key
            // was not used.
            let key_failure = inner.key_failure.take();
            match reason {
                CloseReason::Reported { code, .. } => Ending::Reported { code },
                CloseReason::Failed(Error::Local(LocalFailure::PrivateKey)) => {
                    let failure = key_failure.unwrap_or(Failure::Operation);
                    let said = failure.to_string();
                    match failure {
                        Failure::Stopped(_) => Ending::VaultStopped(said),
                        _ => Ending::KeyFailed(said),
                    }
                }
                CloseReason::Failed(Error::TimedOut) | CloseReason::Local(ErrorCode::Timeout) => {
                    Ending::TimedOut
                }
                CloseReason::Failed(error) => Ending::Misbehaved(error.to_string()),
                _ if inner.is_offline() => Ending::NoNetwork,
                // v1 cannot tell a cut between two frames from an honest end, so only one inside a
                // frame is known as a cut. In v2 the missing close always is one.
                CloseReason::Truncated => match inner.target.version {
                    Version::V1 => Ending::Truncated,
                    Version::V2 => Ending::Cut,
                },
                _ => Ending::Lost,
            }
        };
        self.end(ending);
    }

    /// Handles a socket that never opened. Browsers do not give the reason, because a page could
    /// scan a network by it; so the server that this page came from is asked in another way.
    pub(super) fn unreachable(&self) {
        let known = {
            let mut inner = self.0.borrow_mut();
            // The error event and the close event both come here. An error after the opening adds
            // nothing to the close event that follows it.
            if inner.phase != Phase::Opening {
                return;
            }
            inner.phase = Phase::Unreachable;
            // The page's policy allows no request to another server, so it cannot be asked.
            if !inner.target.server.own {
                let blocked = (inner.surroundings.was_blocked)();
                Some(Ending::UnreachableElsewhere {
                    host: inner.target.server.host.clone(),
                    blocked,
                })
            } else if inner.is_offline() {
                Some(Ending::NoNetwork)
            } else {
                None
            }
        };
        if let Some(ending) = known {
            self.end(ending);
            return;
        }
        let weak = Rc::downgrade(&self.0);
        spawn_local(async move {
            let ending = probe::own_server().await.ending();
            Self::with(&weak, |this| this.end(ending));
        });
    }
}

impl Inner {
    /// Returns `true` if the browser knows of no network, and the server is not on this very
    /// machine.
    pub(super) fn is_offline(&self) -> bool {
        let online = web_sys::window().is_none_or(|window| window.navigator().on_line());
        !online && !self.target.server.is_local()
    }
}
