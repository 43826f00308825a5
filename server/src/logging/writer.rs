//! A writer that never blocks: a thread writes, and lines that it cannot keep up with are dropped
//! and counted.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender, TrySendError};
use std::thread;
use std::time::{Duration, Instant};

use super::Form;

/// The lines that may wait for the thread: about a second of a busy server's log.
const WAITING_LINES: usize = 4096;

/// The bytes that may wait for the thread: with `--log-plaintext` a single line may have 64 KiB.
const WAITING_BYTES: usize = 4 << 20;

/// A handle of a stream that a thread writes to; clones share the stream.
///
/// Every [`write`](Write::write) takes whole lines and succeeds. While the stream is closed, full,
/// or not read, lines are dropped; as soon as it takes bytes again, a line tells how many were
/// lost.
#[derive(Debug, Clone)]
pub struct LossyWriter {
    queue: SyncSender<Job>,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    waiting_bytes: AtomicUsize,
    dropped: AtomicU64,
}

#[derive(Debug)]
enum Job {
    Line(Box<[u8]>),
    /// Answers when everything before it was written or dropped.
    Flush(SyncSender<()>),
}

impl LossyWriter {
    /// Starts the thread that writes to `stream`, and gives it this name.
    pub fn new(name: &str, stream: impl Write + Send + 'static) -> Self {
        let is_coloured = false;
        let notice = move |lost| Form::Text { is_coloured }.notice(lost);
        Self::with_notice(name, stream, notice)
    }

    /// Starts such a thread, which tells of lost lines by the line that `notice` makes of their number.
    pub fn with_notice(
        name: &str,
        stream: impl Write + Send + 'static,
        notice: impl Fn(u64) -> String + Send + 'static,
    ) -> Self {
        let (queue, jobs) = mpsc::sync_channel(WAITING_LINES);
        let shared = Arc::<Shared>::default();
        let worker = Arc::clone(&shared);
        // Without a thread every line is counted as dropped, and the server runs all the same. The
        // thread is not joined: a write that blocks for ever must not keep the process.
        let _ = thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || write_jobs(stream, &jobs, &worker, &notice));
        Self { queue, shared }
    }

    /// Waits until all lines so far are written, but at most for `patience`. An administrator who
    /// stops the server wants its last lines, but not at the price of a process that does not end.
    pub fn flush_within(&self, patience: Duration) {
        const PAUSE: Duration = Duration::from_millis(5);
        let deadline = Instant::now() + patience;
        // With room for the answer: without it, the thread could not leave one while the caller is
        // not waiting yet.
        let (done, is_done) = mpsc::sync_channel(1);
        let mut job = Job::Flush(done);
        loop {
            match self.queue.try_send(job) {
                Ok(()) => break,
                Err(TrySendError::Disconnected(_)) => return,
                Err(TrySendError::Full(_)) if Instant::now() >= deadline => return,
                Err(TrySendError::Full(back)) => job = back,
            }
            thread::sleep(PAUSE);
        }
        // Whether the wait was in time or not, the caller goes on.
        let _ = is_done.recv_timeout(deadline.saturating_duration_since(Instant::now()));
    }
}

impl Write for LossyWriter {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        // Counted before the check, so that two threads cannot both take the last bytes.
        let before = self
            .shared
            .waiting_bytes
            .fetch_add(line.len(), Ordering::Relaxed);
        let is_queued = before.saturating_add(line.len()) <= WAITING_BYTES
            && self.queue.try_send(Job::Line(line.into())).is_ok();
        if !is_queued {
            self.shared
                .waiting_bytes
                .fetch_sub(line.len(), Ordering::Relaxed);
            self.shared.dropped.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn write_jobs(
    mut stream: impl Write,
    jobs: &Receiver<Job>,
    shared: &Shared,
    notice: &dyn Fn(u64) -> String,
) {
    for job in jobs {
        match job {
            Job::Line(line) => {
                let written = stream.write_all(&line).and_then(|()| stream.flush());
                shared
                    .waiting_bytes
                    .fetch_sub(line.len(), Ordering::Relaxed);
                if written.is_err() {
                    shared.dropped.fetch_add(1, Ordering::Relaxed);
                    continue;
                }
                let dropped = shared.dropped.swap(0, Ordering::Relaxed);
                if dropped > 0 && stream.write_all(notice(dropped).as_bytes()).is_err() {
                    // Given back, so that the next line that is written tells of them.
                    shared.dropped.fetch_add(dropped, Ordering::Relaxed);
                }
            }
            Job::Flush(done) => {
                // The caller may have stopped waiting.
                let _ = done.try_send(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::mpsc::{Sender, channel};

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(30);

    /// A stream whose every write waits for a permission to succeed or to fail.
    struct Reluctant {
        may: Receiver<io::Result<()>>,
        written: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for Reluctant {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            // When no permissions are given any more, every write is allowed.
            self.may.recv().unwrap_or(Ok(()))?;
            self.written.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[allow(clippy::type_complexity, reason = "the parts of a test stream")]
    fn reluctant() -> (LossyWriter, Sender<io::Result<()>>, Arc<Mutex<Vec<u8>>>) {
        let (allow, may) = channel();
        let written = Arc::<Mutex<Vec<u8>>>::default();
        let stream = Reluctant {
            may,
            written: Arc::clone(&written),
        };
        (LossyWriter::new("test", stream), allow, written)
    }

    /// Writes a whole line at once, as the log does.
    fn line(writer: &mut LossyWriter, text: &str) {
        writer.write_all(format!("{text}\n").as_bytes()).unwrap();
    }

    #[test]
    fn a_stream_that_nobody_reads_blocks_nothing_and_the_loss_is_told() {
        let (mut writer, allow, written) = reluctant();
        for number in 0..3 * WAITING_LINES {
            line(&mut writer, &format!("line {number}"));
        }
        drop(allow);
        writer.flush_within(PATIENCE);
        let text = String::from_utf8(written.lock().unwrap().clone()).unwrap();
        assert!(text.starts_with("line 0\n"), "{text}");
        assert!(text.contains(" lines of this log were lost\n"), "{text}");
        let lost: usize = text
            .lines()
            .find_map(|line| line.strip_suffix(" lines of this log were lost"))
            .unwrap()
            .parse()
            .unwrap();
        let kept = text
            .lines()
            .filter(|line| line.starts_with("line "))
            .count();
        assert_eq!(kept + lost, 3 * WAITING_LINES);
    }

    #[test]
    fn a_few_huge_lines_are_bounded_by_their_bytes() {
        let (mut writer, _allow, _written) = reluctant();
        let line = vec![b'x'; 1 << 20];
        for _ in 0..100 {
            writer.write_all(&line).unwrap();
        }
        assert!(writer.shared.waiting_bytes.load(Ordering::Relaxed) <= WAITING_BYTES);
        assert_eq!(writer.shared.dropped.load(Ordering::Relaxed), 96);
    }

    #[test]
    fn a_stream_that_fails_is_written_to_again() {
        let (mut writer, allow, written) = reluctant();
        allow.send(Err(io::ErrorKind::StorageFull.into())).unwrap();
        drop(allow);
        line(&mut writer, "lost");
        line(&mut writer, "kept");
        writer.flush_within(PATIENCE);
        let text = String::from_utf8(written.lock().unwrap().clone()).unwrap();
        assert_eq!(text, "kept\n1 lines of this log were lost\n");
    }

    #[test]
    fn waiting_for_a_stream_that_is_stuck_ends() {
        let (mut writer, _allow, _written) = reluctant();
        line(&mut writer, "stuck");
        writer.flush_within(Duration::from_millis(1));
    }
}
