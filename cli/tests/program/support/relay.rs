//! Stand-ins between client and server: a relay whose target can be changed and which can cut the
//! stream, and servers that send any bytes that a test wants.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// A relay to a server: one address whose server can be exchanged.
pub(crate) struct Relay {
    address: SocketAddr,
    target: Arc<Mutex<SocketAddr>>,
    connections: Arc<AtomicUsize>,
    /// The clients' ends of the connections that were begun.
    clients: Arc<Mutex<Vec<TcpStream>>>,
    /// The bytes that the server may send in a connection before the relay ends it.
    cut_after: Arc<AtomicUsize>,
    /// Set: the clients' bytes are swallowed, as in a network that is gone.
    stalled: Arc<AtomicBool>,
    /// The number of bytes that were swallowed.
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

    /// Returns the address for the command line.
    pub(crate) fn tcp(&self) -> String {
        self.address.to_string()
    }

    /// Makes further connections go to another server.
    pub(crate) fn redirect(&self, target: SocketAddr) {
        *self.target.lock().unwrap() = target;
    }

    /// Ends all connections; further ones go to the target as before.
    pub(crate) fn sever(&self) {
        for client in self.clients.lock().unwrap().drain(..) {
            // The client may have ended already.
            let _ = client.shutdown(Shutdown::Both);
        }
    }

    /// Makes each further connection end after this many bytes of the server.
    pub(crate) fn cut_after(&self, bytes: usize) {
        self.cut_after.store(bytes, Ordering::SeqCst);
    }

    /// Makes the relay swallow everything that clients send from now on.
    pub(crate) fn stall(&self) {
        self.stalled.store(true, Ordering::SeqCst);
    }

    /// Returns the number of bytes that the server did not receive.
    pub(crate) fn swallowed(&self) -> usize {
        self.swallowed.load(Ordering::SeqCst)
    }

    /// Returns the number of connections so far.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// A gate that lets bytes through, or swallows them.
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

/// Starts a server that sends `words` to each client, reads the client's bytes, and ends.
pub(crate) fn raw_server(words: &[u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let words = words.to_vec();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            // A client that refuses the words may be gone before all of them are sent.
            let _ = stream.write_all(&words);
            let _ = stream.shutdown(Shutdown::Write);
            // Unread bytes would reset the connection, and the client would lose the words.
            let _ = std::io::copy(&mut stream, &mut std::io::sink());
        }
    });
    address.to_string()
}
