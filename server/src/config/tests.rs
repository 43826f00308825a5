//! Settings that are refused, and which of two settings wins.

use clap::Parser;

use super::*;

fn config(arguments: &[&str]) -> Result<Config, String> {
    let cli = Cli::try_parse_from([&["secure-chat-server"], arguments].concat())
        .map_err(|error| error.to_string())?;
    cli.into_config().map_err(|error| error.to_string())
}

#[test]
fn flags_win_over_the_file_and_the_file_over_defaults() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(
        file.path(),
        "listen = \"127.0.0.1:7\"\nallow_v1 = true\nkey_bits = 3072\n",
    )
    .unwrap();
    let path = file.path().to_str().unwrap();
    let config = config(&[
        "--config",
        path,
        "--listen",
        "127.0.0.1:8",
        // A flag can also take back what the file allows.
        "--allow-v1=false",
    ])
    .unwrap();
    assert_eq!(config.network.listen, ["127.0.0.1:8".parse().unwrap()]);
    assert!(!config.allow_v1);
    assert_eq!(config.key_bits, 3072);
    assert_eq!(config.max_connections, 10_000);
}

// A server that starts with something else than was asked for fails later, and elsewhere.
#[test]
fn every_bad_value_is_refused_by_name() {
    for (arguments, expected) in [
        (&["--listen", "nowhere"][..], "--listen"),
        (&["--max-connections", "0"], "max_connections is 0"),
        (&["--max-frame-bytes", "10"], "max_frame_bytes is 10"),
        (
            &["--max-text-bytes", "1048576"],
            "max_text_bytes is 1048576",
        ),
        (&["--handshake-timeout", "0"], "handshake_timeout is 0"),
        (&["--admission", "closed"], "--admission"),
        (
            &["--new-keys-wait", "99999999"],
            "new_keys_wait is 99999999",
        ),
        (&["--key-bits", "1024"], "key_bits is 1024"),
        (&["--key-bits", "2049"], "key_bits must be"),
        (&["--allow-origin", "chat.example"], "allow_origin has"),
        (
            &["--allow-origin", "https://chat.example/path"],
            "allow_origin has",
        ),
        (
            &["--config", "no-such-file.toml"],
            "cannot read no-such-file.toml",
        ),
        (&["--surprise"], "--surprise"),
    ] {
        let error = config(arguments).unwrap_err();
        assert!(error.contains(expected), "{arguments:?}: {error}");
    }
}

// A limit that is misspelled and passed over would be no limit.
#[test]
fn a_file_with_a_misspelled_key_is_refused() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "lisen = \"127.0.0.1:7\"\n").unwrap();
    let error = config(&["--config", file.path().to_str().unwrap()]).unwrap_err();
    assert!(error.contains("lisen"), "{error}");
}
