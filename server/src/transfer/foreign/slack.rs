//! Slack's export: a folder of JSON for each channel, with a file for each day
//! (<https://slack.com/help/articles/220556107-How-to-read-Slack-data-exports>).

mod markup;

use std::collections::HashMap;
use std::path::Path;

use serde::Deserialize;

use self::markup::Names;
use super::super::error::{ImportError, Problem};
use super::super::import::Report;
use super::archive::{Archive, wrong};
use super::gathered::{Content, Gathered, GatheredRoom, Item, time};
use super::{json, texts};

/// The list of public channels, by which Slack's export is known.
pub(super) const CHANNELS: &str = "channels.json";

/// The list of private channels, which an export may have.
const GROUPS: &str = "groups.json";

/// The lists of conversations of two and of a few.
const DIRECT: [&str; 2] = ["dms.json", "mpims.json"];

const USERS: &str = "users.json";

const SOURCE: &str = "slack";

#[derive(Deserialize)]
struct User {
    id: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    profile: Profile,
}

#[derive(Default, Deserialize)]
struct Profile {
    #[serde(default)]
    display_name: Option<String>,
}

#[derive(Deserialize)]
struct Channel {
    id: String,
    name: String,
    #[serde(default)]
    topic: Value,
    #[serde(default)]
    purpose: Value,
}

#[derive(Default, Deserialize)]
struct Value {
    #[serde(default)]
    value: String,
}

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    subtype: Option<String>,
    #[serde(default)]
    user: Option<String>,
    /// The name under which a program wrote.
    #[serde(default)]
    username: Option<String>,
    #[serde(default)]
    bot_id: Option<String>,
    #[serde(default)]
    text: Option<String>,
    ts: String,
    /// The message that began the thread; in that message itself too.
    #[serde(default)]
    thread_ts: Option<String>,
    #[serde(default)]
    reactions: Option<Vec<Reaction>>,
    #[serde(default)]
    files: Option<Vec<FileOf>>,
}

#[derive(Deserialize)]
struct Reaction {
    name: String,
    #[serde(default)]
    users: Vec<String>,
}

#[derive(Deserialize)]
struct FileOf {
    #[serde(default)]
    name: Option<String>,
}

/// Gathers all channels.
pub(super) fn gather(
    archive: &mut Archive,
    gathered: &mut Gathered,
    report: &mut Report,
) -> Result<(), ImportError> {
    gathered.source = SOURCE;
    let mut names = Names::default();
    if archive.has(USERS) {
        archive.read(USERS, |reader| {
            json::each(USERS, reader, |user: User, _| {
                let display = user.profile.display_name.filter(|name| !name.is_empty());
                let called = display.unwrap_or(user.name);
                gathered.people.add(SOURCE, &user.id, &called);
                names.add_person(user.id, called);
                Ok(())
            })
        })?;
    }
    // By the name, which is also that of the folder.
    let mut channels = HashMap::new();
    for (list, private) in [(CHANNELS, false), (GROUPS, true)] {
        if !archive.has(list) {
            continue;
        }
        archive.read(list, |reader| {
            json::each(list, reader, |channel: Channel, number| {
                names.add_channel(channel.id.clone(), channel.name.clone());
                let purpose = channel.purpose.value;
                let room = gathered.add_room(GatheredRoom {
                    names: vec![channel.name.clone()],
                    topic: if purpose.is_empty() {
                        channel.topic.value
                    } else {
                        purpose
                    },
                    private,
                    id: channel.id,
                });
                let former = channels.insert(channel.name.clone(), room);
                if former.is_some() {
                    let field = format!("the channel {:?} comes twice", channel.name);
                    return Err(item(list, number, Problem::Field(field)));
                }
                Ok(())
            })
        })?;
    }
    for list in DIRECT {
        if !archive.has(list) {
            continue;
        }
        archive.read(list, |reader| {
            json::each(list, reader, |_: serde::de::IgnoredAny, _| {
                report.note("direct messages were left out");
                Ok(())
            })
        })?;
    }
    // A file for each day, in the order of the days.
    for file in archive.files().to_vec() {
        let Some((folder, day)) = file.split_once('/') else {
            continue;
        };
        let Some(&room) = channels.get(folder) else {
            continue;
        };
        let is_json = Path::new(day).extension().is_some_and(|it| it == "json");
        if !is_json || day.contains('/') {
            continue;
        }
        archive.read(&file, |reader| {
            json::each(&file, reader, |message: Message, number| {
                take(room, message, &names, gathered, report)
                    .map_err(|failure| failure.at(&file, number))
            })
        })?;
    }
    Ok(())
}

/// The failure of a message, which its caller names the place of.
enum Failure {
    Problem(Problem),
    Import(ImportError),
}

impl Failure {
    fn at(self, file: &str, number: u64) -> ImportError {
        match self {
            Self::Problem(problem) => item(file, number, problem),
            Self::Import(error) => error,
        }
    }
}

impl From<ImportError> for Failure {
    fn from(error: ImportError) -> Self {
        Self::Import(error)
    }
}

fn take(
    room: usize,
    message: Message,
    names: &Names,
    gathered: &mut Gathered,
    report: &mut Report,
) -> Result<(), Failure> {
    match message.subtype.as_deref() {
        None | Some("bot_message" | "me_message" | "thread_broadcast" | "file_share") => {}
        Some(_) => {
            report.note("notices of the program (joined, renamed, …) were left out");
            return Ok(());
        }
    }
    let at = time(millis(&message.ts).map_err(Failure::Problem)?).map_err(Failure::Problem)?;
    let called = message.username.as_deref();
    let writer = match message
        .user
        .as_deref()
        .or(message.bot_id.as_deref())
        .or(called)
    {
        Some(id) => gathered.people.add(SOURCE, id, called.unwrap_or(id)),
        None => gathered.people.add(SOURCE, "", "somebody"),
    };
    let mut text = markup::plain(message.text.as_deref().unwrap_or_default(), names);
    for file in message.files.into_iter().flatten() {
        texts::add_file(&mut text, file.name.as_deref().unwrap_or("without a name"));
        report.note("files were left out; their names are in the texts");
    }
    let parent = message.thread_ts.filter(|parent| *parent != message.ts);
    let added = gathered.add(
        room,
        &Item {
            at,
            writer,
            key: message.ts.clone(),
            content: Content::Message { text, parent },
        },
    )?;
    if !added {
        // A message's time is its id there.
        let field = format!("the message {:?} comes twice in its channel", message.ts);
        return Err(Failure::Problem(Problem::Field(field)));
    }
    for reaction in message.reactions.into_iter().flatten() {
        let Some(emoji) = texts::emoji(&reaction.name) else {
            report.note("reactions with pictures of the program's own were left out");
            continue;
        };
        for user in reaction.users {
            let writer = gathered.people.add(SOURCE, &user, &user);
            let content = Content::Reaction(emoji.as_str().to_owned());
            let key = message.ts.clone();
            gathered.add(
                room,
                &Item {
                    at,
                    writer,
                    key,
                    content,
                },
            )?;
        }
    }
    Ok(())
}

/// Returns the milliseconds of a time as Slack writes it: seconds, a point, and six digits.
fn millis(ts: &str) -> Result<i64, Problem> {
    let parse = || {
        let (seconds, fraction) = ts.split_once('.').unwrap_or((ts, "0"));
        let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
        if !is_digits(seconds) || !is_digits(fraction) {
            return None;
        }
        let millis: i64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
        seconds
            .parse::<i64>()
            .ok()?
            .checked_mul(1000)?
            .checked_add(millis)
    };
    parse().ok_or_else(|| Problem::Field(format!("{ts:?} is no time of Slack's")))
}

/// Returns the error for something that is wrong in an element of a file.
fn item(file: &str, number: u64, problem: Problem) -> ImportError {
    wrong(&format!("{file}, item {number}"), problem)
}
