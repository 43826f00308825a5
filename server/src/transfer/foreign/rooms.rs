//! Puts gathered rooms into the history.

use std::collections::HashSet;

use sha2::{Digest, Sha256};
use shared::chat::{
    Author, Emoji, Entry, Event, Keep, MessageId, Role, RoomId, RoomName, Seq, Topic, UserId,
};

use super::super::error::{ImportError, Problem};
use super::super::import::{Options, Report};
use super::archive::wrong;
use super::gathered::{Content, Gathered, GatheredRoom, Item};
use super::texts;
use crate::store::{Import, InsertError};

/// Puts all rooms into the history.
pub(super) fn fill(
    gathered: &Gathered,
    import: &mut Import<'_>,
    options: &Options,
    report: &mut Report,
) -> Result<(), ImportError> {
    let owner = options.owner.as_deref().map(|who| owner(who, import));
    let owner = owner.transpose()?;
    let mut names = RoomNames::default();
    let mut missing: HashSet<&RoomId> = options.renamed.keys().collect();
    for (number, room) in gathered.rooms.iter().enumerate() {
        let told = RoomId::from(names.give(room));
        missing.remove(&told);
        let renamed = options.renamed.get(&told).cloned();
        let id = renamed.map_or(told, RoomId::from);
        if room.private && owner.is_none() {
            report.note("private rooms were left out, because there is no --owner to enter them");
            continue;
        }
        if options.skip_existing && import.is_in_use(&id)? {
            report.note(format!("the room {id} has entries here and was left out"));
            continue;
        }
        fill_room(gathered, number, room, &id, owner, import, report)?;
    }
    match missing.into_iter().min() {
        Some(room) => Err(ImportError::NothingToRename(room.clone())),
        None => Ok(()),
    }
}

/// Returns the person who owns what is imported.
fn owner(who: &str, import: &Import<'_>) -> Result<UserId, ImportError> {
    if let Ok(user) = UserId::parse(who) {
        return Ok(user);
    }
    let names = import.names()?;
    let found = names.iter().find(|(_, name)| name.as_str() == who);
    let found = found.map(|(user, _)| *user);
    found.ok_or_else(|| ImportError::NoSuchOwner(who.to_owned()))
}

fn fill_room(
    gathered: &Gathered,
    number: usize,
    room: &GatheredRoom,
    id: &RoomId,
    owner: Option<UserId>,
    import: &mut Import<'_>,
    report: &mut Report,
) -> Result<(), ImportError> {
    let place = format!("the room {}", room.id);
    let stored = |error| wrong(&place, Problem::Insert(error));
    let topic = Topic::from_stored(&room.topic);
    let mut topic = Some(topic);
    let mut seq = 0;
    gathered.each(number, |item| {
        for entry in entries(gathered, number, room, &item, seq + 1, report)? {
            // With its first entry: a room without any would end at the next start.
            if let Some(topic) = topic.take() {
                let made = import.room(id, topic, room.private, Keep::Forever);
                made.map_err(stored)?;
            }
            match import.entry(id, entry) {
                Ok(()) => seq += 1,
                // Other programs have other bounds.
                Err(InsertError::Bound(bound)) => {
                    report.note(format!("left out: {bound}"));
                }
                // Of one person in two skin tones, which are one reaction here.
                Err(InsertError::DuplicateId) if matches!(item.content, Content::Reaction(_)) => {
                    report.note("reactions of one person that are the same here were joined");
                }
                Err(error) => return Err(stored(error)),
            }
        }
        Ok(())
    })?;
    if seq == 0 {
        report.note("rooms without messages were left out");
        return Ok(());
    }
    if let Some(owner) = owner {
        import.role(id, owner, Role::Owner).map_err(stored)?;
        if room.private {
            import.member(id, owner, seq).map_err(stored)?;
        }
    }
    report.rooms += 1;
    report.entries += seq;
    Ok(())
}

/// Returns the entries of an item, of which the first has the number `seq`.
fn entries(
    gathered: &Gathered,
    number: usize,
    room: &GatheredRoom,
    item: &Item,
    seq: Seq,
    report: &mut Report,
) -> Result<Vec<Entry>, ImportError> {
    let Some(person) = gathered.people.get(item.writer) else {
        return Ok(Vec::new());
    };
    let mut events = Vec::new();
    match &item.content {
        Content::Message { text, parent } => {
            let parent = parent.as_deref().map(|parent| gathered.seq(number, parent));
            let mut reply_to = parent.transpose()?.flatten();
            for text in texts::parts(text) {
                events.push(Event::Message {
                    text: Some(text),
                    reply_to: reply_to.take(),
                });
            }
            if events.is_empty() {
                report.note("messages without a text were left out");
                return Ok(Vec::new());
            }
            gathered.set_seq(number, &item.key, seq)?;
        }
        Content::Reaction(emoji) => {
            let of = gathered.seq(number, &item.key)?;
            let Some((of, emoji)) = of.zip(Emoji::parse(emoji).ok()) else {
                report.note("reactions to messages that were left out");
                return Ok(Vec::new());
            };
            let on = true;
            events.push(Event::Reacted { of, emoji, on });
        }
    }
    let entry = |(part, event): (u64, Event)| Entry {
        seq: seq + part,
        id: message_id(gathered.source, &room.id, item, part),
        from: Author {
            id: person.id,
            name: person.name.clone(),
        },
        at: item.at,
        event,
    };
    Ok((0..).zip(events).map(entry).collect())
}

/// Returns the id of an entry: the same whenever the same export is imported.
fn message_id(source: &str, room: &str, item: &Item, part: u64) -> MessageId {
    let mut hash = Sha256::new();
    hash.update(b"SC imported entry\0");
    // Each with its length, so that no two have the same bytes.
    let emoji = match &item.content {
        Content::Message { .. } => "",
        Content::Reaction(emoji) => emoji,
    };
    for part in [source, room, &item.key, emoji] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.update(part.to_be_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.finalize()[..16]);
    MessageId::from_random(bytes)
}

/// Gives each room of an import a name that no other has, nor one that looks like it.
#[derive(Debug, Default)]
struct RoomNames(HashSet<String>);

impl RoomNames {
    fn give(&mut self, room: &GatheredRoom) -> RoomName {
        let mut candidates = room.names.iter().filter_map(|name| allowed(name));
        for name in candidates.clone() {
            if self.0.insert(name.skeleton()) {
                return name;
            }
        }
        let start = candidates
            .next_back()
            .map_or("imported".to_owned(), |name| name.to_string());
        let mut number = 2;
        loop {
            // Room for a number of any length.
            let start: String = start.chars().take(40).collect();
            if let Some(name) = allowed(&format!("{start}-{number}"))
                && self.0.insert(name.skeleton())
            {
                return name;
            }
            number += 1;
        }
    }
}

/// Returns a name with what a room's name cannot have replaced.
fn allowed(name: &str) -> Option<RoomName> {
    let is_allowed = |c: char| c.is_alphanumeric() || "-_.".contains(c);
    let clean: String = name
        .chars()
        .take(shared::chat::limits::ROOM_NAME_CHARACTERS)
        .map(|c| if is_allowed(c) { c } else { '-' })
        .collect();
    let clean = clean.trim_matches(|c: char| !c.is_alphanumeric());
    let name = RoomName::parse(clean).ok();
    // Everybody is in the lobby; a room of a team is another one.
    name.filter(|name| *name != RoomName::lobby())
        .or_else(|| RoomName::parse(&format!("imported-{clean}")).ok())
}
