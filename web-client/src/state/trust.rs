//! Decides which key the server of an attempt must have, from its pin and the page's link; and
//! which obstacles stop an attempt.
//!
//! Pure. The rules for pins are those of `shared` ([`shared::trust::judge`]); this module adds the
//! link.

use shared::connection::{Trust, Version};
use shared::identity::Fingerprint;
use shared::trust::{self, Judgement, Pin, Told};

use super::link::Link;
use super::pins::Record;

/// The obstacle about which a person has to decide before anything goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// The server's key is not the one that it must have.
    KeyChanged {
        /// The key that it must have.
        expected: Fingerprint,
        /// The source of the expected key.
        by: Expected,
        /// The key that the server has shown.
        presented: Fingerprint,
    },
    /// The link that opened the page names another key than the pinned one.
    LinkContradicts {
        /// The pinned fingerprint.
        pinned: Fingerprint,
        /// The fingerprint that the link names.
        link: Fingerprint,
    },
    /// A higher version was spoken with this server before.
    VersionFloor {
        /// The server's pin, which records the version.
        pin: Pin,
        /// The version that was chosen now.
        chosen: Version,
    },
    /// The record of this server is damaged: it is no pin any more.
    PinDamaged {
        /// The damage, for people.
        why: String,
    },
}

/// The source of an expected key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// The pin of the server.
    Pin,
    /// The link that opened the page.
    Link,
}

impl Block {
    /// Returns a word for style sheets and tests.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::KeyChanged { .. } => "key-changed",
            Self::LinkContradicts { .. } => "link-contradicts",
            Self::VersionFloor { .. } => "version-floor",
            Self::PinDamaged { .. } => "pin-damaged",
        }
    }

    /// Returns `true` if forgetting the link is a way out.
    pub const fn is_by_link(&self) -> bool {
        matches!(
            self,
            Self::LinkContradicts { .. }
                | Self::KeyChanged {
                    by: Expected::Link,
                    ..
                }
        )
    }
}

/// Decides about an attempt: which key its connection may accept, or why there is none.
///
/// `record` is the record of the server. `link` is the fingerprint in the page's link, if the link
/// is about this server.
///
/// # Errors
/// [`Block`].
pub fn judge(
    record: Option<&Record>,
    link: Option<Fingerprint>,
    version: Version,
) -> Result<Trust, Block> {
    let pin = match record {
        None => None,
        Some(Record::Pin(pin)) => Some(pin),
        // A damaged record never counts as an unknown server: whoever can damage it would get a
        // first contact.
        Some(Record::Damaged(why)) => return Err(Block::PinDamaged { why: why.clone() }),
    };
    // The link does not overrule the pin: anybody can send a person a link.
    if let (Some(pin), Some(link)) = (pin, link)
        && pin.fingerprint != link
    {
        let pinned = pin.fingerprint;
        return Err(Block::LinkContradicts { pinned, link });
    }
    match (trust::judge(pin, version), link) {
        (Judgement::VersionFloor { pin }, _) => Err(Block::VersionFloor {
            pin,
            chosen: version,
        }),
        (Judgement::Connect(_), Some(link)) => Ok(Trust::Pinned(link)),
        (Judgement::Connect(trust), None) => Ok(trust),
    }
}

/// Returns the fingerprint that `link` names, if it is about this server. A link is about the
/// server that the page came from.
pub fn link_for(link: Option<Link>, own_server: bool) -> Option<Fingerprint> {
    link.filter(|_| own_server).and_then(Link::fingerprint)
}

/// Compares a server's key with what a person was told: words, a fingerprint, or a link with one.
///
/// # Errors
/// The reason for which the text names no key, for people.
pub fn told(text: &str, key: &Fingerprint) -> Result<Told, String> {
    if text.trim().is_empty() {
        return Err("Type the eight words that you were told.".to_owned());
    }
    // Programs that pass links on may write the fingerprint with percent codes.
    let link = text
        .find("#pin=")
        .and_then(|at| Link::parse(text[at..].trim()));
    match link {
        Some(Link::Malformed) => Err("The link is damaged: ask for it again.".to_owned()),
        Some(Link::Pin(named)) if named == *key => Ok(Told::Same),
        Some(Link::Pin(_)) => Ok(Told::Another),
        None => trust::compare(text, key).map_err(|unclear| unclear.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::trust::UnixTime;

    fn key(name: &str) -> Fingerprint {
        Fingerprint::of_spki(name.as_bytes())
    }

    fn record(name: &str) -> Record {
        Record::Pin(Pin::new(key(name), UnixTime(1), Version::V2))
    }

    #[test]
    fn an_unknown_server_is_asked_for_its_key_first() {
        // v1 has no proof to ask for, and so no first contact.
        assert_eq!(judge(None, None, Version::V2), Ok(Trust::Learn));
        assert_eq!(judge(None, None, Version::V1), Ok(Trust::Any));
    }

    #[test]
    fn a_link_answers_ahead_of_time_and_confirms_a_pin() {
        let link = Some(key("a"));
        let expected = Ok(Trust::Pinned(key("a")));
        assert_eq!(judge(None, link, Version::V2), expected);
        assert_eq!(judge(None, link, Version::V1), expected);
        assert_eq!(judge(Some(&record("a")), link, Version::V2), expected);
    }

    #[test]
    fn a_link_never_replaces_a_pin() {
        // Anybody can send a person a link.
        for version in [Version::V1, Version::V2] {
            let judged = judge(Some(&record("a")), Some(key("b")), version);
            let expected = Block::LinkContradicts {
                pinned: key("a"),
                link: key("b"),
            };
            assert_eq!(judged, Err(expected));
        }
    }

    #[test]
    fn downgrade_to_v1_is_refused_with_a_link_too() {
        // The link names a key, and v1 proves none.
        for link in [None, Some(key("a"))] {
            let judged = judge(Some(&record("a")), link, Version::V1);
            assert!(
                matches!(judged, Err(Block::VersionFloor { .. })),
                "{judged:?}"
            );
        }
    }

    #[test]
    fn a_damaged_pin_is_no_first_contact() {
        // Otherwise damaging a record would be a way to have any key accepted.
        let damaged = Record::Damaged("not a pin".into());
        for link in [None, Some(key("a"))] {
            let judged = judge(Some(&damaged), link, Version::V2);
            assert!(
                matches!(judged, Err(Block::PinDamaged { .. })),
                "{judged:?}"
            );
        }
    }

    #[test]
    fn what_was_told_is_words_a_fingerprint_or_a_link() {
        let own = key("a").to_string();
        let link = format!(" https://chat.example/#pin={own}\n");
        for text in [
            trust::words(&key("a")).to_string(),
            own.clone(),
            link.clone(),
            link.replace('+', "%2B")
                .replace(':', "%3A")
                .replace('/', "%2F"),
        ] {
            // The codes of the slashes are in the whole link: only its fragment is decoded.
            assert_eq!(told(&text, &key("a")), Ok(Told::Same), "{text}");
            assert_eq!(told(&text, &key("b")), Ok(Told::Another), "{text}");
        }
        for text in ["", "yes", "https://chat.example/#pin=SHA256:abc"] {
            assert!(told(text, &key("a")).is_err(), "{text}");
        }
    }

    #[test]
    fn a_link_is_about_the_pages_own_server_only() {
        let link = Some(Link::Pin(key("a")));
        assert_eq!(link_for(link, true), Some(key("a")));
        assert_eq!(link_for(link, false), None);
        assert_eq!(link_for(Some(Link::Malformed), true), None);
    }
}
