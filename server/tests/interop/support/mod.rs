//! Helpers of the interop tests: the processes on both ends, and a driver for this project's
//! client.

pub(crate) mod attacks;
pub(crate) mod native;
pub(crate) mod python;
pub(crate) mod server;

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use shared::identity::PrivateKey;
use shared::random::{Random, RandomUnavailable};

/// The time that anything that must happen may take. Generous, because the machine may be busy.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// The difficulties of all alphabets in one text: two, three and four bytes, a combining mark, a
/// newline.
pub(crate) const NON_ASCII: &str = "Grüße, 世界 🦀 e\u{301}\nsecond line";

/// Returns the system's randomness in the form that the protocol takes.
pub(crate) fn system_random() -> Random {
    Random::new(|bytes| getrandom::fill(bytes).map_err(|_| RandomUnavailable))
}

/// Returns one RSA key for the whole test program, because generating keys takes long.
pub(crate) fn client_key() -> &'static PrivateKey {
    static KEY: OnceLock<PrivateKey> = OnceLock::new();
    KEY.get_or_init(|| PrivateKey::generate(2048, &mut system_random()).unwrap())
}

/// Returns a folder with `client.pem`, removed when dropped.
pub(crate) fn client_key_file() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("client.pem");
    std::fs::write(&path, client_key().to_pkcs8_pem().unwrap().as_bytes()).unwrap();
    (folder, path)
}
