//! The life of one connection.

use std::convert::Infallible;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::super::rejection::{Kind, Rejection};
use super::accept::ServerTelemetry;
use super::activity::Activity;
use super::io::{Counted, Socket, Stream};
use super::limits::Limits;
use super::tls::Tls;

/// What the first flight of an HTTP/2 client has at least: its preface. Less than that is nothing said.
const SPOKEN: u64 = 24;

/// How often a connection that is to end is looked at, and the time for its last answer to leave.
const CLOSING: Duration = Duration::from_millis(200);

/// Waits for `arrival` for at most `limit`; zero: as long as it takes.
pub(in super::super) async fn within<T>(
    limit: Duration,
    arrival: impl Future<Output = Result<T, Rejection>>,
) -> Result<T, Rejection> {
    if limit.is_zero() {
        return arrival.await;
    }
    tokio::time::timeout(limit, arrival).await.unwrap_or_else(|_| {
        let fact = format!("the request's body did not arrive within {limit:?}");
        Err(Rejection::new(Kind::TimedOut, fact))
    })
}

/// What all connections of a listener share.
pub(super) struct Shared<S> {
    pub(super) service: Arc<S>,
    pub(super) builder: auto::Builder<TokioExecutor>,
    pub(super) limits: Limits,
    pub(super) tls: Option<Arc<Tls>>,
    pub(super) telemetry: Arc<dyn ServerTelemetry>,
    pub(super) stop: CancellationToken,
}

/// In the extensions of an answer: the connection shall end after it, because its client does not behave.
#[derive(Clone, Copy)]
pub(in super::super) struct EndConnection;

/// Something that answers requests.
pub(in super::super) trait Answer: Send + Sync + 'static {
    /// The body of its answers.
    type Body: Body<Data = Bytes, Error = Infallible> + Send + 'static;

    /// Answers `request`.
    fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
    ) -> impl Future<Output = Response<Self::Body>> + Send + 'static;
}

/// Serves `socket` until its client, a limit or the stop ends it.
pub(super) async fn serve<S: Answer>(shared: Arc<Shared<S>>, socket: Socket, activity: Arc<Activity>) {
    let Some(stream) = encrypt(&shared, socket).await else { return };
    let io = TokioIo::new(Counted::new(stream, Arc::clone(&activity), shared.limits.pings));
    let service = service_fn(|request| {
        let in_progress = activity.begin();
        let service = Arc::clone(&shared.service);
        async move {
            let response = service.answer(request).await;
            if response.extensions().get::<EndConnection>().is_some() {
                in_progress.end_connection();
            }
            drop(in_progress);
            Ok::<_, Infallible>(response)
        }
    });
    let connection = pin!(shared.builder.serve_connection(io, service));
    drive(connection, |connection| connection.graceful_shutdown(), &shared, &activity).await;
}

/// The TLS handshake where TLS is on; `None` when it fails.
async fn encrypt<S>(shared: &Shared<S>, socket: Socket) -> Option<Stream> {
    let Some(tls) = &shared.tls else { return Some(Stream::Clear(socket)) };
    let handshake = async { tls.acceptor().await.accept(socket).await.map_err(|_| Rejection::cut_off()) };
    tokio::select! {
        outcome = within(shared.limits.first_bytes, handshake) => match outcome {
            Ok(stream) => Some(Stream::Encrypted(Box::new(stream))),
            Err(_) => {
                shared.telemetry.handshake_failed();
                None
            }
        },
        () = shared.stop.cancelled() => None,
    }
}

/// Polls `connection` to its end, and ends it when a limit says so.
async fn drive<C, E, S>(
    mut connection: Pin<&mut C>,
    ask_to_end: fn(Pin<&mut C>),
    shared: &Shared<S>,
    activity: &Activity,
) where
    C: Future<Output = Result<(), E>>,
{
    let mut clock = Clock::new(&shared.limits);
    let mut timer = pin!(sleep_until(clock.next()));
    let mut stop = pin!(shared.stop.cancelled());
    let mut evicted = pin!(activity.evicted.cancelled());
    loop {
        let close = tokio::select! {
            biased;
            outcome = connection.as_mut() => {
                if outcome.is_err() && !clock.closing() {
                    shared.telemetry.broken();
                }
                return;
            }
            () = timer.as_mut(), if clock.armed() => match clock.tick(activity) {
                Verdict::Stay => false,
                Verdict::Close => true,
                Verdict::Silent => {
                    shared.telemetry.never_spoke();
                    return;
                }
                Verdict::Drop => return,
            },
            () = &mut stop, if !clock.leaving() => clock.leave(activity),
            () = &mut evicted, if !clock.closing() => {
                if activity.is_flooded() {
                    shared.telemetry.flooded();
                }
                true
            }
        };
        if close {
            clock.close(None);
            ask_to_end(connection.as_mut());
        }
        reset(timer.as_mut(), &clock);
    }
}

fn reset(timer: Pin<&mut Sleep>, clock: &Clock) {
    timer.reset(clock.next());
}

/// What is due for a connection.
enum Verdict {
    Stay,
    /// It shall end as soon as its requests are answered.
    Close,
    /// It has never said anything.
    Silent,
    /// It ends now.
    Drop,
}

/// The moments at which a connection is looked at.
struct Clock {
    opened: Instant,
    idle: Duration,
    age_grace: Duration,
    /// When silence is looked at; `None` when that is done.
    silence: Option<Instant>,
    /// When idleness is looked at next, and the number of requests at the last look.
    idle_at: Option<(Instant, u64)>,
    old_at: Option<Instant>,
    /// The listener is gone. When a connection that has just been accepted, and had no time to say anything, is to close.
    leave_at: Option<Instant>,
    closing: Option<Ending>,
}

/// A connection on its way out.
struct Ending {
    look: Instant,
    /// Whether the last look found no request in progress.
    quiet: bool,
    /// When patience ends; `None`: never.
    last: Option<Instant>,
}

impl Clock {
    fn new(limits: &Limits) -> Self {
        let opened = Instant::now();
        let after = |duration: Duration| (!duration.is_zero()).then(|| opened + duration);
        Self {
            opened,
            idle: limits.idle,
            age_grace: limits.age_grace,
            silence: after(limits.first_bytes),
            idle_at: after(limits.idle).map(|at| (at, 0)),
            old_at: after(limits.age),
            leave_at: None,
            closing: None,
        }
    }

    fn closing(&self) -> bool {
        self.closing.is_some()
    }

    fn armed(&self) -> bool {
        self.soonest().is_some()
    }

    fn soonest(&self) -> Option<Instant> {
        match &self.closing {
            Some(ending) => Some(ending.look),
            None => {
                let idle_at = self.idle_at.map(|(at, _)| at);
                [self.silence, idle_at, self.old_at, self.leave_at].into_iter().flatten().min()
            }
        }
    }

    /// When to wake up; far away when nothing is due.
    fn next(&self) -> Instant {
        self.soonest().unwrap_or_else(|| self.opened + Duration::from_secs(365 * 24 * 60 * 60))
    }

    fn leaving(&self) -> bool {
        self.leave_at.is_some() || self.closing()
    }

    /// The listener stops; returns whether the connection shall close at once. One whose first request is still on its way gets a moment,
    /// since its client could not know.
    fn leave(&mut self, activity: &Activity) -> bool {
        let spoken = activity.begun() > 0;
        self.leave_at = Some(Instant::now() + CLOSING);
        spoken
    }

    fn close(&mut self, grace: Option<Duration>) {
        let now = Instant::now();
        self.closing =
            Some(Ending { look: now + CLOSING, quiet: false, last: grace.map(|grace| now + grace) });
    }

    fn tick(&mut self, activity: &Activity) -> Verdict {
        let now = Instant::now();
        if let Some(ending) = &mut self.closing {
            let quiet = activity.is_idle();
            if (quiet && ending.quiet) || ending.last.is_some_and(|last| last <= now) {
                return Verdict::Drop;
            }
            *ending = Ending { look: now + CLOSING, quiet, last: ending.last };
            return Verdict::Stay;
        }
        if self.silence.is_some_and(|at| at <= now) {
            self.silence = None;
            if activity.begun() == 0 && activity.received() < SPOKEN {
                return Verdict::Silent;
            }
        }
        if let Some((at, begun)) = self.idle_at
            && at <= now
        {
            if activity.is_idle() && activity.begun() == begun {
                return Verdict::Close;
            }
            self.idle_at = Some((now + self.idle, activity.begun()));
        }
        if self.leave_at.is_some_and(|at| at <= now) {
            return Verdict::Close;
        }
        if self.old_at.is_some_and(|at| at <= now) {
            self.old_at = None;
            if !self.age_grace.is_zero() {
                self.close(Some(self.age_grace));
            }
            return Verdict::Close;
        }
        Verdict::Stay
    }
}
