//! Binding: an address becomes a listener.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use thiserror::Error;
use tokio::net::{TcpListener, UnixListener};

use super::Endpoint;

/// A bound listener.
#[derive(Debug)]
pub enum Listener {
    /// A listener on a network address.
    Net(TcpListener),
    /// A listener on a Unix socket.
    Unix(UnixListener, SocketFile),
}

/// The file of a Unix socket, which goes with its listener.
#[derive(Debug)]
pub struct SocketFile {
    /// The path; `None` for an unnamed socket of somebody else's.
    path: Option<PathBuf>,
    /// The server has made the file.
    is_own: bool,
}

/// A listener that cannot be bound.
#[derive(Debug, Error)]
#[error(
    "cannot listen on {endpoint}: {cause}{}",
    advice(cause, endpoint, flag)
)]
pub struct BindError {
    flag: &'static str,
    endpoint: Endpoint,
    #[source]
    cause: io::Error,
}

/// Returns the remedy for a failed bind, as the end of a sentence.
pub(crate) fn advice(cause: &io::Error, endpoint: &Endpoint, flag: &str) -> String {
    match (cause.kind(), endpoint) {
        (io::ErrorKind::AddrInUse, _) => {
            // On Linux `[::]` takes IPv4, too, and with it the port of `0.0.0.0`.
            format!(
                "; another program listens there, or another address of this server (`[::]` has that \
                 of `0.0.0.0` in it), choose one with {flag}"
            )
        }
        (io::ErrorKind::PermissionDenied, Endpoint::Net(_)) => {
            format!(
                "; ports below 1024 need the right cap_net_bind_service, of which docs/DEPLOY.md says \
                 how a server gets it; or choose another port with {flag}"
            )
        }
        (io::ErrorKind::PermissionDenied, Endpoint::Unix { .. }) => {
            "; this user may not make files in that folder".into()
        }
        _ => String::new(),
    }
}

/// Binds every endpoint that `flag` has named.
///
/// # Errors
/// The first endpoint that cannot be bound, and the cause.
pub async fn bind_all(
    flag: &'static str,
    endpoints: &[Endpoint],
) -> Result<Vec<Listener>, BindError> {
    let mut listeners = Vec::new();
    for endpoint in endpoints {
        let bound = bind(endpoint).await.map_err(|cause| BindError {
            flag,
            endpoint: endpoint.clone(),
            cause,
        })?;
        listeners.push(bound);
    }
    Ok(listeners)
}

async fn bind(endpoint: &Endpoint) -> io::Result<Listener> {
    match endpoint {
        Endpoint::Net(address) => TcpListener::bind(address).await.map(Listener::Net),
        Endpoint::Unix { path, mode } => bind_unix(path, *mode),
    }
}

/// Binds a Unix socket beside its place and renames it there: so nobody can connect before it has
/// its rights, and the file that an earlier server has left is replaced.
fn bind_unix(path: &Path, mode: u32) -> io::Result<Listener> {
    match std::fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => {
            let text = "there is a file that is no socket, which is left as it is";
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, text));
        }
        // A server that runs must not lose its socket to a second one.
        Ok(_) if UnixStream::connect(path).is_ok() => return Err(io::ErrorKind::AddrInUse.into()),
        _ => {}
    }
    let new = path.with_file_name(format!(".{}", std::process::id()));
    // What a process with this number left when it was killed.
    let _ = std::fs::remove_file(&new);
    let listener = UnixListener::bind(&new)?;
    let placed = std::fs::set_permissions(&new, std::fs::Permissions::from_mode(mode))
        .and_then(|()| std::fs::rename(&new, path));
    if let Err(error) = placed {
        let _ = std::fs::remove_file(&new);
        return Err(error);
    }
    let file = SocketFile {
        path: Some(path.to_owned()),
        is_own: true,
    };
    Ok(Listener::Unix(listener, file))
}

impl Listener {
    /// Returns the listener's network address; `None` for a Unix socket.
    pub fn net_address(&self) -> Option<SocketAddr> {
        match self {
            Self::Net(listener) => listener.local_addr().ok(),
            Self::Unix(..) => None,
        }
    }
}

/// The address as one line for people and programs.
impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Net(listener) => match listener.local_addr() {
                Ok(address) => address.fmt(f),
                Err(error) => write!(f, "an address that the system does not tell: {error}"),
            },
            Self::Unix(_, SocketFile { path, .. }) => match path {
                Some(path) => write!(f, "unix:{}", path.display()),
                None => f.write_str("unix:"),
            },
        }
    }
}

impl From<TcpListener> for Listener {
    fn from(listener: TcpListener) -> Self {
        Self::Net(listener)
    }
}

/// A listener that another program has bound, whose file stays.
impl From<UnixListener> for Listener {
    fn from(listener: UnixListener) -> Self {
        let address = listener.local_addr().ok();
        let path = address.and_then(|address| address.as_pathname().map(Path::to_owned));
        let is_own = false;
        Self::Unix(listener, SocketFile { path, is_own })
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        // A file that is left would only be replaced by the next server.
        if let (Some(path), true) = (&self.path, self.is_own) {
            let _ = std::fs::remove_file(path);
        }
    }
}
