//! Servers that cannot start: each gives the reason in words that lead on, and changes nothing.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::support::server::{Server, private_folder, run_to_end, write_key};
use crate::support::server_key;

fn pem() -> Vec<u8> {
    server_key().to_pkcs8_pem().unwrap().as_bytes().to_vec()
}

#[test]
fn a_port_that_is_taken() {
    let running = Server::start(&[]);
    let data = private_folder();
    write_key(data.path(), &pem());
    for (flag, address) in [("--listen", running.tcp()), ("--http", running.http())] {
        let ended = run_to_end(data.path(), &[flag, &address.to_string()]);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        for words in [
            format!("cannot listen on {address}"),
            format!("choose one with {flag}"),
        ] {
            assert!(ended.stderr.contains(&words), "{ended:?}");
        }
    }
}

#[test]
fn a_damaged_key_is_left_as_it_is() {
    // To clients that have pinned the old key, a new one in its place would look like an attack.
    let whole = pem();
    let mut flipped = whole.clone();
    flipped[400] = if flipped[400] == b'A' { b'B' } else { b'A' };
    for damaged in [
        &b""[..],
        b"\xff\xfe\x00",
        &whole[..whole.len() / 2],
        &flipped,
        server_key().public_key().to_spki_pem().as_bytes(),
    ] {
        let data = private_folder();
        write_key(data.path(), damaged);
        let ended = run_to_end(data.path(), &[]);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(
            ended.stderr.contains("server_key.pem is damaged"),
            "{ended:?}"
        );
        assert!(ended.stderr.contains("it was left as it is"), "{ended:?}");
        let now = fs::read(data.path().join("server_key.pem")).unwrap();
        assert_eq!(now, damaged);
    }
}

#[test]
fn a_key_that_others_can_read() {
    // A copy of the key makes its owner this server, for everybody who pins it.
    for mode in [0o644, 0o640, 0o604, 0o660] {
        let data = private_folder();
        write_key(data.path(), &pem());
        let path = data.path().join("server_key.pem");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let ended = run_to_end(data.path(), &[]);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(
            ended.stderr.contains(&format!("mode {mode:o}")),
            "{ended:?}"
        );
        assert!(ended.stderr.contains("chmod 600"), "{ended:?}");
        assert_eq!(fs::read(&path).unwrap(), pem());
    }
}

#[test]
fn a_key_that_cannot_be_read() {
    // A folder in the key's place cannot be read even by root.
    let data = private_folder();
    let path = data.path().join("server_key.pem");
    fs::create_dir(&path).unwrap();
    for mode in [0o700, 0o755] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let ended = run_to_end(data.path(), &[]);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        let expected = format!("cannot read {}", path.display());
        assert!(ended.stderr.contains(&expected), "{mode:o}: {ended:?}");
    }
}

#[test]
fn a_data_folder_into_which_others_can_write() {
    // Whoever can write into the folder can exchange the files in it.
    for mode in [0o777, 0o770, 0o703] {
        let data = private_folder();
        write_key(data.path(), &pem());
        fs::set_permissions(data.path(), fs::Permissions::from_mode(mode)).unwrap();
        let ended = run_to_end(data.path(), &[]);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        for words in [format!("mode {mode:o}"), "chmod go-w".to_owned()] {
            assert!(ended.stderr.contains(&words), "{ended:?}");
        }
    }
}

#[test]
fn a_data_folder_that_others_can_read() {
    let data = private_folder();
    write_key(data.path(), &pem());
    fs::set_permissions(data.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let server = Server::start_in(data, &[]);
    server.wait_for_log(&["WARN", "others have rights", "mode 755"]);
    // The history is its owner's all the same.
    let history = fs::metadata(server.data().join("chat.db")).unwrap();
    assert_eq!(history.permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_data_folder_without_rights() {
    // Neither a file nor /proc can take files, even from root.
    let file = tempfile::NamedTempFile::new().unwrap();
    for folder in [
        file.path(),
        &file.path().join("inner"),
        std::path::Path::new("/proc/secure-chat"),
    ] {
        let ended = run_to_end(folder, &[]);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(ended.stderr.contains(folder.to_str().unwrap()), "{ended:?}");
        assert!(ended.stderr.contains("cannot "), "{ended:?}");
        assert!(!ended.stderr.contains("panicked"), "{ended:?}");
    }
}
