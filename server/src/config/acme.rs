//! The settings of the certificates that an ACME directory issues.

use std::path::PathBuf;

use hyper::Uri;

use super::ConfigError;
use super::flags::Settings;
use super::network::either;
use crate::acme::Domain;
use crate::public_url::PublicUrl;

/// The directory that is asked without a setting: Let's Encrypt's.
const DIRECTORY: &str = "https://acme-v02.api.letsencrypt.org/directory";

/// Most names of one certificate, as Let's Encrypt has it.
const MAX_DOMAINS: usize = 100;

/// The settings of the certificates that an ACME directory issues.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcmeSettings {
    /// The names for which there is to be a certificate: at least one, each once.
    pub domains: Vec<Domain>,
    /// The address to which the directory may write.
    pub email: Option<String>,
    /// The directory (RFC 8555 §7.1.1).
    pub directory: String,
    /// The authorities of the directory's own certificate; the system's if there is none.
    pub ca: Option<PathBuf>,
}

impl AcmeSettings {
    /// Returns the names as certificates have them.
    pub fn names(&self) -> Vec<String> {
        let names = self.domains.iter().map(|domain| domain.as_str().to_owned());
        names.collect()
    }

    /// Returns the public addresses: those that are set, whose hosts the certificate must be for, or
    /// else each of its names.
    pub(super) fn public_urls(
        &self,
        set: Option<Vec<PublicUrl>>,
    ) -> Result<Vec<PublicUrl>, ConfigError> {
        let Some(urls) = set else {
            let urls = self.domains.iter();
            let urls = urls.map(|domain| format!("https://{domain}").parse::<PublicUrl>());
            let urls: Result<_, _> = urls.collect();
            return urls.map_err(|error| ConfigError::Value(error.to_string()));
        };
        let is_known = |host: &str| self.domains.iter().any(|domain| domain.as_str() == host);
        match urls
            .iter()
            .find(|url| url.is_https() && !is_known(url.host()))
        {
            Some(url) => Err(ConfigError::Value(format!(
                "public_url names {}, for which acme gets no certificate: add it to acme",
                url.host()
            ))),
            None => Ok(urls),
        }
    }
}

/// Takes these settings out of both sources, of which `over` wins.
pub(super) fn merge(
    over: &mut Settings,
    file: &mut Settings,
) -> Result<Option<AcmeSettings>, ConfigError> {
    let refuse = |text: String| Err(ConfigError::Value(text));
    let domains = either(&mut over.acme, &mut file.acme).unwrap_or_default();
    let email = either(&mut over.acme_email, &mut file.acme_email);
    let directory = either(&mut over.acme_directory, &mut file.acme_directory);
    let ca = either(&mut over.acme_ca, &mut file.acme_ca);
    let agreed = either(&mut over.acme_agree_tos, &mut file.acme_agree_tos) == Some(true);
    if domains.is_empty() {
        // Without a name nothing is asked for, and whoever has set these waits for a certificate.
        if email.is_some() || ca.is_some() {
            return refuse("acme_email and acme_ca need acme with a name".into());
        }
        return Ok(None);
    }
    let mut unique = Vec::new();
    for domain in domains {
        if !unique.contains(&domain) {
            unique.push(domain);
        }
    }
    if unique.len() > MAX_DOMAINS {
        let count = unique.len();
        return refuse(format!(
            "acme has {count} names, but at most {MAX_DOMAINS} fit"
        ));
    }
    let directory = directory.unwrap_or_else(|| DIRECTORY.to_owned());
    let url: Option<Uri> = directory.parse().ok();
    if !url.is_some_and(|url| url.scheme_str() == Some("https") && url.host().is_some()) {
        return refuse(format!(
            "acme_directory is {directory:?}, but a directory is like {DIRECTORY}"
        ));
    }
    if let Some(email) = &email {
        check_email(email)?;
    }
    if !agreed {
        return refuse(format!(
            "acme needs your agreement to the terms of service of {directory}: read them (those of \
             Let's Encrypt are at https://letsencrypt.org/repository/), and give --acme-agree-tos"
        ));
    }
    Ok(Some(AcmeSettings {
        domains: unique,
        email,
        directory,
        ca,
    }))
}

/// Refuses what a directory would refuse later: it becomes a `mailto:` address (RFC 8555 §7.3).
fn check_email(email: &str) -> Result<(), ConfigError> {
    let (user, host) = email.rsplit_once('@').unwrap_or_default();
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !b",;?%:<>()\"".contains(&byte);
    if !user.is_empty() && !host.is_empty() && email.bytes().all(is_plain) {
        return Ok(());
    }
    Err(ConfigError::Value(format!(
        "acme_email is {email:?}, but an address is like admin@chat.example"
    )))
}
