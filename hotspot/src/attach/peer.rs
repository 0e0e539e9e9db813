//! Who listens at the other end of a socket.
//!
//! Not `rustix`, whose type for it cannot hold the number zero, by which the kernel names a process that the agent's pid namespace has no
//! number for.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// The listening process at the moment it began to listen.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Peer {
    /// Its number; `None` when it has none in the agent's namespace.
    pub(super) pid: Option<u32>,
    /// Its effective user.
    pub(super) uid: u32,
}

/// Asks the kernel.
#[expect(unsafe_code, reason = "SO_PEERCRED has no safe wrapper for processes of other namespaces")]
pub(super) fn peer(socket: BorrowedFd<'_>) -> io::Result<Peer> {
    let mut peer = libc::ucred { pid: 0, uid: 0, gid: 0 };
    let mut length = size_of::<libc::ucred>() as libc::socklen_t;
    // SAFETY: the descriptor is borrowed, so it is open; the kernel writes at most `length` bytes to `peer`, which is that long and made of
    // plain integers.
    let result = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            (&raw mut peer).cast(),
            &raw mut length,
        )
    };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(Peer { pid: u32::try_from(peer.pid).ok().filter(|pid| *pid != 0), uid: peer.uid })
}
