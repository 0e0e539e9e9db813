//! Accepting connections and keeping their number within the limit.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{Id, JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::activity::Activity;
use super::connection::{Answer, Shared, serve};
use super::io::Socket;
use super::limits::Limits;
use super::listen::Listener;
use super::tls::Tls;

/// Wait after the system could not hand over a connection: it will not have more file descriptors at once.
const PAUSE: Duration = Duration::from_millis(100);

/// What a server tells about its connections.
pub(in super::super) trait ServerTelemetry: Send + Sync {
    /// So many connections are open.
    fn open(&self, connections: usize);
    /// A connection was turned away at the limit.
    fn at_limit(&self);
    /// An idle connection made room for a new one.
    fn evicted(&self);
    /// A TLS handshake failed or took too long.
    fn handshake_failed(&self);
    /// A connection was closed because its client never said anything.
    fn never_spoke(&self);
    /// A connection was closed because its client pinged too often.
    fn flooded(&self);
    /// A connection ended with an error of its protocol or of the network.
    fn broken(&self);
    /// The system could not hand over a connection.
    fn accept_failed(&self);
}

/// A listener and what it serves.
pub(in super::super) struct Server<S> {
    pub(in super::super) listener: Listener,
    pub(in super::super) limits: Limits,
    pub(in super::super) tls: Option<Arc<Tls>>,
    pub(in super::super) telemetry: Arc<dyn ServerTelemetry>,
    pub(in super::super) service: Arc<S>,
}

impl<S: Answer> Server<S> {
    /// Serves until `stop` fires, then until the requests in progress are answered.
    pub(in super::super) async fn run(mut self, stop: CancellationToken) {
        let shared = Arc::new(Shared {
            builder: self.limits.builder(),
            limits: self.limits,
            tls: self.tls,
            telemetry: self.telemetry,
            service: self.service,
            stop: stop.clone(),
        });
        let mut connections = Connections { tasks: JoinSet::new(), open: HashMap::new(), shared };
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Some(ended) = connections.tasks.join_next_with_id(), if !connections.tasks.is_empty() => {
                    connections.forget(ended.map_or_else(|error| error.id(), |(id, ())| id));
                }
                accepted = self.listener.accept() => match accepted {
                    Ok(socket) => connections.add(socket),
                    Err(error) => {
                        connections.failed(&error);
                        tokio::select! {
                            () = tokio::time::sleep(PAUSE), if is_exhaustion(&error) => {}
                            () = stop.cancelled() => break,
                            else => {}
                        }
                    }
                },
            }
        }
        // New clients learn at once that nobody listens any more.
        drop(self.listener);
        while let Some(ended) = connections.tasks.join_next_with_id().await {
            connections.forget(ended.map_or_else(|error| error.id(), |(id, ())| id));
        }
    }
}

/// The open connections of one listener.
struct Connections<S> {
    tasks: JoinSet<()>,
    open: HashMap<Id, Arc<Activity>>,
    shared: Arc<Shared<S>>,
}

impl<S: Answer> Connections<S> {
    fn add(&mut self, socket: Socket) {
        if self.open.len() >= self.shared.limits.max_connections && !self.make_room() {
            self.shared.telemetry.at_limit();
            return;
        }
        if let Socket::Tcp(stream) = &socket {
            // Without it the peer waits 40 ms for small answers; when it fails, the connection is gone
            // anyway.
            let _ = stream.set_nodelay(true);
        }
        let activity = Activity::new(std::time::Instant::now());
        let task = self.tasks.spawn(serve(Arc::clone(&self.shared), socket, Arc::clone(&activity)));
        self.open.insert(task.id(), activity);
        self.shared.telemetry.open(self.open.len());
    }

    fn forget(&mut self, id: Id) {
        self.open.remove(&id);
        self.shared.telemetry.open(self.open.len());
    }

    /// Closes the connection that has been idle longest. Its place counts as free at once.
    fn make_room(&mut self) -> bool {
        let idle = self.open.iter().filter(|(_, activity)| activity.is_idle());
        let Some(id) = idle.min_by_key(|(_, activity)| activity.last()).map(|(id, _)| *id) else {
            return false;
        };
        if let Some(activity) = self.open.remove(&id) {
            activity.evicted.cancel();
            self.shared.telemetry.evicted();
        }
        true
    }

    fn failed(&mut self, error: &io::Error) {
        self.shared.telemetry.accept_failed();
        if is_exhaustion(error) {
            warn!(%error, "a connection could not be accepted; raise the limit of open files");
            self.make_room();
        }
    }
}

/// Whether the system is out of something, so that the next attempt would fail as well; otherwise only that
/// one connection was lost.
fn is_exhaustion(error: &io::Error) -> bool {
    use rustix::io::Errno;
    [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM]
        .iter()
        .any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}
