//! What would keep a server from starting, or from going on: its data folder, key, history, ports
//! and disk. Changes nothing.

use std::fmt;
use std::fs;
use std::io::{self, ErrorKind, Write};
use std::net::TcpListener;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixStream;
use std::path::Path;

use native::files::ReadError;
use native::key_file::{self, KeyFileError};

use crate::backup::DATABASE;
use crate::config::{AcmeSettings, Config, NetworkSettings, TlsSettings};
use crate::gateway::has_page;
use crate::listen::{self, Endpoint};
use crate::tls::{Moment, Source, Tls};
use crate::{acme, data_folder, keystore, store};

/// Free space of a disk below which somebody should look, in bytes: weeks of a busy chat, and room
/// for the log while a backup is made.
const LITTLE_SPACE: u64 = 1024 * 1024 * 1024;

/// Free space below which a server is about to refuse messages, in bytes: its log alone may take as
/// much.
const NO_SPACE: u64 = 128 * 1024 * 1024;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// As it should be.
    Ok,
    /// The server starts, but somebody should look.
    Warning,
    /// The server does not start, or does not go on.
    Error,
}

/// Something that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub level: Level,
    /// A sentence that names what was checked.
    pub text: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = match self.level {
            Level::Ok => "ok",
            Level::Warning => "warning",
            Level::Error => "error",
        };
        write!(f, "{level}: {}", self.text)
    }
}

/// Checks what a server with this configuration needs.
pub fn check(config: &Config) -> Vec<Finding> {
    let mut findings = Findings(Vec::new());
    let data = &config.data_dir;
    findings.folder(data);
    findings.key(data);
    let runs = findings.history(data);
    findings.listeners(&config.network, runs);
    findings.page(has_page());
    findings.certificate(data, &config.network);
    findings.disk(data);
    findings.0
}

#[derive(Debug)]
struct Findings(Vec<Finding>);

impl Findings {
    fn push(&mut self, level: Level, text: impl Into<String>) {
        let text = text.into();
        self.0.push(Finding { level, text });
    }

    fn folder(&mut self, data: &Path) {
        let path = data.display();
        match data_folder::check(data) {
            Err(error) => self.push(Level::Error, error.to_string()),
            Ok(readable) if readable.is_empty() => {
                let there = if data.exists() {
                    ""
                } else {
                    " will be made, and"
                };
                let text = format!("the data folder {path}{there} is its owner's alone");
                self.push(Level::Ok, text);
            }
            Ok(readable) => {
                for readable in readable {
                    self.push(Level::Warning, readable.to_string());
                }
            }
        }
    }

    fn key(&mut self, data: &Path) {
        match key_file::load(&data.join(keystore::FILE_NAME)) {
            Ok(key) => {
                let fingerprint = key.public_key().fingerprint();
                self.push(Level::Ok, format!("the server's key is {fingerprint}"));
            }
            Err(KeyFileError::Read(_, ReadError::NotFound)) => {
                self.push(Level::Ok, "there is no server's key yet; it will be made");
            }
            Err(error) => self.push(Level::Error, error.to_string()),
        }
    }

    /// Returns `true` if a server uses the data folder.
    fn history(&mut self, data: &Path) -> bool {
        let path = data.join(DATABASE);
        if !path.exists() {
            self.push(Level::Ok, "there is no history yet; it will be made");
            return false;
        }
        match store::peek(&path) {
            Ok(version) => {
                let text = format!("the history is in tables of version {version}");
                self.push(Level::Ok, text);
            }
            Err(error) => self.push(Level::Error, error.to_string()),
        }
        let runs = store::is_locked(&path);
        if runs {
            self.push(Level::Ok, "a server uses the data folder at present");
        }
        runs
    }

    fn listeners(&mut self, network: &NetworkSettings, runs: bool) {
        let listen = network.listen.iter().map(|it| ("--listen", it));
        let http = network.http.iter().map(|it| ("--http", it));
        let ops = network.ops.iter().map(|it| ("--ops", it));
        // All are held until the end, so that two on one port are noticed.
        let mut held = Vec::new();
        for (flag, endpoint) in listen.chain(http).chain(ops) {
            let tried = match endpoint {
                Endpoint::Net(address) => {
                    TcpListener::bind(address).map(|listener| held.push(listener))
                }
                Endpoint::Unix { path, .. } => try_socket(path),
            };
            match tried {
                Ok(()) => self.push(Level::Ok, format!("{flag} can listen on {endpoint}")),
                Err(error) if error.kind() == ErrorKind::AddrInUse && runs => {
                    let text = format!("{endpoint} of {flag} is in use, by the server that runs?");
                    self.push(Level::Ok, text);
                }
                Err(error) => {
                    let advice = listen::advice(&error, endpoint, flag);
                    let text = format!("{flag} cannot listen on {endpoint}: {error}{advice}");
                    self.push(Level::Error, text);
                }
            }
        }
    }

    /// Judges whether people with browsers find anything: a server that was built without the page
    /// serves terminal clients, and looks well to everything else that is checked here.
    fn page(&mut self, is_built: bool) {
        if is_built {
            self.push(Level::Ok, "the page is built into this server");
        } else {
            let text = "the page is not built into this server: run `cargo xtask web`, and build the \
                        server again";
            self.push(Level::Warning, text);
        }
    }

    fn certificate(&mut self, data: &Path, network: &NetworkSettings) {
        match network.tls.clone() {
            Some(TlsSettings::Files { chain, key }) => {
                let names = network.https_hosts();
                match Tls::open(Source::Files { chain, key, names }) {
                    Ok(tls) => self.valid(&tls),
                    Err(error) => self.push(Level::Error, error.to_string()),
                }
            }
            Some(TlsSettings::Acme(settings)) => self.acme(data, network, &settings),
            // One that the server signs itself is made when it starts.
            Some(TlsSettings::SelfSigned) | None => {}
        }
    }

    fn valid(&mut self, tls: &Tls) {
        if let Some(certificate) = tls.certificate() {
            let until = Moment(certificate.not_after);
            self.push(Level::Ok, format!("the certificate is valid until {until}"));
        }
    }

    fn acme(&mut self, data: &Path, network: &NetworkSettings, settings: &AcmeSettings) {
        match Tls::open_for_acme(acme::certificate_path(data)) {
            Ok((tls, Ok(()))) => {
                self.valid(&tls);
                if !tls
                    .certificate()
                    .is_some_and(|it| it.covers(&settings.names()))
                {
                    let text = "the certificate is not for all names of --acme; another will be asked \
                                for";
                    self.push(Level::Warning, text);
                }
            }
            Ok((_, Err(error))) if error.is_absent() => {
                let text = "there is no certificate yet; the ACME directory will be asked for it";
                self.push(Level::Ok, text);
            }
            Ok((_, Err(error))) => {
                let text =
                    format!("the ACME directory will be asked for another certificate: {error}");
                self.push(Level::Warning, text);
            }
            Err(error) => self.push(Level::Error, error.to_string()),
        }
        match acme::check(data, settings) {
            Err(error) => self.push(Level::Error, error.to_string()),
            Ok(None) => {}
            Ok(Some(last)) => {
                let text = format!("the last attempt to get a certificate has failed: {last}");
                self.push(Level::Warning, text);
            }
        }
        let mut ports = network.http.iter().filter_map(Endpoint::port);
        if !ports.any(|port| port == acme::PORT) {
            let text = "no --http listens on port 443, to which the ACME directory connects: have it \
                        passed on";
            self.push(Level::Warning, text);
        }
    }

    fn disk(&mut self, data: &Path) {
        // The nearest folder that is there: the data folder may have to be made.
        let folder = data.ancestors().find(|path| path.is_dir());
        let folder = folder.unwrap_or(Path::new("."));
        if let Err(error) = try_writing(folder) {
            let text = format!("cannot write into {}: {error}", folder.display());
            self.push(Level::Error, text);
        }
        let Some(free) = free_bytes(folder) else {
            return;
        };
        let history = std::fs::metadata(data.join(DATABASE)).map_or(0, |history| history.len());
        let (level, words) = if free < NO_SPACE {
            (Level::Error, "which is too little")
        } else if free < LITTLE_SPACE {
            (Level::Warning, "which is little")
        } else if free < history {
            (
                Level::Warning,
                "less than the history has: a backup does not fit beside it",
            )
        } else {
            (Level::Ok, "which is enough")
        };
        let mib = free / (1024 * 1024);
        let text = format!(
            "the disk of {} has {mib} MiB free, {words}",
            folder.display()
        );
        self.push(level, text);
    }
}

/// Writes a file without a name, durably.
fn try_writing(folder: &Path) -> io::Result<()> {
    let mut file = tempfile::tempfile_in(folder)?;
    file.write_all(b"test")?;
    file.sync_all()
}

/// Returns the free space of a folder's disk for those who are not root.
#[cfg(unix)]
fn free_bytes(folder: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

#[cfg(not(unix))]
fn free_bytes(_folder: &Path) -> Option<u64> {
    None
}

/// Returns why a Unix socket cannot be made at `path`.
fn try_socket(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => Err(io::Error::new(
            ErrorKind::AlreadyExists,
            "there is a file that is no socket",
        )),
        Ok(_) if UnixStream::connect(path).is_ok() => Err(ErrorKind::AddrInUse.into()),
        _ => try_writing(path.parent().unwrap_or(Path::new("/"))),
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::store::SqliteStore;

    fn at(address: SocketAddr) -> Endpoint {
        Endpoint::Net(address)
    }

    fn config(data: &Path) -> Config {
        Config {
            network: NetworkSettings {
                listen: vec![at(([127, 0, 0, 1], 0).into())],
                http: vec![at(([127, 0, 0, 1], 0).into())],
                ..NetworkSettings::default()
            },
            data_dir: data.to_owned(),
            ..Config::default()
        }
    }

    /// Leaves the page out, which is built where somebody has built it.
    fn told(config: &Config, level: Level) -> Vec<String> {
        let findings = check(config).into_iter();
        findings
            .filter(|it| it.level == level && !it.text.starts_with("the page is"))
            .map(|it| it.text)
            .collect()
    }

    #[test]
    fn a_new_server_is_well_and_nothing_is_made() {
        let outer = tempfile::tempdir().unwrap();
        let data = outer.path().join("deep/data");
        let config = config(&data);
        for level in [Level::Warning, Level::Error] {
            assert_eq!(told(&config, level), [""; 0]);
        }
        assert!(check(&config).len() >= 6);
        assert_eq!(fs::read_dir(outer.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_server_without_the_page_starts_and_is_told_of() {
        for (is_built, level) in [(true, Level::Ok), (false, Level::Warning)] {
            let mut findings = Findings(Vec::new());
            findings.page(is_built);
            assert_eq!(findings.0[0].level, level, "{findings:#?}");
        }
    }

    #[test]
    fn each_thing_that_is_wrong_is_named() {
        let outer = tempfile::tempdir().unwrap();
        let data = outer.path().join("data");
        native::files::make_folder(&data).unwrap();
        let set = |mode| fs::set_permissions(&data, fs::Permissions::from_mode(mode)).unwrap();
        fs::write(data.join("server_key.pem"), "no key").unwrap();
        fs::write(data.join("chat.db"), "x".repeat(200)).unwrap();
        set(0o777);
        let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = taken.local_addr().unwrap();
        let mut config = config(&data);
        config.network.listen = vec![at(address)];
        let errors = told(&config, Level::Error);
        for words in [
            "others can write",
            "server_key.pem",
            "no SQLite database",
            &format!("--listen cannot listen on {address}"),
        ] {
            let found = errors.iter().filter(|it| it.contains(words)).count();
            assert_eq!(found, 1, "{words}: {errors:#?}");
        }
        assert_eq!(errors.len(), 4, "{errors:#?}");
        drop(taken);
        // Two listeners on one port.
        config.network.http = vec![at(address)];
        let errors = told(&config, Level::Error);
        let twice = format!("--http cannot listen on {address}");
        assert!(errors.iter().any(|it| it.contains(&twice)), "{errors:#?}");
        set(0o755);
        let warnings = told(&config, Level::Warning);
        assert!(
            warnings.iter().any(|it| it.contains("mode 755")),
            "{warnings:#?}"
        );
    }

    #[test]
    fn sockets_and_certificates_are_checked_too() {
        let outer = tempfile::tempdir().unwrap();
        let path = outer.path().join("chat.sock");
        let mut config = config(&outer.path().join("data"));
        let unix = |path: &Path| Endpoint::Unix {
            path: path.to_owned(),
            mode: 0o660,
        };
        config.network.http = vec![unix(&path)];
        assert_eq!(told(&config, Level::Error), [""; 0]);
        fs::write(&path, "a file").unwrap();
        config.network.listen = vec![unix(&outer.path().join("none/chat.sock"))];
        let (chain, key) = (outer.path().join("chain.pem"), outer.path().join("key.pem"));
        config.network.tls = Some(TlsSettings::Files { chain, key });
        let errors = told(&config, Level::Error);
        for words in ["no socket", "none/chat.sock", "chain.pem"] {
            let found = errors.iter().filter(|it| it.contains(words)).count();
            assert_eq!(found, 1, "{words}: {errors:#?}");
        }
        assert_eq!(errors.len(), 3, "{errors:#?}");
    }

    #[test]
    fn what_a_certificate_of_a_directory_needs_is_checked() {
        let outer = tempfile::tempdir().unwrap();
        let data = outer.path().join("data");
        native::files::make_folder(&data).unwrap();
        let ca = outer.path().join("ca.pem");
        let authority = rcgen::generate_simple_self_signed(["ca.example".to_owned()]).unwrap();
        fs::write(&ca, authority.cert.pem()).unwrap();
        let mut config = config(&data);
        let settings = AcmeSettings {
            domains: vec!["chat.example".parse().unwrap()],
            email: None,
            directory: "https://127.0.0.1:1/dir".into(),
            ca: Some(ca.clone()),
        };
        config.network.tls = Some(TlsSettings::Acme(settings));
        assert_eq!(told(&config, Level::Error), [""; 0]);
        let warnings = told(&config, Level::Warning);
        assert!(warnings[0].contains("port 443"), "{warnings:#?}");
        assert_eq!(warnings.len(), 1, "{warnings:#?}");
        // For another name, and the directory has been asked in vain.
        let other = rcgen::generate_simple_self_signed(["other.example".to_owned()]).unwrap();
        let put = |name: &str, text: &str| {
            fs::write(data.join(name), text).unwrap();
            let mode = fs::Permissions::from_mode(0o600);
            fs::set_permissions(data.join(name), mode).unwrap();
        };
        let both = other.cert.pem() + &other.signing_key.serialize_pem();
        put("acme_certificate.pem", &both);
        put("acme_attempts.json", "{\"error\": \"too many\"}");
        let warnings = told(&config, Level::Warning).join("\n");
        assert!(
            warnings.contains("not for all names of --acme"),
            "{warnings}"
        );
        assert!(warnings.contains("has failed: too many"), "{warnings}");
        put("acme_certificate.pem", &both[..100]);
        let warnings = told(&config, Level::Warning).join("\n");
        assert!(warnings.contains("no whole certificate"), "{warnings}");
        put("acme_accounts.json", "{");
        let errors = told(&config, Level::Error);
        assert!(
            errors[0].contains("acme_accounts.json is damaged"),
            "{errors:#?}"
        );
        fs::remove_file(data.join("acme_accounts.json")).unwrap();
        fs::remove_file(ca).unwrap();
        let errors = told(&config, Level::Error);
        assert!(
            errors[0].contains("ca.pem: there is no such file"),
            "{errors:#?}"
        );
    }

    #[test]
    fn a_server_that_runs_is_no_fault() {
        let outer = tempfile::tempdir().unwrap();
        let data = outer.path().join("data");
        native::files::make_folder(&data).unwrap();
        let store = SqliteStore::open(&data.join("chat.db")).unwrap();
        let running = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let mut config = config(&data);
        config.network.listen = vec![at(running.local_addr().unwrap())];
        assert_eq!(told(&config, Level::Error), [""; 0]);
        let well = told(&config, Level::Ok);
        assert!(
            well.iter().any(|it| it.contains("a server uses")),
            "{well:#?}"
        );
        // The check did not take the lock away.
        assert!(SqliteStore::open(&data.join("chat.db")).is_err());
        drop(store);
        assert!(told(&config, Level::Error)[0].contains("cannot listen"));
    }
}
