//! The layers over the chat, which receive the keys while they are open.

use client::outbox::Writing;
use client::search::{self, Hit};
use client::{Chat, fuzzy};
use ratatui_textarea::TextArea;
use shared::chat::operator::{Banned, ConnectionInfo, Kicked};
use shared::chat::{Emoji, OperatorRequest, Query, RoomId, Seq};

/// The emoji that one key reacts with.
pub(crate) const REACTIONS: [&str; 8] = ["👍", "❤️", "😂", "🎉", "😮", "😢", "👀", "✅"];

/// The open layer.
#[derive(Default)]
pub(crate) enum Layer {
    /// No layer: keys write.
    #[default]
    Nothing,
    /// A picked message.
    Picked(Seq),
    /// The choice of a reaction to this message.
    React(Seq),
    /// The search for a room by its name.
    Switcher(Switcher),
    /// The search for a message.
    Finder(Finder),
    /// The operators' console.
    Console(Console),
    /// The list of keys, from this row on.
    Help(u16),
    /// A question before a step that cannot be undone.
    Confirm {
        /// The question that is shown first.
        question: String,
        /// The step that follows from yes.
        then: Then,
    },
}

/// The step that follows from yes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Then {
    /// Something is written into a room.
    Write(Writing),
    /// A request of the operator to the server.
    Operate(OperatorRequest),
}

/// A choice in a list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Choice(pub(crate) usize);

impl Choice {
    pub(crate) fn up(&mut self) {
        self.0 = self.0.saturating_sub(1);
    }

    pub(crate) fn down(&mut self, length: usize) {
        self.0 = (self.0 + 1).min(length.saturating_sub(1));
    }

    /// Returns the chosen item of a list, which may have become shorter.
    pub(crate) fn of<T>(self, list: &[T]) -> Option<&T> {
        list.get(self.0.min(list.len().saturating_sub(1)))
    }
}

/// The search for a room by its name.
#[derive(Default)]
pub(crate) struct Switcher {
    pub(crate) input: TextArea<'static>,
    pub(crate) choice: Choice,
}

impl Switcher {
    /// Returns the rooms whose name matches the typed text, best first.
    pub(crate) fn rooms(&self, chat: &Chat) -> Vec<RoomId> {
        let typed = self.input.lines().concat();
        let rooms = chat.rooms.values();
        let mut rooms: Vec<_> = rooms
            .filter_map(|room| {
                let label = room.label(false);
                let score = fuzzy::score(&typed, &label)?;
                // Label and id at the end, so that rooms that fit alike stand in the order of the
                // alphabet.
                Some((!room.is_joined(), -score, label, room.id.clone()))
            })
            .collect();
        rooms.sort();
        rooms.into_iter().map(|(.., id)| id).collect()
    }
}

/// The search for a message.
#[derive(Default)]
pub(crate) struct Finder {
    pub(crate) input: TextArea<'static>,
    pub(crate) choice: Choice,
}

impl Finder {
    /// Returns the query that was typed, if it is valid.
    pub(crate) fn query(&self) -> Option<Query> {
        Query::parse(&self.input.lines().concat()).ok()
    }

    /// Returns the messages that match, as far as this client knows them.
    pub(crate) fn hits(&self, chat: &Chat) -> Vec<Hit> {
        let query = self.query();
        query.map_or_else(Vec::new, |query| search::hits(chat, &query))
    }
}

/// A part of the operators' console.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Tab {
    /// The server's connections.
    #[default]
    Connections,
    /// The server's bans.
    Bans,
    /// The server's log.
    Log,
}

impl Tab {
    pub(crate) const ALL: [Self; 3] = [Self::Connections, Self::Bans, Self::Log];

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Connections => "Connections",
            Self::Bans => "Kept out",
            Self::Log => "Log",
        }
    }

    pub(crate) fn next(self) -> Self {
        match self {
            Self::Connections => Self::Bans,
            Self::Bans => Self::Log,
            Self::Log => Self::Connections,
        }
    }

    /// Returns the request that fills the tab when it is opened.
    pub(crate) fn request(self) -> OperatorRequest {
        match self {
            Self::Connections => OperatorRequest::Connections { after: None },
            Self::Bans => OperatorRequest::Bans { after: None },
            Self::Log => OperatorRequest::Log { follow: true },
        }
    }
}

/// The operators' console.
#[derive(Debug, Default)]
pub(crate) struct Console {
    pub(crate) tab: Tab,
    pub(crate) choice: Choice,
}

impl Console {
    /// Returns the chosen connection.
    pub(crate) fn connection<'a>(&self, chat: &'a Chat) -> Option<&'a ConnectionInfo> {
        let chosen = self.choice.of(&chat.operating.connections);
        chosen.filter(|_| self.tab == Tab::Connections)
    }

    /// Returns the length of the list to choose from.
    pub(crate) fn length(&self, chat: &Chat) -> usize {
        match self.tab {
            Tab::Connections => chat.operating.connections.len(),
            Tab::Bans => chat.operating.bans.len(),
            Tab::Log => chat.operating.log.len(),
        }
    }

    /// Returns the request of a key, with a question before it if the request harms somebody.
    pub(crate) fn request(
        &self,
        key: char,
        chat: &Chat,
    ) -> Option<(OperatorRequest, Option<String>)> {
        let listening = chat.operating.status.as_ref().map(|it| it.listening);
        let connection = self.connection(chat);
        let who = connection.map(|it| match &it.name {
            Some(name) => name.to_string(),
            None => it.address.clone(),
        });
        let asked = |verb: &str| who.as_ref().map(|who| format!("{verb} {who}?"));
        Some(match (key, self.tab) {
            ('s', _) if listening == Some(false) => (OperatorRequest::StartListeners, None),
            ('s', _) => (
                OperatorRequest::StopListeners,
                Some("End every session but the operators', and take no others?".to_owned()),
            ),
            ('r', _) => (self.tab.request(), None),
            ('k', Tab::Connections) => {
                let who = Kicked::Connection(connection?.connection);
                (
                    OperatorRequest::Kick { who },
                    asked("End the connection of"),
                )
            }
            ('b', Tab::Connections) => {
                let who = Banned::User(connection?.id?);
                let reason = String::new().into();
                (
                    OperatorRequest::Ban { who, reason },
                    asked("Keep out the key of"),
                )
            }
            ('a', Tab::Connections) => {
                // The server names addresses with their port; a ban is for the IP address alone.
                let address: std::net::SocketAddr = connection?.address.parse().ok()?;
                let who = Banned::Address(address.ip());
                let reason = String::new().into();
                (
                    OperatorRequest::Ban { who, reason },
                    asked("Keep out the address of"),
                )
            }
            ('u', Tab::Bans) => {
                let who = self.choice.of(&chat.operating.bans)?.who;
                (OperatorRequest::Unban { who }, None)
            }
            _ => return None,
        })
    }
}

/// Returns the reaction of a digit.
pub(crate) fn reaction(digit: char) -> Option<Emoji> {
    let number = digit.to_digit(10)?.checked_sub(1)?;
    let emoji = REACTIONS.get(usize::try_from(number).ok()?)?;
    Emoji::parse(emoji).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reaction_has_a_digit() {
        for (number, emoji) in REACTIONS.iter().enumerate() {
            let digit = char::from_digit(u32::try_from(number).unwrap() + 1, 10).unwrap();
            assert_eq!(reaction(digit).unwrap().as_str(), *emoji);
        }
        assert_eq!(reaction('0'), None);
        assert_eq!(reaction('9'), None);
        assert_eq!(reaction('x'), None);
    }

    #[test]
    fn a_choice_stays_in_its_list() {
        let mut choice = Choice::default();
        choice.up();
        assert_eq!(choice.of(&[1, 2, 3]), Some(&1));
        for _ in 0..5 {
            choice.down(3);
        }
        assert_eq!(choice.of(&[1, 2, 3]), Some(&3));
        assert_eq!(choice.of(&[1]), Some(&1), "it has become shorter");
        assert_eq!(choice.of::<u8>(&[]), None);
    }
}
