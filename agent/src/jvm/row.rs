//! What is known about one JVM.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use edgewatch_hotspot::collector::{Collector, Plan};
use edgewatch_hotspot::command::{Command, Started};
use edgewatch_hotspot::find::{Process, ProcessId};
use edgewatch_hotspot::process::{Facts, Reader};
use edgewatch_hotspot::source::{Missing, Source, Way};
use serde::Serialize;

/// What is known about one JVM.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct Row {
    pub(super) pid: u32,
    pub(super) container_pid: Option<u32>,
    pub(super) name: Option<String>,
    pub(super) user: Option<String>,
    pub(super) container: Option<String>,
    pub(super) version: Option<String>,
    pub(super) collector: Option<&'static str>,
    pub(super) uptime_seconds: Option<u64>,
    pub(super) heap_used_bytes: Option<u64>,
    pub(super) heap_committed_bytes: Option<u64>,
    pub(super) heap_limit_bytes: Option<u64>,
    pub(super) gc_count: Option<u64>,
    pub(super) gc_seconds: Option<f64>,
    pub(super) threads: Option<u64>,
    pub(super) cpu_seconds: Option<f64>,
    pub(super) cpus: Option<u32>,
    pub(super) resident_bytes: Option<u64>,
    pub(super) descriptors: Option<u64>,
    pub(super) descriptor_limit: Option<u64>,
    pub(super) read: Option<&'static str>,
    pub(super) missing: Vec<Note>,
}

/// Something that is not known, why, and what would help.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Note {
    pub(super) what: &'static str,
    pub(super) why: String,
    pub(super) way_out: String,
}

impl Row {
    /// A process that is probably a JVM, of which only what everybody may know is known.
    pub(super) fn hidden(
        id: ProcessId,
        proc: &Path,
        facts: &mut Reader,
        user: impl Fn(u32) -> Option<String>,
    ) -> Self {
        let directory = proc.join(id.pid.to_string());
        let uid = std::fs::metadata(&directory).map(|metadata| metadata.uid()).ok();
        let process = Process {
            id,
            ns_pid: id.pid,
            uid: uid.unwrap_or_default(),
            gid: 0,
            root: directory.join("root"),
            container: None,
            shared: None,
        };
        let started = Started::read(&process, None);
        let note = Note {
            what: "counters",
            why: "it is called java, and its memory map may not be read".to_owned(),
            way_out: "run as root, or with CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH".to_owned(),
        };
        let mut row = Self {
            pid: id.pid,
            name: Some(started.service_name().to_owned()),
            user: uid.and_then(|uid| user(uid).or_else(|| Some(uid.to_string()))),
            missing: vec![note],
            ..Self::default()
        };
        if let Some(facts) = facts.read(&process, started.command.cpus()) {
            row.tell(&facts);
        }
        row
    }

    /// Reads what can be known of `process`; `None` when it has ended.
    pub(super) fn read(
        process: &Process,
        memory_scan: bool,
        facts: &mut Reader,
        user: impl Fn(u32) -> Option<String>,
    ) -> Option<Self> {
        let mut row = Self {
            pid: process.id.pid,
            container_pid: Some(process.ns_pid).filter(|pid| *pid != process.id.pid),
            container: process.container.clone(),
            ..Self::default()
        };
        let mut source = Source::open(process, memory_scan);
        let block = match &mut source {
            Ok(source) => {
                row.read = Some(way(source.way()));
                source.read().ok().and_then(|block| Some((Plan::new(block).ok()?, block)))
            }
            Err(_) => None,
        };
        let layout = block
            .as_ref()
            .and_then(|(_, block)| Some((edgewatch_hotspot::counters::Layout::parse(block).ok()?, *block)));
        let started = Started::read(process, layout.as_ref().map(|(layout, block)| (layout, *block)));
        row.name = Some(started.service_name().to_owned());
        let here = || user(process.uid).filter(|_| process.container.is_none());
        row.user = started.user.clone().or_else(here).or_else(|| Some(process.uid.to_string()));
        row.tell(&facts.read(process, started.command.cpus())?);
        if let Some((layout, block)) = &layout {
            row.version = layout.text(block, "java.property.java.version").map(|text| text.into_owned());
        }
        if let Some((plan, block)) = &block {
            row.measure(plan, block);
            if let Some(started) = plan.general(block).started {
                row.started(started);
            }
        }
        if let Err(missing) = &source {
            row.missing.push(counters_missing(missing, &started.command, process.uid));
        }
        Some(row)
    }

    /// What its process tells.
    fn tell(&mut self, facts: &Facts) {
        self.cpu_seconds = facts.cpu.map(|time| time.as_secs_f64());
        (self.cpus, self.resident_bytes) = (facts.cpus, facts.resident);
        (self.descriptors, self.descriptor_limit) = (facts.descriptors, facts.descriptor_limit);
        if let Some(started) = facts.started_unix_ns {
            self.started(started / 1_000_000);
        }
    }

    /// It was started so many milliseconds after the beginning of 1970.
    fn started(&mut self, milliseconds: u64) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
        let age = u64::try_from(now).unwrap_or(0).saturating_sub(milliseconds);
        self.uptime_seconds = Some(age / 1000);
    }

    /// What the counters tell.
    fn measure(&mut self, plan: &Plan, block: &[u8]) {
        self.collector = plan.collector().map(collector);
        self.threads = plan.general(block).threads;
        let heap = || plan.pools().iter().filter(|pool| pool.heap);
        if heap().next().is_some() {
            self.heap_used_bytes = heap().map(|pool| plan.used(block, pool)).sum();
            self.heap_committed_bytes = heap().map(|pool| plan.committed(block, pool)).sum();
        }
        // Pools without a limit of their own may take all that others leave.
        let limits = heap().filter_map(|pool| plan.value(block, pool.limit));
        self.heap_limit_bytes = Some(limits.sum()).filter(|limit| *limit > 0);
        let tallies = || plan.collections().iter().filter_map(|of| plan.tally(block, of));
        if tallies().next().is_some() {
            self.gc_count = Some(tallies().map(|tally| tally.count).sum());
            self.gc_seconds = Some(tallies().map(|tally| tally.time).sum::<u64>() as f64 / 1e9);
        }
        let mut lacks = |known: bool, what, why: &str, way_out: &str| {
            if !known {
                self.missing.push(Note { what, why: why.to_owned(), way_out: way_out.to_owned() });
            }
        };
        let (why, way_out) = if heap().any(|pool| pool.settles) && plan.has_collected(block) == Some(false) {
            (
                "it has not collected yet, and counts what its old generation holds from the first collection on",
                "look again after that",
            )
        } else {
            (
                "this version of its collector refreshes the counters only when it collects",
                "set attach.enabled in the receiver jvm, which then asks the JVM",
            )
        };
        lacks(self.heap_used_bytes.is_some(), "heap used", why, way_out);
        lacks(
            self.gc_count.is_some(),
            "collections",
            "the counters of this collector do not count them",
            "let the JVM write a log of collections (-Xlog:gc*:file=PATH), which the receiver jvm reads",
        );
    }
}

/// Why there are no counters, and what would help.
fn counters_missing(missing: &Missing, command: &Command, uid: u32) -> Note {
    const SCAN: &str = "use --memory-scan, and memory_scan: true in the receiver jvm";
    let (why, way_out) = match missing {
        Missing::NotShared if command.switch("UsePerfData") == Some(false) => {
            let why = "the JVM keeps no counters (-XX:-UsePerfData)";
            (why.to_owned(), "start it without that option".to_owned())
        }
        Missing::NotShared if command.switch("PerfDisableSharedMem") == Some(true) => {
            ("the JVM shares no counters (-XX:+PerfDisableSharedMem)".to_owned(), SCAN.to_owned())
        }
        Missing::NotShared => {
            let why = format!(
                "the JVM shares no counters: user {uid} has no entry in its passwd, or it cannot write to /tmp, or a JVM that shares \
                 its /tmp has the same number"
            );
            (why, SCAN.to_owned())
        }
        Missing::None => (missing.to_string(), "start it without -XX:-UsePerfData".to_owned()),
        Missing::Denied { what, capabilities, source } => {
            (format!("{what} cannot be opened: {source}"), format!("run as root, or with {capabilities}"))
        }
        Missing::Foreign(_) => (missing.to_string(), SCAN.to_owned()),
        Missing::Layout(_) => (missing.to_string(), "try again in a moment".to_owned()),
        Missing::Io { .. } => (missing.to_string(), SCAN.to_owned()),
    };
    Note { what: "counters", why, way_out }
}

fn way(way: Way) -> &'static str {
    match way {
        Way::File => "file",
        Way::Mapping => "mapping",
        Way::Memory => "memory",
    }
}

fn collector(collector: Collector) -> &'static str {
    match collector {
        Collector::G1 => "G1",
        Collector::Parallel => "Parallel",
        Collector::Serial => "Serial",
        Collector::Cms => "CMS",
        Collector::Z => "ZGC",
        Collector::GenerationalZ => "ZGC gen",
        Collector::Shenandoah => "Shenandoah",
        Collector::GenerationalShenandoah => "Shenandoah gen",
        Collector::Epsilon => "Epsilon",
    }
}
