//! Attacks on the proofs of the handshake, each named: the keys, signatures and `finished` that show
//! who is there.

use pkcs8::EncodePublicKey;
use rsa::pss::SigningKey;
use rsa::signature::{RandomizedSigner, SignatureEncoding};
use sha2::Sha256;

use super::hostile::{HostileClient, HostileServer};
use super::insider::{auth, unhex};
use super::*;
use crate::crypto::hmac_sha256;
use crate::identity::{KeyError, PublicKey};

/// Makes a `SubjectPublicKeyInfo` by hand, with a modulus of this many bits.
fn spki(bits: usize, last: u8, exponent: &[u8]) -> Vec<u8> {
    let tlv = |tag: u8, content: &[u8]| {
        let [high, low] = u16::try_from(content.len()).unwrap().to_be_bytes();
        let length = if high == 0 {
            vec![0x81, low]
        } else {
            vec![0x82, high, low]
        };
        [&[tag], &length[..], content].concat()
    };
    let mut modulus = vec![0xc5; bits / 8];
    *modulus.last_mut().unwrap() = last;
    let modulus = tlv(2, &[&[0], &modulus[..]].concat());
    let exponent = [&[2, u8::try_from(exponent.len()).unwrap()], exponent].concat();
    let key = tlv(0x30, &[modulus, exponent].concat());
    let algorithm = unhex("300d06092a864886f70d0101010500");
    let key = tlv(3, &[&[0], &key[..]].concat());
    tlv(0x30, &[algorithm, key].concat())
}
portable_test! {
    // Shorter keys are disallowed, and longer ones or other exponents would make this side compute
    // for long (PROTOCOL.md §2.13).
    fn wrong_rsa_sizes_exponents_and_moduli_in_client_auth() {
        let exponent = [1, 0, 1];
        for (key, cause) in [
            (spki(1024, 1, &exponent), KeyError::Size(1024)),
            (spki(2040, 1, &exponent), KeyError::Size(2040)),
            (spki(4104, 1, &exponent), KeyError::Size(4104)),
            (spki(8192, 1, &exponent), KeyError::Size(8192)),
            (spki(2048, 2, &exponent), KeyError::EvenModulus),
            (spki(2048, 1, &[3]), KeyError::Exponent),
            (spki(2048, 1, &[1]), KeyError::Exponent),
            (b"no key".to_vec(), KeyError::Der),
            (Vec::new(), KeyError::Der),
        ] {
            let mut client = HostileClient::after_hello();
            client.prove(&auth(&key, &[7; 256]));
            client.assert_refused(PeerMisbehaved::UnacceptableKey(cause), 3);
        }
        // The same by hand with nothing wrong gets as far as its signature, so the helper is right.
        let mut client = HostileClient::after_hello();
        client.prove(&auth(&spki(2048, 1, &exponent), &[7; 256]));
        client.assert_refused(PeerMisbehaved::WrongProof, 3);
    }

    // Two encodings of a key have two hashes, and a person's id is such a hash (PROTOCOL.md §2.6).
    fn a_key_in_another_encoding_is_another_key() {
        let key = client_key();
        // The encoding without the NULL parameters, with every outer length two bytes shorter.
        let mut der = key.public_key().spki_der().to_vec();
        der.drain(17..19);
        der[3] -= 2;
        der[5] -= 2;
        assert_eq!(&PublicKey::from_spki_der(&der).unwrap(), key.public_key());
        let mut client = HostileClient::after_hello();
        let signed = client.insider.to_be_signed("SC/2 client auth", key.public_key());
        let signature = key.sign(&signed, &mut seeded(4)).unwrap();
        client.prove(&auth(&der, &signature));
        client.assert_refused(PeerMisbehaved::WrongProof, 3);
    }

    // v2 has one salt length only; v1 takes all (PROTOCOL.md §2.6).
    fn salt_length_20_and_222_signature() {
        let private = rsa::PrivateKey::new(&mut seeded(81), 2048).unwrap();
        let der = private.to_public_key().to_public_key_der().unwrap();
        let public = PublicKey::from_spki_der(der.as_bytes()).unwrap();
        for salt in [0, 20, 31, 32, 33, 222] {
            let mut client = HostileClient::after_hello();
            let signed = client.insider.to_be_signed("SC/2 client auth", &public);
            let signature = SigningKey::<Sha256>::new_with_salt_len(private.clone(), salt)
                .try_sign_with_rng(&mut seeded(82), &signed).unwrap().to_vec();
            client.prove(&auth(public.spki_der(), &signature));
            if salt == 32 {
                let finished = client.insider.finished("c fin");
                client.prove_finished(&finished);
                assert!(client.seen.established, "32 is right");
            } else {
                client.assert_refused(PeerMisbehaved::WrongProof, 3);
            }
        }
    }

    // A signature counts for one role, one key and one transcript; each of them wrong must fail.
    fn proofs_over_something_else() {
        let key = client_key();
        let public = key.public_key();
        let sign = |message: &[u8]| auth(
            public.spki_der(), &key.sign(message, &mut seeded(4)).unwrap());
        let contents: [fn(&HostileClient) -> Vec<u8>; 4] = [
            |client| client.insider.to_be_signed("SC/2 server auth", client_key().public_key()),
            |client| client.insider.to_be_signed("SC/2 client auth", server_key().public_key()),
            |client| {
                // TH0, which the server signs, where TH2 belongs.
                let mut signed = client.insider.to_be_signed("SC/2 client auth", client_key().public_key());
                signed[17..49].copy_from_slice(&client.insider.hashes[0]);
                signed
            },
            |_| Vec::new(),
        ];
        for signed in contents {
            let mut client = HostileClient::after_hello();
            let content = sign(&signed(&client));
            client.prove(&content);
            client.assert_refused(PeerMisbehaved::WrongProof, 3);
        }
        for length in [0, 255, 257] {
            let mut client = HostileClient::after_hello();
            client.prove(&auth(public.spki_der(), &vec![1; length]));
            client.assert_refused(PeerMisbehaved::WrongProof, 3);
        }
        for context in ["SC/2 client auth", "SC/2 server aut", ""] {
            let mut server = HostileServer::after_hello();
            let content = server.auth(context);
            server.prove(1, &content);
            server.assert_refused(PeerMisbehaved::WrongProof, 3);
        }
    }

    // A server that accepted its own proof, sent back, would let anybody be the server towards
    // itself.
    fn the_servers_own_proof_sent_back_to_it() {
        let server = HostileServer::after_hello();
        let proof = server.auth("SC/2 server auth");
        let mut client = HostileClient::after_hello();
        client.prove(&proof);
        client.assert_refused(PeerMisbehaved::WrongProof, 3);
    }

    // The announced key is what the transcript has, so another one, honestly signed for, is an
    // attack.
    fn spki_other_than_announced() {
        let key = client_key();
        let mut server = HostileServer::after_hello();
        let signed = server.insider.to_be_signed("SC/2 server auth", key.public_key());
        let signature = key.sign(&signed, &mut seeded(4)).unwrap();
        server.prove(1, &auth(key.public_key().spki_der(), &signature));
        assert_eq!(server.seen.server_key, None);
        server.assert_refused(PeerMisbehaved::OtherKeyThanAnnounced, 3);
    }

    // Nothing may stand behind or between the fields: it would be in the transcript and nowhere
    // else.
    fn auth_and_finished_whose_lengths_do_not_fit() {
        let honest = HostileClient::after_hello().auth();
        let mut long_field = honest.clone();
        long_field[0] = 0xff;
        for content in [
            &[][..], &[0], &[0, 0], &[0, 0, 0], &[0, 0, 0, 1], &[0xff; 4],
            &honest[..honest.len() - 1], &[&honest[..], &[0]].concat(), &long_field,
        ] {
            let mut client = HostileClient::after_hello();
            client.prove(content);
            client.assert_refused(InvalidMessage::HandshakeLength(FrameKind::ClientAuth), 3);
            let mut server = HostileServer::after_hello();
            server.prove(1, content);
            server.assert_refused(InvalidMessage::HandshakeLength(FrameKind::ServerAuth), 3);
        }
        for length in [0, 31, 33, 64] {
            let mut client = HostileClient::after_hello();
            client.prove(&honest);
            client.prove_finished(&vec![1; length]);
            client.assert_refused(InvalidMessage::HandshakeLength(FrameKind::ClientFinished), 3);
        }
    }

    // A finished message counts for one side and one moment, so that none can be reflected or
    // moved.
    fn finished_of_the_other_side_or_of_another_moment() {
        let wrong: [fn(&HostileClient) -> [u8; 32]; 5] = [
            |client| client.insider.finished("s fin"),
            |client| hmac_sha256::mac(&client.insider.secret("c fin", 0), &client.insider.hashes[2]),
            |client| hmac_sha256::mac(&client.insider.secret("s fin", 0), &client.insider.hashes[1]),
            |client| hmac_sha256::mac(&client.insider.secret("c hs", 0), &client.insider.hashes[3]),
            |_| [0; 32],
        ];
        for wrong in wrong {
            let mut client = HostileClient::after_hello();
            let content = client.auth();
            client.prove(&content);
            let finished = wrong(&client);
            client.prove_finished(&finished);
            assert!(!client.seen.established);
            client.assert_refused(PeerMisbehaved::WrongFinished, 3);
        }
        for label in ["c fin", "s hs"] {
            let mut server = HostileServer::after_hello();
            let content = server.auth("SC/2 server auth");
            server.prove(1, &content);
            let finished = server.insider.finished(label);
            server.prove(2, &finished);
            assert_eq!(server.seen.server_key, None, "nothing is proven");
            server.assert_refused(PeerMisbehaved::WrongFinished, 3);
        }
    }
}
