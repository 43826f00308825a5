//! The settings of the network: where the server listens, by which names it is known, and which
//! proxies are before it.

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
            trusted_proxy: Networks::default(),
            proxy_protocol_from: Networks::default(),
        }
    }
}

/// Takes these settings out of both sources, of which `over` wins.
pub(super) fn merge(over: &mut Settings, file: &mut Settings) -> NetworkSettings {
    let default = NetworkSettings::default();
    NetworkSettings {
        listen: either(&mut over.listen, &mut file.listen).unwrap_or(default.listen),
        http: either(&mut over.http, &mut file.http).unwrap_or(default.http),
        public_url: either(&mut over.public_url, &mut file.public_url).unwrap_or_default(),
        trusted_proxy: networks(either(&mut over.trusted_proxy, &mut file.trusted_proxy)),
        proxy_protocol_from: networks(either(
            &mut over.proxy_protocol_from,
            &mut file.proxy_protocol_from,
        )),
    }
}

/// Takes a setting from the source that wins, or else from the other one.
fn either<T>(over: &mut Option<T>, file: &mut Option<T>) -> Option<T> {
    over.take().or(file.take())
}

fn networks(networks: Option<Vec<Network>>) -> Networks {
    networks.unwrap_or_default().into_iter().collect()
}
