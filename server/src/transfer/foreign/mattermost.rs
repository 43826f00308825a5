//! Mattermost's bulk export: lines of JSON, in the form that its bulk import reads
//! (<https://developers.mattermost.com/integrate/admin-guide/admin-bulk-data-format/>).

use std::collections::HashMap;
use std::io::BufRead;

use serde::Deserialize;

use super::super::error::{ImportError, Problem};
use super::super::import::Report;
use super::super::lines::{Lines, at};
use super::gathered::{Content, Gathered, GatheredRoom, Item, time};
use super::texts;

/// The version of Mattermost's format that is read.
pub(in super::super) const VERSION: u64 = 1;

/// The longest line, in bytes: a message has all of its answers in its line.
const MAX_THREAD_BYTES: usize = 64 * 1024 * 1024;

const SOURCE: &str = "mattermost";

#[derive(Deserialize)]
struct Line {
    #[serde(rename = "type")]
    kind: String,
    channel: Option<Channel>,
    user: Option<User>,
    post: Option<Post>,
}

#[derive(Deserialize)]
struct Channel {
    team: String,
    name: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    header: String,
    #[serde(default)]
    purpose: String,
}

#[derive(Deserialize)]
struct User {
    username: String,
}

#[derive(Deserialize)]
struct Post {
    team: String,
    channel: String,
    #[serde(flatten)]
    message: Message,
    #[serde(default)]
    replies: Option<Vec<Message>>,
}

/// A message or an answer to one.
#[derive(Deserialize)]
struct Message {
    user: String,
    #[serde(default, rename = "message")]
    text: String,
    create_at: i64,
    /// Empty for what a person wrote.
    #[serde(default, rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    reactions: Option<Vec<Reaction>>,
    #[serde(default)]
    attachments: Option<Vec<Attachment>>,
}

#[derive(Deserialize)]
struct Reaction {
    user: String,
    emoji_name: String,
    create_at: i64,
}

#[derive(Deserialize)]
struct Attachment {
    #[serde(default)]
    path: String,
}

/// Gathers all lines.
pub(super) fn gather(
    reader: impl BufRead,
    gathered: &mut Gathered,
    report: &mut Report,
) -> Result<(), ImportError> {
    gathered.source = SOURCE;
    let mut gathering = Gathering {
        gathered,
        report,
        channels: HashMap::new(),
        messages: 0,
    };
    let mut lines = Lines::new(reader, MAX_THREAD_BYTES);
    while let Some(line) = lines.next()? {
        if line.trim().is_empty() {
            continue;
        }
        let parsed = serde_json::from_str(line);
        let number = lines.number();
        let line: Line = parsed.map_err(|error| at(number, Problem::Json(error)))?;
        gathering.take(line, number)?;
    }
    Ok(())
}

struct Gathering<'a> {
    gathered: &'a mut Gathered,
    report: &'a mut Report,
    /// The numbers of the channels, by team and name.
    channels: HashMap<(String, String), usize>,
    messages: u64,
}

impl Gathering<'_> {
    fn take(&mut self, line: Line, number: u64) -> Result<(), ImportError> {
        let missing = || {
            at(
                number,
                Problem::Field(format!("there is no {:?}", line.kind)),
            )
        };
        match line.kind.as_str() {
            "channel" => self.channel(line.channel.ok_or_else(missing)?, number),
            "user" => {
                let user = line.user.ok_or_else(missing)?;
                self.gathered
                    .people
                    .add(SOURCE, &user.username, &user.username);
                Ok(())
            }
            "post" => self.post(line.post.ok_or_else(missing)?, number),
            "direct_channel" | "direct_post" => {
                // Nobody here has the keys of both, so nobody could read them.
                self.report
                    .note("direct messages and their rooms were left out");
                Ok(())
            }
            "version" | "team" => Ok(()),
            other => {
                self.report
                    .note(format!("lines of the kind {other:?} were left out"));
                Ok(())
            }
        }
    }

    fn channel(&mut self, channel: Channel, number: u64) -> Result<(), ImportError> {
        let private = match channel.kind.as_str() {
            "O" => false,
            "P" => true,
            other => {
                let problem = Problem::Field(format!("{other:?} is no kind of channel"));
                return Err(at(number, problem));
            }
        };
        let names = vec![
            channel.name.clone(),
            format!("{}-{}", channel.team, channel.name),
        ];
        let room = self.gathered.add_room(GatheredRoom {
            id: format!("{}/{}", channel.team, channel.name),
            names,
            topic: if channel.purpose.is_empty() {
                channel.header
            } else {
                channel.purpose
            },
            private,
        });
        let key = (channel.team, channel.name);
        if self.channels.contains_key(&key) {
            let problem = Problem::Field(format!("the channel {:?} comes twice", key.1));
            return Err(at(number, problem));
        }
        self.channels.insert(key, room);
        Ok(())
    }

    fn post(&mut self, post: Post, number: u64) -> Result<(), ImportError> {
        let key = (post.team, post.channel);
        let Some(&room) = self.channels.get(&key) else {
            let problem = Problem::Field(format!("the channel {:?} did not come before", key.1));
            return Err(at(number, problem));
        };
        let first = self.message(room, post.message, None, number)?;
        for reply in post.replies.into_iter().flatten() {
            self.message(room, reply, first.clone(), number)?;
        }
        Ok(())
    }

    /// Adds a message, and returns its id.
    fn message(
        &mut self,
        room: usize,
        message: Message,
        parent: Option<String>,
        number: u64,
    ) -> Result<Option<String>, ImportError> {
        if message.kind.is_some_and(|kind| !kind.is_empty()) {
            self.report
                .note("notices of the program (joined, renamed, …) were left out");
            return Ok(None);
        }
        let wrong = |problem| at(number, problem);
        self.messages += 1;
        // Messages have no ids there; their order in the export is always the same.
        let key = self.messages.to_string();
        let mut text = message.text;
        for attachment in message.attachments.into_iter().flatten() {
            let name = attachment.path.rsplit('/').next().unwrap_or_default();
            texts::add_file(&mut text, name);
            self.report
                .note("files were left out; their names are in the texts");
        }
        let item = Item {
            at: time(message.create_at).map_err(wrong)?,
            writer: self
                .gathered
                .people
                .add(SOURCE, &message.user, &message.user),
            key: key.clone(),
            content: Content::Message { text, parent },
        };
        self.gathered.add(room, &item)?;
        for reaction in message.reactions.into_iter().flatten() {
            let Some(emoji) = texts::emoji(&reaction.emoji_name) else {
                self.report
                    .note("reactions with pictures of the program's own were left out");
                continue;
            };
            // Behind its message, whatever the clocks said.
            let reacted = time(reaction.create_at).map_err(wrong)?;
            let reaction = Item {
                at: reacted.max(item.at),
                writer: self
                    .gathered
                    .people
                    .add(SOURCE, &reaction.user, &reaction.user),
                key: key.clone(),
                content: Content::Reaction(emoji.as_str().to_owned()),
            };
            self.gathered.add(room, &reaction)?;
        }
        Ok(Some(key))
    }
}
