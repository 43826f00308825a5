//! Socket activation: listeners that the service manager has bound, and hands on
//! (`sd_listen_fds(3)`).

use std::io;
use std::net::TcpListener;
use std::os::unix::net::UnixListener;

use listenfd::ListenFd;
use thiserror::Error;

use super::{Listener, Listeners};

/// The variable with the sockets' names, in their order, divided by colons.
const NAMES: &str = "LISTEN_FDNAMES";

/// The name of the sockets for sessions (`FileDescriptorName=`).
const TCP: &str = "tcp";

/// The name of the sockets for the page.
const HTTP: &str = "http";

/// The name of the sockets for monitoring.
const OPS: &str = "ops";

/// The sockets that a process was started with, before there is a runtime that could listen on them.
#[derive(Debug, Default)]
pub struct Inherited {
    tcp: Vec<Socket>,
    http: Vec<Socket>,
    ops: Vec<Socket>,
}

#[derive(Debug)]
enum Socket {
    Net(TcpListener),
    Unix(UnixListener),
}

/// Inherited sockets that cannot be used.
#[derive(Debug, Error)]
pub enum InheritError {
    /// A socket has neither name.
    #[error(
        "the service manager hands on a socket named {0:?}; the names are {TCP}, {HTTP} and {OPS} \
         (FileDescriptorName= in the .socket unit)"
    )]
    Name(String),
    /// A descriptor is no listening stream socket.
    #[error("socket {index} of the service manager cannot be used: {cause}")]
    Socket {
        /// The socket's position, from 0.
        index: usize,
        /// The reason.
        #[source]
        cause: io::Error,
    },
}

impl Inherited {
    /// Takes the sockets that this process was started with. To be called once, before the first
    /// thread is started: the variables that name them are removed, so that no child takes them.
    ///
    /// # Errors
    /// The first socket that has no known name or is no listener.
    pub fn take() -> Result<Self, InheritError> {
        let names = std::env::var(NAMES).unwrap_or_default();
        let mut sockets = ListenFd::from_env();
        let mut names = names.split(':');
        let mut inherited = Self::default();
        for index in 0..sockets.len() {
            let kind = match names.next().unwrap_or_default() {
                TCP => &mut inherited.tcp,
                HTTP => &mut inherited.http,
                OPS => &mut inherited.ops,
                other => return Err(InheritError::Name(other.to_owned())),
            };
            let socket = take(&mut sockets, index);
            kind.push(socket.map_err(|cause| InheritError::Socket { index, cause })?);
        }
        Ok(inherited)
    }

    /// Returns `true` if this process was started without sockets.
    pub fn is_empty(&self) -> bool {
        self.tcp.is_empty() && self.http.is_empty()
    }

    /// Makes listeners of the sockets, inside of the runtime that they will use.
    ///
    /// # Errors
    /// A failure of the system.
    pub fn into_listeners(self) -> io::Result<Listeners> {
        let all = |sockets: Vec<Socket>| {
            let listeners = sockets.into_iter().map(Socket::into_listener);
            listeners.collect::<io::Result<Vec<_>>>()
        };
        Ok(Listeners {
            tcp: all(self.tcp)?,
            http: all(self.http)?,
            ops: all(self.ops)?,
            tls: None,
        })
    }
}

fn take(sockets: &mut ListenFd, index: usize) -> io::Result<Socket> {
    // Asked by family: a socket of the other one stays where it is.
    if let Ok(Some(socket)) = sockets.take_tcp_listener(index) {
        return Ok(Socket::Net(socket));
    }
    let socket = sockets.take_unix_listener(index)?;
    socket
        .map(Socket::Unix)
        .ok_or(io::ErrorKind::NotFound.into())
}

impl Socket {
    fn into_listener(self) -> io::Result<Listener> {
        // An accept that blocks would hold a thread of the runtime.
        match self {
            Self::Net(socket) => {
                socket.set_nonblocking(true)?;
                tokio::net::TcpListener::from_std(socket).map(Listener::from)
            }
            Self::Unix(socket) => {
                socket.set_nonblocking(true)?;
                tokio::net::UnixListener::from_std(socket).map(Listener::from)
            }
        }
    }
}
