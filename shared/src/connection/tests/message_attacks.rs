//! Attacks on v1's messages, each named.

use super::*;

portable_test! {
    // A difference between MAC and padding would make the receiver a padding oracle for CBC
    // (PROTOCOL.md §1.4).
    fn wrong_mac_padding_and_length_are_one_error() {
        let sealer = Sealer::new(&session_of_pair());
        let expected = PeerMisbehaved::UnopenableMessage.into();
        let (cipher, tag) = sealer.seal(b"hello");

        let mut wrong_tag = tag;
        wrong_tag[31] ^= 1;
        assert_message_refused(&message_frame(&cipher, &wrong_tag), &expected);
        assert_message_refused(&message_frame(&cipher, &tag[..31]), &expected);
        assert_message_refused(&message_frame(&cipher, &[]), &expected);

        let mut flipped = cipher.clone();
        flipped[0] ^= 1;
        assert_message_refused(&message_frame(&flipped, &tag), &expected);

        // With a right MAC, so that only the padding or the length can fail.
        for cipher in [&[0x5a; 16][..], &[0x5a; 32], &[0x5a; 15], &[]] {
            let tag = sealer.mac_of(cipher);
            assert_message_refused(&message_frame(cipher, &tag), &expected);
        }
    }

    // An established client is a stranger too: anybody can make a key.
    fn endless_unterminated_message() {
        let limit = MESSAGE_FRAME_BYTES;
        assert_message_refused(
            &vec![b'x'; limit + 2],
            &InvalidMessage::FrameTooLarge { limit }.into(),
        );
    }
}
