//! A server on a machine whose wall clock jumps.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use shared::chat::Timestamp;

use crate::support::client::Client;
use crate::support::json::{hear, join, over_tcp, say, send};
use crate::support::server::Server;

/// Moves the wall clock of one process by the seconds in a file, and leaves its steady clock alone.
/// The machine's own clock is not a test's to set.
const SHIM: &str = r#"
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *time) {
    long result = syscall(SYS_clock_gettime, clock, time);
    const char *path = getenv("WALL_CLOCK_OFFSET");
    if (result == 0 && clock == CLOCK_REALTIME && path) {
        char text[32] = {0};
        int file = open(path, O_RDONLY | O_CLOEXEC);
        if (file >= 0) {
            if (read(file, text, sizeof text - 1) > 0) time->tv_sec += atol(text);
            close(file);
        }
    }
    return (int)result;
}
"#;

/// A wall clock that a test sets.
struct WallClock {
    folder: tempfile::TempDir,
}

impl WallClock {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Self { folder };
        clock.set(0);
        let source = clock.path("shim.c");
        fs::write(&source, SHIM).unwrap();
        let built = Command::new("cc")
            .args(["-shared", "-fPIC", "-o"])
            .args([&clock.path("shim.so"), &source])
            .status();
        assert!(built.unwrap().success());
        clock
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Sets the clock so many seconds ahead of the machine's.
    fn set(&self, seconds: i64) {
        // Renamed, so that nobody reads half of it.
        let mut file = tempfile::NamedTempFile::new_in(self.folder.path()).unwrap();
        write!(file, "{seconds}").unwrap();
        file.persist(self.path("offset")).unwrap();
    }

    fn environment(&self) -> [(&'static str, PathBuf); 2] {
        [
            ("LD_PRELOAD", self.path("shim.so")),
            ("WALL_CLOCK_OFFSET", self.path("offset")),
        ]
    }
}

/// Writes a message, and returns its time in milliseconds since 1970.
fn say_text(client: &mut Client, number: u32, text: &str) -> i64 {
    say(client, &send("lobby", number, text));
    let ack = hear(client, "ack");
    let at: Timestamp = serde_json::from_value(ack["at"].clone()).unwrap();
    at.unix_millis()
}

fn history(client: &mut Client) -> Vec<Value> {
    say(
        client,
        &json!({"type": "history", "room": "lobby", "before": 1_000}),
    );
    hear(client, "page")["entries"].as_array().unwrap().clone()
}

fn unix_millis() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    since.as_millis().try_into().unwrap()
}

/// The fault: a clock that was two years ahead for one message erased a history of thirty days,
/// stamped everything later with that time for ever, and stopped retention. Also behind.
#[test]
fn a_clock_that_jumps_for_a_moment_takes_no_history_and_stamps_nothing_with_it() {
    const YEAR: i64 = 365 * 24 * 60 * 60;
    const HOUR_MS: i64 = 60 * 60 * 1000;
    let clock = WallClock::new();
    let server = Server::start_under(&clock.environment(), &["--keep", "30d"]);
    let mut ada = over_tcp(server.tcp(), 1, "ada");
    join(&mut ada, "lobby", 0);
    let mut number = 0;
    for seconds in [0, 2 * YEAR, 0, -2 * YEAR, 0, 40 * 24 * 60 * 60, 0] {
        clock.set(seconds);
        for _ in 0..3 {
            number += 1;
            let at = say_text(&mut ada, number, "kept");
            let apart = (at - unix_millis()).abs();
            assert!(apart < HOUR_MS, "{seconds}: {apart} ms");
        }
        let entries = history(&mut ada);
        assert_eq!(entries.len(), usize::try_from(number).unwrap(), "{seconds}");
        // The order is the number's, and no time goes back.
        let key = |field: &str| -> Vec<String> {
            entries.iter().map(|it| it[field].to_string()).collect()
        };
        assert!(key("at").is_sorted(), "{:?}", key("at"));
    }
    server.wait_for_log(&["clock"]);
    drop(ada);
    // A server that starts while the clock is ahead waits before it removes anything.
    clock.set(2 * YEAR);
    let data = server.kill();
    let server = Server::start_under_in(data, &clock.environment(), &["--keep", "30d"]);
    let mut ada = over_tcp(server.tcp(), 1, "ada");
    join(&mut ada, "lobby", 0);
    assert_eq!(history(&mut ada).len(), usize::try_from(number).unwrap());
    say_text(&mut ada, number + 1, "kept");
    assert_eq!(
        history(&mut ada).len(),
        usize::try_from(number).unwrap() + 1
    );
}
