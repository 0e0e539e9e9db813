//! Follows the logs of the Tomcats that there are, as they come and go.

use std::collections::HashMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use edgewatch_core::config::ConfigError;
use edgewatch_core::factory::BuildContext;
use edgewatch_core::receiver::{Outlet, ReceiveError};
use edgewatch_hotspot::find::ProcessId;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::access::Release;
use super::config;
use super::instances::Instance;
use super::logs::{self, Logs};
use super::receiver::{Found, broken, unix_nanoseconds};
use super::tailed::{Counts, Log, Table, Tailed, Written};
use crate::tailing::{
    Begins, FileTelemetry, Follower, Following, Names, Pattern, Rule, Tailer, telemetry_names,
};

const NAMES: &Names = telemetry_names!("edgewatch_tomcat");

/// Longest environment that is read.
const LONGEST: u64 = 1 << 20;

/// Open files that are looked at, of one process.
const MOST_OPEN: usize = 4096;

/// What follows logs.
pub(super) struct LogReader {
    id: String,
    config: config::Logs,
    follower: Follower<Tailed>,
    telemetry: FileTelemetry,
    pub(super) table: Table,
}

impl LogReader {
    pub(super) fn new(config: &config::Logs, context: &BuildContext) -> Result<Self, ConfigError> {
        let table = Table::default();
        let following = Following {
            kind: "tomcat",
            names: NAMES,
            options: config.options(),
            patterns: Vec::new(),
            records: Tailed::new(table.clone()),
            max_in_flight: config.max_in_flight_size.as_usize(),
            retry: config.retry_on_failure.clone(),
        };
        Ok(Self {
            id: context.id.clone(),
            config: config.clone(),
            follower: Follower::new(following, context)?,
            telemetry: FileTelemetry::new(&context.telemetry, NAMES),
            table,
        })
    }

    /// Looks whether positions can be kept.
    pub(super) async fn open(&mut self) {
        self.follower.open().await;
    }

    /// Whether it keeps positions: then its successor must wait for its end.
    pub(super) fn is_exclusive(&self) -> bool {
        self.follower.is_exclusive()
    }

    /// Follows logs until `stop`: to send them, or, without an outlet, to count what is in them.
    pub(super) async fn run(
        self,
        outlet: Option<Outlet>,
        found: watch::Receiver<Found>,
        stop: CancellationToken,
    ) -> Result<(), ReceiveError> {
        let Self { id, config, follower, telemetry, table } = self;
        let (send, patterns) = watch::channel(Arc::<[Pattern]>::from([]));
        let mut tasks = JoinSet::new();
        let reads_juli = outlet.is_some();
        if let Some(outlet) = outlet {
            table.send();
            tasks.spawn(follower.with_patterns(patterns).run(outlet, stop.clone()));
        } else {
            let records = Tailed::new(table.clone());
            let tailer = Tailer::new(config.options(), Vec::new(), records, &id, None, telemetry);
            let tailer = tailer.map_err(|error| ReceiveError::Setup(error.to_string()))?;
            tasks.spawn(count(tailer, patterns, config.poll_interval.get(), stop.clone()));
        }
        let finder = Finder { id, config, reads_juli, table, known: HashMap::new() };
        tasks.spawn(finder.run(found, send, stop));
        let mut outcome = Ok(());
        while let Some(ended) = tasks.join_next().await {
            outcome = outcome.and(ended.map_err(broken).flatten());
        }
        outcome
    }
}

/// Reads logs that nobody wants as logs.
async fn count(
    mut tailer: Tailer<Tailed>,
    mut patterns: watch::Receiver<Arc<[Pattern]>>,
    every: Duration,
    stop: CancellationToken,
) -> Result<(), ReceiveError> {
    let mut looks = interval(every);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            _ = looks.tick() => {}
        }
        if patterns.has_changed().unwrap_or(false) {
            let patterns = patterns.borrow_and_update().to_vec();
            tailer.set_patterns(patterns);
        }
        let looked = tokio::task::spawn_blocking(move || {
            tailer.look(Instant::now(), SystemTime::now());
            tailer
        });
        tailer = looked.await.map_err(broken)?;
    }
}

/// Says which files are to be followed.
struct Finder {
    id: String,
    config: config::Logs,
    reads_juli: bool,
    table: Table,
    known: HashMap<ProcessId, Vec<Pattern>>,
}

impl Finder {
    async fn run(
        mut self,
        mut found: watch::Receiver<Found>,
        patterns: watch::Sender<Arc<[Pattern]>>,
        stop: CancellationToken,
    ) -> Result<(), ReceiveError> {
        loop {
            let instances = found.borrow_and_update().clone().unwrap_or_default();
            let looked = tokio::task::spawn_blocking(move || {
                self.look(&instances);
                self
            });
            self = looked.await.map_err(broken)?;
            let mut all: Vec<(&ProcessId, &Vec<Pattern>)> = self.known.iter().collect();
            all.sort_unstable_by_key(|(id, _)| **id);
            patterns.send_replace(all.into_iter().flat_map(|(_, patterns)| patterns.clone()).collect());
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                changed = found.changed() => if changed.is_err() { return Ok(()) },
            }
        }
    }

    fn look(&mut self, instances: &[Arc<Instance>]) {
        self.known.retain(|id, _| instances.iter().any(|instance| instance.id == *id));
        self.table.keep(instances, Instant::now());
        for instance in instances {
            if !self.known.contains_key(&instance.id) {
                let patterns = self.patterns(instance);
                self.known.insert(instance.id, patterns);
            }
        }
    }

    fn patterns(&self, instance: &Arc<Instance>) -> Vec<Pattern> {
        // That has been told.
        if instance.hidden {
            return Vec::new();
        }
        let Logs { access, server, zone, scheme, problems } = read(instance);
        for problem in problems {
            let (receiver, tomcat) = (&self.id, &instance.name);
            tracing::warn!(receiver, tomcat, problem, "the logs of a Tomcat may be read wrongly");
        }
        let counts = Arc::new(Mutex::new(Counts::new(unix_nanoseconds())));
        let root: Arc<Path> = instance.root().into();
        let mut patterns = Vec::new();
        let mut add = |glob: String, written: Written, rule: Option<Rule>| {
            let tag = self.table.add(Log {
                instance: Arc::clone(instance),
                written,
                zone: zone.clone(),
                scheme: scheme.clone(),
                counts: Arc::clone(&counts),
            });
            let start_at = self.config.start_at;
            let root = Some(Arc::clone(&root));
            patterns.push(Pattern { root, start_at, rule, ..Pattern::new(&glob, tag) });
        };
        if self.config.access {
            for log in access {
                add(log.glob, Written::Access(log.format, log.counts), None);
            }
        }
        if self.config.juli && self.reads_juli {
            for log in server {
                let layout = log.layout.clone();
                add(
                    log.glob,
                    Written::Server(log.layout),
                    Some(Rule::Begins(Begins::new(move |line| layout.begins(line)))),
                );
            }
        }
        patterns
    }
}

/// What the configuration of `instance` and its process say about its logs.
fn read(instance: &Instance) -> Logs {
    let environment = content(&instance.process.join("environ"));
    let tz = environment.split(|byte| *byte == 0).find_map(|pair| pair.strip_prefix(b"TZ="));
    let tz = tz.map(|tz| String::from_utf8_lossy(tz).into_owned());
    let open: Vec<PathBuf> = fs::read_dir(instance.process.join("fd"))
        .into_iter()
        .flatten()
        .take(MOST_OPEN)
        .filter_map(|entry| fs::read_link(entry.ok()?.path()).ok())
        .collect();
    let version = instance.version.map(|version| Release { major: version.major, minor: version.minor });
    logs::find(&logs::Tomcat {
        root: &instance.root(),
        base: &instance.base,
        home: &instance.home,
        properties: &instance.properties,
        tz: tz.as_deref(),
        release: version,
        open: &open,
    })
}

/// The content of a file of `/proc`; nothing when it cannot be read.
fn content(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Ok(file) = fs::File::open(path) {
        let _ = file.take(LONGEST).read_to_end(&mut bytes);
    }
    bytes
}
