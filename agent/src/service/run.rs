//! The life of the process: configuration, start, signals, end.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use edgewatch_core::health::{Health, State};
use edgewatch_core::host::RealHost;
use edgewatch_core::listeners::Listeners;
use edgewatch_core::telemetry::{Registry, Telemetry};
use tracing::{info, warn};

use super::allocator;
use super::files::Files;
use super::logs::{self, LiveLevel};
use super::memory::Memory;
use super::metrics::process;
use super::metrics::readers::{Readers, ReadersError};
use super::reload::{Occasions, Reloader};
use super::signals::StopSignals;
use crate::cli::ConfigArguments;
use crate::config::Config;
use crate::pipeline::{Broken, BuildError, Ended, Home, Running, Surroundings};

/// Why the agent could not start or end as it should.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The runtime or a signal handler cannot be set up.
    #[error("cannot set up the process: {0}")]
    Process(#[from] io::Error),
    /// A component.
    #[error("{0}{advice}", advice = advice(.0))]
    Build(#[from] BuildError),
    /// The page or the push of own metrics.
    #[error(transparent)]
    Metrics(#[from] ReadersError),
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
    /// Where the configuration was read from, to read it again.
    pub config: ConfigArguments,
    /// The files that it was read from when it shall be read again as soon as one of them changes.
    pub watched: Option<Files>,
}

/// Runs `config`, and those that take its place, until a signal ends it.
///
/// # Errors
///
/// [`RunError`].
pub fn run(config: Config, options: Options) -> Result<(), RunError> {
    let since = Instant::now();
    let level = logs::init(&config.telemetry.logs);
    if options.config.config.is_empty() {
        info!(
            "no --config: taking OTLP, measuring this host and printing a summary of both; \
            `edgewatch example` prints a configuration to start from"
        );
    }
    raise_descriptor_limit();
    allocator::tune();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let ended = runtime.block_on(live(config, options, level, since));
    // Threads that still wait for a disk or a mount must not hold up the end.
    runtime.shutdown_background();
    ended
}

async fn live(config: Config, options: Options, level: LiveLevel, since: Instant) -> Result<(), RunError> {
    let Options { shutdown_timeout, state_directory, config: arguments, watched } = options;
    let mut signals = StopSignals::new()?;
    let mut occasions = Occasions::new(watched)?;
    let registry = Registry::default();
    let memory = Memory::new(edgewatch_core::memory::total(&RealHost), &Telemetry::new(registry.clone()));
    let health = Health::starting(since);
    process::register(&Telemetry::new(registry.clone()), since, memory.budget.clone());
    let surroundings = Surroundings {
        registry: registry.clone(),
        budget: memory.budget.clone(),
        health: health.clone(),
        host: Arc::new(RealHost),
        state_directory: Some(state_directory),
        learned: Home::default(),
        listeners: Listeners::default(),
    };

    let mut readers = Readers::new(registry.clone(), &surroundings.listeners);
    let open_readers = readers.open(&config.telemetry).await?;
    let mut running = Running::start(&config.plan, &surroundings).await?;
    readers.switch(open_readers);
    memory.report(config.plan.memory_bound());
    let logs = config.telemetry.logs;
    let mut reloader = Reloader::new(arguments, shutdown_timeout, logs, level, memory, &registry);
    health.set(State::Ready);
    let startup = since.elapsed();
    info!(
        version = env!("CARGO_PKG_VERSION"),
        ?startup,
        "Everything is ready. Begin running and processing data."
    );

    let broken = loop {
        tokio::select! {
            () = signals.stop() => break false,
            Broken = running.watch() => break true,
            occasion = occasions.next() => {
                info!(occasion, "reading the configuration again");
                tokio::select! {
                    () = signals.stop() => break false,
                    files = reloader.reload(&mut running, &mut readers) => occasions.reset(files),
                }
            }
        }
    };
    signals.swallow_echo().await;
    health.set(State::Stopping);
    info!(timeout = ?shutdown_timeout, "stopping: delivering what is under way; a second signal ends at once");
    let deadline = tokio::time::Instant::now() + shutdown_timeout;
    let ended = tokio::select! {
        ended = running.stop(deadline) => ended,
        () = signals.stop() => {
            warn!("a second signal: ending at once");
            return Err(RunError::CutShort);
        }
    };
    readers.stop().await;
    match ended {
        Ended::Drained | Ended::CutShort if broken => Err(RunError::Broken),
        Ended::Drained => {
            info!("stopped; everything accepted has been dealt with");
            Ok(())
        }
        Ended::CutShort => Err(RunError::CutShort),
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
