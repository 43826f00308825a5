//! Backups of a server that runs, and what interrupts them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use serde_json::{Value, json};

use crate::support::client::Client;
use crate::support::eventually;
use crate::support::json::{UNHURRIED, hear, over_tcp, say, send};
use crate::support::process::Killed;
use crate::support::server::{Server, command, private_folder, run_to_end};

/// The messages that a client of the load has under way: enough that the server is never idle.
const TOGETHER: u32 = 50;

/// People who write into the lobby as fast as they are answered.
struct Load {
    /// The ids of the entries that were acked, in their order.
    acked: Arc<Mutex<Vec<String>>>,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
    began: Instant,
}

impl Load {
    fn start(server: &Server) -> Self {
        let acked = Arc::<Mutex<Vec<String>>>::default();
        let stop = Arc::<AtomicBool>::default();
        let thread = |who: u32| {
            let (acked, stop, address) = (Arc::clone(&acked), Arc::clone(&stop), server.tcp());
            thread::spawn(move || {
                let mut client = over_tcp(address, who as usize, &format!("writer-{who}"));
                enter(&mut client);
                for first in (0..).step_by(TOGETHER as usize) {
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    let message =
                        |number: u32| send("lobby", number, "a message of the load").to_string();
                    let messages: Vec<_> = (first..first + TOGETHER)
                        .map(|number| message(who << 24 | number))
                        .collect();
                    let texts: Vec<_> = messages.iter().map(String::as_str).collect();
                    let sealed = client.seal_all(&texts);
                    std::io::Write::write_all(&mut client.wire, &sealed).unwrap();
                    for _ in 0..TOGETHER {
                        let ack = hear(&mut client, "ack");
                        let id = ack["id"].as_str().unwrap().to_owned();
                        acked.lock().unwrap().push(id);
                    }
                }
            })
        };
        let threads = (1..=3).map(thread).collect();
        Self {
            acked,
            stop,
            threads,
            began: Instant::now(),
        }
    }

    fn count(&self) -> usize {
        self.acked.lock().unwrap().len()
    }

    fn wait_for(&self, count: usize) {
        eventually(&format!("{count} acks"), || {
            (self.count() >= count).then_some(())
        });
    }

    /// Stops the load, and returns the ids of all acked entries.
    fn end(self) -> Vec<String> {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads {
            thread.join().unwrap();
        }
        let acked = self.acked.lock().unwrap().clone();
        let millis = self.began.elapsed().as_millis();
        let rate = acked.len() as u128 * 1000 / millis.max(1);
        println!("load: {rate} acks a second");
        acked
    }
}

/// Joins the lobby without its former entries.
fn enter(client: &mut Client) {
    say(client, &json!({"type": "join", "room": "lobby"}));
    hear(client, "joined");
}

/// Returns the entries of the lobby of a data folder, which the program exports.
fn lobby(data: &Path) -> Vec<Value> {
    let ended = run_to_end(data, &["export", "lobby"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let lines = ended.stdout.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

// The promise: what was acked before a backup is in it, and it is of one moment, whatever happens
// meanwhile.
#[test]
fn a_backup_under_load_has_every_message_that_was_acked_before_it() {
    let server = Server::start(&[&UNHURRIED[..], &["--mib-per-day", "0"]].concat());
    let outer = private_folder();
    let load = Load::start(&server);
    load.wait_for(5_000);
    let mut backups = Vec::new();
    for number in 1..=3 {
        let acked_before: BTreeSet<String> = load.acked.lock().unwrap().iter().cloned().collect();
        let path = outer.path().join(format!("backup-{number}"));
        let ended = run_to_end(server.data(), &["backup", path.to_str().unwrap(), "--now"]);
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        println!(
            "backup {number}: {} acked before it, {} meanwhile",
            acked_before.len(),
            load.count() - acked_before.len()
        );
        // The server goes on: it is not only that nothing was written.
        load.wait_for(acked_before.len() + 1_000);
        backups.push((path, acked_before));
    }
    let acked = load.end();

    for (path, acked_before) in backups {
        let data = private_folder();
        let restored = data.path().join("data");
        let ended = run_to_end(&restored, &["restore", path.to_str().unwrap()]);
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        let entries = lobby(&restored);
        let ids: BTreeSet<String> = entries
            .iter()
            .map(|entry| entry["id"].as_str().unwrap().to_owned())
            .collect();
        assert!(acked_before.is_subset(&ids), "an acked message is missing");
        // Of one moment: the first of all numbers, without a gap.
        let seqs = entries.iter().map(|entry| entry["seq"].as_u64().unwrap());
        assert!(seqs.eq(1..=entries.len() as u64));
        println!("restored: {} entries", entries.len());
        // A server starts with it, and goes on behind its last entry.
        fs::set_permissions(
            data.path(),
            std::os::unix::fs::PermissionsExt::from_mode(0o700),
        )
        .unwrap();
        let again = command(&restored, &[])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut again = Killed(again);
        let address = tcp_of(&mut again);
        let mut client = over_tcp(address, 0, "reader");
        enter(&mut client);
        client.say(&send("lobby", 1, "after the move").to_string());
        let seq = hear(&mut client, "ack")["seq"].as_u64().unwrap();
        assert_eq!(seq, entries.len() as u64 + 1);
    }
    // The server itself has lost nothing.
    assert!(lobby(server.data()).len() >= acked.len());
}

/// Reads the address of the TCP listener from what the server prints first.
fn tcp_of(server: &mut Killed) -> std::net::SocketAddr {
    use std::io::BufRead;
    let mut line = String::new();
    let stdout = server.stdout.as_mut().unwrap();
    std::io::BufReader::new(stdout)
        .read_line(&mut line)
        .unwrap();
    line.trim()
        .strip_prefix("tcp listening on ")
        .unwrap()
        .parse()
        .unwrap()
}

/// Fills a data folder so that a copy of it takes a while, and returns it.
fn large() -> tempfile::TempDir {
    let server = Server::start(&[&UNHURRIED[..], &["--mib-per-day", "0"]].concat());
    let mut client = over_tcp(server.tcp(), 0, "writer");
    enter(&mut client);
    let text = "x".repeat(15_000);
    for first in (0..2_000).step_by(20) {
        for number in first..first + 20 {
            client.say(&send("lobby", number, &text).to_string());
        }
        for _ in 0..20 {
            hear(&mut client, "ack");
        }
    }
    // With its log beside it, as after a crash.
    server.kill()
}

// The faults: a full disk, a kill and a stop in the middle of a backup.
#[test]
fn a_backup_that_is_not_finished_leaves_nothing_that_looks_like_one() {
    let data = large();
    let outer = private_folder();
    let path = outer.path().join("backup");
    let backup = || {
        let mut command = command(data.path(), &["backup", path.to_str().unwrap(), "--now"]);
        command.stdout(Stdio::null());
        command
    };
    // A disk on which no file can be longer than 5 MiB. The signal is ignored, so that writing fails
    // as on a disk that is full.
    let usual = backup();
    let mut full = Command::new("sh");
    full.args(["-c", "trap '' XFSZ; ulimit -f 10240 && exec \"$0\" \"$@\""])
        .arg(usual.get_program())
        .args(usual.get_args());
    let ended = full.output().unwrap();
    let told = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1), "{told}");
    assert!(told.contains("was not copied"), "{told}");
    println!("full disk: {told}");
    assert_eq!(names(outer.path()), [""; 0], "nothing is left");

    let begun = || {
        let child = backup().spawn().unwrap();
        let partial = eventually("a partial copy", || {
            let names = names(outer.path());
            let copy = outer.path().join(names.first()?).join("chat.db");
            (fs::metadata(copy).ok()?.len() > 0).then(|| names[0].clone())
        });
        (child, partial)
    };
    // Asked to end.
    let (mut child, _) = begun();
    let kill = format!("kill -TERM {}", child.id());
    assert!(
        Command::new("sh")
            .args(["-c", &kill])
            .status()
            .unwrap()
            .success()
    );
    let status = child.wait().unwrap();
    println!("stopped: {status}");
    // It may have been faster than the signal; then it is whole.
    if path.exists() {
        assert!(status.success());
        fs::remove_dir_all(&path).unwrap();
    } else {
        assert_eq!(status.code(), Some(1));
    }
    assert_eq!(names(outer.path()), [""; 0], "nothing is left");

    // Killed: what is left has another name, and is refused as a backup.
    let (mut child, partial) = begun();
    child.kill().unwrap();
    child.wait().unwrap();
    println!("killed: {partial} is left");
    if !path.exists() {
        assert!(partial.starts_with(".backup.partial-"), "{partial}");
        let restored = outer.path().join("restored");
        let left = outer.path().join(&partial);
        let ended = run_to_end(&restored, &["restore", left.to_str().unwrap()]);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(ended.stderr.contains("no whole backup"), "{ended:?}");
        assert!(!restored.exists());
        fs::remove_dir_all(left).unwrap();
    }
    // What was interrupted so often works with space and time.
    let _ = fs::remove_dir_all(&path);
    assert!(backup().status().unwrap().success());
    let restored = outer.path().join("restored");
    let ended = run_to_end(&restored, &["restore", path.to_str().unwrap()]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(lobby(&restored).len(), 2_000);
    assert_eq!(names(outer.path()), ["backup", "restored"]);
}

#[test]
fn a_restore_over_a_running_server() {
    let server = Server::start(&[]);
    let outer = private_folder();
    let path = outer.path().join("backup");
    let path = path.to_str().unwrap();
    // Without `--now`, for the server is quiet.
    let ended = run_to_end(server.data(), &["backup", path]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    for arguments in [&["restore", path][..], &["restore", path, "--replace"]] {
        let ended = run_to_end(server.data(), arguments);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(ended.stderr.contains("another server uses"), "{ended:?}");
    }
    let mut client = over_tcp(server.tcp(), 0, "ada");
    client.say(&json!({"type": "ping"}).to_string());
    drop(client);
    // Once it has stopped, its folder is put aside.
    let mut server = server;
    server.terminate();
    server.wait();
    let ended = run_to_end(server.data(), &["restore", path]);
    assert!(ended.stderr.contains("--replace"), "{ended:?}");
    let ended = run_to_end(server.data(), &["restore", path, "--replace"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let aside = ended
        .stdout
        .lines()
        .find_map(|line| line.strip_prefix("what was there is in "));
    let aside = Path::new(aside.unwrap());
    assert!(aside.join("server_key.pem").exists(), "{ended:?}");
    fs::remove_dir_all(aside).unwrap();
}
