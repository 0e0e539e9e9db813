//! One JVM: what it is asked, what it has answered, what was told about it.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use edgewatch_core::config::ConfigError;
use edgewatch_hotspot::attach::{Attach as Session, AttachError, Command, Known, Reason, SwitchedOn};
use edgewatch_hotspot::collector::Collector;
use edgewatch_hotspot::replies::code::code_heaps;
use edgewatch_hotspot::replies::heap::{Heap, heap};
use edgewatch_hotspot::replies::metaspace::{Metaspace, metaspace};
use globset::{Glob, GlobSet, GlobSetBuilder};

use super::super::config::{Attach, AttachCommand, GcLog};
use super::telemetry::Asked;
use super::{Answers, Askable};

/// So long a JVM may take to catch signals. It looks like one with `-Xrs` until then.
const STARTING: Duration = Duration::from_secs(if cfg!(test) { 1 } else { 10 });

/// Time between two tries while it starts.
const SOON: Duration = Duration::from_secs(1);

/// First version that writes logs, and changes what it writes, when told to.
const LOGS_SINCE: u32 = 9;

/// Longest time between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// How the files of our logs begin: what bears this name after a crash is switched off and removed. One agent per host is assumed.
const LOG_PREFIX: &str = "edgewatch-gc-";

/// What a user wants.
pub(super) struct Settings {
    receiver: String,
    /// `None`: all.
    names: Option<GlobSet>,
    commands: Vec<AttachCommand>,
    pub(super) interval: Duration,
    pub(super) timeout: Duration,
    /// Where logs are switched on; `None`: nowhere.
    log_directory: Option<String>,
    asked: Asked,
}

impl Settings {
    pub(super) fn new(
        receiver: &str,
        attach: &Attach,
        gc_log: &GcLog,
        asked: Asked,
    ) -> Result<Self, ConfigError> {
        let problem = |error: globset::Error| {
            ConfigError::new("attach.names", format!("{error}; write a glob such as payment-*"))
        };
        let mut names = GlobSetBuilder::new();
        for name in &attach.names {
            names.add(Glob::new(name).map_err(problem)?);
        }
        let names = names.build().map_err(problem)?;
        Ok(Self {
            receiver: receiver.to_owned(),
            names: (!attach.names.is_empty()).then_some(names),
            commands: attach.commands.clone(),
            interval: attach.interval.into(),
            timeout: attach.timeout.into(),
            log_directory: gc_log.switch_on.then(|| gc_log.directory.clone()),
            asked,
        })
    }

    pub(super) fn wants(&self, jvm: &Askable) -> bool {
        self.names.as_ref().is_none_or(|names| names.is_match(&jvm.name))
    }

    /// How long answers are true.
    pub(super) fn lifetime(&self) -> Duration {
        self.interval * 2 + self.timeout
    }
}

/// What is kept of a JVM between two rounds.
pub(super) struct Interview {
    jvm: Askable,
    /// When it was first seen.
    since: Instant,
    session: Option<Session>,
    /// What it does not know.
    unknown: Vec<AttachCommand>,
    log: Log,
    failures: u32,
    told: Vec<&'static str>,
}

/// The garbage collection log of a JVM.
enum Log {
    /// Nobody has looked for leftovers yet.
    Unknown,
    Off,
    On(SwitchedOn),
    /// It cannot be had.
    Refused,
}

/// What a round has brought.
pub(super) struct Outcome {
    pub(super) answers: Option<Answers>,
    /// When to ask again; `None`: never.
    pub(super) again: Option<Duration>,
}

impl Interview {
    pub(super) fn new(jvm: Askable) -> Self {
        Self {
            jvm,
            since: Instant::now(),
            session: None,
            unknown: Vec::new(),
            log: Log::Unknown,
            failures: 0,
            told: Vec::new(),
        }
    }

    /// More is known about it.
    pub(super) fn learn(&mut self, jvm: Askable) {
        // A session knows whether the JVM had its signal; one that could not begin may begin now.
        self.jvm = jvm;
    }

    /// Its garbage collector.
    pub(super) const fn collector(&self) -> Option<Collector> {
        self.jvm.collector
    }

    /// Its log, if one was switched on.
    pub(super) fn log(&self) -> Option<&str> {
        match &self.log {
            Log::On(log) => Some(log.path()),
            Log::Unknown | Log::Off | Log::Refused => None,
        }
    }

    /// One round of questions, which ends before the next one when `stopping` says so.
    pub(super) fn round(&mut self, settings: &Settings, stopping: &AtomicBool) -> Outcome {
        match self.ask_all(settings, stopping) {
            Ok(answers) => {
                self.failures = 0;
                Outcome { answers: Some(answers), again: Some(settings.interval) }
            }
            Err(AttachError::Later { reason: Reason::NoHandler, .. }) if self.since.elapsed() < STARTING => {
                Outcome { answers: None, again: Some(SOON) }
            }
            Err(error) => {
                settings.asked.failed(error.name());
                self.failures = self.failures.saturating_add(1);
                let again = match &error {
                    AttachError::Gone { .. } | AttachError::Never { .. } => None,
                    AttachError::Later { .. } | AttachError::Rejected { .. } => {
                        Some(pause(settings.interval, self.failures))
                    }
                };
                if !matches!(error, AttachError::Gone { .. }) {
                    self.tell(
                        settings,
                        &error,
                        "cannot be asked; told once, counted in edgewatch_jvm_attach_failures",
                    );
                }
                Outcome { answers: None, again }
            }
        }
    }

    fn ask_all(&mut self, settings: &Settings, stopping: &AtomicBool) -> Result<Answers, AttachError> {
        let at = Instant::now();
        let Askable { process, capabilities, version, .. } = &self.jvm;
        if self.session.is_none() {
            let known = Known { capabilities: capabilities.as_deref(), version: *version };
            self.session = Some(Session::new(process, known)?);
        }
        let (mut heap_info, mut code, mut meta) = (Heap::default(), Vec::new(), Metaspace::default());
        let feature = self.jvm.feature;
        for command in settings.commands.iter().filter(|command| is_known(**command, feature)) {
            if stopping.load(Ordering::Relaxed) {
                break;
            }
            match command {
                AttachCommand::HeapInfo => {
                    heap_info = self.ask(*command, &Command::HeapInfo, settings, heap)?.unwrap_or_default();
                }
                AttachCommand::CodeCache => {
                    code = self.ask(*command, &Command::CodeCache, settings, code_heaps)?.unwrap_or_default();
                }
                AttachCommand::Metaspace => {
                    meta = self.ask(*command, &Command::Metaspace, settings, metaspace)?.unwrap_or_default();
                }
            }
        }
        if feature.is_none_or(|feature| feature >= LOGS_SINCE) && !stopping.load(Ordering::Relaxed) {
            self.look_after_log(settings)?;
        }
        Ok(Answers {
            at,
            metaspace: heap_info.metaspace.or(meta.metaspace),
            class_space: heap_info.class_space.or(meta.class_space),
            heap: heap_info,
            code,
        })
    }

    /// Asks one question, unless the JVM does not know it.
    fn ask<T>(
        &mut self,
        which: AttachCommand,
        command: &Command,
        settings: &Settings,
        parse: impl Fn(&[u8]) -> T,
    ) -> Result<Option<T>, AttachError> {
        let Some(session) = self.session.as_mut().filter(|_| !self.unknown.contains(&which)) else {
            return Ok(None);
        };
        match session.ask(command, settings.timeout) {
            Ok(reply) => {
                settings.asked.answered.add(1);
                Ok(Some(parse(&reply.text)))
            }
            Err(AttachError::Rejected { said, .. }) if said.contains(NO_SUCH_COMMAND) => {
                self.unknown.push(which);
                Ok(None)
            }
            Err(error @ AttachError::Rejected { .. }) => {
                settings.asked.failed(error.name());
                self.unknown.push(which);
                self.tell(settings, &error, "does not answer this, which is not asked again");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Removes what an agent has left behind that has crashed, and switches a log on.
    fn look_after_log(&mut self, settings: &Settings) -> Result<(), AttachError> {
        let Some(session) = &mut self.session else { return Ok(()) };
        let done = match &self.log {
            Log::Unknown => session.switch_leftovers_off(LOG_PREFIX, settings.timeout).map(drop),
            Log::On(log) => match session.is_log_on(log, settings.timeout) {
                Ok(false) => {
                    if let Log::On(log) = std::mem::replace(&mut self.log, Log::Refused) {
                        log.remove();
                    }
                    // Whoever did that had a reason.
                    Ok(())
                }
                on => on.map(drop),
            },
            Log::Off | Log::Refused => Ok(()),
        };
        let done = match (done, &self.log, &settings.log_directory, self.jvm.gc_log) {
            (Ok(()), Log::Unknown | Log::Off, Some(directory), Some(detail)) => {
                let name = log_name(self.jvm.process.ns_pid);
                session.switch_log_on(directory, &name, detail, settings.timeout).map(|log| {
                    settings.asked.logs.add(1);
                    self.log = Log::On(log);
                })
            }
            (Ok(()), Log::Unknown, _, _) => {
                self.log = Log::Off;
                Ok(())
            }
            (done, _, _, _) => done,
        };
        match done {
            // JDK 8 knows no such command, and a directory that is not there will not come.
            Err(error @ (AttachError::Rejected { .. } | AttachError::Never { .. })) => {
                settings.asked.failed(error.name());
                self.log = Log::Refused;
                if settings.log_directory.is_some() {
                    self.tell(settings, &error, "garbage collection log cannot be switched on");
                }
                Ok(())
            }
            done => done,
        }
    }

    /// Leaves the JVM as it was found, in `patience`.
    pub(super) fn end(mut self, settings: &Settings, patience: Duration) {
        let Log::On(log) = std::mem::replace(&mut self.log, Log::Refused) else { return };
        let off = self.session.as_mut().map_or(Ok(()), |session| session.switch_log_off(&log, patience));
        match off {
            // Its files go with it.
            Ok(()) | Err(AttachError::Gone { .. }) => log.remove(),
            Err(error) => {
                settings.asked.failed(error.name());
                self.tell(
                    settings,
                    &error,
                    "garbage collection log cannot be switched off; an agent that starts later will",
                );
            }
        }
    }

    fn tell(&mut self, settings: &Settings, error: &AttachError, what: &'static str) {
        if self.told.contains(&error.name()) {
            return;
        }
        self.told.push(error.name());
        let Askable { name, process, .. } = &self.jvm;
        tracing::warn!(receiver = settings.receiver, jvm = name, pid = process.id.pid, %error, "{what}");
    }
}

/// How a JVM says that its version does not know a command.
const NO_SUCH_COMMAND: &str = "Unknown diagnostic command";

/// Whether a JVM of version `feature` knows `command`. Updates of JDK 8 differ about `GC.heap_info`: they say so.
pub(super) fn is_known(command: AttachCommand, feature: Option<u32>) -> bool {
    let since = match command {
        AttachCommand::HeapInfo => 8,
        AttachCommand::CodeCache => 9,
        AttachCommand::Metaspace => 10,
    };
    feature.is_none_or(|feature| feature >= since)
}

/// How long to wait after so many failures in a row.
fn pause(interval: Duration, failures: u32) -> Duration {
    interval.saturating_mul(1 << failures.min(20)).min(LONGEST_PAUSE).max(interval)
}

/// A name that nobody can guess.
fn log_name(ns_pid: u32) -> String {
    format!("{LOG_PREFIX}{ns_pid}-{:016x}.log", RandomState::new().build_hasher().finish())
}
