//! Backups that are made and restored, and all that can be wrong with one.

#![allow(clippy::unwrap_used, reason = "helpers of tests, not only tests")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use native::key_file;
use shared::chat::entry::DisplayName;
use shared::chat::{Entry, Event, Keep, MessageId, RoomId, Seq, Text, Topic, UserId};
use shared::identity::{Fingerprint, PrivateKey};

use super::*;
use crate::store::{Change, NewEntry, PageSize, SqliteStore, Store};

static NEVER: AtomicBool = AtomicBool::new(false);

/// A data folder with the server's key and a store in it.
struct Scene {
    outer: tempfile::TempDir,
    store: Option<SqliteStore>,
}

impl Scene {
    async fn new() -> Self {
        static KEY: OnceLock<PrivateKey> = OnceLock::new();
        let key = KEY.get_or_init(|| PrivateKey::generate(2048, &mut native::random()).unwrap());
        let outer = tempfile::tempdir().unwrap();
        let data = outer.path().join("data");
        native::files::make_folder(&data).unwrap();
        key_file::store(&data.join(keystore::FILE_NAME), key).unwrap();
        let store = SqliteStore::open(&data.join(DATABASE)).unwrap();
        let created = Change::RoomCreated {
            room: room(),
            topic: Topic::default(),
            private: false,
            keep: Keep::Forever,
            owner: None,
        };
        store.change(created).await.unwrap();
        let store = Some(store);
        Self { outer, store }
    }

    fn data(&self) -> PathBuf {
        self.outer.path().join("data")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.outer.path().join(name)
    }

    async fn say(&self, number: u32, text: &str) -> Seq {
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&number.to_be_bytes());
        let from = UserId(Fingerprint::of_spki(b"somebody"));
        let entry = NewEntry {
            id: MessageId::from_random(bytes),
            from,
            name: DisplayName::guest(from),
            event: Event::Message {
                text: Some(Text::parse(text).unwrap()),
                reply_to: None,
            },
        };
        let store = self.store.as_ref().unwrap();
        store.append(room(), entry).await.unwrap().seq
    }

    fn back_up(&self, name: &str) -> Result<Made, BackupError> {
        make(&self.data(), &self.path(name), Start::Now, &NEVER)
    }

    fn restore(&self, name: &str, to: &str) -> Result<Restored, RestoreError> {
        restore(&self.path(name), &self.path(to), Existing::Refuse)
    }

    /// Returns the names in the folder of the scene.
    fn names(&self) -> Vec<String> {
        names(self.outer.path())
    }
}

fn room() -> RoomId {
    RoomId::parse("room").unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let name = |entry: fs::DirEntry| entry.file_name().into_string().unwrap();
    let mut names: Vec<_> = entries.map(|entry| name(entry.unwrap())).collect();
    names.sort();
    names
}

async fn entries(data: &Path) -> Vec<Entry> {
    let store = SqliteStore::open(&data.join(DATABASE)).unwrap();
    let page = PageSize {
        entries: 1000,
        bytes: 1 << 20,
    };
    store.read_after(room(), 0, page).await.unwrap()
}

/// Returns every file of a folder with its content.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let read = |name: String| {
        let content = fs::read(folder.join(&name)).unwrap();
        (name, content)
    };
    names(folder).into_iter().map(read).collect()
}

#[tokio::test]
async fn what_was_acked_before_a_backup_is_in_it_and_restored() {
    let scene = Scene::new().await;
    for number in 1..=50 {
        scene.say(number, &format!("message {number}")).await;
    }
    // While the server's store is open, and what was written last is in its log only.
    let made = scene.back_up("backup").unwrap();
    assert_eq!(made.manifest.server, env!("CARGO_PKG_VERSION"));
    scene.say(51, "after it").await;
    let restored = scene.restore("backup", "restored").unwrap();
    assert_eq!(restored.aside, None);
    assert_eq!(restored.manifest, made.manifest);
    let kept = entries(&scene.path("restored")).await;
    assert_eq!(kept.len(), 50);
    assert_eq!(
        kept.last().unwrap().event.text().unwrap().as_str(),
        "message 50"
    );
    let key = |folder: &str| fs::read(scene.path(folder).join(keystore::FILE_NAME)).unwrap();
    assert!(key("restored") == key("data"));
}

// The attack: another user of the machine reads the key in the backup.
#[tokio::test]
async fn a_backup_and_what_is_restored_are_their_owners_alone() {
    let scene = Scene::new().await;
    scene.say(1, "secret").await;
    scene.back_up("backup").unwrap();
    scene.restore("backup", "restored").unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for (folder, files) in [
        (
            "backup",
            &["chat.db", "manifest.json", "server_key.pem"][..],
        ),
        ("restored", &["chat.db", "server_key.pem"]),
    ] {
        let folder = scene.path(folder);
        assert_eq!(mode(&folder), 0o700);
        assert_eq!(names(&folder), files);
        for file in files {
            assert_eq!(mode(&folder.join(file)), 0o600, "{file}");
        }
    }
}

#[tokio::test]
async fn a_name_that_is_taken_is_not_overwritten() {
    let scene = Scene::new().await;
    fs::create_dir(scene.path("empty")).unwrap();
    fs::write(scene.path("file"), "content").unwrap();
    std::os::unix::fs::symlink(scene.path("nowhere"), scene.path("link")).unwrap();
    for name in ["empty", "file", "link"] {
        let error = scene.back_up(name).unwrap_err();
        assert!(matches!(error, BackupError::Exists(_)), "{name}: {error}");
    }
    // A disk that is not mounted.
    let error = scene.back_up("absent/backup").unwrap_err();
    assert!(matches!(error, BackupError::Folder(..)), "{error}");
    assert_eq!(scene.names(), ["data", "empty", "file", "link"]);
}

#[tokio::test]
async fn a_backup_that_is_stopped_leaves_nothing() {
    static STOPPED: AtomicBool = AtomicBool::new(false);
    let scene = Scene::new().await;
    for number in 1..=200 {
        scene.say(number, &"x".repeat(1000)).await;
    }
    STOPPED.store(true, Ordering::Relaxed);
    let made = make(&scene.data(), &scene.path("backup"), Start::Now, &STOPPED);
    assert!(matches!(made, Err(BackupError::Stopped)), "{made:?}");
    assert_eq!(scene.names(), ["data"]);
}

#[tokio::test]
async fn a_data_folder_without_a_key_or_a_history_gives_no_backup() {
    let mut scene = Scene::new().await;
    scene.store = None;
    fs::rename(scene.data().join("chat.db"), scene.path("elsewhere")).unwrap();
    let error = scene.back_up("backup").unwrap_err();
    assert!(matches!(error, BackupError::Copy(_)), "{error}");
    fs::rename(scene.path("elsewhere"), scene.data().join("chat.db")).unwrap();
    fs::write(scene.data().join("server_key.pem"), "no key").unwrap();
    let error = scene.back_up("backup").unwrap_err();
    assert!(matches!(error, BackupError::Key(_)), "{error}");
    assert_eq!(scene.names(), ["data"]);
}

// The fault: a disk that loses bits, or somebody who changes a backup.
#[tokio::test]
async fn a_backup_with_one_changed_byte_is_refused_wherever_it_is() {
    let scene = Scene::new().await;
    scene.say(1, "hello").await;
    scene.back_up("backup").unwrap();
    let backup = scene.path("backup");
    let mut tried = 0;
    for (name, content) in contents(&backup) {
        // Every byte of the manifest, and a sample of the others.
        let step = if name == "manifest.json" {
            1
        } else {
            content.len() / 40
        };
        for at in (0..content.len()).step_by(step) {
            let mut changed = content.clone();
            changed[at] ^= 1;
            fs::write(backup.join(&name), &changed).unwrap();
            let error = scene.restore("backup", "restored").unwrap_err();
            assert!(
                matches!(
                    error,
                    RestoreError::Changed { .. } | RestoreError::Manifest(..)
                ),
                "{name} at {at}: {error}"
            );
            tried += 1;
        }
        fs::write(backup.join(&name), &content).unwrap();
    }
    assert!(tried > 500, "{tried}");
    assert_eq!(
        scene.names(),
        ["backup", "data"],
        "the data folder was not made"
    );
    scene.restore("backup", "restored").unwrap();
}

#[tokio::test]
async fn a_backup_that_is_cut_longer_or_lacks_a_file_is_refused() {
    let scene = Scene::new().await;
    scene.say(1, "hello").await;
    scene.back_up("backup").unwrap();
    let backup = scene.path("backup");
    for (name, content) in contents(&backup) {
        let longer = [&content[..], b"\n"].concat();
        for changed in [&content[..content.len() - 1], &content[..7], b"", &longer] {
            fs::write(backup.join(&name), changed).unwrap();
            let error = scene.restore("backup", "restored").unwrap_err();
            let length = changed.len();
            assert!(
                error.to_string().contains(&name),
                "{name} {length}: {error}"
            );
        }
        fs::remove_file(backup.join(&name)).unwrap();
        let error = scene.restore("backup", "restored").unwrap_err();
        assert!(error.to_string().contains(&name), "{name}: {error}");
        // A folder in its place, and a pipe that nobody writes into.
        fs::create_dir(backup.join(&name)).unwrap();
        assert!(scene.restore("backup", "restored").is_err(), "{name}");
        fs::remove_dir(backup.join(&name)).unwrap();
        if name != "manifest.json" {
            let made = std::process::Command::new("mkfifo")
                .arg(backup.join(&name))
                .status();
            assert!(made.unwrap().success());
            assert!(scene.restore("backup", "restored").is_err(), "{name}");
            fs::remove_file(backup.join(&name)).unwrap();
        }
        fs::write(backup.join(&name), &content).unwrap();
    }
    assert_eq!(scene.names(), ["backup", "data"]);
}

// The attacks: a manifest that is whole and names what this program does not know, or files elsewhere.
#[tokio::test]
async fn a_manifest_of_another_format_schema_or_with_other_files_is_refused() {
    let scene = Scene::new().await;
    scene.back_up("backup").unwrap();
    let path = scene.path("backup").join("manifest.json");
    let manifest = Manifest::read(&scene.path("backup")).unwrap();
    let with = |change: &dyn Fn(&mut Manifest)| {
        let mut changed = manifest.clone();
        change(&mut changed);
        // Whole, as whoever changes it on purpose would make it.
        let Manifest {
            schema,
            made,
            files,
            ..
        } = changed.clone();
        let mut whole = Manifest::new(schema, made, files);
        whole.format = changed.format;
        fs::write(&path, whole.to_text()).unwrap();
        scene.restore("backup", "restored").unwrap_err().to_string()
    };
    let format = with(&|manifest| manifest.format = 2);
    assert!(format.contains("format 2"), "{format}");
    let schema = with(&|manifest| manifest.schema += 1);
    assert!(schema.contains("version of its tables"), "{schema}");
    for name in ["../data/chat.db", "/etc/passwd", "", "chat.db\0"] {
        let files = with(&|manifest| name.clone_into(&mut manifest.files[1].name));
        assert!(files.contains("does not name the files"), "{name}: {files}");
    }
    let twice = with(&|manifest| manifest.files[0] = manifest.files[1].clone());
    assert!(twice.contains("does not name the files"), "{twice}");
    let more = manifest.to_text().replacen('{', "{\n  \"more\": 1,", 1);
    fs::write(&path, more).unwrap();
    let unknown = scene.restore("backup", "restored").unwrap_err().to_string();
    assert!(unknown.contains("more"), "{unknown}");
    fs::write(&path, "{".repeat(100_000)).unwrap();
    let long = scene.restore("backup", "restored").unwrap_err().to_string();
    assert!(long.contains("too long"), "{long}");
    assert_eq!(scene.names(), ["backup", "data"]);
}

// A manifest that fits a database of a newer server, or one whose tables are damaged.
#[tokio::test]
async fn a_database_that_this_server_cannot_use_is_not_restored() {
    let scene = Scene::new().await;
    scene.say(1, "hello").await;
    let made = scene.back_up("backup").unwrap().manifest;
    let backup = scene.path("backup");
    let whole = fs::read(backup.join(DATABASE)).unwrap();
    let mut newer = whole.clone();
    newer[60..64].copy_from_slice(&99_u32.to_be_bytes());
    let mut damaged = whole.clone();
    damaged[4096..8192].fill(0xa5);
    for (bytes, schema, word) in [
        (newer, 99, "newer version"),
        (damaged, made.schema, "damaged"),
        (vec![7; 8192], made.schema, "no SQLite database"),
    ] {
        fs::write(backup.join(DATABASE), &bytes).unwrap();
        let mut files = made.files.clone();
        files[1].bytes = bytes.len() as u64;
        files[1].sha256 = manifest::hex(&<sha2::Sha256 as sha2::Digest>::digest(&bytes));
        let manifest = Manifest::new(schema, made.made, files);
        fs::write(backup.join("manifest.json"), manifest.to_text()).unwrap();
        let error = scene.restore("backup", "restored").unwrap_err();
        assert!(matches!(error, RestoreError::Database(_)), "{error}");
        assert!(error.to_string().contains(word), "{word}: {error}");
    }
    assert_eq!(scene.names(), ["backup", "data"]);
}

#[tokio::test]
async fn a_running_server_is_not_restored_over() {
    let scene = Scene::new().await;
    scene.say(1, "before").await;
    scene.back_up("backup").unwrap();
    scene.say(2, "after").await;
    for existing in [Existing::Refuse, Existing::PutAside] {
        let error = restore(&scene.path("backup"), &scene.data(), existing).unwrap_err();
        assert!(matches!(error, RestoreError::InUse(_)), "{error}");
    }
    assert_eq!(scene.say(3, "still there").await, 3);
    assert_eq!(scene.names(), ["backup", "data"]);
}

#[tokio::test]
async fn what_is_in_a_data_folder_is_kept_aside_and_never_deleted() {
    let mut scene = Scene::new().await;
    scene.say(1, "before").await;
    scene.back_up("backup").unwrap();
    scene.say(2, "after").await;
    scene.store = None;
    let former = contents(&scene.data());
    let error = scene.restore("backup", "data").unwrap_err();
    assert!(matches!(error, RestoreError::NotEmpty(_)), "{error}");
    assert!(contents(&scene.data()) == former);

    let restored = restore(&scene.path("backup"), &scene.data(), Existing::PutAside).unwrap();
    let aside = restored.aside.unwrap();
    assert!(contents(&aside) == former);
    assert_eq!(entries(&scene.data()).await.len(), 1);
    // Again, in the same second perhaps.
    let again = restore(&scene.path("backup"), &scene.data(), Existing::PutAside).unwrap();
    assert_ne!(again.aside.unwrap(), aside);
    assert!(contents(&aside) == former);
    assert_eq!(entries(&scene.data()).await.len(), 1);
}

// A mount point cannot be renamed, so an empty folder is filled as it is.
#[tokio::test]
async fn an_empty_data_folder_is_filled_and_a_file_is_none() {
    let scene = Scene::new().await;
    scene.say(1, "before").await;
    scene.back_up("backup").unwrap();
    let empty = scene.path("empty");
    fs::create_dir(&empty).unwrap();
    let same = fs::File::open(&empty).unwrap();
    scene.restore("backup", "empty").unwrap();
    let node = |metadata: fs::Metadata| std::os::unix::fs::MetadataExt::ino(&metadata);
    assert_eq!(
        node(same.metadata().unwrap()),
        node(fs::metadata(&empty).unwrap())
    );
    assert_eq!(names(&empty), ["chat.db", "chat.db.lock", "server_key.pem"]);
    assert_eq!(entries(&empty).await.len(), 1);
    fs::write(scene.path("file"), "").unwrap();
    let error = scene.restore("backup", "file").unwrap_err();
    assert!(matches!(error, RestoreError::NoFolder(_)), "{error}");
    // Deeper than what is there.
    scene.restore("backup", "new/data").unwrap();
    assert_eq!(entries(&scene.path("new/data")).await.len(), 1);
}
