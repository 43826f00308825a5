//! The keys of the lab's client, server and attacker. They are published with this program, made for
//! it alone, and so good for nothing else: making one takes a second, and a run must not wait for it.

use shared::identity::PrivateKey;

use crate::LabError;

const CLIENT: &str = include_str!("../keys/client.pem");
const SERVER: &str = include_str!("../keys/server.pem");
const ATTACKER: &str = include_str!("../keys/attacker.pem");

/// Returns the client's key.
pub(crate) fn client() -> Result<PrivateKey, LabError> {
    Ok(PrivateKey::from_pem(CLIENT)?)
}

/// Returns the server's key.
pub(crate) fn server() -> Result<PrivateKey, LabError> {
    Ok(PrivateKey::from_pem(SERVER)?)
}

/// Returns the attacker's key.
pub(crate) fn attacker() -> Result<PrivateKey, LabError> {
    Ok(PrivateKey::from_pem(ATTACKER)?)
}
