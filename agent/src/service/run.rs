//! The life of the process: configuration, start, signals, end.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use edgewatch_core::health::{Health, State};
use edgewatch_core::host::RealHost;
use edgewatch_core::telemetry::{Registry, Telemetry};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::metrics::{process, prometheus, push};
use super::{allocator, logs, memory};
use crate::config::Config;
use crate::pipeline::{self, BuildError, Ended, Surroundings, Watched};

/// Why the agent could not start or end as it should.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The runtime or a signal handler cannot be set up.
    #[error("cannot set up the process: {0}")]
    Process(#[from] io::Error),
    /// A component.
    #[error("{0}{advice}", advice = advice(.0))]
    Build(#[from] BuildError),
    /// The page of own metrics.
    #[error(
        "cannot serve own metrics on {address}: {source}; choose another port in service.telemetry.metrics.readers, \
        or turn them off with service.telemetry.metrics.level: none"
    )]
    Metrics {
        /// As configured.
        address: String,
        /// What the system said.
        source: io::Error,
    },
    /// The push of own metrics.
    #[error(transparent)]
    Push(#[from] push::PushError),
    /// Not everything could be delivered in time.
    #[error("the agent ended with telemetry undelivered")]
    CutShort,
    /// A mistake in the code of a pipeline or exporter.
    #[error("a pipeline or exporter has failed; start the agent again, and report the error in its log")]
    Broken,
}

/// What to do when the system refuses an address; nothing for other failures.
fn advice(error: &BuildError) -> &'static str {
    let causes = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
    let kind = causes.filter_map(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind).next();
    match kind {
        Some(io::ErrorKind::AddrInUse) => {
            "; another agent or Collector may be running here: stop it, or give this component another `endpoint`"
        }
        Some(io::ErrorKind::AddrNotAvailable) => "; no interface of this host has this address",
        Some(_) | None => "",
    }
}

/// What the command line says about running.
#[derive(Clone, Debug)]
pub struct Options {
    /// Longest time for draining.
    pub shutdown_timeout: Duration,
    /// Where state is kept.
    pub state_directory: std::path::PathBuf,
    /// The user gave no configuration, and may not know what the embedded one does.
    pub embedded: bool,
}

/// A signal this soon after the first is its echo: `timeout` and some supervisors signal both the process and its group.
const ECHO: Duration = Duration::from_millis(20);

/// Runs `config` until a signal ends it.
///
/// # Errors
///
/// [`RunError`].
pub fn run(config: &Config, options: &Options) -> Result<(), RunError> {
    let since = Instant::now();
    logs::init(&config.telemetry.logs);
    if options.embedded {
        info!(
            "no --config: taking OTLP, measuring this host and printing a summary of both; \
            `edgewatch example` prints a configuration to start from"
        );
    }
    raise_descriptor_limit();
    allocator::tune();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let ended = runtime.block_on(live(config, options, since));
    // Threads that still wait for a disk or a mount must not hold up the end.
    runtime.shutdown_background();
    ended
}

async fn live(config: &Config, options: &Options, since: Instant) -> Result<(), RunError> {
    let mut signals = Signals::new()?;
    let registry = Registry::default();
    let total = edgewatch_core::memory::total(&RealHost);
    let budget = memory::budget(total);
    let health = Health::starting(since);
    process::register(&Telemetry::new(registry.clone()), since, budget.clone());
    let surroundings = Surroundings {
        registry: registry.clone(),
        budget: budget.clone(),
        health: health.clone(),
        host: Arc::new(RealHost),
        state_directory: Some(options.state_directory.clone()),
    };

    let stop_pages = CancellationToken::new();
    let mut pages = tokio::task::JoinSet::new();
    for (host, port) in config.telemetry.metrics.listeners() {
        let address = crate::page::address(&host, port);
        let page = prometheus::page(&address, registry.clone()).await;
        let page = page.map_err(|source| RunError::Metrics { address, source })?;
        info!(address = %page.local_addr()?, "serving own metrics at /metrics");
        pages.spawn(page.run(stop_pages.clone()));
    }
    let mut running = pipeline::build(&config.plan, &surroundings).await?;
    memory::report(config.plan.memory_bound(), &budget, total, &Telemetry::new(registry.clone()));
    let mut pushes = Vec::new();
    for settings in push::settings(&config.telemetry) {
        pushes.push(push::start(&settings, &registry)?);
    }
    health.set(State::Ready);
    let startup = since.elapsed();
    info!(
        version = env!("CARGO_PKG_VERSION"),
        ?startup,
        "Everything is ready. Begin running and processing data."
    );

    let broken = tokio::select! {
        () = signals.stop() => false,
        watched = running.watch() => match watched {
            Watched::Ended => {
                warn!("every receiver has ended; nothing is left to do but to wait for a signal");
                signals.stop().await;
                false
            }
            Watched::Broken => true,
        }
    };
    signals.swallow_echo().await;
    health.set(State::Stopping);
    info!(timeout = ?options.shutdown_timeout, "stopping: delivering what is under way; a second signal ends at once");
    let deadline = tokio::time::Instant::now() + options.shutdown_timeout;
    let ended = tokio::select! {
        ended = running.stop(deadline) => ended,
        () = signals.stop() => {
            warn!("a second signal: ending at once");
            return Err(RunError::CutShort);
        }
    };
    for push in pushes {
        push.stop().await;
    }
    stop_pages.cancel();
    while pages.join_next().await.is_some() {}
    match ended {
        Ended::Drained | Ended::CutShort if broken => Err(RunError::Broken),
        Ended::Drained => {
            info!("stopped; everything accepted has been dealt with");
            Ok(())
        }
        Ended::CutShort => Err(RunError::CutShort),
    }
}

/// The signals that concern the agent.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// Waits until the agent is told to stop.
    async fn stop(&mut self) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.hang_up.recv() => {
                    warn!("SIGHUP changes nothing: this build does not reload its configuration; restart it instead");
                }
            }
        }
    }

    /// Lets what arrives together with the signal to stop pass, so that it does not count as a second one.
    async fn swallow_echo(&mut self) {
        let over = tokio::time::sleep(ECHO);
        tokio::pin!(over);
        loop {
            tokio::select! {
                () = &mut over => return,
                () = self.stop() => {}
            }
        }
    }
}

/// Many connections and followed files need many descriptors: takes as many as the system allows.
fn raise_descriptor_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
        if let Err(error) = setrlimit(Resource::Nofile, raised) {
            warn!(%error, "cannot raise the limit of open files");
        }
    }
}
