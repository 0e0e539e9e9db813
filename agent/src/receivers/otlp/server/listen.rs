//! Opening the sockets that are listened on.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::task::Poll;

use edgewatch_core::listeners::{Listeners, Listening as Held};
use edgewatch_core::receiver::ReceiveError;
use tokio::net::{TcpListener, UnixListener};

use super::super::config::{Place, Transport};
use super::io::Socket;

/// One endpoint, which may be several sockets: `localhost` has an address in each family.
#[derive(Debug)]
pub(in super::super) struct Listener {
    sockets: Vec<Listening>,
    /// The socket to ask first, so that none starves another.
    turn: usize,
}

impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, socket) in self.sockets.iter().enumerate() {
            let separator = if index > 0 { ", " } else { "" };
            match socket {
                Listening::Tcp(listener) => match listener.local_addr() {
                    Ok(address) => write!(f, "{separator}{address}")?,
                    Err(error) => write!(f, "{separator}{error}")?,
                },
                Listening::Unix(listener) => match listener.local_addr() {
                    Ok(address) => {
                        write!(f, "{separator}{}", address.as_pathname().unwrap_or(Path::new("")).display())?
                    }
                    Err(error) => write!(f, "{separator}{error}")?,
                },
            }
        }
        Ok(())
    }
}

#[derive(Debug)]
enum Listening {
    Tcp(Held<TcpListener>),
    Unix(Held<UnixListener>),
}

impl Listener {
    /// Listens on `place`.
    pub(in super::super) async fn open(place: &Place, listeners: &Listeners) -> Result<Self, ReceiveError> {
        let sockets = match place {
            Place::Unix(path) => {
                let address = path.display().to_string();
                let socket = listeners.unix(path).map(Listening::Unix);
                vec![socket.map_err(|source| ReceiveError::Bind { address, source })?]
            }
            Place::Tcp { host, port, transport } => {
                let address = || format!("{}:{port}", if host.is_empty() { "*" } else { host });
                tcp(listeners, host, *port, *transport)
                    .await
                    .map_err(|source| ReceiveError::Bind { address: address(), source })?
            }
        };
        Ok(Self { sockets, turn: 0 })
    }

    /// The addresses as the system assigned them; none for Unix sockets.
    #[cfg(test)]
    pub(in super::super) fn addresses(&self) -> Vec<SocketAddr> {
        let address = |socket: &Listening| match socket {
            Listening::Tcp(listener) => listener.local_addr().ok(),
            Listening::Unix(_) => None,
        };
        self.sockets.iter().filter_map(address).collect()
    }

    /// The next connection.
    pub(super) async fn accept(&mut self) -> io::Result<Socket> {
        let count = self.sockets.len();
        self.turn = (self.turn + 1) % count.max(1);
        poll_fn(|cx| {
            for socket in self.sockets.iter().cycle().skip(self.turn).take(count) {
                let accepted = match socket {
                    Listening::Tcp(listener) => {
                        listener.poll_accept(cx).map_ok(|(stream, _)| Socket::Tcp(stream))
                    }
                    Listening::Unix(listener) => {
                        listener.poll_accept(cx).map_ok(|(stream, _)| Socket::Unix(stream))
                    }
                };
                if accepted.is_ready() {
                    return accepted;
                }
            }
            Poll::Pending
        })
        .await
    }
}

async fn tcp(
    listeners: &Listeners,
    host: &str,
    port: u16,
    transport: Transport,
) -> io::Result<Vec<Listening>> {
    let mut addresses = resolve(host, port).await?;
    addresses.retain(|address| match transport {
        Transport::Tcp4 => address.is_ipv4(),
        Transport::Tcp6 => address.is_ipv6(),
        Transport::Tcp | Transport::Unix => true,
    });
    let mut listening = Vec::new();
    let mut failure = io::Error::new(io::ErrorKind::AddrNotAvailable, "the name has no address of that kind");
    let mut free_port = None;
    for mut address in addresses {
        if let (0, Some(port)) = (address.port(), free_port) {
            address.set_port(port);
        }
        match listeners.tcp(address) {
            Ok(listener) => {
                free_port = free_port.or(listener.local_addr().ok().map(|address| address.port()));
                let everything = address.ip() == Ipv6Addr::UNSPECIFIED && host.is_empty();
                listening.push(Listening::Tcp(listener));
                if everything {
                    break;
                }
            }
            // A host without IPv6, or without IPv4, still has the other.
            Err(error) if is_missing(&error) => failure = error,
            Err(error) => return Err(error),
        }
    }
    if listening.is_empty() { Err(failure) } else { Ok(listening) }
}

fn is_missing(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::AddrNotAvailable
        || error.raw_os_error() == Some(rustix::io::Errno::AFNOSUPPORT.raw_os_error())
}

/// `localhost` and the empty host need no resolver, whose first use takes milliseconds.
async fn resolve(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    let addresses = match host {
        "localhost" => vec![(Ipv4Addr::LOCALHOST, port).into(), (Ipv6Addr::LOCALHOST, port).into()],
        // The kernel maps IPv4 into the IPv6 socket; without IPv6 the second one serves.
        "" => vec![(Ipv6Addr::UNSPECIFIED, port).into(), (Ipv4Addr::UNSPECIFIED, port).into()],
        _ => {
            let mut addresses: Vec<SocketAddr> = tokio::net::lookup_host((host, port)).await?.collect();
            addresses.dedup();
            addresses
        }
    };
    Ok(addresses)
}
