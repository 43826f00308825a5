//! A Python program as a child process that speaks JSON lines.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};

use serde_json::{Value, json};

use super::PATIENCE;

/// Returns the interpreter that has both crypto libraries.
///
/// # Panics
/// If it is missing, with the way to install it.
pub(crate) fn interpreter() -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let path = std::env::var_os("SECURE_CHAT_PYTHON").map_or_else(
        || workspace.join("target/interop-venv/bin/python"),
        PathBuf::from,
    );
    assert!(
        path.exists(),
        "{} is missing: run `cargo xtask test`, which prepares it (or set SECURE_CHAT_PYTHON)",
        path.display()
    );
    path
}

/// Returns a command that runs `program` of this folder.
pub(crate) fn command(program: &str) -> Command {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/interop")
        .join(program);
    let mut command = Command::new(interpreter());
    // Python writes no bytecode: the checkout stays as it is.
    command
        .arg(path)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PYTHONIOENCODING", "utf-8");
    command
}

/// A running program, killed when dropped.
pub(crate) struct Python {
    name: String,
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
}

impl Python {
    /// Starts `program` of this folder.
    pub(crate) fn start<S: AsRef<str>>(program: &str, arguments: &[S]) -> Self {
        let mut child = command(program)
            .args(arguments.iter().map(AsRef::as_ref))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let lines = read_lines(child.stdout.take().unwrap());
        let stdin = child.stdin.take();
        Self {
            name: program.to_owned(),
            child,
            stdin,
            lines,
        }
    }

    /// Starts a client for a server on `port` of this machine, and completes its handshake. Returns
    /// it with the `announced` event.
    pub(crate) fn client<S: AsRef<str>>(
        program: &str,
        port: u16,
        arguments: &[S],
    ) -> (Self, Value) {
        let client = Self::start_client(program, port, arguments);
        let announced = client.event("announced");
        client.event("established");
        (client, announced)
    }

    /// Starts a client for a server on `port` of this machine.
    pub(crate) fn start_client<S: AsRef<str>>(program: &str, port: u16, arguments: &[S]) -> Self {
        let mut all = vec!["--port".to_owned(), port.to_string()];
        all.extend(
            arguments
                .iter()
                .map(|argument| argument.as_ref().to_owned()),
        );
        Self::start(program, &all)
    }

    /// Returns the next line; `None` when the program has ended.
    pub(crate) fn line(&self) -> Option<String> {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => Some(line),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("{} says nothing", self.name),
        }
    }

    /// Returns the next event of any name; `None` when the program has ended.
    pub(crate) fn any_event(&self) -> Option<Value> {
        self.line().map(|line| serde_json::from_str(&line).unwrap())
    }

    /// Returns the next event, which must be `name`.
    pub(crate) fn event(&self, name: &str) -> Value {
        let event = self
            .any_event()
            .unwrap_or_else(|| panic!("{} ended", self.name));
        assert_eq!(event["event"], name, "{}: {}", self.name, shorten(&event));
        event
    }

    /// Sends one command.
    pub(crate) fn tell(&mut self, command: &Value) {
        let stdin = self.stdin.as_mut().unwrap();
        writeln!(stdin, "{command}").unwrap();
        stdin.flush().unwrap();
    }

    /// Sends one command and returns its answer, which must be the event `expected`.
    pub(crate) fn ask(&mut self, command: &Value, expected: &str) -> Value {
        self.tell(command);
        self.event(expected)
    }

    /// Sends `text` as a message.
    pub(crate) fn send(&mut self, text: &str) {
        self.ask(&json!({"op": "send", "text": text}), "sent");
    }

    /// Returns the text of the next message.
    pub(crate) fn receive(&mut self) -> String {
        // Less than the reader's own patience, so that the program's error is reported and not its
        // silence.
        let seconds = PATIENCE.as_secs() - 5;
        let event = self.ask(&json!({"op": "recv", "timeout": seconds}), "message");
        event["text"].as_str().unwrap().to_owned()
    }

    /// Returns the text of the next message that is no notice (`* …`).
    pub(crate) fn receive_line(&mut self) -> String {
        loop {
            let text = self.receive();
            if !text.starts_with("* ") {
                return text;
            }
        }
    }

    /// Reads until the connection ends, and returns that last event. All events before it must be
    /// messages.
    pub(crate) fn receive_end(&mut self) -> Value {
        loop {
            self.tell(&json!({"op": "recv", "timeout": 20}));
            let event = self.any_event().unwrap();
            match event["event"].as_str().unwrap() {
                "message" => {}
                "closed" => return event,
                _ => panic!("{}: expected the end, got {}", self.name, shorten(&event)),
            }
        }
    }

    /// Returns every event until the program ends by itself.
    pub(crate) fn remaining_events(self) -> Vec<Value> {
        std::iter::from_fn(|| self.any_event()).collect()
    }

    /// Waits for an event `name`; other events are skipped.
    pub(crate) fn wait_for(&self, name: &str) -> Value {
        loop {
            let event = self
                .any_event()
                .unwrap_or_else(|| panic!("{} ended", self.name));
            if event["event"] == name {
                return event;
            }
        }
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        // The program may have ended already; either way it must not outlive the test.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns a program's output line by line. A thread reads it, so that waiting can end.
pub(super) fn read_lines(output: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines() {
            let Ok(line) = line else { return };
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    lines
}

/// Shortens an event for a failed test's output.
pub(crate) fn shorten(event: &Value) -> String {
    event.to_string().chars().take(400).collect()
}
