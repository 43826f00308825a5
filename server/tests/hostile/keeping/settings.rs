//! The settings of a server, shown and checked by the program.

use std::fs;

use crate::support::server::{Server, private_folder, run_to_end};

#[test]
fn the_settings_are_shown_with_where_they_come_from() {
    let data = private_folder();
    let file = data.path().join("settings.toml");
    fs::write(&file, "max_rooms = 5\n").unwrap();
    let path = file.to_str().unwrap();
    let shown = run_to_end(
        data.path(),
        &["--config", path, "--allow-v1", "config", "show"],
    );
    assert_eq!(shown.code, Some(0), "{shown:?}");
    println!("{}", shown.stdout);
    for line in [
        format!("max_rooms = 5  # {path}, line 1"),
        "allow_v1 = true  # flag --allow-v1".to_owned(),
        "http = [\"127.0.0.1:0\"]  # flag --http; needs a restart".to_owned(),
        "keep = \"forever\"  # default".to_owned(),
    ] {
        assert!(
            shown.stdout.lines().any(|it| it == line),
            "{line}: {shown:?}"
        );
    }
    fs::write(&file, "max_rooms = 5\nmax_room = 7\n").unwrap();
    let wrong = run_to_end(data.path(), &["--config", path, "config", "show"]);
    assert_eq!(wrong.code, Some(64), "{wrong:?}");
    assert!(
        wrong.stderr.contains("line 2") && wrong.stderr.contains("max_room"),
        "{wrong:?}"
    );
}

#[test]
fn the_sample_is_a_file_that_a_server_starts_with() {
    let data = private_folder();
    let sample = run_to_end(data.path(), &["config", "sample"]);
    assert_eq!(sample.code, Some(0), "{sample:?}");
    let file = data.path().join("settings.toml");
    fs::write(&file, &sample.stdout).unwrap();
    Server::start(&["--config", file.to_str().unwrap()]);
}

#[test]
fn a_check_says_what_is_wrong_and_changes_nothing() {
    let outer = private_folder();
    let data = outer.path().join("data");
    let well = run_to_end(&data, &["config", "check"]);
    println!("{}", well.stdout);
    assert_eq!(well.code, Some(0), "{well:?}");
    assert!(!data.exists());
    let server = Server::start(&[]);
    let running = run_to_end(server.data(), &["config", "check"]);
    assert_eq!(running.code, Some(0), "{running:?}");
    assert!(
        running.stdout.contains("a server uses the data folder"),
        "{running:?}"
    );
    let address = server.tcp().to_string();
    let taken = run_to_end(&data, &["--listen", &address, "config", "check"]);
    assert_eq!(taken.code, Some(1), "{taken:?}");
    let told = format!("error: --listen cannot listen on {address}");
    assert!(taken.stdout.contains(&told), "{taken:?}");
}
