//! v1's errors do not depend on their cause: RSA-OAEP that does not decrypt, a decrypted session of
//! a wrong form and a wrong signature look alike from outside, and so do a wrong MAC and a wrong
//! padding. The tests compare what an attacker could count: the bytes on the wire, and the
//! operations with the private key.

use rsa::oaep::EncryptingKey;
use rsa::traits::RandomizedEncryptor;
use sha2::Sha256;

use super::*;

/// A server's reaction, as far as it shows from outside.
#[derive(Debug, PartialEq, Eq)]
struct Reaction {
    written: Vec<u8>,
    private_key_operations: usize,
}

/// Hands over a frame, answers private-key requests until nothing more happens, and returns the
/// reaction.
fn react(server: &mut ServerConnection, frame: &[u8]) -> Reaction {
    let now = Time::default();
    server.handle_bytes(frame, now);
    let mut reaction = Reaction {
        written: Vec::new(),
        private_key_operations: 0,
    };
    let mut failed = false;
    while let Some(event) = server.poll_event() {
        match event {
            Event::PrivateKey(request) => {
                reaction.private_key_operations += 1;
                server.handle_private_key(request.answer(server_key(), &mut seeded(3)), now);
            }
            Event::Closed(CloseReason::Failed(_)) => failed = true,
            event => panic!("{event:?}"),
        }
    }
    assert!(failed, "{} bytes were accepted", frame.len());
    reaction.written = server.poll_transmit().unwrap_or_default();
    reaction
}

/// Returns a server that has announced itself.
fn fresh() -> ServerConnection {
    let mut server = ServerConnection::new(server_config().into(), seeded(9), Time::default());
    let _announcement = server.poll_transmit();
    server
}

/// Encrypts `blob` by RSA-OAEP with this label; v1's label is empty.
fn oaep_with_label(label: &[u8], blob: &[u8]) -> Vec<u8> {
    let key = server_key().public_key().rsa().unwrap().clone();
    EncryptingKey::<Sha256>::new_with_label(key, label.to_vec().into_boxed_slice())
        .encrypt_with_rng(&mut seeded(6), blob)
        .unwrap()
}

portable_test! {
    // An attacker who can tell a right padding from a wrong one decrypts a recorded session with a
    // few thousand questions (Manger, CRYPTO 2001).
    fn no_failure_of_the_session_is_told_from_another() {
        let blob = [7; 48];
        let encrypt = |blob: &[u8]| {
            oaep_encrypt(server_key().public_key(), blob, &mut seeded(6)).unwrap()
        };
        let honest = encrypt(&blob);
        let mut sessions = vec![
            ("zeros", vec![0; 256]),
            ("one", [&[0; 255][..], &[1]].concat()),
            ("more than the modulus", vec![0xff; 256]),
            ("nothing", Vec::new()),
            ("a byte less", honest[1..].to_vec()),
            ("a byte more", [&[0], &honest[..]].concat()),
            ("far too much", vec![1; 999]),
            ("another key", oaep_encrypt(client_key().public_key(), &blob, &mut seeded(6)).unwrap()),
            ("another label", oaep_with_label(b"label", &blob)),
            // The padding is right here, and the content wrong.
            ("an empty session", encrypt(b"")),
            ("47 bytes", encrypt(&[7; 47])),
            ("49 bytes", encrypt(&[7; 49])),
            ("the most that fits", encrypt(&[7; 190])),
            // Everything is right here, except for the signed bytes.
            ("another session", encrypt(&[8; 48])),
        ];
        for at in (0..256).step_by(51) {
            let mut flipped = honest.clone();
            flipped[at] ^= 1;
            sessions.push(("a flipped bit", flipped));
        }
        let signature = client_key().sign(&blob, &mut seeded(7)).unwrap();
        let expected = Reaction {
            written: error_frame::encode(ErrorCode::HandshakeFailed),
            private_key_operations: 1,
        };
        for (name, session) in sessions {
            let frame = handshake::encode(&session, client_key().public_key(), &signature);
            assert_eq!(react(&mut fresh(), &frame), expected, "{name}");
        }
        // An empty label given in so many words is v1's label, so the helper itself is right.
        let same = oaep_with_label(b"", &blob);
        let frame = handshake::encode(&same, client_key().public_key(), &signature);
        let mut pair = Pair::new();
        let _announcement = pair.server.poll_transmit();
        pair.inject(&frame);
        assert!(pair.server_seen.established);
    }

    // MAC before padding, and one answer: otherwise CBC's padding would tell the plaintext byte by
    // byte (Vaudenay, EUROCRYPT 2002).
    fn no_failure_of_a_message_is_told_from_another() {
        let sealer = Sealer::new(&session_of_pair());
        let other = Sealer::new(&SessionBlob::from_bytes(&[9; 48]).unwrap());
        let (cipher, tag) = sealer.seal(b"a message of more than one block");
        let mut frames = Vec::new();
        for at in 0..cipher.len() {
            let mut flipped = cipher.clone();
            flipped[at] ^= 1;
            frames.push(("a flipped ciphertext", message_frame(&flipped, &tag)));
        }
        for at in 0..tag.len() {
            let mut flipped = tag;
            flipped[at] ^= 1;
            frames.push(("a flipped tag", message_frame(&cipher, &flipped)));
            frames.push(("a short tag", message_frame(&cipher, &tag[..at])));
        }
        frames.push(("a long tag", message_frame(&cipher, &[&tag[..], &[0]].concat())));
        let (cipher, tag) = other.seal(b"a message of more than one block");
        frames.push(("another key", message_frame(&cipher, &tag)));
        // With a right MAC, so that only padding or length fails.
        for length in [0, 1, 15, 17, 31, 33] {
            let cipher = vec![0x5a; length];
            frames.push(("a wrong length", message_frame(&cipher, &sealer.mac_of(&cipher))));
        }
        for blocks in 1..9 {
            let cipher = vec![0x5a; 16 * blocks];
            frames.push(("a wrong padding", message_frame(&cipher, &sealer.mac_of(&cipher))));
        }
        let expected = Reaction {
            written: error_frame::encode(ErrorCode::BadMessage),
            private_key_operations: 0,
        };
        for (name, frame) in frames {
            let mut pair = established();
            assert_eq!(react(&mut pair.server, &frame), expected, "{name}");
            // v1 has no error frame from client to server, so the client sends nothing for any
            // cause.
            pair.client.handle_bytes(&frame, pair.now);
            pair.run();
            let cause = PeerMisbehaved::UnopenableMessage.into();
            assert_eq!(pair.client_seen.closed, Some(CloseReason::Failed(cause)), "{name}");
            assert_eq!(pair.client.poll_transmit(), None, "{name}");
        }
    }
}
