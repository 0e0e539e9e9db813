//! What one listener allows its connections.

use std::time::Duration;

use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto;

use super::pings::PingPolicy;

/// HTTP/2 windows: what a host needs to never wait for window updates (measured; more costs memory and gains
/// nothing).
const STREAM_WINDOW: u32 = 1024 * 1024;
const CONNECTION_WINDOW: u32 = 4 * 1024 * 1024;

/// Largest HTTP/2 frame that clients may send: a usual batch of an SDK then comes in one piece and is not
/// copied, while a frame that never ends holds little.
const FRAME: u32 = 64 * 1024;

/// Largest block of headers. OTLP's take some hundred bytes; tokens may take more.
const HEADER_LIST: u32 = 16 * 1024;

/// Streams that a client may reset before they are looked at, and streams that we may reset for a client's
/// errors, before the connection is closed (CVE-2023-44487 and its relatives).
const PENDING_RESETS: usize = 32;
const LOCAL_RESETS: usize = 64;

/// Buffer for an HTTP/1 head, which also bounds its size.
pub(in super::super) const HTTP1_BUFFER: usize = 32 * 1024;

/// The limits of the connections of one listener; zero durations mean no limit.
#[derive(Clone, Debug)]
pub(in super::super) struct Limits {
    pub(in super::super) max_connections: usize,
    pub(in super::super) max_concurrent_streams: u32,
    /// For the first bytes, the TLS handshake, and an HTTP/1 head.
    pub(in super::super) first_bytes: Duration,
    pub(in super::super) idle: Duration,
    pub(in super::super) age: Duration,
    pub(in super::super) age_grace: Duration,
    pub(in super::super) ping_interval: Duration,
    pub(in super::super) ping_timeout: Duration,
    pub(in super::super) pings: PingPolicy,
    pub(in super::super) http1_keep_alive: bool,
}

impl Limits {
    /// A builder of connections that speak HTTP/1 or HTTP/2 as their client begins.
    pub(super) fn builder(&self) -> auto::Builder<TokioExecutor> {
        let some = |duration: Duration| (!duration.is_zero()).then_some(duration);
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(some(self.first_bytes))
            .keep_alive(self.http1_keep_alive)
            // A client that closes its sending side after a request still gets its answer.
            .half_close(true)
            .max_buf_size(HTTP1_BUFFER);
        builder
            .http2()
            .timer(TokioTimer::new())
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_frame_size(FRAME)
            .max_header_list_size(HEADER_LIST)
            .max_concurrent_streams(self.max_concurrent_streams)
            .max_pending_accept_reset_streams(PENDING_RESETS)
            .max_local_error_reset_streams(LOCAL_RESETS)
            .keep_alive_interval(some(self.ping_interval))
            .keep_alive_timeout(self.ping_timeout)
            .auto_date_header(false);
        builder
    }
}
