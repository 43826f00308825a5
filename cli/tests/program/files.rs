//! The files in the data folder, the commands that work on them, and the program's documentation of
//! itself.

use std::fs;

use crate::support::{Home, Server};

#[test]
fn a_damaged_known_servers_stops_everything_and_is_left_alone() {
    let server = Server::start();
    let home = Home::new();
    let address = server.tcp();
    home.run(&["connect", &address, "--accept-new"], "")
        .expect(0);
    let damaged = format!("# mine\n{}", home.pins().replace("highest=v2", "highest"));
    home.write("known_servers", damaged.as_bytes());
    for arguments in [
        &["connect", &address][..],
        &["connect", &address, "--accept-new"],
        &["pins", "list"],
        &["pins", "remove", &address],
    ] {
        let finished = home.run(arguments, "secret\n").expect(1);
        finished.says(&["known_servers is damaged, line 2", "\"highest\""]);
        assert_eq!(home.pins(), damaged);
    }
    home.write("known_servers", b"\xff\xfe\x00binary");
    home.run(&["connect", &address], "")
        .expect(1)
        .says(&["damaged"]);
}

#[test]
fn comments_survive_what_the_program_writes() {
    let server = Server::start();
    let home = Home::new();
    let address = server.tcp();
    home.run(&["connect", &address, "--accept-new"], "")
        .expect(0);
    let commented = format!("# the one in the cellar\n{}# end\n", home.pins());
    home.write("known_servers", commented.as_bytes());
    home.run(&["connect", &address], "").expect(0);
    let pins = home.pins();
    assert!(pins.starts_with("# the one in the cellar\n"), "{pins}");
    assert!(pins.ends_with("# end\n"), "{pins}");
}

#[cfg(unix)]
#[test]
fn a_key_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new();
    home.run(&["keys", "show"], "").expect(0);
    let path = home.path().join("client_key.pem");
    let before = fs::read(&path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let finished = home.run(&["connect", "127.0.0.1:9"], "").expect(1);
    finished.says(&["can be read by others (mode 644)", "chmod 600"]);
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_damaged_key_is_refused_and_left_alone() {
    let home = Home::new();
    home.write("client_key.pem", b"-----BEGIN PRIVATE KEY-----\nAAAA\n");
    home.run(&["connect", "127.0.0.1:9"], "")
        .expect(1)
        .says(&["damaged", "left as it is"]);
    let content = fs::read(home.path().join("client_key.pem")).unwrap();
    assert_eq!(content, b"-----BEGIN PRIVATE KEY-----\nAAAA\n");
}

#[test]
fn a_key_travels_encrypted_from_one_folder_to_another() {
    let (old, new) = (Home::new(), Home::new());
    let shown = old.run(&["keys", "show"], "").expect(0).stdout;
    assert!(
        shown.contains("SHA256:") && shown.contains("BEGIN PUBLIC KEY"),
        "{shown}"
    );
    old.write("passphrase", b"correct horse\n");
    old.write("wrong", b"incorrect horse\n");
    old.write("empty", b"\n");
    let path = |name: &str| old.path().join(name).to_str().unwrap().to_owned();
    let (file, right, wrong) = (path("export.pem"), path("passphrase"), path("wrong"));

    let export = |from: &str| old.run(&["keys", "export", &file, "--passphrase-file", from], "");
    export(&path("empty")).expect(1).says(&["empty passphrase"]);
    export(&right).expect(0);
    let exported = fs::read_to_string(&file).unwrap();
    assert!(
        exported.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"),
        "{exported}"
    );
    export(&right).expect(1).says(&["is there already"]);
    assert_eq!(fs::read_to_string(&file).unwrap(), exported);
    old.run(&["keys", "export", &path("other")], "")
        .expect(1)
        .says(&["--passphrase-file"]);

    let import = |from: &str| new.run(&["keys", "import", &file, "--passphrase-file", from], "");
    import(&wrong).expect(1).says(&["passphrase is wrong"]);
    assert!(
        import(&right)
            .expect(0)
            .stdout
            .contains(shown.lines().next().unwrap())
    );
    assert_eq!(new.run(&["keys", "show"], "").expect(0).stdout, shown);
    import(&right).expect(1).says(&["not overwritten"]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        for file in [file.clone().into(), new.path().join("client_key.pem")] {
            assert_eq!(
                fs::metadata(file).unwrap().permissions().mode() & 0o777,
                0o600
            );
        }
    }
}

#[test]
fn a_qr_code_holds_the_fingerprint() {
    let home = Home::new();
    let plain = home.run(&["keys", "show"], "").expect(0).stdout;
    let with_code = home.run(&["keys", "show", "--qr"], "").expect(0).stdout;
    let picture = with_code.strip_prefix(&plain).unwrap().trim_matches('\n');
    // 50 characters at error correction M are version 4: 33 modules and a margin of 4 on each side,
    // two rows of them in one line.
    assert_eq!(picture.lines().count(), 41_usize.div_ceil(2), "{picture}");
    assert!(
        picture.lines().all(|line| line.chars().count() == 41),
        "{picture}"
    );
}

#[test]
fn pins_are_listed_for_people_and_for_programs() {
    let server = Server::start();
    let home = Home::new();
    assert_eq!(home.run(&["pins", "list"], "").expect(0).stdout, "");
    assert_eq!(
        home.run(&["pins", "list", "--json"], "").expect(0).stdout,
        "[]\n"
    );
    home.run(&["connect", &server.ws(), "--accept-new"], "")
        .expect(0);
    let text = home.run(&["pins", "list"], "").expect(0).stdout;
    assert!(text.contains(&server.ws()) && text.contains("v2"), "{text}");
    let json = home.run(&["pins", "list", "--json"], "").expect(0).stdout;
    let list: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(list[0]["address"], server.ws());
    assert_eq!(list[0]["fingerprint"], server.fingerprint().to_string());
    assert_eq!(list[0]["highest"], "v2");
    assert_eq!(list[0]["words"].as_array().unwrap().len(), 8);
    home.run(&["pins", "remove", "unknown.example:1"], "")
        .expect(1)
        .says(&["is not in"]);
}

#[test]
fn wrong_usage_has_code_1_and_help_none() {
    let home = Home::new();
    for arguments in [
        &[][..],
        &["dance"],
        &["connect"],
        &["connect", "no-port"],
        &["connect", "a:1", "--protocol", "v3"],
        &["connect", "a:1", "--pin", "SHA256:short"],
        &["connect", "a:1", "--name", "two words"],
    ] {
        home.run(arguments, "").expect(1);
    }
    let help = home.run(&["--help"], "").expect(0).stdout;
    assert!(
        help.contains("Examples:") && help.contains("Exit codes:"),
        "{help}"
    );
    assert!(
        home.run(&["--version"], "")
            .expect(0)
            .stdout
            .starts_with("secure-chat ")
    );
    assert!(
        !home.path().join("client_key.pem").exists(),
        "none of this makes a key"
    );
}

#[test]
fn completions_and_man_pages_are_printed() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = home.run(&["completions", shell], "").expect(0).stdout;
        assert!(script.contains("accept-new"), "{shell}: {script}");
    }
    let page = home.run(&["man"], "").expect(0).stdout;
    assert!(
        page.contains(".TH") && page.contains("EXIT STATUS"),
        "{page}"
    );
    home.run(&["man", "connect"], "").expect(0);
    home.run(&["man", "dance"], "").expect(1);
}
