//! The files with which the server runs in a container: they fit the program and each other. Containers
//! themselves are started by `cargo xtask package`.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

type Variables = Vec<(String, String)>;

fn file(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    fs::read_to_string(root.join(path)).unwrap()
}

fn variable(text: &str) -> Option<(String, String)> {
    let (name, value) = text.split_once('=')?;
    let is_name = |it: char| it.is_ascii_uppercase() || it == '_';
    (!name.is_empty() && name.chars().all(is_name)).then(|| (name.to_owned(), value.to_owned()))
}

/// Returns the variables that the image sets.
fn of_image() -> Variables {
    let definition = file("packaging/container/Containerfile");
    let (_, rest) = definition.split_once("\nENV ").unwrap();
    let lines = rest.lines();
    let mut variables = Vec::new();
    for line in lines {
        variables.push(variable(line.trim().trim_end_matches(" \\")).unwrap());
        if !line.ends_with('\\') {
            break;
        }
    }
    variables
}

/// Returns the variables of each way to protect the page, and those that go with all of them.
fn ways() -> (Vec<Variables>, Variables) {
    let example = file("deploy/.env.example");
    let mut parts: Vec<Variables> = Vec::new();
    for line in example.lines() {
        let headings = ["# 1.", "# 2.", "# 3.", "# For each"];
        if headings.iter().any(|it| line.starts_with(it)) {
            parts.push(Vec::new());
        } else if let Some(variable) = line.strip_prefix('#').and_then(variable) {
            parts.last_mut().unwrap().push(variable);
        } else {
            // Nothing holds before somebody has chosen.
            assert!(line.is_empty() || line.starts_with("# "), "{line}");
        }
    }
    let common = parts.pop().unwrap();
    (parts, common)
}

/// Returns the code of `config show` under these variables, and all that it has printed.
fn shown(variables: &Variables) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_secure-chat-server"))
        .args(["config", "show"])
        .env_clear()
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

#[test]
fn each_way_in_the_example_is_one_that_the_program_takes() {
    let (ways, common) = ways();
    assert_eq!(ways.len(), 3);
    for way in ways {
        let all = [of_image(), way, common.clone()].concat();
        let (code, shown) = shown(&all);
        assert_eq!(code, Some(0), "{all:?}\n{shown}");
        for (name, _) in all {
            let is_of_compose = ["PAGE", "SESSIONS"].contains(&name.as_str());
            let origin = format!("# environment {name}");
            assert!(is_of_compose || shown.contains(&origin), "{name}\n{shown}");
        }
    }
}

#[test]
fn the_image_alone_takes_no_protection_away() {
    let (code, shown) = shown(&of_image());
    assert_eq!(code, Some(64), "{shown}");
    assert!(shown.contains("--insecure-http"), "{shown}");
}

#[test]
fn image_compose_file_and_document_agree() {
    let compose = file("deploy/compose.yaml");
    let definition = file("packaging/container/Containerfile");
    let document = file("docs/DEPLOY.md");
    let tag = format!("localhost/secure-chat-server:{}", env!("CARGO_PKG_VERSION"));
    for (name, text) in [
        ("compose.yaml", &compose),
        ("Containerfile", &definition),
        ("DEPLOY.md", &document),
    ] {
        let tags = text.matches("localhost/secure-chat-server:").count();
        assert!(tags > 0, "{name} names no image");
        assert_eq!(
            text.matches(&tag).count(),
            tags,
            "another version in {name}"
        );
    }
    for (name, value) in of_image() {
        let (_, port) = value.rsplit_once(':').unwrap_or_default();
        if ["SECURE_CHAT_LISTEN", "SECURE_CHAT_HTTP"].contains(&name.as_str()) {
            assert!(compose.contains(&format!("}}:{port}\"")), "{port}");
        }
    }
    let check = definition.split_once("\nHEALTHCHECK ").unwrap().1;
    for (flag, key) in [
        ("interval", "interval"),
        ("timeout", "timeout"),
        ("start-period", "start_period"),
        ("retries", "retries"),
    ] {
        let (_, value) = check.split_once(&format!("--{flag}=")).unwrap();
        let value = value.split_whitespace().next().unwrap();
        let line = format!("      {key}: {value}\n");
        assert!(compose.contains(&line), "{line}");
    }
    let gateway = compose.split_once("gateway: ").unwrap().1;
    let gateway = gateway.lines().next().unwrap();
    let trusted = ways().0.concat();
    let trusted = trusted.iter().find(|(name, _)| name.contains("PROXY"));
    assert_eq!(trusted.unwrap().1, gateway);
    assert!(document.contains(gateway));
}
