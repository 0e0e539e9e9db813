//! Reading the configuration again and changing over to it.

use std::io;
use std::time::Duration;

use edgewatch_core::telemetry::{Counter, Registry, Telemetry};
use tokio::signal::unix::Signal;
use tracing::{error, info, warn};

use super::files::{Files, Watch};
use super::logs::LiveLevel;
use super::memory::Memory;
use super::metrics::readers::Readers;
use super::signals;
use super::source::{self, Loaded};
use crate::cli::ConfigArguments;
use crate::config::Config;
use crate::config::telemetry::Logs;
use crate::pipeline::{Changes, Running};

/// What asks for a reload.
pub(super) struct Occasions {
    hang_up: Signal,
    watch: Option<Watch>,
}

impl Occasions {
    /// SIGHUP, and a change of `files` when they are to be watched.
    pub(super) fn new(files: Option<Files>) -> io::Result<Self> {
        Ok(Self { hang_up: signals::hang_up()?, watch: files.map(Watch::over) })
    }

    /// Waits for the next one; returns what it is.
    pub(super) async fn next(&mut self) -> &'static str {
        let changed = async {
            match &mut self.watch {
                Some(watch) => watch.changed().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.hang_up.recv() => "SIGHUP",
            () = changed => "a changed file",
        }
    }

    /// The configuration has been read from `files`.
    pub(super) fn reset(&mut self, files: Files) {
        if let Some(watch) = &mut self.watch {
            watch.reset(files);
        }
    }
}

/// Reads the configuration again and again.
pub(super) struct Reloader {
    arguments: ConfigArguments,
    /// Longest time that replaced and removed components have to end.
    patience: Duration,
    logs: Logs,
    level: LiveLevel,
    memory: Memory,
    telemetry: ReloadTelemetry,
}

/// How reloads ended.
struct ReloadTelemetry {
    applied: Counter,
    rejected: Counter,
    failed: Counter,
}

impl ReloadTelemetry {
    fn new(telemetry: &Telemetry) -> Self {
        let counter = |outcome| {
            telemetry.with("outcome", outcome).counter(
                "edgewatch_config_reloads",
                "{reloads}",
                "Reloads of the configuration, by outcome: applied, rejected because it has errors, failed because this host cannot run it.",
            )
        };
        Self { applied: counter("applied"), rejected: counter("rejected"), failed: counter("failed") }
    }
}

impl Reloader {
    pub(super) fn new(
        arguments: ConfigArguments,
        patience: Duration,
        logs: Logs,
        level: LiveLevel,
        memory: Memory,
        registry: &Registry,
    ) -> Self {
        let telemetry = ReloadTelemetry::new(&Telemetry::new(registry.clone()));
        Self { arguments, patience, logs, level, memory, telemetry }
    }

    /// Reads the configuration and changes over to it. One that cannot be used changes nothing. Returns the files that it was read from.
    pub(super) async fn reload(&mut self, running: &mut Running, readers: &mut Readers) -> Files {
        let arguments = self.arguments.clone();
        let reading = tokio::task::spawn_blocking(move || {
            let mut files = Files::default();
            (source::load(&arguments, &mut files), files)
        });
        let (loaded, files) = match reading.await {
            Ok(read) => read,
            Err(error) => {
                self.telemetry.rejected.add(1);
                error!(%error, "reading the new configuration failed; the present one goes on");
                return Files::default();
            }
        };
        match loaded {
            Ok(loaded) => {
                if let Some(config) = self.check(loaded) {
                    self.change(config, running, readers).await;
                }
            }
            Err(error) => {
                self.telemetry.rejected.add(1);
                error!(%error, "the new configuration cannot be read; the present one goes on");
            }
        }
        files
    }

    /// The configuration, when it has no errors. What is wrong with it is reported as `validate` does.
    fn check(&self, loaded: Loaded) -> Option<Config> {
        let Loaded { outcome, .. } = loaded;
        let report = || outcome.problems.render(&outcome.sources, false);
        match outcome.config {
            None => {
                self.telemetry.rejected.add(1);
                error!("the new configuration cannot be used; the present one goes on:\n{}", report());
                None
            }
            Some(config) => {
                if !outcome.problems.is_empty() {
                    warn!("the new configuration has flaws:\n{}", report());
                }
                Some(config)
            }
        }
    }

    async fn change(&mut self, config: Config, running: &mut Running, readers: &mut Readers) {
        let changed_readers = match readers.open(&config.telemetry).await {
            Ok(changed) => changed,
            Err(error) => {
                self.telemetry.failed.add(1);
                error!(%error, "the new configuration cannot be run here; the present one goes on");
                return;
            }
        };
        match running.reload(&config.plan, self.patience).await {
            Ok(changes) => {
                readers.switch(changed_readers);
                self.adopt(config.telemetry.logs);
                self.memory.report(config.plan.memory_bound());
                self.telemetry.applied.add(1);
                report(&changes);
            }
            Err(error) => {
                self.telemetry.failed.add(1);
                error!(%error, "the new configuration cannot be run here; the present one goes on");
            }
        }
    }

    fn adopt(&mut self, logs: Logs) {
        self.level.set(logs.level);
        let rest = |logs: &Logs| Logs { level: self.logs.level, ..logs.clone() };
        if rest(&logs) != self.logs {
            warn!(
                "of service.telemetry.logs only `level` takes effect at once; restart the agent for the other keys"
            );
        }
    }
}

fn report(changes: &Changes) {
    let Changes { kept, replaced, added, removed } = changes;
    let list = |names: &[String]| names.join(", ");
    info!(
        kept,
        replaced = list(replaced),
        added = list(added),
        removed = list(removed),
        "the new configuration is at work"
    );
}
