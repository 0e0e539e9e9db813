//! From a destination to a connection: TCP or Unix sockets, proxies, TLS.

use std::io;

use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

use super::answer::causes;
use super::endpoint::Target;
use super::proxy::Proxy;
use crate::tls::TlsClient;

/// What bytes go through, whatever lies below.
pub(crate) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// Makes connections to one destination.
pub(crate) struct Connector {
    pub(crate) target: Target,
    pub(crate) tls: Option<TlsClient>,
    pub(crate) route: Route,
}

/// How the destination is reached.
#[derive(Clone)]
pub(crate) enum Route {
    Direct,
    /// Through a proxy that passes the bytes on.
    Tunnel(Proxy),
    /// Through a proxy that reads the requests.
    Forward(Proxy),
}

/// A connection that HTTP can be spoken on.
pub(crate) struct Connected {
    pub(crate) io: TokioIo<Box<dyn Io>>,
    /// Whether both sides have agreed on HTTP/2 (ALPN).
    pub(crate) http2: bool,
    /// Of the certificates that it was made with; see [`Connector::generation`].
    pub(crate) generation: u64,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    /// The socket.
    #[error("cannot connect to {address}: {source}")]
    Socket { address: String, source: io::Error },
    /// The handshake.
    #[error("no TLS with {host}: {source}")]
    Tls { host: String, source: io::Error },
    /// The proxy.
    #[error("proxy {proxy} made no connection: {reason}")]
    Proxy { proxy: String, reason: String },
    /// HTTP.
    #[error("no HTTP with {host}: {source}")]
    Http { host: String, source: hyper::Error },
}

/// Why a request was not answered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error("{}", causes(.0))]
    Request(hyper::Error),
}

impl Connector {
    /// The generation of the certificates that a new connection is made with: one that was made with an older one is to be
    /// replaced.
    pub(crate) async fn generation(&self) -> u64 {
        match &self.tls {
            Some(tls) => tls.current().await.generation,
            None => 0,
        }
    }

    pub(crate) async fn connect(&self) -> Result<Connected, ConnectError> {
        let mut io: Box<dyn Io> = match (&self.route, &self.target) {
            (Route::Tunnel(proxy) | Route::Forward(proxy), _) => to_proxy(proxy).await?,
            (Route::Direct, Target::Tcp { host, port }) => Box::new(tcp(host, *port).await?),
            (Route::Direct, Target::Unix { path }) => Box::new(unix(path).await?),
        };
        if let Route::Tunnel(proxy) = &self.route {
            proxy.tunnel(&mut *io, &self.target.authority()).await?;
        }
        let Some(tls) = &self.tls else {
            return Ok(Connected { io: TokioIo::new(io), http2: false, generation: 0 });
        };
        let (stream, generation) = handshake(tls, io).await?;
        let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        Ok(Connected { io: TokioIo::new(Box::new(stream)), http2, generation })
    }
}

async fn to_proxy(proxy: &Proxy) -> Result<Box<dyn Io>, ConnectError> {
    let stream = tcp(&proxy.host, proxy.port).await?;
    match &proxy.tls {
        Some(tls) => Ok(Box::new(handshake(tls, stream).await?.0)),
        None => Ok(Box::new(stream)),
    }
}

async fn tcp(host: &str, port: u16) -> Result<TcpStream, ConnectError> {
    let connected = async {
        let stream = TcpStream::connect((host.trim_matches(['[', ']']), port)).await?;
        // Without it the end of a request may wait 40 ms for an acknowledgement.
        stream.set_nodelay(true)?;
        Ok(stream)
    };
    connected.await.map_err(|source| ConnectError::Socket { address: format!("{host}:{port}"), source })
}

async fn unix(path: &str) -> Result<UnixStream, ConnectError> {
    let connected = UnixStream::connect(path).await;
    connected.map_err(|source| ConnectError::Socket { address: path.to_owned(), source })
}

/// The connection, and the generation of the certificates that it was made with.
async fn handshake<S: Io>(
    tls: &TlsClient,
    stream: S,
) -> Result<(tokio_rustls::client::TlsStream<S>, u64), ConnectError> {
    let current = tls.current().await;
    let shaken = current.connector.connect(tls.name.clone(), stream).await;
    let stream =
        shaken.map_err(|source| ConnectError::Tls { host: tls.name.to_str().into_owned(), source })?;
    Ok((stream, current.generation))
}
