//! Prometheus itself, with the files of `deploy/monitoring/`: it scrapes a server, judges the alert
//! rules, and answers every query of the dashboard.

use std::fmt::Write as _;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use shared::connection::Version;

use crate::support::client::{Client, connect};
use crate::support::json::{hear, over_tcp, say, send};
use crate::support::process::Killed;
use crate::support::server::{Server, private_folder};
use crate::support::tls::open;
use crate::support::websocket::ask;
use crate::support::{PATIENCE, eventually};

/// Returns a file that people are to use as it is.
fn shipped(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/monitoring");
    folder.join(name)
}

/// Returns whether Prometheus's programs are there, which `cargo xtask test` takes care of.
fn is_installed() -> bool {
    let found = ["prometheus", "promtool"].map(|it| Command::new(it).arg("--version").output());
    let found = found.iter().all(Result::is_ok);
    if !found {
        eprintln!("skipped: prometheus and promtool are not installed");
    }
    found
}

/// Runs `promtool` with `input`, and asserts that it finds no fault.
fn promtool(arguments: &[&str], input: &str) {
    let mut promtool = Command::new("promtool")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = promtool.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).unwrap();
    drop(stdin);
    let output = promtool.wait_with_output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let printed = printed + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {printed}");
}

/// A Prometheus that scrapes `server`.
struct Prometheus {
    process: Killed,
    address: SocketAddr,
    folder: tempfile::TempDir,
}

impl Prometheus {
    /// Starts Prometheus with the shipped files, in which only the address and the pace are others.
    fn start(server: &Server) -> Self {
        let folder = private_folder();
        let path = |name: &str| folder.path().join(name);
        let shipped_config = fs::read_to_string(shipped("prometheus.yml")).unwrap();
        let mut config = shipped_config;
        for (from, to) in [
            ("127.0.0.1:9464", server.ops().to_string()),
            ("scrape_interval: 15s", "scrape_interval: 1s".into()),
            ("evaluation_interval: 15s", "evaluation_interval: 1s".into()),
        ] {
            assert!(config.contains(from), "{from} in {config}");
            config = config.replace(from, &to);
        }
        fs::write(path("prometheus.yml"), config).unwrap();
        fs::copy(shipped("alerts.yml"), path("alerts.yml")).unwrap();
        // Another program could take the port before Prometheus does, which then does not start.
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let process = Command::new("prometheus")
            .arg(format!("--web.listen-address={address}"))
            .arg(format!(
                "--config.file={}",
                path("prometheus.yml").display()
            ))
            .arg(format!("--storage.tsdb.path={}", path("data").display()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(path("log")).unwrap())
            .spawn()
            .unwrap();
        let mut prometheus = Self {
            process: Killed(process),
            address,
            folder,
        };
        eventually("prometheus", || {
            let ended = prometheus.process.try_wait().unwrap();
            assert!(
                ended.is_none(),
                "prometheus has ended: {}",
                prometheus.log()
            );
            TcpStream::connect(address).is_ok().then_some(())
        });
        prometheus
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// Asks the interface for programs; `None` as long as it does not answer.
    fn get(&self, path: &str) -> Option<Value> {
        let mut stream = TcpStream::connect(self.address).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        // 1.0: the answer ends with the connection, however long it is.
        let head = format!("GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n");
        stream.write_all(head.as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (_, body) = answer.split_once("\r\n\r\n")?;
        serde_json::from_str(body).ok()
    }

    /// Waits until a query has a result that is not empty.
    fn assert_answers(&self, query: &str) {
        let mut encoded = String::new();
        for byte in query.bytes() {
            write!(encoded, "%{byte:02X}").unwrap();
        }
        eventually(&format!("a result of {query}"), || {
            let answer = self.get(&format!("/api/v1/query?query={encoded}"))?;
            // What is waited for is samples; a query that is wrong will not get right.
            let error = &answer["error"];
            assert!(error.is_null() || error == "", "{query}: {error}");
            let result = answer["data"]["result"].as_array()?;
            (!result.is_empty()).then_some(())
        });
    }
}

/// Returns the selectors in a query: the names of our series, with the labels behind them.
fn selectors(query: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in query.match_indices("secure_chat_") {
        let rest = &query[at..];
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let name = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
        let labels = rest[name..]
            .starts_with('{')
            .then(|| rest[name..].find('}'));
        let end = labels.flatten().map_or(name, |end| name + end + 1);
        found.push(rest[..end].to_owned());
    }
    found
}

/// Returns the dashboard's queries, with values in place of its variables.
fn dashboard_queries() -> Vec<String> {
    let dashboard = fs::read_to_string(shipped("grafana-dashboard.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&dashboard).unwrap();
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let targets = panels.flat_map(|panel| panel["targets"].as_array().unwrap());
    let queries = targets.map(|target| target["expr"].as_str().unwrap());
    let queries = queries.map(|query| {
        let query = query.replace("$__rate_interval", "1m");
        query.replace("$instance", ".*")
    });
    queries.collect()
}

#[test]
fn selectors_are_found_in_queries() {
    let query = "sum(rate(secure_chat_a_total{x=\"y\"}[5m])) > secure_chat_b";
    let expected = ["secure_chat_a_total{x=\"y\"}", "secure_chat_b"];
    assert_eq!(selectors(query), expected);
}

#[test]
fn the_alert_rules_fire_for_what_is_wrong_and_for_nothing_else() {
    if !is_installed() {
        return;
    }
    let path = |name: &str| shipped(name).to_str().unwrap().to_owned();
    promtool(&["check", "config", &path("prometheus.yml")], "");
    promtool(&["test", "rules", &path("alerts.test.yml")], "");
}

#[test]
fn prometheus_finds_every_series_that_a_rule_or_the_dashboard_asks_for() {
    if !is_installed() {
        return;
    }
    let server = Server::start(&["--ops", "127.0.0.1:0", "--tls-self-signed"]);
    let metrics = ask(server.ops(), "GET /metrics HTTP/1.1\nHost: localhost");
    promtool(&["check", "metrics"], &metrics.body);

    let mut anna = over_tcp(server.tcp(), 1, "anna");
    say(&mut anna, &json!({"type": "create", "room": "garden"}));
    hear(&mut anna, "joined");
    say(&mut anna, &send("garden", 1, "look"));
    hear(&mut anna, "ack");
    let mut inside = Client::speaking(open(server.http(), &[b"secure-chat"]), Version::V2);
    inside.establish();
    // A handshake that fails: only the first of its kind makes its series.
    let mut garbage = connect(server.tcp());
    garbage.write_all(&vec![b'{'; 16 * 1024 + 1]).unwrap();
    let _ = garbage.read_to_end(&mut Vec::new());

    let prometheus = Prometheus::start(&server);
    prometheus.assert_answers("up{job=\"secure-chat\"} == 1");
    let queries = dashboard_queries();
    assert!(queries.len() > 15, "{queries:?}");
    for query in &queries {
        prometheus.assert_answers(query);
    }
    let rules = eventually("the rules", || {
        let answer = prometheus.get("/api/v1/rules")?;
        let rules = answer["data"]["groups"][0]["rules"].as_array()?.clone();
        // Not judged yet.
        let is_judged = rules.iter().all(|rule| rule["health"] != "unknown");
        is_judged.then_some(rules)
    });
    assert!(rules.len() > 10, "{rules:#?}");
    for rule in rules {
        assert_eq!(rule["health"], "ok", "{rule:#?}");
        assert_eq!(rule["state"], "inactive", "{rule:#?}");
        for selector in selectors(rule["query"].as_str().unwrap()) {
            prometheus.assert_answers(&selector);
        }
    }
    // What the server counts is what Prometheus has.
    prometheus.assert_answers("secure_chat_deliveries_total == 1");
    prometheus.assert_answers("secure_chat_ack_seconds_bucket{le=\"+Inf\"} == 1");
}
