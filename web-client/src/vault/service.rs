//! The worker's program: takes requests one by one, carries them out with the private key, and
//! answers.
//!
//! The key is read from the store for every operation and dropped after it, so that two pages of
//! one browser never disagree on which key there is. The program must not know sockets or messages.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use base64::{Engine, prelude::BASE64_STANDARD};
use js_sys::Array;
use shared::connection::{PrivateKeyRequest, PrivateKeyResponse};
use shared::identity::{KeyError, PrivateKey};
use shared::random::{Random, RandomUnavailable};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{DedicatedWorkerGlobalScope, File, MessageEvent};
use zeroize::{Zeroize, Zeroizing};

use super::generation;
use super::messages::{Answer, Call, Failure, PASSPHRASE_MIN_CHARS, Profile, Report, Request};
use super::store::Store;

/// The most bytes of a file to import; a 4096-bit key has 3.4 KB.
const IMPORT_MAX_BYTES: f64 = 65_536.0;

thread_local! {
    static QUEUE: RefCell<VecDeque<(Request, Option<File>)>> = const { RefCell::new(VecDeque::new()) };
    static BUSY: Cell<bool> = const { Cell::new(false) };
}

/// Takes requests from now on.
pub fn run() {
    // A panic ends the program: the page must not wait for its answers.
    std::panic::set_hook(Box::new(|info| {
        console_error_panic_hook::hook(info);
        post(&Report::Crashed(info.to_string()));
    }));
    let on_message = Closure::<dyn Fn(MessageEvent)>::new(|event: MessageEvent| take(&event));
    scope().set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    on_message.forget();
    post(&Report::Started);
}

fn scope() -> DedicatedWorkerGlobalScope {
    js_sys::global().unchecked_into()
}

fn post(report: &Report) {
    let Ok(json) = serde_json::to_string(report) else {
        return;
    };
    // It fails only for values that cannot be cloned, and a string can.
    let _ = scope().post_message(&json.into());
}

/// Takes a message: an array of the request as JSON and, for an import, the file.
fn take(event: &MessageEvent) {
    let parts = Array::from(&event.data());
    let Some(mut json) = parts.get(0).as_string() else {
        return;
    };
    let request = serde_json::from_str(&json);
    // The JSON may have a passphrase in it.
    json.zeroize();
    let Ok(request) = request else { return };
    let file = parts.get(1).dyn_into().ok();
    QUEUE.with_borrow_mut(|queue| queue.push_back((request, file)));
    // One task works at a time, so that two requests cannot both find no key and generate one.
    if !BUSY.replace(true) {
        spawn_local(drain());
    }
}

async fn drain() {
    while let Some((request, file)) = QUEUE.with_borrow_mut(VecDeque::pop_front) {
        let outcome = answer(request.call, file).await;
        post(&Report::Reply {
            id: request.id,
            outcome,
        });
    }
    // No wait lies between the empty queue and this: a request that comes later begins a task of
    // its own.
    BUSY.set(false);
}

async fn answer(call: Call, file: Option<File>) -> Result<Answer, Failure> {
    let store = Store::open().await.map_err(storage)?;
    match call {
        Call::Open => open(&store).await,
        Call::Sign {
            fingerprint,
            message,
        } => {
            let message = Zeroizing::new(decode(&message)?);
            operate(&store, &fingerprint, &PrivateKeyRequest::Sign { message }).await
        }
        Call::Decrypt {
            fingerprint,
            ciphertext,
        } => {
            let ciphertext = decode(&ciphertext)?;
            operate(
                &store,
                &fingerprint,
                &PrivateKeyRequest::Decrypt { ciphertext },
            )
            .await
        }
        Call::Export { passphrase } => export(&store, &Zeroizing::new(passphrase)).await,
        Call::Import { passphrase } => import(&store, file, &Zeroizing::new(passphrase)).await,
        Call::Delete => {
            store.delete().await.map_err(storage)?;
            Ok(Answer::Deleted)
        }
    }
}

async fn open(store: &Store) -> Result<Answer, Failure> {
    let der = if let Some(der) = store.read().await.map_err(storage)? {
        der
    } else {
        post(&Report::Creating);
        let der = generation::new_key().await?;
        // Another tab may have stored a key meanwhile. Then that one counts, and this one is
        // forgotten.
        store.add(&der).await.map_err(storage)?
    };
    Ok(Answer::Identity(profile(&parse(&der)?)))
}

async fn operate(
    store: &Store,
    fingerprint: &str,
    request: &PrivateKeyRequest,
) -> Result<Answer, Failure> {
    let key = load(store).await?;
    // A session was begun with the public side of one key: a signature by another one would be
    // refused by the server, with an error that says nothing of the reason.
    if key.public_key().fingerprint().to_string() != fingerprint {
        return Err(Failure::KeyChanged);
    }
    let began = now_micros();
    let response = request.answer(&key, &mut random());
    let micros = now_micros().saturating_sub(began);
    let bytes = match response {
        PrivateKeyResponse::Signed(signature) => {
            BASE64_STANDARD.encode(signature.map_err(|_| Failure::Operation)?)
        }
        PrivateKeyResponse::Decrypted(plaintext) => {
            BASE64_STANDARD.encode(plaintext.map_err(|_| Failure::Operation)?)
        }
    };
    Ok(Answer::Bytes { bytes, micros })
}

async fn export(store: &Store, passphrase: &str) -> Result<Answer, Failure> {
    if passphrase.chars().count() < PASSPHRASE_MIN_CHARS {
        return Err(Failure::PassphraseTooShort);
    }
    let key = load(store).await?;
    let pem = key
        .to_encrypted_pem(passphrase, &mut random())
        .map_err(|_| Failure::Operation)?;
    Ok(Answer::Exported(pem.to_string()))
}

async fn import(store: &Store, file: Option<File>, passphrase: &str) -> Result<Answer, Failure> {
    let file = file.ok_or_else(|| refused("Choose a file first."))?;
    // Checked before the file is read into memory.
    if file.size() > IMPORT_MAX_BYTES {
        return Err(refused("This file is too large to be a key."));
    }
    let text = JsFuture::from(file.text())
        .await
        .ok()
        .and_then(|text| text.as_string());
    let pem = Zeroizing::new(text.ok_or_else(|| refused("The file could not be read."))?);
    // Asked for only if it is needed: an empty passphrase is right for a key in clear.
    let key = if pem.contains("BEGIN ENCRYPTED PRIVATE KEY") {
        if passphrase.is_empty() {
            return Err(refused("This key is encrypted: enter its passphrase."));
        }
        PrivateKey::from_encrypted_pem(&pem, passphrase)
    } else {
        PrivateKey::from_pem(&pem)
    };
    let key = key.map_err(|cause| match cause {
        KeyError::Passphrase => refused("The passphrase is wrong, or the file is damaged."),
        cause => refused(&format!(
            "This file is not a key that can be used: {cause}."
        )),
    })?;
    let der = key.to_pkcs8_der().map_err(|_| Failure::Operation)?;
    store.replace(&der).await.map_err(storage)?;
    Ok(Answer::Identity(profile(&key)))
}

async fn load(store: &Store) -> Result<PrivateKey, Failure> {
    let der = store.read().await.map_err(storage)?.ok_or(Failure::NoKey)?;
    parse(&der)
}

fn parse(der: &[u8]) -> Result<PrivateKey, Failure> {
    PrivateKey::from_pkcs8_der(der).map_err(|_| Failure::StoredKeyUnreadable)
}

fn profile(key: &PrivateKey) -> Profile {
    Profile::of(key.public_key())
}

pub(super) fn random() -> Random {
    Random::new(|bytes| getrandom::fill(bytes).map_err(|_| RandomUnavailable))
}

fn decode(text: &str) -> Result<Vec<u8>, Failure> {
    BASE64_STANDARD.decode(text).map_err(|_| Failure::Operation)
}

fn refused(reason: &str) -> Failure {
    Failure::ImportRefused(reason.to_owned())
}

#[allow(clippy::needless_pass_by_value, reason = "made for `map_err`")]
fn storage(error: idb::Error) -> Failure {
    Failure::Storage(error.to_string())
}

/// Returns the microseconds on this worker's clock: finite and positive by its specification.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn now_micros() -> u64 {
    scope()
        .performance()
        .map_or(0, |clock| (clock.now() * 1000.0) as u64)
}
