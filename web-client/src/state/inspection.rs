//! The frames of this page's connections, for people to look at: kept, chosen and written.
//!
//! Pure. It must not know the form of frames: the fields are those that the protocol's own parser
//! recorded.

pub mod bytes;
pub mod filter;
pub mod keys;
pub mod ring;
pub mod summary;

use std::cell::RefCell;
use std::rc::Rc;

use ring::Ring;

/// The frames of this page, shared by the engine, which adds to them, and the inspector.
///
/// Beside the state and not in it, because the state is copied and compared with every action.
#[derive(Debug, Clone, Default)]
pub struct Inspection(pub Rc<RefCell<Ring>>);

impl PartialEq for Inspection {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

#[cfg(test)]
mod testing {
    use shared::connection::{
        ClientConfig, ClientConnection, Event, Observe, ObservedFrame, Trust, Version,
    };
    use shared::identity::PublicKey;
    use shared::random::Random;
    use shared::time::Time;

    /// A public key that signs nothing here.
    const KEY: &str = "\
-----BEGIN PUBLIC KEY-----\n\
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEApKe+28XIcoOAMPBuDVcS\n\
yD6NibujQBnq2A7cT5n4KBmmw/RQdjbnPvh4iRdFegb56B3tPimF+VchKPujq3HP\n\
KwqaMJNCcdZvKTcYgOXnrESGjafDdbZet9snPqZGsvIzfP8vkYiSFiMgzcb4n+cN\n\
zCY+WUhgJ5Qvlyl1jGFOo7Eayx3FuTwcDfWCDUNZ/LWyg6IZ/taRX6HCXvh/zq31\n\
8e8nOofuSZZnD2I7GhTy0hvHvcAVy+U/2M2BFxc+aaYDgT7bwgd9HzgdyBGwsiBn\n\
ZKoTYHw7ZpeCE5Y0GuetTj9QUj5f/vQhJBYWFH7O6rzL3q6P9F2A8ES4jlMCQSzt\n\
eQIDAQAB\n\
-----END PUBLIC KEY-----\n";

    /// Returns the frames of a client to which the server answers with these bytes.
    pub(super) fn frames(version: Version, answer: &[u8]) -> Vec<ObservedFrame> {
        let config = ClientConfig {
            observe: Observe::Frames,
            ..ClientConfig::new(PublicKey::from_pem(KEY).unwrap(), version, Trust::Any)
        };
        let random = Random::new(|bytes| {
            bytes.fill(7);
            Ok(())
        });
        let now = Time::from_micros(1_000);
        let mut client = ClientConnection::new(config, random, now);
        while client.poll_transmit().is_some() {}
        client.handle_bytes(answer, now);
        while client.poll_transmit().is_some() {}
        std::iter::from_fn(|| client.poll_event())
            .filter_map(|event| match event {
                Event::Frame(frame) => Some(*frame),
                _ => None,
            })
            .collect()
    }
}
