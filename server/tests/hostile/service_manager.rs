//! Notifications of the service manager, received on a socket like systemd's.

use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;

use crate::support::PATIENCE;
use crate::support::server::{Server, private_folder};

/// A service manager's socket.
pub(crate) struct Manager {
    socket: UnixDatagram,
    path: PathBuf,
    _folder: tempfile::TempDir,
}

impl Manager {
    pub(crate) fn new() -> Self {
        let folder = private_folder();
        let path = folder.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Self {
            socket,
            path,
            _folder: folder,
        }
    }

    pub(crate) fn start(&self, variables: &[(&str, PathBuf)]) -> Server {
        let own = [("NOTIFY_SOCKET", self.path.clone())];
        Server::start_under(&[&own, variables].concat(), &[])
    }

    /// Returns the lines of the next datagram.
    pub(crate) fn hear(&self) -> Vec<String> {
        let mut buffer = [0; 4096];
        let length = self.socket.recv(&mut buffer).unwrap();
        let text = String::from_utf8(buffer[..length].to_vec()).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    fn hear_until(&self, line: &str) {
        while !self.hear().iter().any(|heard| heard == line) {}
    }
}

#[test]
fn the_manager_is_told_when_the_server_is_ready_and_when_it_stops() {
    let manager = Manager::new();
    let mut server = manager.start(&[]);
    assert_eq!(manager.hear(), ["READY=1"]);
    server.terminate();
    assert_eq!(manager.hear()[0], "STOPPING=1");
    assert!(server.wait().success());
}

#[test]
fn the_watchdog_gets_signs_of_life_only_if_it_expects_some() {
    let manager = Manager::new();
    let server = manager.start(&[("WATCHDOG_USEC", "20000".into())]);
    manager.hear_until("READY=1");
    for _ in 0..3 {
        manager.hear_until("WATCHDOG=1");
    }
    drop(server);
    // Meant for another process: whoever starts the server has a watchdog of its own.
    let manager = Manager::new();
    let expects = [
        ("WATCHDOG_USEC", "20000".into()),
        ("WATCHDOG_PID", "1".into()),
    ];
    let mut server = manager.start(&expects);
    assert_eq!(manager.hear(), ["READY=1"]);
    server.terminate();
    assert_eq!(manager.hear()[0], "STOPPING=1");
    assert!(server.wait().success());
}

#[test]
fn a_manager_that_is_gone_keeps_nobody_from_chatting() {
    let manager = Manager::new();
    let path = manager.path.clone();
    drop(manager);
    let server = Server::start_under(&[("NOTIFY_SOCKET", path)], &[]);
    server.wait_for_log(&["the service manager was not told"]);
    crate::support::client::Client::join_by_v2(server.tcp());
}
