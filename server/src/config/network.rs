//! The settings of the network: where the server listens, by which names it is known, which proxies
//! are before it, and its TLS.

use std::path::PathBuf;

use super::ConfigError;
use super::acme::{self, AcmeSettings};
use super::flags::Settings;
use crate::listen::Endpoint;
use crate::proxy::{Network, Networks};
use crate::public_url::PublicUrl;

/// The settings of the network.
#[derive(Debug, Clone)]
pub struct NetworkSettings {
    /// Addresses of the TCP listeners.
    pub listen: Vec<Endpoint>,
    /// Addresses of the HTTP listeners.
    pub http: Vec<Endpoint>,
    /// Addresses of the page as people outside of this machine have them.
    pub public_url: Vec<PublicUrl>,
    /// TLS of the HTTP listeners.
    pub tls: Option<TlsSettings>,
    /// Serves the page without TLS on addresses other than loopback.
    pub insecure_http: bool,
    /// Addresses of the listeners for monitoring.
    pub ops: Vec<Endpoint>,
    /// Allows listeners for monitoring on addresses other than loopback.
    pub insecure_ops: bool,
    /// Peers whose forwarding fields name the client.
    pub trusted_proxy: Networks,
    /// Peers that begin with a PROXY header, which names the client.
    pub proxy_protocol_from: Networks,
}

impl Default for NetworkSettings {
    fn default() -> Self {
        Self {
            listen: vec![Endpoint::Net(([127, 0, 0, 1], 5000).into())],
            http: vec![Endpoint::Net(([127, 0, 0, 1], 8080).into())],
            public_url: Vec::new(),
            tls: None,
            insecure_http: false,
            ops: Vec::new(),
            insecure_ops: false,
            trusted_proxy: Networks::default(),
            proxy_protocol_from: Networks::default(),
        }
    }
}

/// The certificate of the server's own TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TlsSettings {
    /// A chain and its key, in PEM.
    Files {
        /// The file of the chain.
        chain: PathBuf,
        /// The file of the key.
        key: PathBuf,
    },
    /// A certificate that an ACME directory issues.
    Acme(AcmeSettings),
    /// A certificate that the server signs itself.
    SelfSigned,
}

impl NetworkSettings {
    /// Returns the hosts of the public addresses that the server's certificate must be for.
    pub fn https_hosts(&self) -> Vec<String> {
        let secure = self.public_url.iter().filter(|url| url.is_https());
        secure.map(|url| url.host().to_owned()).collect()
    }

    /// Takes the settings that need a restart from those in use.
    pub(super) fn keep_fixed(&mut self, running: &Self) {
        // Addresses that only the names of a certificate are the reason for change with these.
        let follow =
            self.urls_follow_acme() || (self.public_url.is_empty() && running.urls_follow_acme());
        if follow && self.tls != running.tls {
            self.public_url.clone_from(&running.public_url);
        }
        self.listen.clone_from(&running.listen);
        self.http.clone_from(&running.http);
        self.tls.clone_from(&running.tls);
        self.insecure_http = running.insecure_http;
        self.ops.clone_from(&running.ops);
        self.insecure_ops = running.insecure_ops;
    }

    /// Returns `true` if the public addresses are the names for which a directory issues certificates.
    fn urls_follow_acme(&self) -> bool {
        let Some(TlsSettings::Acme(acme)) = &self.tls else {
            return false;
        };
        let names = acme.public_urls(None);
        names.is_ok_and(|urls| urls == self.public_url)
    }

    /// Refuses listeners that cannot be meant.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        self.http
            .iter()
            .try_for_each(|http| self.check_plain_http(http))?;
        self.ops.iter().try_for_each(|ops| self.check_ops(ops))
    }

    /// Refuses a listener for monitoring that others reach, unless the settings say that this
    /// is meant: the metrics tell when people write, and how much.
    ///
    /// # Errors
    /// [`ConfigError::OpenOps`].
    pub fn check_ops(&self, ops: &Endpoint) -> Result<(), ConfigError> {
        if ops.is_private() || self.insecure_ops {
            return Ok(());
        }
        Err(ConfigError::OpenOps(ops.clone()))
    }

    /// Refuses an HTTP listener that others reach without TLS, unless the settings say that this is
    /// meant or that a proxy is in front of it.
    ///
    /// # Errors
    /// [`ConfigError::PlainHttp`].
    pub fn check_plain_http(&self, http: &Endpoint) -> Result<(), ConfigError> {
        let is_meant = self.insecure_http || !self.trusted_proxy.is_empty();
        if http.is_private() || self.tls.is_some() || is_meant {
            return Ok(());
        }
        Err(ConfigError::PlainHttp(http.clone()))
    }
}

/// Takes these settings out of both sources, of which `over` wins.
pub(super) fn merge(
    over: &mut Settings,
    file: &mut Settings,
) -> Result<NetworkSettings, ConfigError> {
    let default = NetworkSettings::default();
    let acme = acme::merge(over, file)?;
    let public_url = either(&mut over.public_url, &mut file.public_url);
    let public_url = match &acme {
        Some(acme) => acme.public_urls(public_url)?,
        None => public_url.unwrap_or_default(),
    };
    let tls = tls_settings(
        either(&mut over.tls_cert, &mut file.tls_cert),
        either(&mut over.tls_key, &mut file.tls_key),
        either(&mut over.tls_self_signed, &mut file.tls_self_signed) == Some(true),
        acme,
    )?;
    Ok(NetworkSettings {
        listen: either(&mut over.listen, &mut file.listen).unwrap_or(default.listen),
        http: either(&mut over.http, &mut file.http).unwrap_or(default.http),
        public_url,
        tls,
        insecure_http: either(&mut over.insecure_http, &mut file.insecure_http)
            .unwrap_or(default.insecure_http),
        ops: either(&mut over.ops, &mut file.ops).unwrap_or(default.ops),
        insecure_ops: either(&mut over.insecure_ops, &mut file.insecure_ops)
            .unwrap_or(default.insecure_ops),
        trusted_proxy: networks(either(&mut over.trusted_proxy, &mut file.trusted_proxy)),
        proxy_protocol_from: networks(either(
            &mut over.proxy_protocol_from,
            &mut file.proxy_protocol_from,
        )),
    })
}

/// Takes a setting from the source that wins, or else from the other one.
pub(super) fn either<T>(over: &mut Option<T>, file: &mut Option<T>) -> Option<T> {
    over.take().or(file.take())
}

fn networks(networks: Option<Vec<Network>>) -> Networks {
    networks.unwrap_or_default().into_iter().collect()
}

fn tls_settings(
    chain: Option<PathBuf>,
    key: Option<PathBuf>,
    self_signed: bool,
    acme: Option<AcmeSettings>,
) -> Result<Option<TlsSettings>, ConfigError> {
    let refuse = |text: &str| Err(ConfigError::Value(text.to_owned()));
    match (chain, key, self_signed, acme) {
        (None, None, false, None) => Ok(None),
        (None, None, true, None) => Ok(Some(TlsSettings::SelfSigned)),
        (None, None, false, Some(acme)) => Ok(Some(TlsSettings::Acme(acme))),
        (Some(chain), Some(key), false, None) => Ok(Some(TlsSettings::Files { chain, key })),
        (Some(_), None, false, None) => refuse("tls_cert needs tls_key"),
        (None, Some(_), false, None) => refuse("tls_key needs tls_cert"),
        (_, _, _, Some(_)) => {
            refuse("acme gets a certificate: leave tls_cert, tls_key and tls_self_signed out")
        }
        (_, _, true, None) => {
            refuse("tls_self_signed makes a certificate: leave tls_cert and tls_key out")
        }
    }
}
