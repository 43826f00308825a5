//! A link that names the server's key ahead of time: `…/#pin=SHA256:…`.
//!
//! Pure: text in, fingerprint out. Browsers never send the part after `#` to any server, so the
//! link can come to a person by another way than the page itself.

use shared::chat::{ClaimCode, InvitationCode, RoomId, RoomName};
use shared::identity::Fingerprint;

use super::panel::Panel;

const KEY: &str = "#pin=";

/// The start of a claim link's fragment: the first person who opens the link becomes an operator.
const CLAIM: &str = "#claim=";

/// Returns the code in the fragment of the page's address, with its `#`, if it is a claim link's.
pub fn claim(fragment: &str) -> Option<ClaimCode> {
    let code = fragment.strip_prefix(CLAIM)?;
    code.to_owned().try_into().ok()
}

/// Before the code of an invitation link.
const INVITATION: &str = "#invitation=";

/// Returns the code in the fragment of the page's address, if it is an invitation link's.
pub fn invitation(fragment: &str) -> Option<InvitationCode> {
    let code = fragment.strip_prefix(INVITATION)?;
    code.to_owned().try_into().ok()
}

/// Returns the link to the page at `origin` that admits its bearer.
pub fn to_invite(origin: &str, code: &InvitationCode) -> String {
    format!("{origin}/{INVITATION}{}", code.as_str())
}

const ROOM: &str = "room=";
const PANEL: &str = "panel=";
/// The short address of the inspector.
const INSPECT: &str = "inspect";

/// The part of the chat that the page's address names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// The room on the screen.
    pub room: RoomId,
    /// The panel beside its log.
    pub panel: Option<Panel>,
}

impl View {
    /// Parses the fragment of the page's address, with its `#`; `None` if it is about something
    /// else. Without a name, the room is the lobby.
    pub fn parse(fragment: &str) -> Option<Self> {
        let mut view = Self {
            room: RoomName::lobby().into(),
            panel: None,
        };
        if fragment.is_empty() {
            return Some(view);
        }
        for part in fragment.strip_prefix('#')?.split('&') {
            if let Some(name) = part.strip_prefix(ROOM) {
                // In the form that the protocol gives to rooms with names and to those of two.
                view.room = RoomId::from_stored(&decode(name)?).ok()?;
            } else if part == INSPECT {
                view.panel = Some(Panel::Inspector);
            } else {
                view.panel = Some(Panel::parse(part.strip_prefix(PANEL)?)?);
            }
        }
        Some(view)
    }

    /// Returns the fragment that names this part; empty for the lobby alone.
    pub fn to_fragment(&self) -> String {
        let mut parts = Vec::new();
        if self.room != RoomName::lobby().into() {
            parts.push(format!("{ROOM}{}", encode(&self.room.to_string())));
        }
        if let Some(panel) = self.panel {
            parts.push(format!("{PANEL}{}", panel.as_str()));
        }
        if parts.is_empty() {
            String::new()
        } else {
            format!("#{}", parts.join("&"))
        }
    }
}

/// Returns `name` with percent codes for all but the unreserved characters (RFC 3986 §2.3) and the
/// sign that rooms of two begin with.
fn encode(name: &str) -> String {
    let mut encoded = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let digit = |half: u8| char::from(b"0123456789ABCDEF"[usize::from(half)]);
            encoded.extend(['%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
    encoded
}

/// The statement of the page's address about its server's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// The server must have this key.
    Pin(Fingerprint),
    /// The link should name a key, but cannot be parsed. Kept apart from no link at all: the person
    /// must learn that the protection of the link is missing.
    Malformed,
}

impl Link {
    /// Parses the fragment of the page's address, with its `#`; `None` if it is about something
    /// else.
    pub fn parse(fragment: &str) -> Option<Self> {
        let pin = fragment.strip_prefix(KEY)?;
        // Programs that pass links on may write `+`, `/` and `:` as percent codes.
        let fingerprint = decode(pin).and_then(|pin| pin.parse().ok());
        Some(fingerprint.map_or(Self::Malformed, Self::Pin))
    }

    /// Returns the fingerprint in the link.
    pub fn fingerprint(self) -> Option<Fingerprint> {
        match self {
            Self::Pin(fingerprint) => Some(fingerprint),
            Self::Malformed => None,
        }
    }
}

/// Returns the link to the page at `origin` (like `https://chat.example`) for a server with this
/// key.
pub fn to_page(origin: &str, fingerprint: &Fingerprint) -> String {
    format!("{origin}/{KEY}{fingerprint}")
}

/// Decodes percent codes (RFC 3986 §2.1) of UTF-8.
fn decode(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut decoded = parts.next()?.as_bytes().to_vec();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2)?;
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        decoded.push(u8::from_str_radix(digits, 16).ok()?);
        decoded.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(decoded).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inspector_has_a_short_address() {
        let view = View::parse("#inspect").unwrap();
        assert_eq!(view.panel, Some(Panel::Inspector));
        assert_eq!(view.to_fragment(), "#panel=inspect");
        assert_eq!(View::parse("#inspected"), None);
    }

    const TEXT: &str = "SHA256:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0";

    #[test]
    fn a_claim_link_has_its_code() {
        assert!(claim("#claim=abc-_9").is_some());
        for other in ["#claim=", "#claim=a b", "#pin=x", ""] {
            assert!(claim(other).is_none(), "{other}");
        }
    }

    #[test]
    fn an_invitation_link_is_read_as_it_was_made() {
        let code = InvitationCode::try_from("abc-_9".to_owned()).unwrap();
        let link = to_invite("https://chat.example", &code);
        let fragment = &link[link.find('#').unwrap()..];
        assert_eq!(invitation(fragment), Some(code));
        assert_eq!(invitation("#invitation=a b"), None);
        assert_eq!(invitation("#claim=abc"), None);
    }

    #[test]
    fn a_link_is_read_as_it_was_made() {
        let fingerprint = TEXT.parse().unwrap();
        let link = to_page("https://chat.example", &fingerprint);
        assert_eq!(link, format!("https://chat.example/#pin={TEXT}"));
        let fragment = &link[link.find('#').unwrap()..];
        assert_eq!(Link::parse(fragment), Some(Link::Pin(fingerprint)));
        let encoded = TEXT
            .replace(':', "%3A")
            .replace('+', "%2b")
            .replace('/', "%2F");
        assert_eq!(
            Link::parse(&format!("#pin={encoded}")),
            Some(Link::Pin(fingerprint))
        );
    }

    #[test]
    fn what_cannot_be_read_is_told_and_what_is_no_pin_is_left_alone() {
        // A damaged link must not pin a key that is one letter off, and must not pass for no link.
        for damaged in [
            "",
            "SHA256:",
            "SHA256:short",
            &TEXT[..TEXT.len() - 1],
            &TEXT.replace("SHA256", "MD5"),
            &format!("{TEXT}="),
            &format!("{TEXT}%"),
            &format!("{TEXT}%2"),
            &TEXT.replace('+', "%+b"),
            &TEXT.replace('+', "%e4"),
            &TEXT.replace('+', "%ä"),
            &TEXT.replace('+', " "),
        ] {
            let link = Link::parse(&format!("#pin={damaged}"));
            assert_eq!(link, Some(Link::Malformed), "{damaged}");
        }
        for other in ["", "#", "#main", "#pin", "#spin=x"] {
            assert_eq!(Link::parse(other), None, "{other}");
        }
    }

    #[test]
    fn rooms_and_panels_have_addresses() {
        let named = |name: &str| RoomId::from(RoomName::parse(name).unwrap());
        for name in ["den", "größe", "名前", "a-b_c.d", "lobby"] {
            for panel in [None, Some(Panel::Search), Some(Panel::Members)] {
                let room = named(name);
                let view = View { room, panel };
                let fragment = view.to_fragment();
                assert!(fragment.is_ascii(), "{fragment}");
                assert_eq!(View::parse(&fragment), Some(view), "{fragment}");
            }
        }
        let lobby = View::parse("").unwrap();
        assert_eq!(lobby.room, named("lobby"));
        assert_eq!(lobby.to_fragment(), "");
        for other in [
            "#",
            "#room=",
            "#room=a b",
            "#room=%ff",
            "#room=%",
            "#room=den&panel=attic",
            "#room=den&main",
            "#panel=",
            "#pin=x",
            "#x",
        ] {
            assert_eq!(View::parse(other), None, "{other}");
        }
    }
}
