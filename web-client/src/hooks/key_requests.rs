//! Requests of the dialogs about keys: the person's own, which the vault holds, and those of
//! servers, which this browser has pinned.
//!
//! The dialogs must not know the engine. A request brings a callback for its outcome, because only
//! the dialog that asked shows it; everything else that a request changes comes back as an action.

use shared::connection::Version;
use shared::identity::Fingerprint;
use web_sys::File;
use yew::prelude::*;

use crate::engine::Engine;
use crate::vault::messages::Failure;

/// A person's request about keys. It has no `Debug`, because passphrases must not be printed.
#[derive(Clone, PartialEq)]
pub enum KeyRequest {
    /// Load the person's key, or make one if there is none.
    Open,
    /// Start the vault anew and load the person's key.
    Restart,
    /// Encrypt the person's key.
    Export {
        /// The passphrase to encrypt with.
        passphrase: String,
        /// Called with the key as PEM.
        done: Callback<Result<String, Failure>>,
    },
    /// Replace the person's key with the one in a file.
    Import {
        /// The file, which the page itself does not read.
        file: File,
        /// The passphrase of the file; empty if it is not encrypted.
        passphrase: String,
        /// Called with the outcome.
        done: Callback<Result<(), Failure>>,
    },
    /// Delete the person's key for good.
    Delete {
        /// Called with the outcome.
        done: Callback<Result<(), Failure>>,
    },
    /// Pin the key of a server, and connect to it.
    Trust {
        /// The server's address.
        address: String,
        /// The server's key.
        fingerprint: Fingerprint,
        /// The protocol by which the server has shown its key.
        version: Version,
        /// The person has compared the key.
        compared: bool,
        /// Called with the reason if the pin could not be stored.
        failed: Callback<String>,
    },
    /// Record that the person has compared the pinned key of a server.
    Compared {
        /// The server's address.
        address: String,
        /// The server's key.
        fingerprint: Fingerprint,
        /// Called with the outcome.
        done: Callback<Result<(), String>>,
    },
    /// Remove the pin of a server.
    Forget {
        /// The server's address.
        address: String,
        /// Called with the outcome.
        done: Callback<Result<(), String>>,
    },
}

/// Returns the callback that carries requests out.
#[hook]
pub(super) fn use_key_requests(engine: &Engine) -> Callback<KeyRequest> {
    use_callback(engine.clone(), carry_out)
}

fn carry_out(request: KeyRequest, engine: &Engine) {
    match request {
        KeyRequest::Open => engine.open_identity(),
        KeyRequest::Restart => engine.restart_vault(),
        KeyRequest::Export { passphrase, done } => {
            engine.export(passphrase, move |outcome| done.emit(outcome));
        }
        KeyRequest::Import {
            file,
            passphrase,
            done,
        } => engine.import(&file, passphrase, move |outcome| done.emit(outcome)),
        KeyRequest::Delete { done } => engine.delete(move |outcome| done.emit(outcome)),
        KeyRequest::Trust {
            address,
            fingerprint,
            version,
            compared,
            failed,
        } => engine.trust(address, fingerprint, version, compared, move |why| {
            failed.emit(why);
        }),
        KeyRequest::Compared {
            address,
            fingerprint,
            done,
        } => engine.compared(address, fingerprint, move |stored| done.emit(stored)),
        KeyRequest::Forget { address, done } => {
            engine.remove_pin(address, move |removed| done.emit(removed));
        }
    }
}
