//! Exports of Mattermost and Slack, good ones and such as were made to harm.

use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;

use serde_json::Value;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::super::{ImportError, Options, Report, export, import};

const OWNER: &str = "SHA256:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0";

/// A data folder, which does not exist at first, and a place for exports.
struct Scene(tempfile::TempDir);

impl Scene {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn import(&self, name: &str, owner: Option<&str>) -> Result<Report, ImportError> {
        let options = Options {
            owner: owner.map(str::to_owned),
            ..Options::default()
        };
        import(&self.path(name), &self.path("data"), "chat.db", &options)
    }

    /// Imports a file that must be refused, and returns the reason. Nothing is left of it.
    fn refused(&self, name: &str) -> String {
        let error = self.import(name, Some(OWNER)).unwrap_err().to_string();
        if self.path("data/chat.db").exists() {
            assert_eq!(self.exported().len(), 2, "{error}");
        }
        let left = fs::read_dir(self.path("data")).into_iter().flatten();
        let left = left.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        assert!(
            left.into_iter().all(|name| name.starts_with("chat.db")),
            "{error}"
        );
        error
    }

    /// Returns the lines of the data folder's export.
    fn exported(&self) -> Vec<Value> {
        let mut out = Vec::new();
        export(&self.path("data"), "chat.db", &mut out).unwrap();
        let out = String::from_utf8(out).unwrap();
        out.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// Returns the entries of a room: number, name, and what each does.
    fn entries(&self, room: &str) -> Vec<String> {
        let shown = |entry: &Value| {
            let text = |key: &str| entry[key].as_str().unwrap_or_default().to_owned();
            let what = match entry["type"].as_str().unwrap() {
                "message" if entry["reply_to"].is_u64() => {
                    format!("{} (to {})", text("text"), entry["reply_to"])
                }
                "message" => text("text"),
                "reacted" => format!("{} on {}", text("emoji"), entry["of"]),
                other => other.to_owned(),
            };
            let name = entry["from"]["name"].as_str().unwrap();
            format!("{} {name}: {what}", entry["seq"])
        };
        let all = self.exported();
        let entries = all.iter().map(|line| &line["entry"]);
        entries
            .filter(|entry| entry["room"] == room)
            .map(shown)
            .collect()
    }

    fn zip(&self, name: &str, files: &[(&str, &[u8])]) {
        let mut zip = ZipWriter::new(File::create(self.path(name)).unwrap());
        for (name, content) in files {
            zip.start_file(*name, SimpleFileOptions::default()).unwrap();
            zip.write_all(content).unwrap();
        }
        zip.finish().unwrap();
    }
}

const MATTERMOST: &str = r#"{"type":"version","version":1}
{"type":"emoji","emoji":{"name":"our-logo","image":"x.png"}}
{"type":"team","team":{"name":"team","display_name":"Team","type":"O"}}
{"type":"channel","channel":{"team":"team","name":"town-square","display_name":"Town Square","type":"O","header":"a header","purpose":"for all"}}
{"type":"channel","channel":{"team":"team","name":"lobby","type":"O","header":"","purpose":""}}
{"type":"channel","channel":{"team":"team","name":"secret","type":"P","header":"psst","purpose":""}}
{"type":"channel","channel":{"team":"team","name":"silent","type":"O"}}
{"type":"user","user":{"username":"anna","email":"anna@example.org","password":"hash","roles":"system_admin","teams":[]}}
{"type":"user","user":{"username":"operator","email":"o@example.org"}}
{"type":"post","post":{"team":"team","channel":"town-square","user":"anna","message":"later","create_at":3000}}
{"type":"post","post":{"team":"team","channel":"town-square","user":"anna","message":"hello","create_at":1000,"reactions":[{"user":"operator","emoji_name":"thumbsup","create_at":1500},{"user":"anna","emoji_name":"our-logo","create_at":1500}],"replies":[{"user":"operator","message":"an answer","create_at":4000,"reactions":[{"user":"anna","emoji_name":"tada","create_at":10}]}],"attachments":[{"path":"20200101/teams/x/plan.pdf"}]}}
{"type":"post","post":{"team":"team","channel":"town-square","user":"anna","message":"joined","type":"system_join_channel","create_at":1}}
{"type":"post","post":{"team":"team","channel":"lobby","user":"gone","message":"from a deleted account","create_at":5000}}
{"type":"post","post":{"team":"team","channel":"secret","user":"anna","message":"hidden","create_at":6000}}
{"type":"direct_channel","direct_channel":{"members":["anna","operator"]}}
{"type":"direct_post","direct_post":{"channel_members":["anna","operator"],"user":"anna","message":"between us","create_at":7000}}
"#;

#[test]
fn mattermosts_export_becomes_rooms_in_the_order_of_their_times() {
    let scene = Scene::new();
    fs::write(scene.path("export.jsonl"), MATTERMOST).unwrap();
    let report = scene.import("export.jsonl", Some(OWNER)).unwrap();
    assert_eq!(
        scene.entries("town-square"),
        [
            "1 anna[imported]: hello\n[file: plan.pdf]",
            "2 operator[imported]: 👍 on 1",
            "3 anna[imported]: later",
            "4 operator[imported]: an answer (to 1)",
            "5 anna[imported]: 🎉 on 4",
        ]
    );
    // Everybody is in this server's lobby, so a team's is another room.
    assert_eq!(
        scene.entries("imported-lobby"),
        ["1 gone[imported]: from a deleted account"]
    );
    assert_eq!(scene.entries("secret"), ["1 anna[imported]: hidden"]);
    assert_eq!((report.rooms, report.entries), (3, 7), "{report:?}");
    for note in [
        "direct messages",
        "notices",
        "files",
        "pictures",
        "rooms without messages",
        "\"emoji\"",
    ] {
        assert!(
            report.notes.keys().any(|it| it.contains(note)),
            "{note}: {report:?}"
        );
    }
    let all = scene.exported();
    let room = |name: &str| {
        &all.iter()
            .find(|line| line["room"]["room"] == name)
            .unwrap()["room"]
    };
    assert_eq!(room("town-square")["topic"], "for all");
    assert_eq!(room("secret")["topic"], "psst");
    assert_eq!(
        (
            room("secret")["private"].as_bool(),
            room("secret")["head"].as_u64()
        ),
        (Some(true), Some(1))
    );
    let owned = all
        .iter()
        .filter(|line| line["role"]["user"] == OWNER)
        .count();
    assert_eq!(owned, 3);
    // Nothing of the passwords, and no rights.
    let text = format!("{all:?}");
    assert!(
        !text.contains("hash") && !text.contains("example.org") && !text.contains("between us")
    );

    // Again: the same rooms are there.
    let again = scene
        .import("export.jsonl", Some(OWNER))
        .unwrap_err()
        .to_string();
    assert!(
        again.contains("town-square") && again.contains("--rename"),
        "{again}"
    );
    assert_eq!(scene.exported(), all);
}

#[test]
fn private_channels_without_an_owner_are_left_out() {
    let scene = Scene::new();
    scene.zip(
        "export.zip",
        &[
            ("import.jsonl", MATTERMOST.as_bytes()),
            ("data/x.png", b"png"),
        ],
    );
    let report = scene.import("export.zip", None).unwrap();
    assert_eq!(report.rooms, 2, "{report:?}");
    assert!(
        report.notes.keys().any(|it| it.contains("--owner")),
        "{report:?}"
    );
    assert!(!format!("{:?}", scene.exported()).contains("hidden"));
    let nobody = scene
        .import("export.zip", Some("nobody"))
        .unwrap_err()
        .to_string();
    assert!(nobody.contains("nobody has the name"), "{nobody}");
}

#[test]
fn each_line_of_mattermosts_that_is_wrong_is_named() {
    let first = "{\"type\":\"version\",\"version\":1}\n";
    let channel =
        "{\"type\":\"channel\",\"channel\":{\"team\":\"t\",\"name\":\"c\",\"type\":\"O\"}}\n";
    let post = |fields: &str| {
        format!(
            "{first}{channel}{{\"type\":\"post\",\"post\":{{\"team\":\"t\",\"channel\":\"c\",\"user\":\"u\",{fields}}}}}\n"
        )
    };
    for (text, line, words) in [
        (format!("{first}nonsense\n"), 2, "expected"),
        (
            format!("{first}{{\"type\":\"post\"}}\n"),
            2,
            "there is no \"post\"",
        ),
        (format!("{first}{channel}{channel}"), 3, "comes twice"),
        (
            post("\"message\":\"x\",\"create_at\":1")
                .replace("\"channel\":\"c\"", "\"channel\":\"d\""),
            3,
            "did not come before",
        ),
        (post("\"message\":\"x\""), 3, "create_at"),
        (
            post("\"message\":\"x\",\"create_at\":9223372036854775807"),
            3,
            "is no time",
        ),
        (
            post("\"message\":\"x\",\"create_at\":\"now\""),
            3,
            "invalid type",
        ),
        (
            channel
                .replace("\"O\"", "\"X\"")
                .replacen('{', &format!("{first}{{"), 1),
            2,
            "no kind of channel",
        ),
    ] {
        let scene = Scene::new();
        fs::write(scene.path("export.jsonl"), &text).unwrap();
        let error = scene.refused("export.jsonl");
        assert!(
            error.starts_with(&format!("line {line}: ")),
            "{text}: {error}"
        );
        assert!(error.contains(words), "{text}: {error}");
    }
    let scene = Scene::new();
    let mut file = File::create(scene.path("export.jsonl")).unwrap();
    file.write_all(first.as_bytes()).unwrap();
    file.set_len(1 << 30).unwrap();
    let error = scene.refused("export.jsonl");
    assert!(error.contains("line 2: the line is longer than"), "{error}");
}

const SLACK: [(&str, &str); 8] = [
    (
        "users.json",
        r#"[{"id":"U1","name":"anna","profile":{"display_name":"Anna M"}},{"id":"U2","name":"bob","deleted":true,"profile":{"display_name":""}}]"#,
    ),
    (
        "channels.json",
        r#"[{"id":"C1","name":"general","topic":{"value":"old"},"purpose":{"value":"for all"},"members":["U1"]},{"id":"C2","name":"_odd name_"}]"#,
    ),
    ("groups.json", r#"[{"id":"G1","name":"secret"}]"#),
    ("dms.json", r#"[{"id":"D1","members":["U1","U2"]}]"#),
    (
        "general/2020-01-02.json",
        r#"[{"type":"message","user":"U2","text":"next day, <@U1> in <#C1>: 1 &lt; 2","ts":"1577923200.000200","thread_ts":"1577836800.000100"}]"#,
    ),
    (
        "general/2020-01-01.json",
        r#"[
        {"type":"message","user":"U1","text":"hello","ts":"1577836800.000100","thread_ts":"1577836800.000100","reactions":[{"name":"+1::skin-tone-2","users":["U1","U2"],"count":2},{"name":"thumbsup","users":["U1"],"count":1}]},
        {"type":"message","subtype":"channel_join","user":"U1","text":"joined","ts":"1577836800.000050"},
        {"type":"message","subtype":"bot_message","bot_id":"B1","username":"builds","text":"done","ts":"1577836801"},
        {"type":"message","user":"U1","text":"","files":[{"name":"plan.pdf"}],"ts":"1577836802.5"}
    ]"#,
    ),
    (
        "secret/2020-01-01.json",
        r#"[{"type":"message","user":"U1","text":"hidden","ts":"1577836800.000100"}]"#,
    ),
    (
        "D1/2020-01-01.json",
        r#"[{"type":"message","user":"U1","text":"between us","ts":"1577836800.000100"}]"#,
    ),
];

fn slack(scene: &Scene, changed: &[(&str, &str)]) {
    let mut files: Vec<(&str, &[u8])> = Vec::new();
    for (name, content) in SLACK {
        let other = changed.iter().find(|(other, _)| *other == name);
        files.push((
            name,
            other.map_or(content, |(_, content)| content).as_bytes(),
        ));
    }
    scene.zip("export.zip", &files);
}

fn unpacked(scene: &Scene) -> PathBuf {
    let folder = scene.path("export");
    for (name, content) in SLACK {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    folder
}

#[test]
fn slacks_export_is_the_same_from_an_archive_and_a_folder() {
    let scene = Scene::new();
    slack(&scene, &[]);
    let report = scene.import("export.zip", Some(OWNER)).unwrap();
    assert_eq!(
        scene.entries("general"),
        [
            "1 Anna-M[imported]: hello",
            "2 Anna-M[imported]: 👍 on 1",
            "3 bob[imported]: 👍 on 1",
            "4 builds[imported]: done",
            "5 Anna-M[imported]: [file: plan.pdf]",
            "6 bob[imported]: next day, @Anna M in #general: 1 < 2 (to 1)",
        ]
    );
    assert_eq!(scene.entries("secret"), ["1 Anna-M[imported]: hidden"]);
    assert_eq!((report.rooms, report.entries), (2, 7), "{report:?}");
    let first = scene.exported();
    assert!(!format!("{first:?}").contains("between us"));
    let at = first.iter().find(|line| line["entry"]["seq"] == 5).unwrap()["entry"]["at"].clone();
    assert_eq!(at, "2020-01-01T00:00:02.500Z");

    let other = Scene::new();
    unpacked(&other);
    assert_eq!(other.import("export", Some(OWNER)).unwrap(), report);
    assert_eq!(other.exported(), first);
}

#[test]
fn each_file_of_slacks_that_is_wrong_is_named() {
    for (name, content, words) in [
        (
            "users.json",
            "{}",
            "users.json, line 1: invalid type: map, expected an array",
        ),
        (
            "channels.json",
            "[{\"id\":\"C1\"}]",
            "channels.json, line 1: missing field `name`",
        ),
        (
            "channels.json",
            "[{\"id\":\"C1\",\"name\":\"a\"},{\"id\":\"C2\",\"name\":\"a\"}]",
            "channels.json, item 2: the channel \"a\" comes twice",
        ),
        (
            "general/2020-01-01.json",
            "[\n{\"ts\":\"1.0\"},\n{\"ts\":",
            "general/2020-01-01.json, line 3: EOF",
        ),
        (
            "general/2020-01-01.json",
            "[{\"ts\":\"soon\",\"text\":\"a\"}]",
            "general/2020-01-01.json, item 1: \"soon\" is no time",
        ),
        (
            "general/2020-01-01.json",
            "[{\"ts\":\"99999999999999\",\"text\":\"a\"}]",
            "is no time",
        ),
        (
            "general/2020-01-01.json",
            "[{\"ts\":\"1.0\",\"text\":\"a\"},{\"ts\":\"1.0\",\"text\":\"b\"}]",
            "item 2: the message \"1.0\" comes twice",
        ),
        ("general/2020-01-01.json", "[] []", "trailing characters"),
    ] {
        let scene = Scene::new();
        slack(&scene, &[(name, content)]);
        let error = scene.refused("export.zip");
        assert!(error.contains(words), "{content}: {error}");
    }
    let scene = Scene::new();
    let name: &[u8] = b"[{\"ts\":\"1.0\",\"text\":\"\xff\"}]";
    let channels: &[u8] = b"[{\"id\":\"C1\",\"name\":\"general\"}]";
    scene.zip(
        "export.zip",
        &[("channels.json", channels), ("general/1.json", name)],
    );
    let error = scene.refused("export.zip");
    assert!(error.contains("general/1.json, line 1"), "{error}");
}

// The attacks: archives that fill memory and disk, or lead to files of the machine.
#[test]
fn archives_that_were_made_to_harm_are_refused() {
    let scene = Scene::new();
    let channels: &[u8] = b"[{\"id\":\"C1\",\"name\":\"general\"}]";
    for path in [
        "../../etc/cron.d/job",
        "general/../../x.json",
        "/etc/passwd",
        "general\\..\\..\\x.json",
        "C:/x.json",
        "general//x.json",
    ] {
        scene.zip("export.zip", &[("channels.json", channels), (path, b"[]")]);
        let error = scene.refused("export.zip");
        assert!(error.contains("unsafe path"), "{path}: {error}");
    }

    // 300 MiB of one letter in 300 KiB: a message that long, and one that is much longer than a file.
    let bomb = |name: &str, start: &[u8], mib: usize| {
        let mut zip = ZipWriter::new(File::create(scene.path("export.zip")).unwrap());
        zip.start_file("channels.json", SimpleFileOptions::default())
            .unwrap();
        zip.write_all(channels).unwrap();
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(start).unwrap();
        for _ in 0..mib {
            zip.write_all(&vec![b' '; 1 << 20]).unwrap();
        }
        zip.finish().unwrap();
        let packed = fs::metadata(scene.path("export.zip")).unwrap().len();
        assert!(packed < (mib as u64) << 12, "{packed}");
        scene.refused("export.zip")
    };
    let error = bomb("general/1.json", b"[{\"ts\":\"1.0\",\"text\":\"", 300);
    assert!(
        error.contains("general/1.json") && error.contains("zip bomb"),
        "{error}"
    );

    // Cut, changed, empty, encrypted in name only, and no archive at all.
    slack(&scene, &[]);
    let whole = fs::read(scene.path("export.zip")).unwrap();
    let mut changed = whole.clone();
    let at = whole.windows(7).position(|it| it == b"general").unwrap() + 40;
    changed[at] ^= 0xff;
    for bytes in [
        &whole[..whole.len() / 2],
        &whole[..40],
        &changed,
        b"PK\x03\x04",
        b"PK\x05\x06",
    ] {
        fs::write(scene.path("export.zip"), bytes).unwrap();
        let error = scene.import("export.zip", None);
        assert!(error.is_err(), "{} bytes", bytes.len());
    }
    scene.zip("export.zip", &[("something.txt", b"else")]);
    assert!(scene.refused("export.zip").contains("this is no export"));
    scene.zip("export.zip", &[("a.jsonl", b""), ("b.jsonl", b"")]);
    assert!(scene.refused("export.zip").contains("this is no export"));
}

#[test]
fn a_folder_with_a_link_out_of_it_is_refused() {
    let scene = Scene::new();
    let folder = unpacked(&scene);
    fs::write(scene.path("elsewhere.json"), "[]").unwrap();
    let link = folder.join("general/2020-01-03.json");
    std::os::unix::fs::symlink(scene.path("elsewhere.json"), &link).unwrap();
    let error = scene.refused("export");
    assert!(error.contains("unsafe path"), "{error}");
    fs::remove_file(link).unwrap();
    // A channel whose name leads out of the folder is a name and no path.
    let channels = r#"[{"id":"C1","name":"../secrets"}]"#;
    fs::write(folder.join("channels.json"), channels).unwrap();
    fs::create_dir(scene.path("secrets")).unwrap();
    fs::write(
        scene.path("secrets/1.json"),
        r#"[{"ts":"1.0","text":"stolen"}]"#,
    )
    .unwrap();
    let report = scene.import("export", Some(OWNER)).unwrap();
    assert!(
        !format!("{:?}", scene.exported()).contains("stolen"),
        "{report:?}"
    );
}
