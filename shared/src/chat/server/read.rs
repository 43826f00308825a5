//! Reads a server's message with little code: for programs that are downloaded.
//!
//! serde reads types that name their own variant (`tag`) or have another's fields (`flatten`) by a
//! detour over values of any type, with code for each field of each variant: an eighth of the page.
//! Here it is a line for each. The tests compare both, field by field.

use crate::chat::entry::{Entry, Event};
use crate::chat::operator::{Ban, Banned, OperatorAnswer, ServerStatus};
use crate::chat::room::Topic;
use crate::chat::text::Text;
use crate::chat::{Emoji, ServerMessage};
use crate::json::{self, Error, Fields};

use super::RoomEntry;

impl ServerMessage {
    /// Reads a message from its JSON, as [`serde::Deserialize`] does.
    ///
    /// # Errors
    /// [`Error`], if the text is no message that this version knows.
    pub fn read(json: &str) -> Result<Self, Error> {
        message(json::read_object(json)?)
    }
}

#[allow(clippy::too_many_lines, reason = "one for each field of each message")]
fn message(mut fields: Fields) -> Result<ServerMessage, Error> {
    use ServerMessage as M;

    let it = &mut fields;
    Ok(match it.take::<String>("type")?.as_str() {
        "welcome" => M::Welcome {
            you: it.take("you")?,
            server: it.take("server")?,
            rooms: it.take("rooms")?,
            more: it.take_or_default("more")?,
            operator: it.take_or_default("operator")?,
            limits: it.take("limits")?,
        },
        "waiting" => M::Waiting {
            admission: it.take("admission")?,
        },
        "admitted" => M::Admitted,
        "joined" => M::Joined {
            room: it.take("room")?,
            topic: Topic::from_stored(&it.take::<String>("topic")?),
            private: it.take("private")?,
            members: it.take("members")?,
            count: it.take_or_default("count")?,
            more: it.take_or_default("more")?,
            role: it.take_or_default("role")?,
            head: it.take("head")?,
            read: it.take("read")?,
            keep: it.take_or_default("keep")?,
            gone: it.take_or_default("gone")?,
        },
        "rooms" => M::Rooms {
            rooms: it.take("rooms")?,
            find: it.take_or_default("find")?,
            more: it.take("more")?,
        },
        "members" => M::Members {
            room: it.take("room")?,
            members: it.take("members")?,
            count: it.take("count")?,
            more: it.take("more")?,
        },
        "roster" => M::Roster {
            room: it.take("room")?,
            count: it.take("count")?,
        },
        "renamed" => M::Renamed {
            room: it.take("room")?,
            to: it.take("to")?,
        },
        "done" => M::Done {
            about: it.take("for")?,
        },
        "left" => M::Left {
            room: it.take("room")?,
            closed: it.take_or_default("closed")?,
        },
        "page" => M::Page {
            room: it.take("room")?,
            entries: it.list("entries", entry)?,
        },
        "ack" => M::Ack {
            id: it.take("id")?,
            room: it.take("room")?,
            seq: it.take("seq")?,
            at: it.take("at")?,
        },
        "member" => M::Member {
            room: it.take("room")?,
            member: it.take("member")?,
            change: it.take("change")?,
        },
        "room" => M::Room {
            room: it.take("room")?,
        },
        "invited" => M::Invited {
            room: it.take("room")?,
            by: it.take("by")?,
        },
        "typing" => M::Typing {
            room: it.take("room")?,
            from: it.take("from")?,
        },
        "read" => M::Read {
            room: it.take("room")?,
            seq: it.take("seq")?,
            back: it.take_or_default("back")?,
        },
        "found" => found(it)?,
        "operator" => M::Operator(answer(fields)?),
        "notice" => M::Notice {
            text: it.take("text")?,
        },
        "error" => M::Error {
            code: it.take("code")?,
            message: it.take("message")?,
            retry_after: it.take_or_default("retry_after")?,
            about: it.take_or_default("for")?,
        },
        "pong" => M::Pong,
        kind => M::Entry(RoomEntry {
            room: it.take("room")?,
            entry: entry_of(kind, it)?,
        }),
    })
}

// Functions of their own in the program, too, as are `answer` and `ban`: the page has them in its later
// part.
#[inline(never)]
fn found(it: &mut Fields) -> Result<ServerMessage, Error> {
    Ok(ServerMessage::Found {
        query: it.take("query")?,
        room: it.take_or_default("room")?,
        entries: it.list("entries", room_entry)?,
        more: it.take("more")?,
        next: it.take_or_default("next")?,
    })
}

fn room_entry(mut fields: Fields) -> Result<RoomEntry, Error> {
    Ok(RoomEntry {
        room: fields.take("room")?,
        entry: entry(fields)?,
    })
}

fn entry(mut fields: Fields) -> Result<Entry, Error> {
    let kind: String = fields.take("type")?;
    entry_of(&kind, &mut fields)
}

fn entry_of(kind: &str, it: &mut Fields) -> Result<Entry, Error> {
    Ok(Entry {
        seq: it.take("seq")?,
        id: it.take("id")?,
        from: it.take("from")?,
        at: it.take("at")?,
        event: event(kind, it)?,
    })
}

fn event(kind: &str, it: &mut Fields) -> Result<Event, Error> {
    Ok(match kind {
        "message" => Event::Message {
            text: stored_text(it)?,
            reply_to: it.take_or_default("reply_to")?,
        },
        "edited" => Event::Edited {
            of: it.take("of")?,
            text: stored_text(it)?,
        },
        "deleted" => Event::Deleted { of: it.take("of")? },
        "reacted" => Event::Reacted {
            of: it.take("of")?,
            emoji: Emoji::from_stored(&it.take::<String>("emoji")?).map_err(|_| Error::Value)?,
            on: it.take("on")?,
        },
        _ => return Err(Error::Value),
    })
}

fn stored_text(it: &mut Fields) -> Result<Option<Text>, Error> {
    let text: Option<String> = it.take_or_default("text")?;
    let text = text.map(|text| Text::from_stored(&text));
    text.transpose().map_err(|_| Error::Value)
}

#[inline(never)]
fn answer(mut fields: Fields) -> Result<OperatorAnswer, Error> {
    use OperatorAnswer as A;

    let it = &mut fields;
    Ok(match it.take::<String>("answer")?.as_str() {
        "granted" => A::Granted,
        "revoked" => A::Revoked,
        "status" => A::Status(fields.rest::<ServerStatus>()?),
        "connections" => A::Connections {
            connections: it.take("connections")?,
            more: it.take("more")?,
        },
        "log" => A::Log {
            lines: it.take("lines")?,
            missed: it.take("missed")?,
        },
        "bans" => A::Bans {
            bans: it.list("bans", ban)?,
            more: it.take("more")?,
        },
        "rooms" => A::Rooms {
            rooms: it.take("rooms")?,
            more: it.take("more")?,
        },
        "operators" => A::Operators {
            operators: it.take("operators")?,
        },
        "applicants" => A::Applicants {
            applicants: it.take("applicants")?,
            more: it.take("more")?,
        },
        "invitation" => A::Invitation {
            code: it.take("code")?,
            invitation: it.take("invitation")?,
        },
        "invitations" => A::Invitations {
            invitations: it.take("invitations")?,
        },
        "done" => A::Done,
        _ => return Err(Error::Value),
    })
}

#[inline(never)]
fn ban(mut fields: Fields) -> Result<Ban, Error> {
    let it = &mut fields;
    Ok(Ban {
        who: match it.take_or_default("user")? {
            Some(user) => Banned::User(user),
            None => Banned::Address(it.take("address")?),
        },
        reason: it.take_or_default("reason")?,
        at: it.take("at")?,
        by: it.take("by")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::portable_test;

    const USER: &str = "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU";
    const ID: &str = "abababab-abab-4bab-abab-abababababab";
    const AT: &str = "2026-11-24T03:45:00.000Z";

    /// Returns a message of every kind, and of every kind of answer and entry, with all fields.
    fn messages() -> Vec<String> {
        let anna = format!(r#"{{"id":"{USER}","name":"anna"}}"#);
        let member = format!(r#"{{"id":"{USER}","name":"anna","online":true,"role":"owner"}}"#);
        let room = format!(
            r#"{{"room":"den","topic":"t","private":true,"keep":{{"days":3}},"joined":true,"head":3,"read":2,"with":{anna}}}"#
        );
        let head = format!(r#""seq":7,"id":"{ID}","from":{anna},"at":"{AT}""#);
        let entries = [
            format!(r#"{head},"type":"message","text":"hi","reply_to":3"#),
            format!(r#"{head},"type":"edited","of":3,"text":"ho""#),
            format!(r#"{head},"type":"deleted","of":3"#),
            format!(r#"{head},"type":"reacted","of":3,"emoji":"👍","on":true"#),
        ];
        let [said, edited, deleted, reacted] = &entries;
        let limits = r#"{"text_bytes":1,"sends_per_minute":2,"joins_per_minute":3,"creates_per_minute":4,"asks_per_minute":5,"handshakes_per_minute":6,"max_rooms":7,"keep":"nothing","new_keys_wait":8}"#;
        let connection = format!(
            r#"{{"connection":1,"address":"::1","transport":"ws","version":"v2","id":"{USER}","name":"anna","since":"{AT}","bytes_in":1,"bytes_out":2}}"#
        );
        let invitation = format!(r#"{{"number":1,"uses":2,"expires":"{AT}","by":"{USER}"}}"#);
        let applicant =
            format!(r#"{{"id":"{USER}","name":"anna","address":"::1","since":"{AT}"}}"#);
        let mut all = vec![
            format!(
                r#""type":"welcome","you":{anna},"server":"s","rooms":[{room}],"more":true,"operator":true,"limits":{{"text_bytes":1,"page_entries":2}}"#
            ),
            r#""type":"waiting","admission":"approval""#.into(),
            r#""type":"admitted""#.into(),
            format!(
                r#""type":"joined","room":"den","topic":"t","private":true,"members":[{member}],"count":1,"more":true,"role":"moderator","head":9,"read":8,"keep":"nothing","gone":1"#
            ),
            format!(r#""type":"rooms","rooms":[{room}],"find":"de","more":true"#),
            format!(r#""type":"members","room":"den","members":[{member}],"count":1,"more":true"#),
            r#""type":"roster","room":"den","count":1"#.into(),
            r#""type":"renamed","room":"den","to":"hall""#.into(),
            r#""type":"done","for":"den""#.into(),
            r#""type":"left","room":"den","closed":true"#.into(),
            format!(
                r#""type":"page","room":"den","entries":[{{{said}}},{{{edited}}},{{{deleted}}},{{{reacted}}}]"#
            ),
            format!(r#""type":"ack","id":"{ID}","room":"den","seq":1,"at":"{AT}""#),
            format!(r#""type":"member","room":"den","member":{member},"change":"renamed""#),
            format!(r#""type":"room","room":{room}"#),
            format!(r#""type":"invited","room":{room},"by":{anna}"#),
            format!(r#""type":"typing","room":"den","from":{anna}"#),
            r#""type":"read","room":"den","seq":1"#.into(),
            format!(
                r#""type":"found","query":"hi","room":"den","entries":[{{"room":"den",{said}}}],"more":true,"next":{{"room":"den","seq":1,"at":"{AT}"}}"#
            ),
            r#""type":"notice","text":"t""#.into(),
            r#""type":"error","code":"forbidden","message":"m","retry_after":1,"for":"den""#.into(),
            r#""type":"error","code":"out_of_coffee","message":"m""#.into(),
            r#""type":"pong""#.into(),
            r#""type":"dance","room":"den""#.into(),
        ];
        all.extend(entries.iter().map(|it| format!(r#""room":"den",{it}"#)));
        let answers = [
            r#""answer":"granted""#.into(),
            r#""answer":"revoked""#.into(),
            format!(
                r#""answer":"status","listening":true,"started":"{AT}","connections":1,"max_connections":2,"max_connections_per_address":3,"log_plaintext":true,"admission":"open","applicants":1,"limits":{limits}"#
            ),
            format!(r#""answer":"connections","connections":[{connection}],"more":true"#),
            format!(
                r#""answer":"log","lines":[{{"at":"{AT}","level":"warn","text":"t"}}],"missed":1"#
            ),
            format!(
                r#""answer":"bans","bans":[{{"user":"{USER}","reason":"r","at":"{AT}","by":"{USER}"}},{{"address":"::1","at":"{AT}","by":"{USER}"}}],"more":true"#
            ),
            format!(
                r#""answer":"rooms","rooms":[{{"room":"den","private":true,"members":1,"head":2,"owner":{anna}}}],"more":true"#
            ),
            format!(r#""answer":"operators","operators":[{anna}]"#),
            format!(r#""answer":"applicants","applicants":[{applicant}],"more":true"#),
            format!(
                r#""answer":"invitation","code":"YWJjZGVmZ2hpamtsbW5vcA","invitation":{invitation}"#
            ),
            format!(r#""answer":"invitations","invitations":[{invitation}]"#),
            r#""answer":"done""#.into(),
            r#""answer":"dance""#.into(),
        ];
        all.extend(answers.map(|it| format!(r#""type":"operator",{it}"#)));
        all.iter().map(|it| format!("{{{it}}}")).collect()
    }

    /// Returns the name of the variant, so that a new one is missed here.
    fn kind(message: &ServerMessage) -> &'static str {
        use OperatorAnswer as A;
        use ServerMessage as M;

        match message {
            M::Welcome { .. } => "welcome",
            M::Waiting { .. } => "waiting",
            M::Admitted => "admitted",
            M::Joined { .. } => "joined",
            M::Rooms { .. } => "rooms",
            M::Members { .. } => "members",
            M::Roster { .. } => "roster",
            M::Renamed { .. } => "renamed",
            M::Done { .. } => "done",
            M::Left { .. } => "left",
            M::Page { .. } => "page",
            M::Ack { .. } => "ack",
            M::Member { .. } => "member",
            M::Room { .. } => "room",
            M::Invited { .. } => "invited",
            M::Typing { .. } => "typing",
            M::Read { .. } => "read",
            M::Found { .. } => "found",
            M::Notice { .. } => "notice",
            M::Error { .. } => "error",
            M::Pong => "pong",
            M::Operator(answer) => match answer {
                A::Granted => "granted",
                A::Revoked => "revoked",
                A::Status(_) => "status",
                A::Connections { .. } => "connections",
                A::Log { .. } => "log",
                A::Bans { .. } => "bans",
                A::Rooms { .. } => "all rooms",
                A::Operators { .. } => "operators",
                A::Applicants { .. } => "applicants",
                A::Invitation { .. } => "invitation",
                A::Invitations { .. } => "invitations",
                A::Done => "carried out",
            },
            M::Entry(RoomEntry { entry, .. }) => match entry.event {
                Event::Message { .. } => "message",
                Event::Edited { .. } => "edited",
                Event::Deleted { .. } => "deleted",
                Event::Reacted { .. } => "reacted",
            },
        }
    }

    fn by_serde(json: &str) -> Option<ServerMessage> {
        serde_json::from_str(json).ok()
    }

    portable_test! {
        fn every_message_is_read_as_serde_reads_it() {
            let mut kinds = std::collections::BTreeSet::new();
            for json in messages() {
                let message = ServerMessage::read(&json).ok();
                assert_eq!(message, by_serde(&json), "{json}");
                kinds.extend(message.as_ref().map(kind));
            }
            assert_eq!(kinds.len(), 21 + 12 + 4, "{kinds:?}");
        }

        // With each field left out, there twice, empty, of another type, and wrong.
        fn whatever_is_wrong_with_a_message_is_wrong_for_both() {
            for json in messages() {
                let value: serde_json::Value = serde_json::from_str(&json).unwrap();
                for (name, field) in value.as_object().unwrap() {
                    let mut without = value.clone();
                    without.as_object_mut().unwrap().remove(name);
                    let twice = format!("{},{:?}:{field}}}", json.strip_suffix('}').unwrap(), name);
                    let mut others = vec![without.to_string(), twice];
                    // serde takes the number of a variant for its name, and no document says so.
                    let is_tag = matches!(name.as_str(), "type" | "answer");
                    for other in ["null", "true", "7", "-7", "1.5", "\"\"", "\"x y\"", "[]", "[1]", "{}", "{\"a\":1}"] {
                        if is_tag && other == "7" {
                            continue;
                        }
                        let mut changed = value.clone();
                        changed[name] = serde_json::from_str(other).unwrap();
                        others.push(changed.to_string());
                    }
                    for other in others {
                        assert_eq!(ServerMessage::read(&other).ok(), by_serde(&other), "{other}");
                    }
                }
            }
        }
    }
}
