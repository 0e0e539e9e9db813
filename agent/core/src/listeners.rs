//! The sockets that the process listens on, handed on from one component to its successor.
//!
//! A reload opens new components while the old ones still work. Where a new one wants the address of one that is about to go, both accept
//! from the same socket, so that at no moment a connection is refused. Two components that both stay cannot share an address: the second
//! one meets the system's refusal, as it would without this.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::ops::Deref;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use rustix::net::sockopt;
use tokio::net::{TcpListener, TcpSocket, UnixListener};

/// Connections that the kernel may hold until they are accepted.
const BACKLOG: u32 = 1024;

/// One component's access to the sockets of the process.
#[derive(Clone, Default)]
pub struct Listeners {
    open: Arc<Mutex<Leases>>,
    leaving: Arc<AtomicBool>,
}

/// Who listens where; those that have ended are forgotten with the next.
type Leases = Vec<(Address, Weak<Lease>)>;

/// As it was asked for.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Address {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

/// That a component listens.
struct Lease {
    socket: Arc<Socket>,
    /// Whether the component is about to go.
    leaving: Arc<AtomicBool>,
}

/// The socket that leases of one address share. It is closed with the last of them.
enum Socket {
    Tcp(std::net::TcpListener),
    Unix { listener: std::os::unix::net::UnixListener, _file: RemoveAtEnd },
}

/// The file of a Unix socket, which outlives its socket otherwise.
struct RemoveAtEnd(PathBuf);

impl Drop for RemoveAtEnd {
    fn drop(&mut self) {
        // Nothing is lost when it stays: the next start removes it.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// A listener on a socket that a successor may take over.
pub struct Listening<L> {
    listener: L,
    _lease: Arc<Lease>,
}

impl<L> Deref for Listening<L> {
    type Target = L;

    fn deref(&self) -> &L {
        &self.listener
    }
}

impl<L: fmt::Debug> fmt::Debug for Listening<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.listener.fmt(f)
    }
}

impl fmt::Debug for Listeners {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listeners").finish_non_exhaustive()
    }
}

impl Listeners {
    /// Access for one more component.
    #[must_use]
    pub fn for_another(&self) -> Self {
        Self { open: Arc::clone(&self.open), leaving: Arc::default() }
    }

    /// Says whether the component with this access is about to go, so that others may have its addresses.
    pub fn leave(&self, leaving: bool) {
        self.leaving.store(leaving, Ordering::Relaxed);
    }

    /// Listens on `address`.
    ///
    /// # Errors
    ///
    /// What the system said.
    pub fn tcp(&self, address: SocketAddr) -> io::Result<Listening<TcpListener>> {
        let wanted = Address::Tcp(address);
        // Whoever asks for any free port wants another one.
        let former = if address.port() == 0 { None } else { self.former(&wanted) };
        let socket = match former {
            Some(socket) => socket,
            None => Arc::new(Socket::Tcp(self.bind(address)?.into_std()?)),
        };
        let Socket::Tcp(shared) = &*socket else { return Err(io::ErrorKind::InvalidInput.into()) };
        let listener = TcpListener::from_std(shared.try_clone()?)?;
        Ok(Listening { listener, _lease: self.lease(wanted, socket) })
    }

    /// Listens on the Unix socket at `path`. A file that a dead process left there is removed.
    ///
    /// # Errors
    ///
    /// What the system said.
    pub fn unix(&self, path: &Path) -> io::Result<Listening<UnixListener>> {
        let wanted = Address::Unix(path.to_owned());
        let socket = match self.former(&wanted) {
            Some(socket) => socket,
            None => {
                Arc::new(Socket::Unix { listener: bind_unix(path)?, _file: RemoveAtEnd(path.to_owned()) })
            }
        };
        let Socket::Unix { listener: shared, .. } = &*socket else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        let listener = UnixListener::from_std(shared.try_clone()?)?;
        Ok(Listening { listener, _lease: self.lease(wanted, socket) })
    }

    /// Binds `address`. One that overlaps with that of a component which is about to go, as `0.0.0.0` does with `127.0.0.1`, is bound
    /// beside it.
    fn bind(&self, address: SocketAddr) -> io::Result<TcpListener> {
        let refused = match bind(address, false) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => error,
            outcome => return outcome,
        };
        let in_the_way = self.on_port(address.port());
        if in_the_way.is_empty() || !in_the_way.iter().all(|lease| lease.leaving.load(Ordering::Relaxed)) {
            return Err(refused);
        }
        // The system lets sockets of one user overlap that all say so. Nobody else gets in: they say so for this moment only.
        let share = |on: bool| in_the_way.iter().try_for_each(|lease| lease.socket.share(on));
        share(true)?;
        let bound = bind(address, true).and_then(|listener| {
            sockopt::set_socket_reuseport(&listener, false)?;
            Ok(listener)
        });
        share(false)?;
        bound
    }

    fn on_port(&self, port: u16) -> Vec<Arc<Lease>> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let overlaps = |address: &Address| match address {
            Address::Tcp(address) => address.port() == port,
            Address::Unix(_) => false,
        };
        open.iter()
            .filter(|(address, _)| overlaps(address))
            .filter_map(|(_, lease)| lease.upgrade())
            .collect()
    }

    /// The socket of a component that listens on `address` and is about to go.
    fn former(&self, address: &Address) -> Option<Arc<Socket>> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let mut leases =
            open.iter().filter(|(found, _)| found == address).filter_map(|(_, lease)| lease.upgrade());
        let first = leases.next()?;
        let all_leave = leases.all(|lease| lease.leaving.load(Ordering::Relaxed));
        (all_leave && first.leaving.load(Ordering::Relaxed)).then(|| Arc::clone(&first.socket))
    }

    fn lease(&self, address: Address, socket: Arc<Socket>) -> Arc<Lease> {
        let lease = Arc::new(Lease { socket, leaving: Arc::clone(&self.leaving) });
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|(_, lease)| lease.strong_count() > 0);
        open.push((address, Arc::downgrade(&lease)));
        lease
    }
}

impl Socket {
    fn share(&self, on: bool) -> io::Result<()> {
        match self {
            Self::Tcp(listener) => Ok(sockopt::set_socket_reuseport(listener, on)?),
            Self::Unix { .. } => Ok(()),
        }
    }
}

fn bind(address: SocketAddr, shared: bool) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // A restart must not wait for the last process's connections to time out.
    socket.set_reuseaddr(true)?;
    socket.set_reuseport(shared)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

fn bind_unix(path: &Path) -> io::Result<std::os::unix::net::UnixListener> {
    // Any other failure than this one is the answer of a socket that somebody has, if not one to talk to like this.
    let is_dead = |error: io::Error| error.kind() == io::ErrorKind::ConnectionRefused;
    let stale = std::fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket())
        && std::os::unix::net::UnixStream::connect(path).is_err_and(is_dead);
    if stale {
        std::fs::remove_file(path)?;
    }
    let listener = std::os::unix::net::UnixListener::bind(path)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

#[cfg(test)]
#[path = "listeners_tests.rs"]
mod tests;
