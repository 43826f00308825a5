//! The store of what tabs have written and not sent: one record for each tab in this origin's
//! IndexedDB, in a database of their own. A record is a text; its key is the tab's id.
//!
//! Texts in, texts out; it must not know their meaning.

use idb::{Error, Query, TransactionMode};
use wasm_bindgen::JsValue;

use crate::indexed_db::Open;

const DATABASE: &str = "secure-chat-unsent";
const STORE: &str = "tabs";

/// The open database.
pub(super) struct Store(Open);

impl Store {
    /// Opens the database, and creates it on the first visit.
    pub(super) async fn open() -> Result<Self, Error> {
        Ok(Self(Open::new(DATABASE, STORE).await?))
    }

    /// Returns the ids of all tabs that have a record.
    pub(super) async fn tabs(&self) -> Result<Vec<String>, Error> {
        let transaction = self.0.transaction(TransactionMode::ReadOnly)?;
        let keys = transaction.object_store(STORE)?.get_all_keys(None, None)?;
        Ok(keys.await?.iter().filter_map(JsValue::as_string).collect())
    }

    /// Returns the record of a tab, if there is one.
    pub(super) async fn read(&self, tab: &str) -> Result<Option<String>, Error> {
        let transaction = self.0.transaction(TransactionMode::ReadOnly)?;
        let value = transaction.object_store(STORE)?.get(key(tab))?.await?;
        Ok(value.and_then(|value| value.as_string()))
    }

    /// Writes the record of a tab.
    pub(super) async fn write(&self, tab: &str, record: &str) -> Result<(), Error> {
        let transaction = self.0.transaction(TransactionMode::ReadWrite)?;
        let value = JsValue::from_str(record);
        let store = transaction.object_store(STORE)?;
        let put = store.put(&value, Some(&JsValue::from_str(tab)))?;
        // Committed before anything is waited for: the page may be gone when the browser answers, and a
        // transaction that was not committed is undone then.
        let done = transaction.commit()?;
        put.await?;
        // A full storage is reported when the transaction ends.
        done.await?;
        Ok(())
    }

    /// Removes the record of a tab.
    pub(super) async fn remove(&self, tab: &str) -> Result<(), Error> {
        let transaction = self.0.transaction(TransactionMode::ReadWrite)?;
        let removed = transaction.object_store(STORE)?.delete(key(tab))?;
        let done = transaction.commit()?;
        removed.await?;
        done.await?;
        Ok(())
    }
}

fn key(tab: &str) -> Query {
    Query::Key(JsValue::from_str(tab))
}
