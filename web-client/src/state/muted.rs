//! The muted rooms of all accounts as the browser keeps them: a line each, of the server's address,
//! the fingerprint of the person's key and the room, with blanks between.
//!
//! Pure. They are a setting of the browser and no part of a tab's record: all tabs have the same, and
//! the list of rooms needs them before that record is read.

use client::outbox::Account;
use client::sorted::SortedSet;
use shared::chat::RoomId;

fn start(account: &Account) -> String {
    format!("{} {} ", account.server, account.key)
}

/// Returns the muted rooms of an account. Whatever is no line of it is passed over, because a browser's
/// storage may hold anything.
pub fn of(kept: &str, account: &Account) -> SortedSet<RoomId> {
    let start = start(account);
    let rooms = kept.lines().filter_map(|line| line.strip_prefix(&start));
    rooms
        .filter_map(|room| RoomId::from_stored(room).ok())
        .collect()
}

/// Returns what is to be kept when these are the muted rooms of an account. Lines of other accounts
/// stay as they are.
pub fn with(kept: &str, account: &Account, rooms: &SortedSet<RoomId>) -> String {
    let start = start(account);
    let mut lines: Vec<String> = kept
        .lines()
        .filter(|line| !line.starts_with(&start))
        .map(str::to_owned)
        .collect();
    lines.extend(rooms.iter().map(|room| format!("{start}{room}")));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(server: &str, key: &str) -> Account {
        Account {
            server: server.into(),
            key: key.into(),
        }
    }

    fn rooms(names: &[&str]) -> SortedSet<RoomId> {
        let rooms = names.iter().map(|name| RoomId::parse(name).unwrap());
        rooms.collect()
    }

    #[test]
    fn each_account_has_its_own() {
        let (ada, other) = (
            account("ws://a/ws", "SHA256:x"),
            account("ws://a/ws", "SHA256:y"),
        );
        let kept = with("", &ada, &rooms(&["den", "größe"]));
        let kept = with(&kept, &other, &rooms(&["attic"]));
        assert_eq!(of(&kept, &ada), rooms(&["den", "größe"]));
        assert_eq!(of(&kept, &other), rooms(&["attic"]));
        let kept = with(&kept, &ada, &rooms(&[]));
        assert_eq!(of(&kept, &ada), rooms(&[]));
        assert_eq!(kept, "ws://a/ws SHA256:y attic");
        assert_eq!(
            with(&kept, &other, &rooms(&[])),
            "",
            "nothing is left behind"
        );
    }

    #[test]
    fn what_is_no_line_mutes_nothing_and_is_left_alone() {
        let ada = account("ws://a/ws", "SHA256:x");
        let strange =
            "\u{0}\n\nws://a/ws\nws://a/ws SHA256:x \n[\"den\"]\nws://a/ws SHA256:x two words";
        assert_eq!(of("", &ada), rooms(&[]));
        assert_eq!(of(strange, &ada), rooms(&[]));
        let kept = with("another version's", &ada, &rooms(&["den"]));
        assert_eq!(kept, "another version's\nws://a/ws SHA256:x den");
    }
}
