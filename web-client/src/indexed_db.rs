//! A database of this origin's IndexedDB with one store, as the page and the worker use it.

use idb::{
    Database, DatabaseEvent, Error, Factory, ObjectStoreParams, Transaction, TransactionMode,
};

const VERSION: u32 = 1;

/// An open database, closed when this is dropped: an open connection would block a later version's
/// upgrade.
pub(crate) struct Open {
    database: Database,
    store: &'static str,
}

impl Open {
    /// Opens the database `name`, and creates it with its `store` on the first visit.
    ///
    /// # Errors
    /// [`Error`] if the browser does not allow it.
    pub(crate) async fn new(name: &str, store: &'static str) -> Result<Self, Error> {
        let mut request = Factory::new()?.open(name, Some(VERSION))?;
        request.on_upgrade_needed(move |event| {
            // If this fails, the store is missing, and the first transaction reports that.
            if let Ok(database) = event.database() {
                let _ = database.create_object_store(store, ObjectStoreParams::new());
            }
        });
        let database = request.await?;
        Ok(Self { database, store })
    }

    /// Begins a transaction of the store.
    ///
    /// # Errors
    /// [`Error`] if the browser has closed the database.
    pub(crate) fn transaction(&self, mode: TransactionMode) -> Result<Transaction, Error> {
        self.database.transaction(&[self.store], mode)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.database.close();
    }
}
