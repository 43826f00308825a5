//! The accounts at directories: made once, and used for every order.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use instant_acme::{Account, AccountBuilder, AccountCredentials, NewAccount};
use serde::{Deserialize, Serialize};

use super::client::DirectoryClient;
use super::error::AcmeError;
use super::stored::{self, on_thread};
use crate::config::AcmeSettings;

/// The name of the file in the data folder.
const FILE_NAME: &str = "acme_accounts.json";

/// The account of each directory that was ever set: going back to one finds its account again.
type Accounts = BTreeMap<String, Stored>;

/// An account as it is stored.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    /// The address that the directory was told.
    email: Option<String>,
    /// Its key and its URL, in the library's form.
    credentials: serde_json::Value,
}

/// Opens the account at the directory of the settings, or makes one. One that a directory does not
/// know any more is made anew if `is_lost`.
pub(super) async fn open(
    data: &Path,
    settings: &AcmeSettings,
    client: &DirectoryClient,
    is_lost: bool,
) -> Result<Account, AcmeError> {
    let path = Arc::new(data.join(FILE_NAME));
    let accounts = on_thread(&path, stored::read::<Accounts>).await?;
    let accounts = accounts.unwrap_or_default();
    let builder = || Account::builder_with_http(Box::new(client.clone()));
    if let Some(stored) = accounts.get(&settings.directory)
        && !is_lost
    {
        let credentials = stored.credentials(&path)?;
        let account = builder().from_credentials(credentials).await;
        let account = account.map_err(AcmeError::Directory)?;
        if stored.email != settings.email {
            let contact = contact(settings);
            let contact: Vec<_> = contact.iter().map(String::as_str).collect();
            let updated = account.update_contacts(&contact).await;
            updated.map_err(AcmeError::Directory)?;
            let credentials = stored.credentials.clone();
            keep(&path, accounts, settings, credentials).await?;
        }
        return Ok(account);
    }
    let (account, credentials) = make(builder(), settings).await?;
    // Before it is used: an account that is forgotten counts against the limits of the directory.
    keep(&path, accounts, settings, credentials).await?;
    tracing::info!(directory = settings.directory, "made an ACME account");
    Ok(account)
}

/// Checks that the stored account can be read, if there is one.
pub(super) fn check(data: &Path, settings: &AcmeSettings) -> Result<(), AcmeError> {
    let path = data.join(FILE_NAME);
    let accounts: Option<Accounts> = stored::read(&path)?;
    match accounts.unwrap_or_default().remove(&settings.directory) {
        Some(stored) => stored.credentials(&path).map(|_| ()),
        None => Ok(()),
    }
}

impl Stored {
    fn credentials(&self, path: &Path) -> Result<AccountCredentials, AcmeError> {
        serde_json::from_value(self.credentials.clone()).map_err(|cause| {
            let path = path.to_owned();
            AcmeError::Damaged { path, cause }
        })
    }
}

async fn make(
    builder: AccountBuilder,
    settings: &AcmeSettings,
) -> Result<(Account, serde_json::Value), AcmeError> {
    let contact = contact(settings);
    let contact: Vec<_> = contact.iter().map(String::as_str).collect();
    let new = NewAccount {
        contact: &contact,
        // The settings are none without `--acme-agree-tos`.
        terms_of_service_agreed: true,
        only_return_existing: false,
    };
    let made = builder.create(&new, settings.directory.clone(), None).await;
    let (account, credentials) = made.map_err(AcmeError::Directory)?;
    let credentials = serde_json::to_value(&credentials);
    let credentials = credentials.map_err(|cause| AcmeError::Directory(cause.into()))?;
    Ok((account, credentials))
}

/// Returns the addresses of the settings as RFC 8555 §7.3 has them.
fn contact(settings: &AcmeSettings) -> Vec<String> {
    let email = settings.email.iter();
    email.map(|email| format!("mailto:{email}")).collect()
}

async fn keep(
    path: &Arc<PathBuf>,
    mut accounts: Accounts,
    settings: &AcmeSettings,
    credentials: serde_json::Value,
) -> Result<(), AcmeError> {
    let email = settings.email.clone();
    accounts.insert(settings.directory.clone(), Stored { email, credentials });
    on_thread(path, move |path| stored::write(path, &accounts)).await
}
