//! Stand-ins between client and server: a relay whose target can be changed and which can cut
//! the stream, and servers that say whatever a test wants.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// Forwards connections to a server: one address whose server can be exchanged.
pub(crate) struct Relay {
    address: SocketAddr,
    target: Arc<Mutex<SocketAddr>>,
    connections: Arc<AtomicUsize>,
    /// The clients' ends of those that were begun.
    clients: Arc<Mutex<Vec<TcpStream>>>,
    /// Bytes that the server may say in a connection before the relay ends it.
    cut_after: Arc<AtomicUsize>,
    /// Set: what clients say is swallowed, as in a network that is gone.
    stalled: Arc<AtomicBool>,
    /// Bytes that were swallowed.
    swallowed: Arc<AtomicUsize>,
}

impl Relay {
    pub(crate) fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let relay = Self {
            address: listener.local_addr().unwrap(),
            target: Arc::new(Mutex::new(target)),
            connections: Arc::default(),
            clients: Arc::default(),
            cut_after: Arc::new(AtomicUsize::new(usize::MAX)),
            stalled: Arc::default(),
            swallowed: Arc::default(),
        };
        let target = Arc::clone(&relay.target);
        let connections = Arc::clone(&relay.connections);
        let cut_after = Arc::clone(&relay.cut_after);
        let clients = Arc::clone(&relay.clients);
        let gate = Gate {
            stalled: Arc::clone(&relay.stalled),
            swallowed: Arc::clone(&relay.swallowed),
        };
        thread::spawn(move || {
            for client in listener.incoming() {
                connections.fetch_add(1, Ordering::SeqCst);
                let client = client.unwrap();
                let Ok(server) = TcpStream::connect(*target.lock().unwrap()) else {
                    continue;
                };
                clients.lock().unwrap().push(client.try_clone().unwrap());
                let limit = cut_after.load(Ordering::SeqCst);
                let (from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                let gate = gate.clone();
                thread::spawn(move || forward(from, to, usize::MAX, &gate));
                thread::spawn(move || {
                    forward(server, client.try_clone().unwrap(), limit, &Gate::default());
                    if limit != usize::MAX {
                        let _ = client.shutdown(Shutdown::Both);
                    }
                });
            }
        });
        relay
    }

    /// The address for the command line.
    pub(crate) fn tcp(&self) -> String {
        self.address.to_string()
    }

    /// From now on connections go to another server.
    pub(crate) fn redirect(&self, target: SocketAddr) {
        *self.target.lock().unwrap() = target;
    }

    /// Ends all connections; the next ones go to the target as before.
    pub(crate) fn sever(&self) {
        for client in self.clients.lock().unwrap().drain(..) {
            // It may have ended already.
            let _ = client.shutdown(Shutdown::Both);
        }
    }

    /// From now on each connection ends after so many bytes from the server.
    pub(crate) fn cut_after(&self, bytes: usize) {
        self.cut_after.store(bytes, Ordering::SeqCst);
    }

    /// From now on the server hears nothing of what clients say.
    pub(crate) fn stall(&self) {
        self.stalled.store(true, Ordering::SeqCst);
    }

    /// The bytes that the server did not hear.
    pub(crate) fn swallowed(&self) -> usize {
        self.swallowed.load(Ordering::SeqCst)
    }

    /// How many connections there were.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// Lets bytes through, or swallows them.
#[derive(Clone, Default)]
struct Gate {
    stalled: Arc<AtomicBool>,
    swallowed: Arc<AtomicUsize>,
}

/// Forwards at most `limit` bytes, then ends that direction.
fn forward(mut from: TcpStream, mut to: TcpStream, mut limit: usize, gate: &Gate) {
    let mut buffer = [0; 16 * 1024];
    while limit > 0 {
        let room = limit.min(buffer.len());
        // An end of either side, whatever its form, ends the other.
        let Ok(length @ 1..) = from.read(&mut buffer[..room]) else {
            break;
        };
        if gate.stalled.load(Ordering::SeqCst) {
            gate.swallowed.fetch_add(length, Ordering::SeqCst);
            continue;
        }
        if to.write_all(&buffer[..length]).is_err() {
            break;
        }
        limit -= length;
    }
    let _ = to.shutdown(Shutdown::Write);
}

/// A server that says `words` to each client, reads what the client says, and ends.
pub(crate) fn raw_server(words: &[u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let words = words.to_vec();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            // A client that refuses the words may be gone before they are all said.
            let _ = stream.write_all(&words);
            let _ = stream.shutdown(Shutdown::Write);
            // Unread bytes would reset the connection, and with it what was said.
            let _ = std::io::copy(&mut stream, &mut std::io::sink());
        }
    });
    address.to_string()
}
