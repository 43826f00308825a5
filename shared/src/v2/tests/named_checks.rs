//! The check that stops a hostile peer, by its name and its place, for every check that only somebody
//! with the keys can reach. `mutations/` has those that anybody can.

use super::hostile::{HostileClient, HostileServer, clear_alert, client_hears, server_hears};
use super::insider::{Draws, auth, data, inner};
use super::*;
use crate::connection::CheckName::{
    self, AlertLength, AnnouncedKey, AuthLength, ControlLength, Finished, FinishedLength,
    InnerType, KeyAllowed, MessageCount, MessageLength, MessagesFit, MlKemKey, Padding, RecordType,
    Signature, X25519Point,
};
use crate::connection::LayerName::{self, Message, Plaintext};
use crate::limits::{V2_MESSAGE_BYTES, V2_RECORD_MESSAGES};

type Place = (CheckName, LayerName, usize);

/// Returns the check that refuses a record with this inside in an established session.
fn refused(inner: &[u8]) -> Place {
    let mut client = HostileClient::established();
    let frame = client.up.seal_inner(inner);
    client.say(&frame);
    client.seen.refused.unwrap()
}

/// Returns the check that refuses this content in place of `client_auth`.
fn auth_refused(content: &[u8]) -> Place {
    let mut client = HostileClient::after_hello();
    client.prove(content);
    client.seen.refused.unwrap()
}

portable_test! {
    fn checks_of_the_inside_of_a_record() {
        assert_eq!(refused(&[0; 64]), (RecordType, Plaintext, 0));
        // The type is at 10, and the padding behind it should end at 64.
        let mut long = inner(5, &data(&[b"hello!"]));
        long.resize(128, 0);
        assert_eq!(refused(&long), (Padding, Plaintext, 11));
        assert_eq!(refused(&[9; 63]), (Padding, Plaintext, 63));
        assert_eq!(refused(&inner(9, b"hello")), (InnerType, Plaintext, 5));
        assert_eq!(refused(&inner(1, b"hello")), (InnerType, Plaintext, 5));
        assert_eq!(refused(&inner(6, b"x")), (ControlLength, Message, 0));
        assert_eq!(refused(&inner(8, b"x")), (ControlLength, Message, 0));
        assert_eq!(refused(&inner(7, b"")), (AlertLength, Message, 0));
        assert_eq!(refused(&inner(7, b"xy")), (AlertLength, Message, 1));
    }

    fn checks_of_the_messages_of_a_record() {
        assert_eq!(refused(&inner(5, b"")), (MessageCount, Message, 0));
        let many = vec![&b""[..]; V2_RECORD_MESSAGES + 1];
        let place = V2_RECORD_MESSAGES * 4;
        assert_eq!(refused(&inner(5, &data(&many))), (MessageCount, Message, place));
        let long = vec![b'x'; V2_MESSAGE_BYTES + 1];
        assert_eq!(refused(&inner(5, &data(&[&long]))), (MessageLength, Message, 0));
        let cut = [&data(&[b"one"])[..], b"\0\0\0"].concat();
        assert_eq!(refused(&inner(5, &cut)), (MessagesFit, Message, 7));
        let beyond = [&data(&[b"one"])[..], b"\0\0\0\x02x"].concat();
        assert_eq!(refused(&inner(5, &beyond)), (MessagesFit, Message, 7));
    }

    fn checks_of_a_clients_proofs() {
        let honest = HostileClient::after_hello().auth();
        let spki = client_key().public_key().spki_der();
        assert_eq!(auth_refused(&honest[..honest.len() - 1]), (AuthLength, Message, 4 + spki.len()));
        assert_eq!(auth_refused(&[&honest[..], b"x"].concat()), (AuthLength, Message, honest.len()));
        assert_eq!(auth_refused(b"x"), (AuthLength, Message, 0));
        assert_eq!(auth_refused(&auth(b"no key", &[7; 256])), (KeyAllowed, Message, 2));
        assert_eq!(auth_refused(&auth(spki, &[7; 256])), (Signature, Message, 4 + spki.len()));
        for (content, place) in [
            (&[7; 32][..], (Finished, Message, 0)),
            (&[7; 31], (FinishedLength, Message, 0)),
            (&[7; 33], (FinishedLength, Message, 32)),
        ] {
            let mut client = HostileClient::after_hello();
            client.prove(&honest);
            client.prove_finished(content);
            assert_eq!(client.seen.refused, Some(place));
        }
    }

    fn checks_of_a_servers_proofs() {
        let mut server = HostileServer::after_hello();
        let other = client_key().public_key().spki_der();
        server.prove(1, &auth(other, &[7; 256]));
        assert_eq!(server.seen.refused, Some((AnnouncedKey, Message, 2)));
        let mut server = HostileServer::after_hello();
        let content = server.auth("SC/2 client auth");
        server.prove(1, &content);
        assert!(matches!(server.seen.refused, Some((Signature, Message, _))));
        let mut server = HostileServer::after_hello();
        let content = server.auth("SC/2 server auth");
        server.prove(1, &content);
        server.prove(2, &[7; 32]);
        assert_eq!(server.seen.refused, Some((Finished, Message, 0)));
    }

    fn a_server_that_is_not_trusted_is_a_check_too() {
        for trust in [Trust::Learn, Trust::Pinned(client_key().public_key().fingerprint())] {
            let mut client = v2_client_config();
            (client.trust, client.observe) = (trust, Observe::Frames);
            let mut pair = Pair::with(server_config(), client);
            pair.run();
            assert_eq!(pair.client_seen.refused, Some((CheckName::Trust, Message, 0)));
        }
    }

    fn checks_in_clear() {
        let hellos = Draws::of_pair().hellos();
        let mut low = hellos.client.clone();
        low[5 + 32..5 + 64].fill(0);
        assert_eq!(server_hears(&low).0.refused, Some((X25519Point, Message, 32)));
        let mut key = hellos.client.clone();
        key[5 + 64..5 + 67].fill(0xff);
        assert_eq!(server_hears(&key).0.refused, Some((MlKemKey, Message, 64)));
        let mut low = hellos.server;
        low[5 + 32..5 + 64].fill(0);
        assert_eq!(client_hears(&low).0.refused, Some((X25519Point, Message, 32)));
        // An alert is accepted, and says why the peer ends.
        assert_eq!(client_hears(&clear_alert(5)).0.refused, None);
        assert_eq!(client_hears(&[0, 0, 0, 0, 4]).0.refused, Some((AlertLength, Message, 0)));
    }
}
