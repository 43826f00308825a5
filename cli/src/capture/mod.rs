//! Writes the bytes of sessions as a capture for other programs, and their secrets as a key log
//! (docs/INSPECTOR.md §3, §4).
//!
//! A thread of its own writes the files, so that a slow disk never makes the chat wait. An error
//! ends the capture, and never the chat.

mod packets;
mod tap;

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pcap_file::pcapng::PcapNgWriter;
use pcap_file::pcapng::blocks::enhanced_packet::EnhancedPacketBlock;
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption,
};
use pcap_file::{DataLink, PcapError};
use shared::connection::ObservedFrame;
use shared::observe::KeyLogWriter;
use zeroize::Zeroizing;

pub(crate) use self::packets::Flow;
pub(crate) use self::tap::Tap;
use crate::exit::Failure;
use crate::printable;

/// The most packets that wait to be written; none is longer than 64 KiB. A disk that is so far
/// behind ends the capture instead of filling the memory.
const WAITING_PACKETS: usize = 1024;

/// The resolution of the capture's times: 10^-9 seconds (`if_tsresol`).
const NANOSECONDS: u8 = 9;

/// A capture under way. Clones are handles of the same capture.
#[derive(Clone)]
pub(crate) struct Capture(Arc<Shared>);

struct Shared {
    /// `None` once the capture has ended.
    jobs: Mutex<Option<SyncSender<Job>>>,
    /// The reason for which it ended early, until somebody takes it.
    trouble: Mutex<Option<String>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    with_secrets: bool,
    /// The number of connections so far.
    connections: AtomicU16,
    paths: Vec<PathBuf>,
}

/// A part of the capture that waits to be written.
enum Job {
    Packet(Duration, Vec<u8>),
    Secrets(Zeroizing<String>),
}

/// The files of a capture.
struct Files {
    packets: PcapNgWriter<BufWriter<File>>,
    secrets: Option<File>,
}

impl Capture {
    /// Creates the files, which must not exist yet, and starts to write.
    ///
    /// # Errors
    /// [`Failure`] with the file and the reason.
    pub(crate) fn start(path: &Path, key_log: Option<&Path>) -> Result<Self, Failure> {
        let file = create(path)?;
        let secrets = match key_log.map(create).transpose() {
            Ok(secrets) => secrets,
            Err(failure) => {
                // Otherwise the same command could not be tried again with another key log.
                let _ = fs::remove_file(path);
                return Err(failure);
            }
        };
        let with_secrets = secrets.is_some();
        let files = Files::begin(file, secrets).map_err(|error| unwritable(path, &error))?;
        let (jobs, waiting) = sync_channel(WAITING_PACKETS);
        let capture = Self(Arc::new(Shared {
            jobs: Mutex::new(Some(jobs)),
            trouble: Mutex::new(None),
            thread: Mutex::new(None),
            with_secrets,
            connections: AtomicU16::new(0),
            paths: [Some(path), key_log]
                .into_iter()
                .flatten()
                .map(Path::to_owned)
                .collect(),
        }));
        // The thread has no handle of the capture, whose sender would keep it from ending.
        let shared = Arc::downgrade(&capture.0);
        let path = path.to_owned();
        let thread = thread::Builder::new().name("capture".to_owned());
        let thread = thread.spawn(move || {
            if let Err(error) = files.write(&waiting)
                && let Some(shared) = shared.upgrade()
            {
                shared.end(ended(&path, &error));
            }
        });
        let thread =
            thread.map_err(|error| Failure::other(format!("cannot start the capture: {error}")))?;
        *locked(&capture.0.thread) = Some(thread);
        Ok(capture)
    }

    /// Returns `true` if secrets are written, too.
    pub(crate) fn has_secrets(&self) -> bool {
        self.0.with_secrets
    }

    /// Begins a connection, and returns the way of its bytes into the capture.
    pub(crate) fn connection(&self) -> Flow {
        let number = self.0.connections.fetch_add(1, Ordering::Relaxed);
        Flow::begin(self.clone(), number)
    }

    /// Returns the reason for which the capture has ended early, once.
    pub(crate) fn take_trouble(&self) -> Option<String> {
        locked(&self.0.trouble).take()
    }

    /// Writes what waits, closes the files, and returns the reason for which the capture has ended
    /// early, unless it was taken before. Without a connection there was nothing to capture, and the
    /// files are removed: the same command can be tried again.
    pub(crate) fn close(&self) -> Option<String> {
        drop(locked(&self.0.jobs).take());
        let thread = locked(&self.0.thread).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            return Some("the capture has failed".to_owned());
        }
        if self.0.connections.load(Ordering::Relaxed) == 0 {
            for path in &self.0.paths {
                // A file that somebody has removed already is gone, too.
                let _ = fs::remove_file(path);
            }
        }
        self.take_trouble()
    }

    fn packet(&self, bytes: Vec<u8>) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        self.hand_over(Job::Packet(now.unwrap_or_default(), bytes));
    }

    fn secrets(&self, lines: Zeroizing<String>) {
        if !lines.is_empty() {
            self.hand_over(Job::Secrets(lines));
        }
    }

    fn hand_over(&self, job: Job) {
        let mut jobs = locked(&self.0.jobs);
        let Some(sender) = &*jobs else { return };
        match sender.try_send(job) {
            Ok(()) => {}
            // The thread has ended, and says why.
            Err(TrySendError::Disconnected(_)) => *jobs = None,
            Err(TrySendError::Full(_)) => {
                *jobs = None;
                drop(jobs);
                self.0.end(
                    "the capture has ended early: the disk is too slow. The chat goes on"
                        .to_owned(),
                );
            }
        }
    }
}

impl Shared {
    fn end(&self, reason: String) {
        *locked(&self.trouble) = Some(reason);
    }
}

impl fmt::Debug for Capture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Capture(secrets: {})", self.0.with_secrets)
    }
}

/// The secrets of one session on their way into the key log.
#[derive(Debug, Default)]
pub(crate) struct Secrets {
    capture: Option<Capture>,
    writer: KeyLogWriter,
}

impl Secrets {
    /// Returns the secrets of a session whose capture is this one.
    pub(crate) fn of(capture: Option<Capture>) -> Self {
        Self {
            capture,
            writer: KeyLogWriter::default(),
        }
    }

    /// Writes the secrets that are new with this frame.
    pub(crate) fn see(&mut self, frame: &ObservedFrame) {
        if let Some(capture) = self.capture.as_ref().filter(|it| it.has_secrets()) {
            capture.secrets(self.writer.lines(frame));
        }
    }

    /// Returns the reason for which the capture has ended early, once.
    pub(crate) fn trouble(&self) -> Option<String> {
        self.capture.as_ref().and_then(Capture::take_trouble)
    }
}

impl Files {
    fn begin(file: File, secrets: Option<File>) -> io::Result<Self> {
        let mut packets = PcapNgWriter::new(BufWriter::new(file)).map_err(io_error)?;
        let interface = InterfaceDescriptionBlock {
            linktype: DataLink::RAW,
            snaplen: 0,
            options: vec![InterfaceDescriptionOption::IfTsResol(NANOSECONDS)],
        };
        packets.write_pcapng_block(interface).map_err(io_error)?;
        packets.get_mut().flush()?;
        Ok(Self { packets, secrets })
    }

    /// Writes until all handles of the capture are closed.
    fn write(mut self, waiting: &Receiver<Job>) -> io::Result<()> {
        loop {
            let job = match waiting.try_recv() {
                Ok(job) => job,
                Err(TryRecvError::Empty) => {
                    // Nothing waits, so that the file can be looked at while the chat goes on.
                    self.packets.get_mut().flush()?;
                    match waiting.recv() {
                        Ok(job) => job,
                        Err(_) => break,
                    }
                }
                Err(TryRecvError::Disconnected) => break,
            };
            match job {
                Job::Packet(timestamp, data) => {
                    let packet = EnhancedPacketBlock {
                        interface_id: 0,
                        timestamp,
                        original_len: u32::try_from(data.len()).unwrap_or(u32::MAX),
                        data: data.into(),
                        options: Vec::new(),
                    };
                    self.packets.write_pcapng_block(packet).map_err(io_error)?;
                }
                Job::Secrets(lines) => {
                    if let Some(file) = &mut self.secrets {
                        file.write_all(lines.as_bytes())?;
                    }
                }
            }
        }
        self.packets.get_mut().flush()
    }
}

fn io_error(error: PcapError) -> io::Error {
    match error {
        PcapError::IoError(error) => error,
        other => io::Error::other(other),
    }
}

/// Creates a private file, and never writes to one that is there.
fn create(path: &Path) -> Result<File, Failure> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => Failure::other(format!(
            "{} exists already and is left as it is: name a new file",
            shown(path)
        )),
        _ => unwritable(path, &error),
    })
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    Failure::other(format!("cannot write {}: {error}", shown(path)))
}

fn ended(path: &Path, error: &io::Error) -> String {
    let path = shown(path);
    format!("the capture in {path} has ended early: {error}. The chat goes on")
}

/// Returns a path that is safe for a terminal.
pub(crate) fn shown(path: &Path) -> String {
    printable::line(PathBuf::from(path).as_os_str().as_encoded_bytes())
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What it guards is whole after every statement, so that a panic elsewhere harms nothing.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_private_and_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let [capture, keys] = ["a.pcapng", "a.keys"].map(|name| folder.path().join(name));
        fs::write(&keys, "mine").unwrap();
        let failure = Capture::start(&capture, Some(&keys)).unwrap_err();
        assert!(failure.text.contains("a.keys exists already"), "{failure}");
        assert_eq!(fs::read_to_string(&keys).unwrap(), "mine");
        assert!(!capture.exists(), "the first file is not left behind");
        fs::remove_file(&keys).unwrap();

        let started = Capture::start(&capture, Some(&keys)).unwrap();
        assert_eq!(started.close(), None);
        assert!(!capture.exists() && !keys.exists(), "nothing was captured");
        let started = Capture::start(&capture, Some(&keys)).unwrap();
        drop(started.connection());
        assert_eq!(started.close(), None);
        #[cfg(unix)]
        for path in [&capture, &keys] {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        let failure = Capture::start(&capture, None).unwrap_err();
        assert!(failure.text.contains("exists already"), "{failure}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_ends_the_capture_with_a_sentence() {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let error = Files::begin(full, None).err().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);

        // A disk that gets full later.
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pcapng");
        let secrets = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let files = Files::begin(create(&path).unwrap(), Some(secrets)).unwrap();
        let (jobs, waiting) = sync_channel(1);
        let line = Zeroizing::new("SECURE_CHAT_V2\n".to_owned());
        jobs.send(Job::Secrets(line)).unwrap();
        let error = files.write(&waiting).unwrap_err();
        let text = ended(&path, &error);
        assert!(
            text.contains("has ended early") && text.contains("The chat goes on"),
            "{text}"
        );
    }
}
