//! The program under test, with a data folder of its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Instant;

use super::PATIENCE;

/// A data folder of one test.
pub(crate) struct Home {
    folder: Arc<tempfile::TempDir>,
}

/// The exit code and the output of a finished program.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Finished {
    /// Asserts the exit code, and shows all output if it is another.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:#?}");
        self
    }

    /// Asserts that standard error has each of `parts`.
    #[track_caller]
    pub(crate) fn says(&self, parts: &[&str]) {
        for part in parts {
            assert!(
                self.stderr.contains(part),
                "{part:?} is missing in {self:#?}"
            );
        }
    }
}

impl Home {
    pub(crate) fn new() -> Self {
        Self {
            folder: Arc::new(tempfile::tempdir().unwrap()),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn known_servers(&self) -> PathBuf {
        self.path().join("known_servers")
    }

    /// Returns the content of `known_servers`; empty if there is none.
    pub(crate) fn pins(&self) -> String {
        std::fs::read_to_string(self.known_servers()).unwrap_or_default()
    }

    /// Returns the folder, which stays as long as a program has it.
    pub(super) fn kept(&self) -> Arc<tempfile::TempDir> {
        Arc::clone(&self.folder)
    }

    /// Writes a private file into the folder.
    pub(crate) fn write(&self, name: &str, content: &[u8]) {
        let path = self.path().join(name);
        std::fs::write(&path, content).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
    }

    /// Returns the program with `arguments`, not started yet.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_secure-chat"));
        command
            .args(arguments)
            .env("SECURE_CHAT_DATA_DIR", self.path())
            .env_remove("SECURE_CHAT_LOG_LEVEL");
        command
    }

    /// Runs the program to its end, with `input` as standard input.
    pub(crate) fn run(&self, arguments: &[&str], input: impl AsRef<[u8]>) -> Finished {
        let mut running = self.start(arguments);
        let mut stdin = running.stdin.take().unwrap();
        let input = input.as_ref().to_vec();
        // On a thread, because the program's output has to be read meanwhile. The program may end
        // without reading its input.
        let writing = thread::spawn(move || drop(stdin.write_all(&input)));
        let finished = running.finish();
        writing.join().unwrap();
        finished
    }

    /// Starts the program with pipes.
    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = collect(child.stderr.take().unwrap());
        Running {
            stdin: child.stdin.take(),
            stdout: child.stdout.take().map(BufReader::new),
            stderr,
            child,
            _folder: self.kept(),
        }
    }
}

/// A running program, killed when dropped.
pub(crate) struct Running {
    child: Child,
    pub(crate) stdin: Option<ChildStdin>,
    pub(crate) stdout: Option<BufReader<ChildStdout>>,
    stderr: mpsc::Receiver<String>,
    /// The folder stays as long as the program, though its [`Home`] may be gone.
    _folder: Arc<tempfile::TempDir>,
}

impl Running {
    pub(crate) fn id(&self) -> String {
        self.child.id().to_string()
    }

    /// Sends a line to standard input.
    pub(crate) fn line(&mut self, line: &str) {
        writeln!(self.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    /// Reads lines of standard output up to the one that contains `part`.
    pub(crate) fn read_until(&mut self, part: &str) -> String {
        let stdout = self.stdout.as_mut().unwrap();
        loop {
            let mut line = String::new();
            let came = stdout.read_line(&mut line).unwrap() > 0;
            let errors = || self.stderr.recv_timeout(PATIENCE).unwrap_or_default();
            assert!(came, "{part:?} never came; standard error: {}", errors());
            if line.contains(part) {
                return line;
            }
        }
    }

    /// Sends a line again and again until the program has ended. Once may not be enough for a
    /// program to notice that its output has no reader: a process that another test has just forked
    /// holds every open pipe until it has become another program.
    pub(crate) fn talk_to_the_end(&mut self, line: &str) {
        let start = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            assert!(start.elapsed() < PATIENCE, "the program does not end");
            // The program may end at any moment, and takes no more lines then.
            let _ = writeln!(self.stdin.as_mut().unwrap(), "{line}");
            thread::sleep(std::time::Duration::from_millis(50));
        }
    }

    /// Waits for the program's end. Standard input is closed unless it was taken.
    pub(crate) fn finish(mut self) -> Finished {
        drop(self.stdin.take());
        let stdout = self.stdout.take().map(collect);
        let start = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(start.elapsed() < PATIENCE, "the program does not end");
            thread::sleep(std::time::Duration::from_millis(5));
        };
        Finished {
            code: status.code().expect("the program was killed by a signal"),
            stdout: stdout.map_or(String::new(), |stdout| stdout.recv().unwrap()),
            stderr: self.stderr.recv().unwrap(),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // The program may have ended already; either way it must not outlive the test.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads everything on a thread, so that the program never waits for the test.
fn collect(mut from: impl Read + Send + 'static) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        from.read_to_end(&mut bytes).unwrap();
        // A test that has failed does not receive any more.
        let _ = sender.send(String::from_utf8(bytes).unwrap());
    });
    receiver
}
