//! Makes a new private key.
//!
//! The browser's own generator makes a 2048-bit key in some 80 ms and in constant time; that of the
//! `rsa` crate takes some 400 ms in wasm. Browsers offer theirs in a secure context only, which a
//! page over plain http on a local network is not: there the crate makes the key. What is done with
//! the key afterwards is the same.

use js_sys::{Array, Object, Reflect, Uint8Array};
use shared::identity::PrivateKey;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{CryptoKey, DedicatedWorkerGlobalScope, SubtleCrypto};
use zeroize::Zeroizing;

use super::messages::Failure;
use super::service::random;

/// The size of a new key, in bits. Larger ones take a browser minutes, and v1 gains nothing by
/// them.
const NEW_KEY_BITS: u16 = 2048;

/// The public exponent 65537, most significant byte first, as Web Cryptography §20.4 wants it.
const EXPONENT: [u8; 3] = [1, 0, 1];

/// Makes a key; returns it as PKCS#8 DER.
pub(super) async fn new_key() -> Result<Zeroizing<Vec<u8>>, Failure> {
    if let Some(subtle) = subtle()
        && let Ok(der) = by_browser(&subtle).await
        // A browser's word is not enough for a key that is kept for years.
        && PrivateKey::from_pkcs8_der(&der)
            .is_ok_and(|key| key.public_key().bits() == usize::from(NEW_KEY_BITS))
    {
        return Ok(der);
    }
    PrivateKey::generate(usize::from(NEW_KEY_BITS), &mut random())
        .and_then(|key| key.to_pkcs8_der())
        .map_err(|_| Failure::Operation)
}

/// Returns the browser's cryptography; `None` outside a secure context.
fn subtle() -> Option<SubtleCrypto> {
    let scope: DedicatedWorkerGlobalScope = js_sys::global().unchecked_into();
    // `undefined` outside a secure context, although its type says otherwise.
    let subtle: JsValue = scope.crypto().ok()?.subtle().into();
    subtle.is_object().then(|| subtle.unchecked_into())
}

/// Makes a key by `SubtleCrypto.generateKey`; returns it as PKCS#8 DER.
async fn by_browser(subtle: &SubtleCrypto) -> Result<Zeroizing<Vec<u8>>, JsValue> {
    let algorithm = Object::new();
    let set = |name: &str, value: JsValue| Reflect::set(&algorithm, &name.into(), &value);
    set("name", "RSA-PSS".into())?;
    set("hash", "SHA-256".into())?;
    set("modulusLength", NEW_KEY_BITS.into())?;
    set("publicExponent", Uint8Array::from(&EXPONENT[..]).into())?;
    let usages = Array::of1(&"sign".into());
    let extractable = true;
    let pair =
        JsFuture::from(subtle.generate_key_with_object(&algorithm, extractable, &usages)?).await?;
    let key: CryptoKey = Reflect::get(&pair, &"privateKey".into())?.dyn_into()?;
    let exported = JsFuture::from(subtle.export_key("pkcs8", &key)?).await?;
    let exported = Uint8Array::new(&exported);
    let der = Zeroizing::new(exported.to_vec());
    // The browser's own copies are out of reach; this one is not.
    exported.fill(0, 0, exported.length());
    Ok(der)
}
