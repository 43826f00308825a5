//! The program in a terminal: a pseudo-terminal whose other end is the test, with an emulator that
//! reports what a person would see.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::num::NonZero;
use std::os::fd::OwnedFd;
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

use super::{Home, PATIENCE};

/// The output of the program.
struct Screen {
    /// All bytes of the output.
    transcript: Vec<u8>,
    /// The emulated screen with that output.
    emulator: vt100::Parser,
}

/// A program in a terminal.
pub(crate) struct Session {
    child: Child,
    keyboard: File,
    terminal: File,
    screen: Arc<Mutex<Screen>>,
    /// The flag that tells the reading thread to let go of the terminal.
    gone: Arc<std::sync::atomic::AtomicBool>,
    /// The folder stays as long as the program, though its [`Home`] may be gone.
    _folder: Arc<tempfile::TempDir>,
}

impl Session {
    /// Starts the program in a terminal of 40 rows and 200 columns.
    pub(crate) fn start(home: &Home, arguments: &[&str]) -> Self {
        Self::start_in(home, arguments, (40, 200), &[])
    }

    /// Starts the program in a terminal of another size (rows, columns), with more environment.
    pub(crate) fn start_in(
        home: &Home,
        arguments: &[&str],
        (rows, columns): (u16, u16),
        environment: &[(&str, &str)],
    ) -> Self {
        let master: OwnedFd = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        // A program that holds the other end of its own terminal would never lose it.
        rustix::io::fcntl_setfd(&master, rustix::io::FdFlags::CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        tcsetwinsize(&master, winsize(rows, columns)).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let terminal = OpenOptions::new()
            .read(true)
            .write(true)
            .open(name.to_str().unwrap())
            .unwrap();
        let end = || Stdio::from(terminal.try_clone().unwrap());
        let child = home
            .command(arguments)
            // The days and times on the screen must not depend on the machine that runs the test.
            .env("TERM", "xterm-256color")
            .env("TZ", "UTC")
            .env_remove("NO_COLOR")
            .envs(environment.iter().copied())
            .stdin(end())
            .stdout(end())
            .stderr(end())
            .spawn()
            .unwrap();
        let master = File::from(master);
        let screen = Arc::new(Mutex::new(Screen {
            transcript: Vec::new(),
            emulator: vt100::Parser::new(cells(rows), cells(columns), 0),
        }));
        let mut output = master.try_clone().unwrap();
        let sink = Arc::clone(&screen);
        let gone = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let hung_up = Arc::clone(&gone);
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            // The thread ends with the terminal.
            while let Ok(length @ 1..) = output.read(&mut buffer) {
                if hung_up.load(std::sync::atomic::Ordering::SeqCst) {
                    return;
                }
                let mut screen = sink.lock().unwrap();
                screen.transcript.extend_from_slice(&buffer[..length]);
                screen.emulator.process(&buffer[..length]);
            }
        });
        Self {
            _folder: home.kept(),
            child,
            keyboard: master,
            terminal,
            screen,
            gone,
        }
    }

    /// Returns the whole output, byte for byte.
    pub(crate) fn shown(&self) -> String {
        String::from_utf8_lossy(&self.screen.lock().unwrap().transcript).into_owned()
    }

    /// Returns the text on the screen.
    pub(crate) fn seen(&self) -> String {
        self.screen.lock().unwrap().emulator.screen().contents()
    }

    /// Returns the rows of the screen. Unlike in [`Self::seen`], a row that the terminal has wrapped
    /// by itself is a row of its own.
    pub(crate) fn rows(&self) -> Vec<String> {
        let screen = self.screen.lock().unwrap();
        let emulated = screen.emulator.screen();
        let (_, columns) = emulated.size();
        emulated.rows(0, columns.get()).collect()
    }

    /// Waits until the output contains `text`.
    pub(crate) fn wait_for(&self, text: &str) {
        Self::wait(text, || self.shown().contains(text), || self.shown());
    }

    /// Waits until the screen shows `text`.
    pub(crate) fn see(&self, text: &str) {
        Self::wait(text, || self.seen().contains(text), || self.seen());
    }

    /// Waits until the screen shows `text` no more.
    pub(crate) fn see_no(&self, text: &str) {
        Self::wait(text, || !self.seen().contains(text), || self.seen());
    }

    fn wait(text: &str, done: impl Fn() -> bool, shown: impl Fn() -> String) {
        let start = Instant::now();
        while !done() {
            assert!(start.elapsed() < PATIENCE, "{text:?}: {}", shown());
            thread::sleep(Duration::from_millis(5));
        }
    }

    pub(crate) fn type_keys(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// Gives the terminal another size.
    pub(crate) fn resize(&self, rows: u16, columns: u16) {
        let mut screen = self.screen.lock().unwrap();
        screen
            .emulator
            .screen_mut()
            .set_size(cells(rows), cells(columns));
        tcsetwinsize(&self.keyboard, winsize(rows, columns)).unwrap();
        drop(screen);
        // The terminal is not the program's controlling one, so the kernel sends no signal of its
        // own.
        self.signal(Signal::WINCH);
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id()).unwrap();
        kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
    }

    /// Closes the terminal's window without a signal that tells the program, and waits for the
    /// program's end.
    pub(crate) fn hang_up(mut self) -> i32 {
        // The reading thread holds the master as well, so closing this end is not enough. It lets
        // go with the next output: the echo of a key.
        self.gone.store(true, std::sync::atomic::Ordering::SeqCst);
        self.type_keys("x");
        self.keyboard = File::open("/dev/null").unwrap();
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                let ended = status.code();
                assert!(ended.is_some(), "{status}: {}", self.shown());
                return ended.unwrap_or_default();
            }
            assert!(start.elapsed() < PATIENCE, "it does not end");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits for the program's end, and asserts that the terminal is restored.
    pub(crate) fn end(mut self) -> (i32, String) {
        let start = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(
                start.elapsed() < PATIENCE,
                "it does not end: {}",
                self.shown()
            );
            thread::sleep(Duration::from_millis(5));
        };
        let modes = tcgetattr(&self.terminal).unwrap().local_modes;
        let cooked = LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG;
        assert!(
            modes.contains(cooked),
            "the terminal is left in another mode: {modes:?}"
        );
        // The last output is still on its way to the reading thread.
        let is_put_back = || {
            let screen = self.screen.lock().unwrap();
            let emulated = screen.emulator.screen();
            !(emulated.alternate_screen() || emulated.bracketed_paste() || emulated.hide_cursor())
        };
        Self::wait("the terminal as it was", is_put_back, || self.shown());
        thread::sleep(Duration::from_millis(50));
        (status.code().unwrap(), self.shown())
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // The program may have ended already; either way it must not outlive the test.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn winsize(ws_row: u16, ws_col: u16) -> Winsize {
    Winsize {
        ws_row,
        ws_col,
        ws_xpixel: 0,
        ws_ypixel: 0,
    }
}

fn cells(number: u16) -> NonZero<u16> {
    NonZero::new(number).unwrap()
}
