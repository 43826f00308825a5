//! The names of functions, and what they say of the part that a function is in.

/// The paths of the modules and functions that are in the later part: those of what a person opens
/// after entering, of v1, and of failures. A function is in the later part if its name contains one of
/// these as a whole path; `…` stands for any text.
pub(super) const LATER: [&str; 82] = [
    // Panels, dialogs, screens.
    "web_client::components::blocked",
    "web_client::components::browse",
    "web_client::components::chart",
    "web_client::components::chat::names",
    "web_client::components::composer::forms",
    "web_client::components::console_admission",
    "web_client::components::console_rooms",
    "web_client::components::first_contact::contradiction",
    "web_client::components::first_contact::question",
    "web_client::components::handshake",
    "web_client::components::identity",
    "web_client::components::inspector",
    "web_client::components::key_card",
    "web_client::components::member",
    "web_client::components::members",
    "web_client::components::message::former",
    "web_client::components::message::question",
    "web_client::components::new_room",
    "web_client::components::operator",
    "web_client::components::qr",
    "web_client::components::reaction_board",
    "web_client::components::room_settings",
    "web_client::components::save",
    "web_client::components::search",
    "web_client::components::settings",
    "web_client::components::shield::body",
    "web_client::components::sure",
    "web_client::components::switcher::dialogs",
    "web_client::components::switcher::step",
    "web_client::components::table",
    "web_client::components::verify",
    "web_client::components::waiting",
    "web_client::hooks::muted::keep",
    "web_client::hooks::recent_emoji",
    "web_client::engine::Engine>::compared",
    "web_client::engine::Engine>::remove_pin",
    "web_client::state::inspection::filter",
    "web_client::state::inspection::bytes",
    "web_client::state::inspection::keys",
    "web_client::state::inspection::summary",
    "web_client::state::muted::with",
    "web_client::state::qr",
    "qrcode",
    "client::Chat>::command",
    "client::browsing::Browsing>::rejection",
    "client::emoji",
    "client::formatting",
    "client::operating::Operating>::tell",
    "shared::chat::admission::AdmissionMode as serde_core::de",
    "shared::chat::admission::Invitation as serde_core::de",
    "shared::chat::operator…serde_core::de",
    "shared::chat::operator::request::OperatorRequest as core::clone::Clone",
    "list<shared::chat::operator",
    "shared::observe",
    "shared::chat::server::read::answer",
    "shared::chat::server::read::ban",
    "shared::chat::server::read::found",
    "shared::chat::search::fold",
    "shared::chat::search::pattern",
    "shared::trust::told",
    // What a tab that was closed has left.
    "web_client::engine::memory::Record as serde_core::de::Deserialize",
    "web_client::engine::memory::Memory>::look_for_left",
    // The older protocol.
    "shared::v1::client",
    // Sentences about failures of connections.
    "shared::error::Error as core::fmt::Display",
    // Products of numbers that only RSA keys above 2048 bits have.
    "crypto_bigint::uint::mul::karatsuba…<64usize",
    "crypto_bigint::uint::mul::karatsuba…<128usize",
    "crypto_bigint::uint::mul::karatsuba…<256usize",
    // Second 60 of a minute.
    "time::offset_date_time::OffsetDateTime>::is_valid_leap_second_stand_in",
    // The address of a server that has no name.
    "core::net::ip_addr::Ipv6Addr as core::fmt::Display",
    // Texts for failures of the program itself.
    "core::fmt::Debug",
    "core::str::slice_error_fail_rt",
    "char>::escape_debug_ext",
    "serde_json::error::ErrorCode as core::fmt::Display",
    "idb::error::Error as alloc::string::ToString",
    "der::error::ErrorKind as core::fmt::Display",
    "der::tag::Tag as core::fmt::Display",
    "shared::chat::room::InvalidRoom as core::fmt::Display",
    "rsa::errors::Error as core::fmt::Display",
    // Parts of Yew that the page has no use for, but the compiler does not know that.
    "yew::virtual_dom::vraw::VRaw",
    "yew::virtual_dom::vsuspense::VSuspense",
    "yew::dom_bundle::bsuspense",
    "yew::dom_bundle::braw",
];
/// The bytes from which on the name of a function counts. wasm-opt merges functions of the same
/// code, which are small, and the name of one of them says nothing of its callers.
const TELLING: usize = 400;
/// The same for a function of a module itself. It is seldom like another one, as instantiations of
/// generic code are.
const TELLING_OWN: usize = 100;

/// Returns whether the name of a function of so many bytes says that it is in the later part.
pub(super) fn is_later(name: &str, bytes: usize) -> bool {
    let own = name.trim_start_matches('<');
    let is_own = LATER.iter().any(|path| own.starts_with(path));
    bytes >= if is_own { TELLING_OWN } else { TELLING } && names_later(name)
}

fn names_later(name: &str) -> bool {
    let has = |path: &str| {
        name.match_indices(path).any(|(at, _)| {
            // Neither begins nor ends in the middle of a word.
            let before = name[..at].chars().next_back();
            let after = name[at + path.len()..].chars().next();
            !before.is_some_and(is_word) && !after.is_some_and(is_word)
        })
    };
    LATER.iter().any(|path| path.split('…').all(has))
}

pub(super) fn is_word(it: char) -> bool {
    it.is_alphanumeric() || it == '_'
}

/// Returns a name without the numbers of the compiler for crates: `shared[8bc4122169b64584]::v1`.
pub(super) fn plain(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    for part in name.split('[') {
        match part.split_once(']') {
            Some((number, rest)) if number.bytes().all(|it| it.is_ascii_hexdigit()) => {
                plain.push_str(rest);
            }
            _ if plain.is_empty() => plain.push_str(part),
            _ => plain.extend(["[", part]),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_compiler_lose_the_numbers_of_crates() {
        assert_eq!(
            plain("<client[f0c307c1a2a89f6e]::Chat>::hear::<[u8; 4]>"),
            "<client::Chat>::hear::<[u8; 4]>"
        );
    }

    #[test]
    fn only_whole_paths_are_in_the_later_part() {
        let later = "<yew::Scope<web_client::components::member::MemberRow>>::view";
        assert!(names_later(later));
        assert!(!names_later("web_client::components::membership::view"));
        assert!(names_later(
            "crypto_bigint::uint::mul::karatsuba::reduce::<64usize>"
        ));
        assert!(!names_later(
            "crypto_bigint::uint::mul::karatsuba::reduce::<32usize>"
        ));
    }

    #[test]
    fn a_small_function_counts_if_it_is_of_the_module_itself() {
        let own = "<web_client::components::member::MemberRow as yew::Html>::run::{closure#1}";
        let generic = "<yew::Scope<web_client::components::member::MemberRow>>::view";
        assert!(is_later(own, TELLING_OWN) && !is_later(own, TELLING_OWN - 1));
        assert!(is_later(generic, TELLING) && !is_later(generic, TELLING - 1));
        assert!(!is_later("web_client::components::log::view", TELLING));
    }
}
