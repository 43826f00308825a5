//! The store of the private key: one record in this origin's IndexedDB.
//!
//! Bytes in, bytes out; it must not know their meaning. Used by the worker only.

use idb::{Error, Query, TransactionMode};
use js_sys::Uint8Array;
use wasm_bindgen::JsValue;
use zeroize::Zeroizing;

use crate::indexed_db::Open;

const DATABASE: &str = "secure-chat";
const STORE: &str = "identity";
const RECORD: &str = "private-key";

/// The open database.
pub(super) struct Store(Open);

impl Store {
    /// Opens the database, and creates it on the first visit.
    pub(super) async fn open() -> Result<Self, Error> {
        Ok(Self(Open::new(DATABASE, STORE).await?))
    }

    /// Returns the record, if there is one.
    pub(super) async fn read(&self) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        let transaction = self.0.transaction(TransactionMode::ReadOnly)?;
        let value = transaction.object_store(STORE)?.get(record())?.await?;
        Ok(value.as_ref().map(bytes))
    }

    /// Writes the record unless another page was faster; returns the stored one.
    pub(super) async fn add(&self, new: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        // Read and written in one transaction: two tabs may start at the same time, and both
        // generate a key.
        let transaction = self.0.transaction(TransactionMode::ReadWrite)?;
        let store = transaction.object_store(STORE)?;
        if let Some(value) = store.get(record())?.await? {
            return Ok(bytes(&value));
        }
        store
            .put(&Uint8Array::from(new), Some(&RECORD.into()))?
            .await?;
        // Waited for, here and below: a key must not be reported as stored before it is.
        transaction.commit()?.await?;
        Ok(Zeroizing::new(new.to_vec()))
    }

    /// Replaces the record.
    pub(super) async fn replace(&self, new: &[u8]) -> Result<(), Error> {
        let transaction = self.0.transaction(TransactionMode::ReadWrite)?;
        let store = transaction.object_store(STORE)?;
        store
            .put(&Uint8Array::from(new), Some(&RECORD.into()))?
            .await?;
        transaction.commit()?.await?;
        Ok(())
    }

    /// Deletes the record.
    pub(super) async fn delete(&self) -> Result<(), Error> {
        let transaction = self.0.transaction(TransactionMode::ReadWrite)?;
        transaction.object_store(STORE)?.delete(record())?.await?;
        transaction.commit()?.await?;
        Ok(())
    }
}

fn record() -> Query {
    Query::Key(JsValue::from_str(RECORD))
}

fn bytes(value: &JsValue) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(Uint8Array::new(value).to_vec())
}
