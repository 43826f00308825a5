//! The store of the pins: one record for each server in this origin's IndexedDB, in a database of
//! their own. A record is an object with the fields of [`crate::state::pins`]; its key is the
//! server's address.
//!
//! The store reads before it writes, in one transaction, because another tab may have been faster.
//! The meaning of a pin is not decided here.

use client::sorted::SortedMap;
use idb::{Error, ObjectStore, Query, TransactionMode};
use js_sys::JSON;
use shared::connection::Version;
use shared::identity::Fingerprint;
use shared::trust::{Pin, UnixTime, Way};
use wasm_bindgen::JsValue;

use super::clock;
use crate::indexed_db::Open;
use crate::state::pins::{self, Record};

const DATABASE: &str = "secure-chat-pins";
const STORE: &str = "servers";

/// Returns all records, by address.
pub(super) async fn all() -> Result<SortedMap<String, Record>, Error> {
    let database = Open::new(DATABASE, STORE).await?;
    let transaction = database.transaction(TransactionMode::ReadOnly)?;
    let store = transaction.object_store(STORE)?;
    let keys = store.get_all_keys(None, None)?.await?;
    let values = store.get_all(None, None)?.await?;
    // A key that is no text was not written by this page, and no server has it for its address.
    let records = keys.iter().zip(&values).filter_map(|(key, value)| {
        let address = key.as_string()?;
        Some((address, read(value)))
    });
    Ok(records.collect())
}

/// Pins `fingerprint` for the server at `address`, unless a record exists for it. `compared` says
/// whether the person has compared the key.
pub(super) async fn add(
    address: &str,
    fingerprint: Fingerprint,
    version: Version,
    compared: bool,
) -> Result<(), Error> {
    change(address, |record| match record {
        None => Some(pin(fingerprint, version, compared.then_some(Way::Words))),
        // A record that exists stays, damaged or not: only a person removes one.
        Some(_) => None,
    })
    .await
}

/// Records that the server at `address` has just proven that it holds the key `fingerprint`. A
/// server without a record is pinned by that: a link has named its key. `by_link` says whether one
/// has, also for a server with a record.
pub(super) async fn met(
    address: &str,
    fingerprint: Fingerprint,
    version: Version,
    by_link: bool,
) -> Result<(), Error> {
    let way = by_link.then_some(Way::Link);
    change(address, |record| match record {
        None => Some(pin(fingerprint, version, way)),
        Some(Record::Pin(pin)) if pin.fingerprint == fingerprint => {
            let touched = pin.touched(now(), version);
            Some(way.map_or(touched, |way| touched.compared(now(), way)))
        }
        // Another key was pinned meanwhile, or the record is damaged: neither is overwritten by a
        // session.
        Some(_) => None,
    })
    .await
}

/// Records that the person has compared the key `fingerprint` of the server at `address`.
pub(super) async fn compared(address: &str, fingerprint: Fingerprint) -> Result<(), Error> {
    change(address, |record| match record {
        Some(Record::Pin(pin)) if pin.fingerprint == fingerprint => {
            Some(pin.compared(now(), Way::Words))
        }
        // The comparison was about another key.
        _ => None,
    })
    .await
}

/// Removes the record of the server at `address`.
pub(super) async fn remove(address: &str) -> Result<(), Error> {
    let database = Open::new(DATABASE, STORE).await?;
    let transaction = database.transaction(TransactionMode::ReadWrite)?;
    transaction
        .object_store(STORE)?
        .delete(key(address))?
        .await?;
    transaction.commit()?.await?;
    Ok(())
}

/// Stores the pin that `decide` makes of the present record, if it makes one.
async fn change(
    address: &str,
    decide: impl FnOnce(Option<Record>) -> Option<Pin>,
) -> Result<(), Error> {
    let database = Open::new(DATABASE, STORE).await?;
    let transaction = database.transaction(TransactionMode::ReadWrite)?;
    let store: ObjectStore = transaction.object_store(STORE)?;
    let stored = store.get(key(address))?.await?;
    let pin = decide(stored.as_ref().map(read));
    // Neither step can fail: every pin has its JSON, and that JSON is an object.
    if let Some(json) = pin.and_then(|pin| pins::to_json(&pin).ok())
        && let Ok(value) = JSON::parse(&json)
    {
        store
            .put(&value, Some(&JsValue::from_str(address)))?
            .await?;
    }
    // Waited for, because a page that connects must have the pin stored.
    transaction.commit()?.await?;
    Ok(())
}

/// Returns the pin of a server that was met now.
fn pin(fingerprint: Fingerprint, version: Version, way: Option<Way>) -> Pin {
    let pin = Pin::new(fingerprint, now(), version);
    way.map_or(pin, |way| pin.compared(now(), way))
}

fn read(value: &JsValue) -> Record {
    let json = JSON::stringify(value)
        .ok()
        .and_then(|json| json.as_string());
    Record::from_json(&json.unwrap_or_default())
}

fn key(address: &str) -> Query {
    Query::Key(JsValue::from_str(address))
}

fn now() -> UnixTime {
    UnixTime(clock::epoch_ms() / 1000)
}
