//! Keys that are the same in every run, and private-key operations that are done once: a fuzzer
//! that waits for RSA finds nothing.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::OnceLock;

use chacha20::ChaCha20Rng;
use chacha20::rand_core::{Rng, SeedableRng};
use shared::connection::{PrivateKeyRequest, PrivateKeyResponse};
use shared::crypto::rsa_private::OperationFailed;
use shared::identity::PrivateKey;
use shared::random::Random;
use zeroize::Zeroizing;

/// Remembered answers of each key, in entries: above it everything is forgotten.
const REMEMBERED: usize = 4096;

/// Returns randomness that repeats for the same `seed`.
pub fn seeded(seed: u8) -> Random {
    let mut rng = ChaCha20Rng::from_seed([seed; 32]);
    Random::new(move |bytes| {
        rng.fill_bytes(bytes);
        Ok(())
    })
}

/// Returns the client's key.
pub fn client() -> &'static PrivateKey {
    static KEY: OnceLock<PrivateKey> = OnceLock::new();
    KEY.get_or_init(|| generate(2))
}

/// Returns the server's key.
pub fn server() -> &'static PrivateKey {
    static KEY: OnceLock<PrivateKey> = OnceLock::new();
    KEY.get_or_init(|| generate(3))
}

fn generate(seed: u8) -> PrivateKey {
    PrivateKey::generate(2048, &mut seeded(seed)).expect("2048 is an accepted size")
}

type Answers = HashMap<(Vec<u8>, Vec<u8>), Option<Vec<u8>>>;

/// Returns the answer of `key` to a request: the same every time, and remembered.
pub fn answer(key: &'static PrivateKey, request: &PrivateKeyRequest) -> PrivateKeyResponse {
    thread_local! {
        static ANSWERS: RefCell<Answers> = RefCell::default();
    }
    let spki = key.public_key().spki_der().to_vec();
    let remembered = |input: &[u8], work: &dyn Fn() -> Option<Vec<u8>>| {
        ANSWERS.with_borrow_mut(|answers| {
            // Inputs of an attacker differ each time; a run of hours would fill the memory.
            if answers.len() > REMEMBERED {
                answers.clear();
            }
            let entry = answers.entry((spki.clone(), input.to_vec()));
            entry.or_insert_with(work).clone()
        })
    };
    match request {
        PrivateKeyRequest::Decrypt { ciphertext } => {
            // A seed of its own for each operation: a finding must repeat from its input alone.
            let work = || Some(key.decrypt(ciphertext, &mut seeded(4)).ok()?.to_vec());
            let opened = remembered(ciphertext, &work);
            PrivateKeyResponse::Decrypted(opened.map(Zeroizing::new).ok_or(OperationFailed))
        }
        PrivateKeyRequest::Sign { message } => {
            let work = || key.sign(message, &mut seeded(5)).ok();
            PrivateKeyResponse::Signed(remembered(message, &work).ok_or(OperationFailed))
        }
    }
}
