//! Attacks on messages, each named.

use super::*;

portable_test! {
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

        // With a right MAC, so that the padding is what fails.
        for cipher in [&[0x5a; 16][..], &[0x5a; 32], &[0x5a; 15], &[]] {
            let tag = sealer.mac_of(cipher);
            assert_message_refused(&message_frame(cipher, &tag), &expected);
        }
    }

    fn endless_unterminated_message() {
        let limit = MESSAGE_FRAME_BYTES;
        assert_message_refused(
            &vec![b'x'; limit + 2],
            &InvalidMessage::FrameTooLarge { limit }.into(),
        );
    }
}
