//! Settings that are refused, and which of two settings wins.

use clap::Parser;

use super::*;
use crate::public_url::PublicUrl;

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
        (&["--otlp-endpoint", "collector"], "--otlp-endpoint"),
        (&["--otlp-sample", "1.5"], "otlp_sample is 1.5"),
        (&["--otlp-sample=-0.1"], "otlp_sample is -0.1"),
        (&["--otlp-sample", "NaN"], "otlp_sample is NaN"),
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

// A setting that is passed over: somebody waits for traces that never come.
#[cfg(not(feature = "otel"))]
#[test]
fn a_server_without_traces_refuses_a_collector_and_names_the_feature() {
    let error = config(&["--otlp-endpoint", "http://127.0.0.1:4318"]).unwrap_err();
    assert!(error.contains("--features otel"), "{error}");
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "otlp_endpoint = \"http://127.0.0.1:4318\"\n").unwrap();
    let error = config(&["--config", file.path().to_str().unwrap()]).unwrap_err();
    assert!(error.contains("--features otel"), "{error}");
}

const ACME: [&str; 3] = ["--acme", "chat.example", "--acme-agree-tos"];

#[test]
fn a_name_for_a_certificate_is_the_pages_address() {
    let one = config(&ACME).unwrap();
    let origins: Vec<_> = one
        .network
        .public_url
        .iter()
        .map(PublicUrl::origin)
        .collect();
    assert_eq!(origins, ["https://chat.example"]);
    let Some(TlsSettings::Acme(acme)) = one.network.tls else {
        panic!("{:?}", one.network.tls);
    };
    assert_eq!(
        acme.directory,
        "https://acme-v02.api.letsencrypt.org/directory"
    );
    // Another port, and another name that is no page's.
    let more = [
        "--acme",
        "Chät.example,chat.example.",
        "--public-url",
        "https://chat.example:8443",
    ];
    let two = config(&[&ACME[..], &more].concat()).unwrap();
    let origins: Vec<_> = two
        .network
        .public_url
        .iter()
        .map(PublicUrl::origin)
        .collect();
    assert_eq!(origins, ["https://chat.example:8443"]);
    let Some(TlsSettings::Acme(acme)) = two.network.tls else {
        panic!("{:?}", two.network.tls);
    };
    assert_eq!(acme.names(), ["chat.example", "xn--cht-rla.example"]);
    // Other machines reach the page by TLS only.
    config(&[&ACME[..], &["--http", "0.0.0.0:443"]].concat()).unwrap();
}

#[test]
fn certificates_that_cannot_be_had_or_are_not_meant_are_refused() {
    let many: Vec<_> = (0..100)
        .map(|number| format!("a{number}.example"))
        .collect();
    let many = many.join(",");
    for (more, expected) in [
        (&["--acme", "192.0.2.1"][..], "is an address"),
        (&["--acme", "*.chat.example"], "a wildcard is proven in DNS"),
        (&["--acme", &many], "101 names"),
        (
            &["--tls-self-signed"],
            "leave tls_cert, tls_key and tls_self_signed out",
        ),
        (
            &["--tls-cert", "a", "--tls-key", "b"],
            "leave tls_cert, tls_key",
        ),
        (
            &["--acme-directory", "http://127.0.0.1/dir"],
            "acme_directory is",
        ),
        (&["--acme-directory", "letsencrypt"], "acme_directory is"),
        (&["--acme-email", "nobody"], "acme_email is"),
        (&["--acme-email", "a@b,c@d"], "acme_email is"),
        (&["--acme-email", "a@b\r\nX: y"], "acme_email is"),
        (
            &["--public-url", "https://other.example"],
            "for which acme gets no certificate",
        ),
        (&["--acme-agree-tos=false"], "--acme-agree-tos"),
    ] {
        let mut arguments = ACME.to_vec();
        if more[0].starts_with("--acme-agree-tos") {
            arguments.pop();
        }
        let error = config(&[&arguments[..], more].concat()).unwrap_err();
        assert!(error.contains(expected), "{more:?}: {error}");
    }
    let error = config(&ACME[..2]).unwrap_err();
    assert!(
        error.contains("agreement to the terms of service"),
        "{error}"
    );
    for alone in [["--acme-email", "a@b.example"], ["--acme-ca", "ca.pem"]] {
        let error = config(&alone).unwrap_err();
        assert!(error.contains("need acme with a name"), "{error}");
    }
}

#[test]
fn tasks_of_the_data_folder_need_no_protection_of_the_page() {
    let arguments = ["server", "--http", "0.0.0.0:8080", "--data-dir", "kept"];
    let parsed = || Cli::try_parse_from(arguments).unwrap();
    assert!(matches!(
        parsed().into_config(),
        Err(ConfigError::PlainHttp(_))
    ));
    let config = parsed().into_config_of_data().unwrap();
    assert_eq!(config.data_dir, Path::new("kept"));
}
