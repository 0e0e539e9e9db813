//! The receiver on its lane: looks for Tomcats, and sends what a round brought.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use edgewatch_core::ack::Ack;
use edgewatch_core::batch::Batch;
use edgewatch_core::config::ConfigError;
use edgewatch_core::factory::{BuildContext, ReceiverSpec};
use edgewatch_core::kernel::Paths;
use edgewatch_core::receiver::{Outlet, Outlets, ReceiveError, Receiver};
use edgewatch_hotspot::find::ProcessId;
use edgewatch_proto::Signal;
use futures_util::future::join_all;
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, interval, interval_at};
use tokio_util::sync::CancellationToken;

use super::config::{Config, globs};
use super::encoding::Metrics;
use super::following::{Book, Lines, Plan};
use super::instances::{Instance, Search};
use super::page::{Form, Page};
use super::rounds::{Answer, assemble, count_threads, encode};
use super::telemetry::{Scraped, Sent};
use crate::measuring::report::Report;
use crate::tailing::{FileTelemetry, Follower, Following, Pattern, Tailer, telemetry_names};

/// The Tomcats that there are; `None` before the first look.
pub(super) type Found = Option<Arc<[Arc<Instance>]>>;

/// Follows Tomcats.
pub(crate) struct Tomcat {
    discovery: Discovery,
    rounds: Rounds,
    /// Follows their logs for pipelines of logs.
    follower: Follower<Lines>,
    /// Reads them where requests are to be counted only.
    tailer: Tailer<Lines>,
    poll_interval: Duration,
    reads_logs: bool,
}

impl ReceiverSpec for Tomcat {
    const NAME: &'static str = "tomcat";
    const SIGNALS: &'static [Signal] = &[Signal::Metrics, Signal::Logs];
    const ABOUT: &'static str =
        "measures every Apache Tomcat on this host and reads its logs, with nothing added to it";
    type Config = Config;

    fn build(config: Config, context: &BuildContext) -> Result<Self, ConfigError> {
        let paths = Paths::find(&config.root_path, &*context.host);
        if paths.is_foreign() && !paths.root.is_dir() {
            let fact = format!("{} is not a directory; mount the host's / there", paths.root.display());
            return Err(ConfigError::new("root_path", fact));
        }
        let page = |key: &str, number: usize, form: Form, endpoint: &_| {
            let page = Page::new(form, endpoint, context);
            page.map(Arc::new).map_err(|error| error.under(&format!("{key}[{number}]")))
        };
        let mut pages = Vec::new();
        for (number, proxy) in config.jmx_proxy.iter().enumerate() {
            pages.push(page("jmx_proxy", number, Form::JmxProxy, proxy)?);
        }
        for (number, status) in config.status.iter().enumerate() {
            let form = Form::Status { applications: status.applications };
            pages.push(page("status", number, form, &status.page())?);
        }
        let include = globs("include", &config.include)?;
        let exclude = globs("exclude", &config.exclude)?;
        let book = Book::default();
        let names = telemetry_names!("edgewatch_tomcat");
        let (options, telemetry) = (config.logs.options(), &context.telemetry);
        let following = Following {
            kind: Self::NAME,
            names,
            options: options.clone(),
            patterns: Vec::new(),
            records: Lines::new(book.clone(), true, telemetry),
            max_in_flight: config.logs.max_in_flight_size.as_usize(),
            retry: config.logs.retry_on_failure.clone(),
        };
        let files = FileTelemetry::new(telemetry, names);
        let counting = Lines::new(book.clone(), false, telemetry);
        Ok(Self {
            follower: Follower::new(following, context)?,
            tailer: Tailer::new(options, Vec::new(), counting, &context.id, None, files)?,
            poll_interval: config.logs.poll_interval.get(),
            reads_logs: config.logs.access || config.logs.juli,
            discovery: Discovery {
                interval: config.discovery_interval.get(),
                search: Search::new(paths, include, exclude, config.max_instances, &context.id),
                plan: Plan::new(config.logs, book.clone(), &context.id),
            },
            rounds: Rounds {
                book,
                told: HashSet::new(),
                interval: config.collection_interval.get(),
                initial_delay: config.initial_delay.get(),
                metrics: config.metrics,
                pages,
                report: Report::new(&context.id),
                sent: Sent::new(&context.telemetry),
                scraped: Scraped::new(&context.telemetry),
            },
        })
    }
}

#[async_trait]
impl Receiver for Tomcat {
    async fn open(&mut self) -> Result<(), ReceiveError> {
        self.follower.open().await;
        Ok(())
    }

    /// Its checkpoint says where its successor goes on.
    fn is_exclusive(&self) -> bool {
        self.reads_logs && self.follower.is_exclusive()
    }

    async fn run(self: Box<Self>, outlets: Outlets, stop: CancellationToken) -> Result<(), ReceiveError> {
        let Self { discovery, rounds, follower, tailer, poll_interval, reads_logs } = *self;
        let Outlets { metrics, logs, traces: _ } = outlets;
        let (send, found) = watch::channel(None);
        let (follow, patterns) = watch::channel(Arc::from([]));
        let mut tasks = JoinSet::new();
        if metrics.is_some() || logs.is_some() {
            tasks.spawn(discovery.run(send, follow, stop.clone()));
        }
        match logs.filter(|_| reads_logs) {
            Some(outlet) => {
                tasks.spawn(follower.with_patterns(patterns).run(outlet, stop.clone()));
            }
            None if reads_logs && metrics.is_some() => {
                tasks.spawn(count(tailer, patterns, poll_interval, stop.clone()));
            }
            None => {}
        }
        if let Some(outlet) = metrics {
            tasks.spawn(rounds.run(outlet, found, stop));
        }
        let mut outcome = Ok(());
        while let Some(ended) = tasks.join_next().await {
            outcome = outcome.and(ended.map_err(broken).flatten());
        }
        outcome
    }
}

/// What looks for Tomcats and their logs.
struct Discovery {
    interval: Duration,
    search: Search,
    plan: Plan,
}

impl Discovery {
    /// Looks until `stop`. What is to be followed is said before what there is, so that no round misses counts of requests that are
    /// made already.
    async fn run(
        self,
        found: watch::Sender<Found>,
        follow: watch::Sender<Arc<[Pattern]>>,
        stop: CancellationToken,
    ) -> Result<(), ReceiveError> {
        let Self { interval: every, mut search, mut plan } = self;
        let mut looks = interval(every);
        looks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                _ = looks.tick() => {}
            }
            let looked = tokio::task::spawn_blocking(move || {
                let changed = search.look().map(|instances| {
                    let patterns = plan.patterns(&instances, unix_nanoseconds());
                    (instances, patterns)
                });
                (search, plan, changed)
            });
            let (kept, planned, changed) = looked.await.map_err(broken)?;
            (search, plan) = (kept, planned);
            match changed {
                Some((instances, patterns)) => {
                    follow.send_replace(patterns);
                    found.send_replace(Some(instances));
                }
                None => drop(found.send_if_modified(|found| {
                    let is_first = found.is_none();
                    found.get_or_insert_default();
                    is_first
                })),
            }
        }
    }
}

/// Reads logs for what is counted of them, until `stop`.
async fn count(
    mut tailer: Tailer<Lines>,
    mut patterns: watch::Receiver<Arc<[Pattern]>>,
    every: Duration,
    stop: CancellationToken,
) -> Result<(), ReceiveError> {
    let mut looks = interval(every);
    looks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            _ = looks.tick() => {}
        }
        if patterns.has_changed().unwrap_or(false) {
            tailer.set_patterns(patterns.borrow_and_update().to_vec());
        }
        let looked = tokio::task::spawn_blocking(move || {
            tailer.look(std::time::Instant::now(), SystemTime::now());
            tailer
        });
        tailer = looked.await.map_err(broken)?;
    }
}

/// What makes metrics.
struct Rounds {
    book: Book,
    /// The Tomcats whose requests MBeans tell.
    told: HashSet<ProcessId>,
    interval: Duration,
    initial_delay: Duration,
    metrics: Metrics,
    pages: Vec<Arc<Page>>,
    report: Report,
    sent: Sent,
    scraped: Scraped,
}

impl Rounds {
    /// Sends a round whenever one is due. One that is due while the one before has not been sent yet is left out.
    async fn run(
        self,
        outlet: Outlet,
        mut found: watch::Receiver<Found>,
        stop: CancellationToken,
    ) -> Result<(), ReceiveError> {
        let Self { book, mut told, interval, initial_delay, metrics, pages, mut report, sent, scraped } =
            self;
        let mut rounds = interval_at(Instant::now() + initial_delay, interval);
        rounds.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                _ = rounds.tick() => {}
            }
            let instances = tokio::select! {
                () = stop.cancelled() => return Ok(()),
                // It ends only together with everything else.
                Ok(found) = found.wait_for(Option::is_some) => found.clone().unwrap_or_default(),
            };
            sent.instances.set(instances.len() as u64);
            report.begin("tomcat");
            let asked = join_all(pages.iter().map(ask));
            let counted = {
                let instances = Arc::clone(&instances);
                tokio::task::spawn_blocking(move || {
                    let threads = count_threads(&instances, &mut report);
                    (threads, report)
                })
            };
            let both = async { tokio::join!(asked, counted) };
            let (answers, counted) = tokio::select! {
                () = stop.cancelled() => return Ok(()),
                both = both => both,
            };
            let (threads, kept) = counted.map_err(broken)?;
            report = kept;
            let mut round = assemble(&instances, threads, answers, &mut report);
            told.retain(|id| instances.iter().any(|instance| instance.id == *id));
            told.extend(round.iter().filter_map(|(owner, reading)| owner.tells_requests(reading)));
            let (request, points) = encode(&mut round, &metrics, (&book, &told), unix_nanoseconds());
            scraped.scraped.add(points);
            scraped.errored.add(report.errored());
            if points > 0 {
                outlet.send(Batch::new(Signal::Metrics, request, points, Ack::none())).await;
                sent.accepted.add(points);
            }
        }
    }
}

async fn ask(page: &Arc<Page>) -> Answer {
    Answer { page: Arc::clone(page), told: page.read().await }
}

fn broken(error: JoinError) -> ReceiveError {
    ReceiveError::Setup(format!("a part of the receiver failed: {error}"))
}

fn unix_nanoseconds() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
