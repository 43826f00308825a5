//! An ACME directory: Let's Encrypt's `pebble`, with its name server and an authority of its own.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::process::Killed;
use super::server::private_folder;
use super::tls::{issue_by_authority, open};
use super::{eventually, free, is_installed};

/// A directory at which every name leads to 127.0.0.1, killed when dropped.
pub(crate) struct Pebble {
    directory: SocketAddr,
    management: SocketAddr,
    names: SocketAddr,
    /// The address that the directory connects to for its challenges.
    pub(crate) serving: SocketAddr,
    /// Ends before the folder that it uses.
    processes: Vec<Killed>,
    folder: tempfile::TempDir,
}

/// Returns whether the programs are there.
pub(crate) fn is_there() -> bool {
    is_installed("pebble") && is_installed("pebble-challtestsrv")
}

impl Pebble {
    /// Prepares a directory whose certificates last for so many seconds. It does not run yet.
    pub(crate) fn prepare(seconds: u32) -> Self {
        let pebble = Self {
            directory: free(),
            management: free(),
            names: free(),
            serving: free(),
            folder: private_folder(),
            processes: Vec::new(),
        };
        let (root, issued) = issue_by_authority();
        let path = |name: &str| pebble.folder.path().join(name);
        fs::write(path("ca.pem"), root).unwrap();
        fs::write(path("chain.pem"), issued.chain).unwrap();
        fs::write(path("key.pem"), issued.key).unwrap();
        let settings = serde_json::json!({ "pebble": {
            "listenAddress": pebble.directory,
            "managementListenAddress": pebble.management,
            "certificate": path("chain.pem"),
            "privateKey": path("key.pem"),
            "httpPort": 1,
            "tlsPort": pebble.serving.port(),
            "certificateValidityPeriod": seconds,
        }});
        fs::write(path("settings.json"), settings.to_string()).unwrap();
        pebble
    }

    /// Starts a directory that looks at challenges at once.
    pub(crate) fn start(seconds: u32) -> Self {
        let mut pebble = Self::prepare(seconds);
        pebble.run(&[]);
        pebble
    }

    /// Starts the prepared directory with these variables in its environment. Its accounts are none.
    pub(crate) fn run(&mut self, environment: &[(&str, &str)]) {
        let silent = |program: &str| {
            let mut command = Command::new(program);
            command.stdin(Stdio::null()).stdout(Stdio::null());
            command.stderr(Stdio::null());
            command
        };
        let (names, management) = (self.names.to_string(), free().to_string());
        let mut resolver = silent("pebble-challtestsrv");
        resolver.args(["-dns01", &names, "-management", &management]);
        resolver.args(["-http01", "", "-https01", "", "-tlsalpn01", ""]);
        resolver.args(["-defaultIPv6", ""]);
        self.processes.push(Killed(resolver.spawn().unwrap()));
        let mut directory = silent("pebble");
        let settings = self.folder.path().join("settings.json");
        directory.arg("-config").arg(settings);
        directory.args(["-dnsserver", &names]);
        directory.env("PEBBLE_VA_NOSLEEP", "1");
        directory.envs(environment.iter().copied());
        self.processes.push(Killed(directory.spawn().unwrap()));
        eventually("the directory", || {
            let there = [self.directory, self.management, self.names];
            let there = there.map(|address| TcpStream::connect(address).is_ok());
            (there == [true; 3]).then_some(())
        });
    }

    /// Ends the directory, which forgets everything.
    pub(crate) fn end(&mut self) {
        self.processes.clear();
    }

    /// Returns the flags of a server that gets its certificate here.
    pub(crate) fn flags(&self) -> Vec<String> {
        flags(self.serving, &self.url(), &self.ca())
    }

    fn url(&self) -> String {
        format!("https://{}/dir", self.directory)
    }

    /// Returns the file with the authority of the directory's own certificate.
    pub(crate) fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// Returns the authority of the certificates that the directory issues, in PEM.
    pub(crate) fn root(&self) -> String {
        let mut stream = open(self.management, &[]);
        let head = "GET /roots/0 HTTP/1.0\r\nHost: pebble\r\n\r\n";
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        let (_, root) = answer.split_once("\r\n\r\n").unwrap();
        root.to_owned()
    }
}

/// Returns the flags of a server on `serving` that gets its certificate from `directory`.
pub(crate) fn flags(serving: SocketAddr, directory: &str, ca: &std::path::Path) -> Vec<String> {
    let (serving, ca) = (serving.to_string(), ca.to_str().unwrap());
    let flags = [
        "--http",
        &serving,
        "--acme",
        "chat.example",
        "--acme-email",
        "admin@chat.example",
        "--acme-agree-tos",
        "--acme-directory",
        directory,
        "--acme-ca",
        ca,
    ];
    flags.map(str::to_owned).to_vec()
}
