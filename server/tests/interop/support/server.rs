//! The server as a process with a data folder of its own.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::PATIENCE;
use super::python::read_lines;

/// A running `secure-chat-server`, killed when dropped.
pub(crate) struct Server {
    child: Child,
    address: SocketAddr,
    http: SocketAddr,
    data: tempfile::TempDir,
    log: Arc<Mutex<Vec<String>>>,
}

/// Returns a data folder of its owner alone. A temporary folder has the mode of the umask, which
/// the server refuses.
pub(crate) fn private_folder() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
    folder
}

impl Server {
    /// Starts a server on ports of its own.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::start_in(private_folder(), arguments)
    }

    /// Starts a server on the data folder `data`.
    pub(crate) fn start_in(data: tempfile::TempDir, arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_secure-chat-server"))
            .args(["--listen", "127.0.0.1:0", "--http", "127.0.0.1:0"])
            .arg("--data-dir")
            .arg(data.path())
            // Above this level the lines of many attackers from one address are suppressed.
            .args(["--log-level", "debug"])
            .args(arguments)
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let logged = read_lines(child.stderr.take().unwrap());
        let sink = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in logged {
                sink.lock().unwrap().push(line);
            }
        });

        let lines = read_lines(child.stdout.take().unwrap());
        let start = Instant::now();
        let listening = |what: &str| loop {
            let left = PATIENCE.saturating_sub(start.elapsed());
            let line = lines
                .recv_timeout(left)
                .unwrap_or_else(|_| panic!("the server did not start: {:#?}", log.lock().unwrap()));
            if let Some(address) = line.strip_prefix(what) {
                break address.parse().unwrap();
            }
        };
        let address = listening("tcp listening on ");
        let http = listening("http listening on ");
        // The rest of the output is read, or the server would block on a full pipe.
        std::thread::spawn(move || lines.iter().for_each(drop));
        Self {
            child,
            address,
            http,
            data,
            log,
        }
    }

    /// Returns the address for TCP.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the port of [`Self::address`].
    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Returns the port for HTTP, and so for the tunnel.
    pub(crate) fn http_port(&self) -> u16 {
        self.http.port()
    }

    /// Returns the path of the server's `server_key.pem`.
    pub(crate) fn key_file(&self) -> PathBuf {
        self.data.path().join("server_key.pem")
    }

    /// Returns all logged lines after `mark` that have each of `words`.
    pub(crate) fn logged_since(&self, mark: usize, words: &[&str]) -> Vec<String> {
        let log = self.log.lock().unwrap();
        let has_all = |line: &&String| words.iter().all(|word| line.contains(word));
        log.iter().skip(mark).filter(has_all).cloned().collect()
    }

    /// Returns the present length of the log. A client's address does not identify it for ever: the
    /// system reuses the port of a closed connection.
    pub(crate) fn log_mark(&self) -> usize {
        self.log.lock().unwrap().len()
    }

    /// Waits until a line with each of `words` is logged after `mark`, then returns all such lines.
    pub(crate) fn wait_for_log(&self, mark: usize, words: &[&str]) -> Vec<String> {
        let start = Instant::now();
        loop {
            let lines = self.logged_since(mark, words);
            if !lines.is_empty() {
                return lines;
            }
            let waited = start.elapsed() > Duration::from_secs(10);
            assert!(
                !waited,
                "no line has {words:?}: {:#?}",
                self.log.lock().unwrap()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends the server and returns its data folder, for a restart.
    pub(crate) fn stop(mut self) -> tempfile::TempDir {
        self.end();
        std::mem::replace(&mut self.data, tempfile::tempdir().unwrap())
    }

    /// Tells the server to stop, as a service manager does.
    pub(crate) fn terminate(&self) {
        let id = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &id])
                .status()
                .unwrap()
                .success()
        );
    }

    /// Waits until the server has ended by itself.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(start.elapsed() < PATIENCE, "the server does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn end(&mut self) {
        // The server may have ended already; either way it must not outlive the test.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}
