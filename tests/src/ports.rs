//! Free loopback ports.

use std::collections::HashSet;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{LazyLock, Mutex, PoisonError};

/// Ports given out by this process, so that tests running side by side never get the same one.
static GIVEN: LazyLock<Mutex<HashSet<u16>>> = LazyLock::new(Mutex::default);

/// A loopback address that nothing listens on.
///
/// # Errors
/// When the system has no free port.
pub fn free() -> anyhow::Result<SocketAddr> {
    Ok(listen()?.local_addr()?)
}

/// One of four digits, for those who write it in few characters.
///
/// # Errors
/// When none is free.
pub fn free_of_four_digits() -> anyhow::Result<SocketAddr> {
    // Different processes begin at different places.
    let first = 1024 + std::process::id() % 8000;
    let ports =
        (0..8000).map(|step| 1024 + (first - 1024 + step) % 8000).filter_map(|port| u16::try_from(port).ok());
    for port in ports {
        let Ok(listener) = TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)) else { continue };
        if claim(listener.local_addr()?) {
            return Ok((Ipv4Addr::LOCALHOST, port).into());
        }
    }
    anyhow::bail!("no port of four digits is free")
}

/// Listens on a loopback port that [`free`] has not given to anybody: a test may count on nobody answering there.
///
/// # Errors
/// When the system has no free port.
pub fn listen() -> anyhow::Result<TcpListener> {
    // Listeners that collide with an earlier answer stay open until the end, so that the next one differs.
    let mut refused = Vec::new();
    loop {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        if claim(listener.local_addr()?) {
            return Ok(listener);
        }
        refused.push(listener);
    }
}

/// Whether nobody has this port yet.
fn claim(address: SocketAddr) -> bool {
    GIVEN.lock().unwrap_or_else(PoisonError::into_inner).insert(address.port())
}
