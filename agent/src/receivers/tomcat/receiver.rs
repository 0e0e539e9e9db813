//! The receiver on its lane: looks for Tomcats, and sends what a round brought.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use edgewatch_core::ack::Ack;
use edgewatch_core::batch::Batch;
use edgewatch_core::config::ConfigError;
use edgewatch_core::factory::{BuildContext, ReceiverSpec};
use edgewatch_core::kernel::Paths;
use edgewatch_core::receiver::{Outlet, Outlets, ReceiveError, Receiver};
use edgewatch_proto::Signal;
use futures_util::future::join_all;
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, interval, interval_at};
use tokio_util::sync::CancellationToken;

use super::config::Config;
use super::encoding::Metrics;
use super::following::LogReader;
use super::instances::{Instance, Search};
use super::page::{Form, Page};
use super::rounds::{Answer, assemble, count_threads, encode};
use super::tailed::Table;
use super::telemetry::Sent;
use crate::measuring::report::Report;
use crate::measuring::telemetry::Scraped;

/// The Tomcats that there are; `None` before the first look.
pub(super) type Found = Option<Arc<[Arc<Instance>]>>;

/// Follows Tomcats.
pub(crate) struct Tomcat {
    discovery_interval: Duration,
    search: Search,
    rounds: Rounds,
    reader: LogReader,
}

impl ReceiverSpec for Tomcat {
    const NAME: &'static str = "tomcat";
    const SIGNALS: &'static [Signal] = &[Signal::Metrics, Signal::Logs];
    const ABOUT: &'static str =
        "measures every Apache Tomcat on this host and reads its logs, with nothing added to it";
    type Config = Config;

    fn build(config: Config, context: &BuildContext) -> Result<Self, ConfigError> {
        let paths = Paths::of_receiver(&config.root_path, &*context.host)?;
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
        let reader = LogReader::new(&config.logs, context)?;
        Ok(Self {
            discovery_interval: config.discovery_interval.get(),
            search: Search::new(&paths, &config, &context.id)?,
            rounds: Rounds {
                interval: config.collection_interval.get(),
                initial_delay: config.initial_delay.get(),
                metrics: config.metrics,
                logs: reader.table.clone(),
                pages,
                report: Report::new(&context.id),
                sent: Sent::new(&context.telemetry),
                scraped: Scraped::new(&context.telemetry, "tomcat"),
            },
            reader,
        })
    }
}

#[async_trait]
impl Receiver for Tomcat {
    async fn open(&mut self) -> Result<(), ReceiveError> {
        self.reader.open().await;
        Ok(())
    }

    /// Its checkpoint says where its successor goes on.
    fn is_exclusive(&self) -> bool {
        self.reader.is_exclusive()
    }

    async fn run(self: Box<Self>, outlets: Outlets, stop: CancellationToken) -> Result<(), ReceiveError> {
        let Self { discovery_interval, search, rounds, reader } = *self;
        let Outlets { metrics, logs, traces: _ } = outlets;
        let (send, found) = watch::channel(None);
        let mut tasks = JoinSet::new();
        if metrics.is_some() || logs.is_some() {
            tasks.spawn(discover(search, discovery_interval, send, stop.clone()));
        }
        if metrics.is_some() || logs.is_some() {
            tasks.spawn(reader.run(logs, found.clone(), stop.clone()));
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

/// Looks for Tomcats until `stop`.
async fn discover(
    mut search: Search,
    every: Duration,
    found: watch::Sender<Found>,
    stop: CancellationToken,
) -> Result<(), ReceiveError> {
    let mut looks = interval(every);
    looks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            _ = looks.tick() => {}
        }
        let looked = tokio::task::spawn_blocking(move || {
            let instances = search.look();
            (search, instances)
        });
        let (kept, instances) = looked.await.map_err(broken)?;
        search = kept;
        match instances {
            Some(instances) => drop(found.send_replace(Some(instances))),
            None => drop(found.send_if_modified(|found| {
                let is_first = found.is_none();
                found.get_or_insert_default();
                is_first
            })),
        }
    }
}

/// What makes metrics.
struct Rounds {
    interval: Duration,
    initial_delay: Duration,
    metrics: Metrics,
    /// What logs tell of requests.
    logs: Table,
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
        let Self { interval, initial_delay, metrics, logs, pages, mut report, sent, scraped } = self;
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
            sent.malformed.set(logs.malformed());
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
            let (request, points) = encode(&mut round, &metrics, &logs, unix_nanoseconds());
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

pub(super) fn broken(error: JoinError) -> ReceiveError {
    ReceiveError::Setup(format!("a part of the receiver failed: {error}"))
}

pub(super) fn unix_nanoseconds() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
