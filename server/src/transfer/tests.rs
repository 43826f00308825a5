//! Exports that are no good: each is refused with its line, and nothing of it is imported.

use std::fs;
use std::io::Write;
use std::path::Path;

use super::*;
use crate::store::SqliteStore;

/// An export with a person, a room of two entries, and one without any.
const GOOD: [&str; 8] = [
    r#"{"export":{"version":1}}"#,
    r#"{"person":{"id":"SHA256:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0","name":"anna","v2":true}}"#,
    r#"{"room":{"room":"one","topic":"","private":false,"keep":"forever","head":5}}"#,
    r#"{"member":{"room":"one","user":"SHA256:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0","read":0}}"#,
    r#"{"entry":{"room":"one","seq":1,"id":"abababab-abab-4bab-abab-abababababab","from":{"id":"SHA256:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0","name":"anna"},"at":"2026-11-24T03:45:00.000Z","type":"message","text":"first"}}"#,
    r#"{"entry":{"room":"one","seq":3,"id":"cdcdcdcd-abab-4bab-abab-abababababab","from":{"id":"SHA256:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0","name":"anna"},"at":"2026-11-24T03:45:00.000Z","type":"message","text":"second"}}"#,
    r#"{"room":{"room":"two","topic":"","private":true,"keep":{"days":3},"head":0}}"#,
    r#"{"end":{"lines":7}}"#,
];

/// A data folder with an empty history.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    drop(SqliteStore::open(&folder.path().join("chat.db")).unwrap());
    folder
}

fn exported(data: &Path) -> String {
    let mut out = Vec::new();
    export(data, "chat.db", &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// Imports bytes that must be refused, and returns the reason.
fn refused(data: &Path, bytes: &[u8]) -> String {
    let before = exported(data);
    let file = data.join("export.jsonl");
    fs::write(&file, bytes).unwrap();
    let error = import(&file, data, "chat.db", &Options::default()).unwrap_err();
    fs::remove_file(&file).unwrap();
    assert_eq!(exported(data), before, "something was imported");
    assert!(
        names(data).iter().all(|name| name.starts_with("chat.db")),
        "{error}"
    );
    error.to_string()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_good_export_is_imported_as_it_is() {
    let data = folder();
    let file = tempfile::NamedTempFile::new().unwrap();
    let text = GOOD.join("\n") + "\n";
    fs::write(file.path(), &text).unwrap();
    let report = import(file.path(), data.path(), "chat.db", &Options::default()).unwrap();
    assert_eq!((report.rooms, report.entries), (2, 2));
    assert_eq!(exported(data.path()), text);
}

#[test]
fn each_line_that_is_wrong_is_named_and_nothing_is_imported() {
    let data = folder();
    let other_room = GOOD[4].replace("\"one\"", "\"two\"");
    let lower = GOOD[5].replace("\"seq\":3", "\"seq\":1");
    let too_large = GOOD[5].replace("\"seq\":3", "\"seq\":1099511627776");
    let same_id = GOOD[5].replace("cdcdcdcd", "abababab");
    let beyond = GOOD[2].replace("\"head\":5", "\"head\":2");
    let control = GOOD[4].replace("first", "\\u001b[2J");
    let no_name = GOOD[1].replace("anna", "an na");
    let unknown_field = GOOD[2].replace("\"head\"", "\"color\":1,\"head\"");
    for (line, text, words) in [
        (2, "not json", "expected"),
        (2, "{\"unknown\":{}}", "unknown variant"),
        (2, "", "EOF"),
        (2, "[]", "expected"),
        (2, &*no_name, "is no name"),
        (3, GOOD[0], "cannot come here"),
        (3, GOOD[4], "does not follow that room's own line"),
        (3, &*unknown_field, "unknown field"),
        (4, &*other_room, "does not follow that room's own line"),
        (4, GOOD[1], "cannot come here"),
        (
            5,
            "{\"entry\":{\"room\":\"one\",\"seq\":1}}",
            "missing field",
        ),
        (5, &*control, "control characters"),
        (6, &*lower, "the number 1 does not come after"),
        (6, &*too_large, "the number 1099511627776"),
        (6, &*same_id, "another entry with this id"),
        (7, GOOD[2], "the room one comes twice"),
        (
            8,
            "{\"end\":{\"lines\":6}}",
            "counts 6 lines before it, and there are 7",
        ),
        (8, "{\"end\":{\"lines\":-1}}", "invalid value"),
        (3, &*beyond, "the room's last number 2 is less"),
    ] {
        let mut lines = GOOD;
        lines[line - 1] = text;
        let error = refused(data.path(), (lines.join("\n") + "\n").as_bytes());
        assert!(
            error.starts_with(&format!("line {line}: ")),
            "{text}: {error}"
        );
        assert!(error.contains(words), "{text}: {error}");
    }
}

#[test]
fn an_export_that_was_cut_or_goes_on_behind_its_end_is_refused() {
    let data = folder();
    let whole = GOOD.join("\n") + "\n";
    // At every byte of it: the last newline alone may be missing.
    for length in 1..whole.len() - 1 {
        let error = refused(data.path(), &whole.as_bytes()[..length]);
        assert!(error.starts_with("line "), "{length}: {error}");
    }
    let error = refused(data.path(), format!("{whole}{}\n", GOOD[6]).as_bytes());
    assert!(
        error.contains("line 9: there is something behind"),
        "{error}"
    );
    // A line is missing in the middle.
    let mut lines = GOOD.to_vec();
    lines.remove(5);
    let error = refused(data.path(), lines.join("\n").as_bytes());
    assert!(error.contains("line 7: the end counts 7 lines"), "{error}");
}

#[test]
fn a_file_that_is_none_of_ours_or_of_another_version_is_refused() {
    let data = folder();
    for bytes in [
        &b""[..],
        b"\n",
        b"hello\n",
        b"{}\n",
        b"[1]\n",
        b"{\"type\":\"post\"}\n",
        b"\xff\xfe\n",
    ] {
        let error = refused(data.path(), bytes);
        assert!(error.starts_with("line 1: "), "{bytes:?}: {error}");
    }
    for version in ["0", "2", "4294967297"] {
        let first = format!("{{\"export\":{{\"version\":{version},\"more\":[]}}}}\n");
        let error = refused(data.path(), first.as_bytes());
        let words = format!("line 1: the export has version {version}, and this program reads");
        assert!(error.contains(&words), "{error}");
    }
    let mattermost = b"{\"type\":\"version\",\"version\":2}\n";
    let error = refused(data.path(), mattermost);
    assert!(
        error.contains("line 1: Mattermost's export has version 2"),
        "{error}"
    );
    let absent = import(
        &data.path().join("absent"),
        data.path(),
        "chat.db",
        &Options::default(),
    );
    assert!(matches!(absent, Err(ImportError::Read(..))));
}

// The attacks: a line that fills the memory, and bytes that are no text.
#[test]
fn a_line_of_a_gigabyte_and_one_that_is_no_utf_8_are_refused() {
    let data = folder();
    let mut start = GOOD[..4].join("\n").into_bytes();
    start.push(b'\n');
    let mut no_text = start.clone();
    no_text.extend_from_slice(b"{\"entry\":\"\xff\"}\n");
    let error = refused(data.path(), &no_text);
    assert_eq!(error, "line 5: the line is not UTF-8");

    // A sparse file, which has a gigabyte of zeros without taking them on the disk.
    for (content, line) in [(&b""[..], 1), (&start, 5)] {
        let outer = tempfile::tempdir().unwrap();
        let path = outer.path().join("long.jsonl");
        let mut file = fs::File::create(&path).unwrap();
        file.write_all(content).unwrap();
        file.set_len(1 << 30).unwrap();
        let before = resident_kib();
        let error = import(&path, data.path(), "chat.db", &Options::default()).unwrap_err();
        let words = format!("line {line}: the line is longer than {MAX_LINE_BYTES} bytes");
        assert_eq!(error.to_string(), words);
        let grown = resident_kib().saturating_sub(before);
        assert!(grown < 100 * 1024, "{grown} KiB more");
    }
    assert!(
        names(data.path())
            .iter()
            .all(|name| name.starts_with("chat.db"))
    );
}

/// Returns the most memory that this process has had, in KiB.
fn resident_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    number.unwrap().parse().unwrap()
}

// An export may be larger than the memory.
#[test]
fn an_import_that_fails_at_its_last_line_leaves_nothing_of_thousands_before() {
    let data = folder();
    let mut lines = String::new();
    for line in &GOOD[..3] {
        lines += line;
        lines.push('\n');
    }
    // Past the number after which rows are written.
    for seq in 1..=25_000 {
        let id = format!("{seq:08x}-abab-4bab-abab-abababababab");
        let line = GOOD[4].replace("\"seq\":1", &format!("\"seq\":{seq}"));
        lines += &line.replace("abababab-abab-4bab-abab-abababababab", &id);
        lines.push('\n');
    }
    lines += "{\"end\":{\"lines\":3}}\n";
    let error = refused(data.path(), lines.as_bytes());
    assert!(error.contains("line 25004: "), "{error}");
    assert!(
        error.contains("counts 3 lines before it, and there are 25003"),
        "{error}"
    );
}
