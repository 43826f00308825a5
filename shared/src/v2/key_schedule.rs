//! The key schedule: keys from the two shared secrets and the transcript, by HKDF-SHA256 (RFC
//! 5869).
//!
//! ```text
//! info(label, context) = "SC/2 " ‖ label ‖ 0x00 ‖ context
//! PRK = Extract(salt = "SC/2", ikm = ML-KEM's shared secret ‖ X25519's shared secret)
//! every other secret = Expand(PRK or its parent, info(label, context), length)
//! ```
//!
//! The secret holds as long as one of the two exchanges does. Labels keep directions and purposes
//! apart, so no key is ever used twice.

use zeroize::Zeroizing;

use super::transcript::TranscriptHash;
use crate::connection::SessionId;
use crate::crypto::hkdf::{self, Secret};
use crate::wire::trace::KeyDef;

/// Defines the names of the secrets that take part in frames.
macro_rules! names {
    ($($constant:ident = $name:literal, $label:literal;)*) => {
        $(pub(crate) static $constant: KeyDef = KeyDef {
            name: $name,
            derived_from: "PRK",
            label: $label,
        };)*
    };
}

names! {
    HS_C = "hs_c", "c hs";
    HS_S = "hs_s", "s hs";
    FIN_C = "fin_c", "c fin";
    FIN_S = "fin_s", "s fin";
    AP_C = "ap_c", "c ap";
    AP_S = "ap_s", "s ap";
}

/// The handshake's root secret. It is wiped when the application's secrets have been derived from
/// it.
#[derive(Debug)]
pub(crate) struct Schedule {
    prk: Secret,
}

/// The secrets that protect the handshake itself.
#[derive(Debug)]
pub(crate) struct HandshakeSecrets {
    /// The secret of the client's handshake records.
    pub(crate) client: Secret,
    /// The secret of the server's handshake records.
    pub(crate) server: Secret,
    /// The MAC key of the client's finished message.
    pub(crate) client_finished: Secret,
    /// The MAC key of the server's finished message.
    pub(crate) server_finished: Secret,
}

/// The secrets of an established session.
#[derive(Debug)]
pub(crate) struct ApplicationSecrets {
    /// The secret of the client's records.
    pub(crate) client: Secret,
    /// The secret of the server's records.
    pub(crate) server: Secret,
    /// The secret for the application's own purposes.
    pub(crate) exporter: Secret,
    /// The session's public name.
    pub(crate) session_id: SessionId,
}

impl Schedule {
    pub(crate) fn new(ml_kem_shared: &[u8; 32], x25519_shared: &[u8; 32]) -> Self {
        // Both secrets have a fixed length, so that their concatenation can be read in one way
        // only.
        let mut ikm = Zeroizing::new([0; 64]);
        ikm[..32].copy_from_slice(ml_kem_shared);
        ikm[32..].copy_from_slice(x25519_shared);
        Self {
            prk: hkdf::extract(b"SC/2", ikm.as_slice()),
        }
    }

    /// Derives the handshake's secrets, bound to the hellos by `th0`.
    pub(crate) fn handshake(&self, th0: &TranscriptHash) -> HandshakeSecrets {
        HandshakeSecrets {
            // One label for each direction and purpose: a record of the client never opens as the
            // server's, and a MAC key never seals (RFC 5869 §3.2).
            client: derive(&self.prk, HS_C.label, th0),
            server: derive(&self.prk, HS_S.label, th0),
            client_finished: derive(&self.prk, FIN_C.label, th0),
            server_finished: derive(&self.prk, FIN_S.label, th0),
        }
    }

    /// Derives the session's secrets, bound to the whole handshake by `th4`.
    pub(crate) fn application(self, th4: &TranscriptHash) -> ApplicationSecrets {
        // This consumes the schedule, so that the root secret is wiped as soon as nothing more
        // comes of it: with it, a recorded session could be opened (PROTOCOL.md §2.4).
        let mut session_id = [0; 16];
        expand(&self.prk, "session id", th4, &mut session_id);
        ApplicationSecrets {
            client: derive(&self.prk, AP_C.label, th4),
            server: derive(&self.prk, AP_S.label, th4),
            exporter: derive(&self.prk, "exporter", th4),
            session_id: SessionId(session_id),
        }
    }
}

/// Derives the cipher's key from a direction's secret.
pub(crate) fn record_key(secret: &Secret) -> Secret {
    derive(secret, "key", &[])
}

/// Derives the constant part of a direction's nonces.
pub(crate) fn record_iv(secret: &Secret) -> [u8; 12] {
    let mut iv = [0; 12];
    expand(secret, "iv", &[], &mut iv);
    iv
}

/// Derives the secret after a key update. The old secret cannot be computed from it.
pub(crate) fn next_secret(secret: &Secret) -> Secret {
    derive(secret, "rekey", &[])
}

fn derive(secret: &Secret, label: &str, context: &[u8]) -> Secret {
    let mut derived = Zeroizing::new([0; 32]);
    expand(secret, label, context, derived.as_mut_slice());
    Secret::new(*derived)
}

fn expand(secret: &Secret, label: &str, context: &[u8], output: &mut [u8]) {
    // The zero byte ends the label, so that no label can run into its context.
    let info = [b"SC/2 ", label.as_bytes(), &[0], context];
    hkdf::expand(secret, &info, output);
}
