//! The server as a process with a data folder of its own.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};

use rustix::io::{FdFlags, fcntl_setfd};

use super::{eventually, server_key};

/// A running server, killed when dropped.
pub(crate) struct Server {
    child: Child,
    tcp: SocketAddr,
    http: SocketAddr,
    log: Arc<Mutex<Vec<String>>>,
    /// The lines that the server has printed after its addresses.
    printed: Arc<Mutex<Vec<String>>>,
    /// The data folder; `None` once it was handed on, and of a server on another one's.
    data: Option<tempfile::TempDir>,
}

/// Becomes the server with the listeners of the first two arguments, which are numbers of descriptors.
const MANAGER: &str = r"
import os, sys
copies = [os.dup2(int(number), 100 + at) for at, number in enumerate(sys.argv[1:3])]
for at, copy in enumerate(copies):
    os.dup2(copy, 3 + at)
os.environ.update(LISTEN_FDS='2', LISTEN_FDNAMES='tcp:http', LISTEN_PID=str(os.getpid()))
os.closerange(5, 200)
os.execv(sys.argv[3], sys.argv[3:])
";

/// A program that ended by itself: its code, and what it printed.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Returns the command that starts the server on the data folder `data`. It listens on free
/// loopback ports unless `arguments` say otherwise.
pub(crate) fn command(data: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_secure-chat-server"));
    for (flag, value) in [("--listen", "127.0.0.1:0"), ("--http", "127.0.0.1:0")] {
        if !arguments.contains(&flag) {
            command.args([flag, value]);
        }
    }
    command
        .arg("--data-dir")
        .arg(data)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Returns the same command under a limit of the shell's `ulimit`.
fn limited(program: &Command, limit: &str) -> Command {
    let mut limited = Command::new("sh");
    limited
        .args(["-c", &format!("ulimit {limit} && exec \"$0\" \"$@\"")])
        .arg(program.get_program())
        .args(program.get_args())
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    limited
}

/// Returns a data folder of its owner alone. A temporary folder has the mode of the umask, which
/// the server refuses.
pub(crate) fn private_folder() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
    folder
}

/// Writes `content` as the server's key into `folder`, readable for its owner only.
pub(crate) fn write_key(folder: &Path, content: &[u8]) {
    use std::os::unix::fs::PermissionsExt as _;
    let path = folder.join("server_key.pem");
    fs::write(&path, content).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
}

/// Runs the server's program to its end, where it cannot start.
pub(crate) fn run_to_end(data: &Path, arguments: &[&str]) -> Ended {
    let output = command(data, arguments).output().unwrap();
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A server that was started and has not said yet where it listens.
pub(crate) struct Starting {
    child: Child,
    log: Arc<Mutex<Vec<String>>>,
}

impl Starting {
    /// Starts a server on the data folder `data` with these listening sockets, as a service manager
    /// does: the first is for sessions, the second for the page.
    pub(crate) fn on_sockets(data: &Path, sockets: &[TcpListener; 2], arguments: &[&str]) -> Self {
        let server = command(data, arguments);
        let mut manager = Command::new("python3");
        manager
            .args(["-c", MANAGER])
            .args(sockets.each_ref().map(|it| it.as_raw_fd().to_string()))
            .arg(server.get_program())
            .args(server.get_args())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        // Programs that other tests start in this moment have the sockets, too, and never look.
        let inherit = |flags| {
            for socket in sockets {
                fcntl_setfd(socket, flags).unwrap();
            }
        };
        inherit(FdFlags::empty());
        let starting = Self::of(manager);
        inherit(FdFlags::CLOEXEC);
        starting
    }

    fn of(mut program: Command) -> Self {
        let mut child = program.spawn().unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&log);
        if let Some(stderr) = child.stderr.take() {
            let stderr = BufReader::new(stderr);
            std::thread::spawn(move || {
                for line in stderr.lines().map_while(Result::ok) {
                    sink.lock().unwrap().push(line);
                }
            });
        }
        Self { child, log }
    }

    /// Waits until a line with each of `words` is logged.
    pub(crate) fn wait_for_log(&self, words: &[&str]) {
        eventually(&format!("a log line with {words:?}"), || {
            let log = self.log.lock().unwrap();
            let mut lines = log.iter();
            lines.find(|line| words.iter().all(|word| line.contains(word)))?;
            Some(())
        });
    }

    /// Reads the addresses at which the server listens.
    pub(crate) fn announced(self) -> Server {
        let Self { mut child, log } = self;
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut address = |prefix: &str| -> SocketAddr {
            let mut address: SocketAddr = loop {
                let mut line = String::new();
                stdout.read_line(&mut line).unwrap();
                let end = line.split_once(" listening on ");
                let (kind, address) = end.unwrap_or_else(|| panic!("{line:?}: {log:#?}"));
                // A server may have several listeners of a kind, and some on Unix sockets.
                if let (true, Ok(address)) = (kind == prefix, address.trim_end().parse()) {
                    break address;
                }
            };
            // Bound to every address; reached over loopback.
            if address.ip().is_unspecified() {
                address.set_ip([127, 0, 0, 1].into());
            }
            address
        };
        let (tcp, http) = (address("tcp"), address("http"));
        // The rest of the output is read, or the server would block on a full pipe.
        let printed = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&printed);
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                sink.lock().unwrap().push(line);
            }
        });
        Server {
            child,
            tcp,
            http,
            log,
            printed,
            data: None,
        }
    }
}

impl Server {
    /// Starts a server and reads its addresses.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let data = private_folder();
        write_key(data.path(), server_key().to_pkcs8_pem().unwrap().as_bytes());
        Self::start_in(data, arguments)
    }

    /// Starts a server whose log goes to `stderr`, and whose limit of open files is `files`, if
    /// there is one.
    pub(crate) fn start_with(stderr: Stdio, files: Option<u32>, arguments: &[&str]) -> Self {
        let data = private_folder();
        write_key(data.path(), server_key().to_pkcs8_pem().unwrap().as_bytes());
        let mut program = command(data.path(), arguments);
        if let Some(files) = files {
            program = limited(&program, &format!("-n {files}"));
        }
        program.stderr(stderr);
        Self::of(data, program)
    }

    /// Starts a server that may have this much memory of its own, in KiB (`RLIMIT_DATA`).
    pub(crate) fn start_within(kib: u32, arguments: &[&str]) -> Self {
        let data = private_folder();
        write_key(data.path(), server_key().to_pkcs8_pem().unwrap().as_bytes());
        Self::start_within_in(data, kib, arguments)
    }

    /// Starts such a server on the data folder of one that has ended.
    pub(crate) fn start_within_in(data: tempfile::TempDir, kib: u32, arguments: &[&str]) -> Self {
        let mut program = limited(&command(data.path(), arguments), &format!("-d {kib}"));
        program.stderr(Stdio::piped());
        Self::of(data, program)
    }

    /// Returns the server's resident memory, in KiB.
    pub(crate) fn resident_kib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let number = line.and_then(|line| line.split_whitespace().nth(1));
        number.unwrap().parse().unwrap()
    }

    /// Starts a server with these variables in its environment.
    pub(crate) fn start_under(environment: &[(&str, PathBuf)], arguments: &[&str]) -> Self {
        let data = private_folder();
        write_key(data.path(), server_key().to_pkcs8_pem().unwrap().as_bytes());
        Self::start_under_in(data, environment, arguments)
    }

    /// Starts such a server on the data folder of one that has ended.
    pub(crate) fn start_under_in(
        data: tempfile::TempDir,
        environment: &[(&str, PathBuf)],
        arguments: &[&str],
    ) -> Self {
        let mut program = command(data.path(), arguments);
        program.envs(environment.iter().map(|(name, value)| (name, value)));
        Self::of(data, program)
    }

    /// Starts a server on the data folder of one that has ended.
    pub(crate) fn start_in(data: tempfile::TempDir, arguments: &[&str]) -> Self {
        let program = command(data.path(), arguments);
        Self::of(data, program)
    }

    /// Starts a server by a program of another kind, which starts it with the given arguments.
    pub(crate) fn start_by(program: &[&str], arguments: &[&str]) -> Self {
        let data = private_folder();
        write_key(data.path(), server_key().to_pkcs8_pem().unwrap().as_bytes());
        let server = command(data.path(), arguments);
        let mut starter = Command::new(program[0]);
        starter
            .args(&program[1..])
            .arg(server.get_program())
            .args(server.get_args())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Self::of(data, starter)
    }

    fn of(data: tempfile::TempDir, program: Command) -> Self {
        let mut server = Starting::of(program).announced();
        server.data = Some(data);
        server
    }

    /// Returns the address for TCP.
    pub(crate) fn tcp(&self) -> SocketAddr {
        self.tcp
    }

    /// Returns the address for HTTP.
    pub(crate) fn http(&self) -> SocketAddr {
        self.http
    }

    /// Waits for the address of the ops listener, which is the server's own if it is bound to every one.
    pub(crate) fn ops(&self) -> SocketAddr {
        eventually("the ops listener", || {
            let line = self.printed(&["ops listening on "]).pop()?;
            let address = line.trim_start_matches("ops listening on ").parse();
            let mut address: SocketAddr = address.unwrap();
            if address.ip().is_unspecified() {
                address.set_ip([127, 0, 0, 1].into());
            }
            Some(address)
        })
    }

    /// Returns all lines so far that the server has printed after its addresses and that have each of
    /// `words`.
    pub(crate) fn printed(&self, words: &[&str]) -> Vec<String> {
        let printed = self.printed.lock().unwrap();
        let has_all = |line: &&String| words.iter().all(|word| line.contains(word));
        printed.iter().filter(has_all).cloned().collect()
    }

    /// Returns the code of the claim link that the server prints.
    pub(crate) fn claim_code(&self) -> String {
        eventually("a claim link", || {
            let printed = self.printed.lock().unwrap();
            let code = printed.iter().find_map(|line| line.split_once("#claim="));
            code.map(|(_, code)| code.trim().to_owned())
        })
    }

    /// Waits for the line with the claim link.
    pub(crate) fn claim_link(&self) -> String {
        eventually("a claim link", || {
            let printed = self.printed.lock().unwrap();
            let link = printed.iter().find(|line| line.contains("#claim="));
            link.cloned()
        })
    }

    /// Returns the whole log so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().join("\n")
    }

    /// Returns all logged lines so far that have each of `words`.
    pub(crate) fn logged(&self, words: &[&str]) -> Vec<String> {
        let log = self.log.lock().unwrap();
        let has_all = |line: &&String| words.iter().all(|word| line.contains(word));
        log.iter().filter(has_all).cloned().collect()
    }

    /// Waits until a line with each of `words` is logged.
    pub(crate) fn wait_for_log(&self, words: &[&str]) {
        eventually(&format!("a log line with {words:?}"), || {
            (!self.logged(words).is_empty()).then_some(())
        });
    }

    /// Sends the signal that asks the server to stop.
    pub(crate) fn terminate(&self) {
        self.signal("TERM");
    }

    /// Sends a signal to the server.
    pub(crate) fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(
            Command::new("sh")
                .args(["-c", &kill])
                .status()
                .unwrap()
                .success()
        );
    }

    /// Kills the server as `kill -9` does, and hands on its data folder.
    pub(crate) fn kill(mut self) -> tempfile::TempDir {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.data.take().unwrap()
    }

    /// Hands on the data folder of a server that has ended by itself.
    pub(crate) fn take_data(mut self) -> tempfile::TempDir {
        self.data.take().unwrap()
    }

    /// Returns the path of the data folder.
    pub(crate) fn data(&self) -> &Path {
        self.data.as_ref().unwrap().path()
    }

    /// Waits for the server's end.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        eventually("the server's end", || self.child.try_wait().unwrap())
    }

    /// Returns the number of files and sockets that the server has open.
    #[cfg(target_os = "linux")]
    pub(crate) fn open_files(&self) -> usize {
        let folder = format!("/proc/{}/fd", self.child.id());
        fs::read_dir(folder).unwrap().count()
    }

    /// Returns `true` while the server runs.
    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The server may have ended already; either way it must not outlive the test.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
