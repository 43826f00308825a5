//! Tests of trust: the words of known hashes, files as people and crashes leave them, and every
//! line of the table of judgements.

use sha2::{Digest, Sha256};

use super::*;
use crate::connection::{Trust, Version};
use crate::identity::{Fingerprint, InvalidFingerprint};
use crate::testing::portable_test;

const ABC: &str = "SHA256:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0";
const TIMES: &str = "first_seen=10 last_seen=20";

fn fingerprint(seed: &[u8]) -> Fingerprint {
    Fingerprint::of_spki(seed)
}

fn pin(highest: Version) -> Pin {
    Pin {
        highest,
        ..Pin::new(fingerprint(b"abc"), UnixTime(10), Version::V1).touched(UnixTime(20), highest)
    }
}

/// Returns the cause of the first bad line, which must be `line`.
fn cause(text: &str, line: usize) -> PinsErrorCause {
    let error = Pins::parse(text).unwrap_err();
    assert_eq!(error.line, line, "{text:?}: {error}");
    error.cause
}

portable_test! {
    fn words_are_the_fingerprints_first_88_bits() {
        // The expected words were computed apart from this code, from SHA-256("abc") of FIPS 180-4
        // and the published list.
        let words = words(&fingerprint(b"abc"));
        assert_eq!(words.to_string(), "risk scheme quiz bulk brother vivid agree chimney");
        assert_eq!(words.as_array()[7], "chimney");
    }

    fn the_word_list_is_the_published_one() {
        // The number is bits 0 to 63 of the SHA-256 of bitcoin/bips' bip-0039/english.txt, one word
        // a line.
        let mut hash = Sha256::new();
        for word in bip39::Language::English.word_list() {
            hash.update(word);
            hash.update("\n");
        }
        assert_eq!(hash.finalize()[..8], 0x2f5e_ed53_a472_7b4b_u64.to_be_bytes());
    }

    fn a_word_changes_with_any_of_the_said_bits() {
        let first = words(&fingerprint(b"abc"));
        let second = words(&fingerprint(b"abd"));
        assert_ne!(first, second);
    }

    fn a_file_is_read_and_written_back_as_it_was() {
        let text = format!(
            "# the one in the cellar\n\nchat.example:5000 {ABC} {TIMES} highest=v2\n  # and\n\
             [::1]:5000 {ABC} {TIMES} highest=v1 note=aunt\n"
        );
        let pins = Pins::parse(&text).unwrap();
        assert_eq!(pins.len(), 2);
        assert_eq!(pins.get("chat.example:5000"), Some(&pin(Version::V2)));
        assert_eq!(pins.get("[::1]:5000"), Some(&pin(Version::V1)));
        assert_eq!(pins.get("chat.example"), None);
        assert_eq!(pins.to_text(), text);
    }

    fn fields_stand_in_any_order_with_any_space_between() {
        let text = format!("\ta:1 \t{ABC}  highest=v2 last_seen=20\tfirst_seen=10");
        let pins = Pins::parse(&text).unwrap();
        assert_eq!(pins.get("a:1"), Some(&pin(Version::V2)));
        assert_eq!(pins.to_text(), format!("a:1 {ABC} {TIMES} highest=v2\n"));
    }

    fn editing_keeps_comments_order_and_unknown_fields() {
        let text = format!(
            "# mine\na:1 {ABC} {TIMES} highest=v1 note=x\n# yours\nb:2 {ABC} {TIMES} highest=v2\n"
        );
        let mut pins = Pins::parse(&text).unwrap();
        let touched = pins.get("a:1").unwrap().touched(UnixTime(30), Version::V2);
        assert_eq!(pins.insert("a:1", touched), Ok(Some(pin(Version::V1))));
        assert_eq!(pins.insert("c:3", pin(Version::V1)), Ok(None));
        assert_eq!(pins.remove("b:2"), Some(pin(Version::V2)));
        assert_eq!(pins.remove("b:2"), None);
        assert_eq!(
            pins.to_text(),
            format!(
                "# mine\na:1 {ABC} first_seen=10 last_seen=30 highest=v2 note=x\n# yours\n\
                 c:3 {ABC} {TIMES} highest=v1\n"
            )
        );
        let addresses: Vec<_> = pins.iter().map(|(address, _)| address).collect();
        assert_eq!(addresses, ["a:1", "c:3"]);
    }

    fn a_comparison_is_kept_and_the_first_one_stands() {
        let compared = pin(Version::V2).compared(UnixTime(15), Way::Link);
        assert_eq!(compared.compared(UnixTime(30), Way::Words), compared);
        assert_eq!(compared.touched(UnixTime(20), Version::V2), compared);
        for (field, by) in [("words", Way::Words), ("link", Way::Link)] {
            let text = format!("a:1 {ABC} {TIMES} highest=v2 {field}=15 note=x\n");
            let pins = Pins::parse(&text).unwrap();
            let at = UnixTime(15);
            assert_eq!(pins.get("a:1").unwrap().compared, Some(Compared { at, by }));
            assert_eq!(pins.to_text(), text);
        }
        let both = format!("a:1 {ABC} {TIMES} highest=v2 words=1 link=2");
        assert_eq!(cause(&both, 1), PinsErrorCause::Repeated("link"));
        let never = format!("a:1 {ABC} {TIMES} highest=v2 words=soon");
        assert_eq!(cause(&never, 1), PinsErrorCause::Time("words"));
    }

    fn words_and_fingerprints_are_compared_as_people_copy_them() {
        let key = fingerprint(b"abc");
        for told in [
            "risk scheme quiz bulk brother vivid agree chimney".to_owned(),
            " Risk  SCHEME\nquiz\tbulk, brother; vivid - agree. Chimney! ".to_owned(),
            "1. risk 2. scheme 3. quiz 4. bulk 5. brother 6. vivid 7. agree 8. chimney".to_owned(),
            "key in words: risk scheme quiz bulk brother vivid agree chimney (v2)".to_owned(),
            ABC.to_owned(),
            format!("The key is {ABC}."),
            format!("https://chat.example/#pin={ABC}"),
        ] {
            assert_eq!(compare(&told, &key), Ok(Told::Same), "{told}");
        }
    }

    fn another_key_is_told_from_a_slip_of_the_pen() {
        let key = fingerprint(b"abc");
        let other = fingerprint(b"abd");
        let swapped = "scheme risk quiz bulk brother vivid agree chimney".to_owned();
        for told in [swapped, words(&other).to_string(), other.to_string()] {
            assert_eq!(compare(&told, &key), Ok(Told::Another), "{told}");
        }
        let slip = "risk scheme quiz bulk brother vivid agree chimny";
        assert_eq!(compare(slip, &key), Err(Unclear::NotAWord("chimny".into())));
        for (told, count) in [
            ("", 0),
            ("yes", 1),
            ("risk scheme quiz bulk brother vivid agree", 7),
            ("!!! 12345678", 0),
            ("\u{202e}risk", 1),
        ] {
            assert_eq!(compare(told, &key), Err(Unclear::Count(count)), "{told}");
        }
        for told in ["SHA256:", &ABC[..49], &format!("{ABC}A")] {
            assert_eq!(compare(told, &key), Err(Unclear::Fingerprint), "{told}");
        }
        // A text without an end costs no more than one of the longest length.
        let endless = "risk ".repeat(1_000_000);
        assert_eq!(compare(&endless, &key), Ok(Told::Another));
    }

    fn windows_line_ends_are_read() {
        let text = format!("# c\r\na:1 {ABC} {TIMES} highest=v2\r\n");
        assert_eq!(Pins::parse(&text).unwrap().to_text(), text.replace('\r', ""));
    }

    fn an_empty_file_has_no_pins() {
        for text in ["", "\n", "# nothing yet"] {
            assert!(Pins::parse(text).unwrap().is_empty());
        }
    }

    // A line that was skipped would be a pin that is lost, so no damage may pass.
    fn a_damaged_line_is_an_error_with_its_number() {
        let good = format!("# c\na:1 {ABC} {TIMES} highest=v2\n");
        for (line, expected) in [
            ("b:1".to_owned(), PinsErrorCause::Missing("fingerprint")),
            ("b:1 SHA256:short".to_owned(), PinsErrorCause::Fingerprint(InvalidFingerprint)),
            (
                // One letter of the fingerprint is missing.
                format!("b:1 {} {TIMES} highest=v2", &ABC[..ABC.len() - 1]),
                PinsErrorCause::Fingerprint(InvalidFingerprint),
            ),
            (format!("b:1 {ABC}"), PinsErrorCause::Missing("first_seen")),
            (format!("b:1 {ABC} first_seen=1"), PinsErrorCause::Missing("last_seen")),
            (format!("b:1 {ABC} {TIMES}"), PinsErrorCause::Missing("highest")),
            (
                format!("b:1 {ABC} {TIMES} highest=v3"),
                PinsErrorCause::Version("v3".to_owned()),
            ),
            (
                format!("b:1 {ABC} {TIMES} highest="),
                PinsErrorCause::Version(String::new()),
            ),
            (
                format!("b:1 {ABC} {TIMES} highest=v2 highest=v1"),
                PinsErrorCause::Repeated("highest"),
            ),
            (
                format!("b:1 {ABC} first_seen=now last_seen=1 highest=v2"),
                PinsErrorCause::Time("first_seen"),
            ),
            (
                format!("b:1 {ABC} first_seen=1 last_seen=-1 highest=v2"),
                PinsErrorCause::Time("last_seen"),
            ),
            (
                format!("b:1 {ABC} first_seen=1 last_seen=18446744073709551616 highest=v2"),
                PinsErrorCause::Time("last_seen"),
            ),
            (
                format!("b:1 {ABC} {TIMES} highest=v2 # aunt"),
                PinsErrorCause::NotAField("#".to_owned()),
            ),
            (
                format!("b:1 {ABC} {TIMES} highest=v2 =x"),
                PinsErrorCause::NotAField("=x".to_owned()),
            ),
            (
                format!("a:1 {ABC} {TIMES} highest=v2"),
                PinsErrorCause::DuplicateAddress { first: 2 },
            ),
            ("# \x1b[2J".to_owned(), PinsErrorCause::ControlCharacter),
            ("\0\0\0\0".to_owned(), PinsErrorCause::ControlCharacter),
        ] {
            assert_eq!(cause(&format!("{good}{line}\n{good}"), 3), expected, "{line:?}");
        }
    }

    // A crash while the file was written must not leave a file that protects less than before.
    fn a_file_cut_off_anywhere_is_an_error_or_loses_no_protection() {
        let text = format!("a:1 {ABC} {TIMES} highest=v2\n");
        for end in 1..text.len() {
            match Pins::parse(&text[..end]) {
                Err(error) => assert_eq!(error.line, 1),
                // Only the newline is missing.
                Ok(pins) => assert_eq!(pins.to_text(), text, "cut at {end}"),
            }
        }
    }

    // An address with a newline could otherwise write a pin of its own into the file.
    fn an_address_that_would_break_its_line_is_refused() {
        let mut pins = Pins::default();
        for address in ["", "#a:1", "a 1", "a:1\nb:2", "a\t1", "a\u{a0}1", "\x1b[2J"] {
            assert_eq!(pins.insert(address, pin(Version::V2)), Err(InvalidAddress), "{address:?}");
        }
        assert_eq!(pins, Pins::default());
    }

    fn what_is_inserted_is_read_back() {
        let mut pins = Pins::default();
        for address in ["a:1", "[2001:db8::1]:5000", "wss://chat.example/ws", "bücher.example:1"] {
            pins.insert(address, pin(Version::V2)).unwrap();
        }
        assert_eq!(Pins::parse(&pins.to_text()), Ok(pins));
    }

    // The error's text goes to a terminal; direction controls in it would hide what it says.
    fn errors_quote_what_they_found_and_no_control_characters() {
        let text = format!("a:1 {ABC} {TIMES} highest=v2 \u{85}");
        assert_eq!(cause(&text, 1), PinsErrorCause::ControlCharacter);
        let text = format!("a:1 {ABC} {TIMES} highest=v\u{202e}2");
        let error = Pins::parse(&text).unwrap_err().to_string();
        assert!(error.starts_with("line 1: its highest is"), "{error}");
        assert!(!error.contains('\u{202e}'), "{error}");
    }

    fn a_touched_pin_keeps_its_first_time_and_its_highest_version() {
        let pin = Pin::new(fingerprint(b"abc"), UnixTime(10), Version::V2);
        let touched = pin.touched(UnixTime(30), Version::V1);
        assert_eq!(touched, Pin { last_seen: UnixTime(30), ..pin });
    }

    fn first_contact_learns_with_v2_and_proves_nothing_with_v1() {
        assert_eq!(judge(None, Version::V2), Judgement::Connect(Trust::Learn));
        assert_eq!(judge(None, Version::V1), Judgement::Connect(Trust::Any));
    }

    fn a_pinned_server_must_have_its_key_in_both_versions() {
        let expected = Judgement::Connect(Trust::Pinned(fingerprint(b"abc")));
        assert_eq!(judge(Some(&pin(Version::V2)), Version::V2), expected);
        assert_eq!(judge(Some(&pin(Version::V1)), Version::V2), expected);
        assert_eq!(judge(Some(&pin(Version::V1)), Version::V1), expected);
    }

    fn downgrade_below_the_highest_version_is_refused() {
        let pin = pin(Version::V2);
        assert_eq!(judge(Some(&pin), Version::V1), Judgement::VersionFloor { pin });
    }
}
