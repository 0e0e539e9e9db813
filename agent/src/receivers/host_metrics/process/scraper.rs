//! Joins the table of processes with their details, and writes.

use std::path::PathBuf;

use edgewatch_core::config::ConfigError;
use edgewatch_proto::encode;

use super::config::{Config, ResourceAttributes, Wanted};
use super::details::{Cache, Details, Reader};
use super::directory::Directory;
use super::sample::{Sample, Sampler};
use super::table::Row;
use crate::measuring::filter::Filter;
use crate::measuring::metric::{Window, Writer, write_resource};
use crate::measuring::owners::Owners;
use crate::measuring::report::Report;
use crate::receivers::host_metrics::scraping::{Round, Scraper};
use crate::receivers::host_metrics::{cpu, memory};
use edgewatch_core::kernel::{Paths, Source};

const NANOSECONDS: u64 = 1_000_000_000;

/// Reads `/proc/<pid>`.
pub(in crate::receivers::host_metrics) struct Process {
    filter: Filter,
    proc: PathBuf,
    meminfo: Source,
    reader: Reader,
    cache: Cache,
    sampler: Sampler,
}

impl Process {
    pub(in crate::receivers::host_metrics) fn new(
        config: Config,
        paths: &Paths,
    ) -> Result<Self, ConfigError> {
        let owners = Owners::new(paths.etc.join("passwd"));
        Ok(Self {
            filter: Filter::new(&config.include, &config.exclude)?,
            proc: paths.proc.clone(),
            meminfo: Source::new(paths.proc.join("meminfo")),
            reader: Reader::new(config.clone(), owners),
            cache: Cache::default(),
            sampler: Sampler::new(config),
        })
    }
}

/// What is the same for all processes of a round.
struct Host {
    ticks_per_second: u64,
    page_size: u64,
    memory: Option<u64>,
    logical_cpus: usize,
}

impl Process {
    fn host(&mut self, round: &Round<'_>, report: &mut Report) -> Host {
        let mut memory = None;
        if self.sampler.wanted.memory_utilization.is_some() {
            memory = match self.meminfo.read() {
                Ok(text) => memory::parse(text).map(|info| info.total),
                Err(error) => {
                    report.failed(1, self.meminfo.path().display(), error);
                    None
                }
            };
        }
        Host {
            ticks_per_second: rustix::param::clock_ticks_per_second().max(1),
            page_size: rustix::param::page_size() as u64,
            memory,
            logical_cpus: round.stat.map_or(0, cpu::logical_count),
        }
    }
}

/// The share of the host's CPU time that a process took since the round before.
fn utilization(details: &mut Details, row: &Row, round: &Round<'_>, host: &Host) -> Option<[f64; 3]> {
    let ticks = [row.stat.user, row.stat.system, row.stat.wait];
    let (then, before) = details.previous.replace((round.instant, ticks))?;
    let elapsed = round.instant.duration_since(then).as_secs_f64();
    if elapsed <= 0.0 || host.logical_cpus == 0 {
        return None;
    }
    let available = elapsed * host.ticks_per_second as f64 * host.logical_cpus as f64;
    let [user, system, wait] = ticks;
    let [earlier_user, earlier_system, earlier_wait] = before;
    let share = |now: u64, earlier| now.saturating_sub(earlier) as f64 / available;
    Some([share(user, earlier_user), share(system, earlier_system), share(wait, earlier_wait)])
}

fn describe(
    attributes: &mut encode::Attributes<'_>,
    wanted: &ResourceAttributes,
    row: &Row,
    details: &Details,
) {
    if wanted.pid.enabled {
        attributes.int("process.pid", i64::from(row.pid));
    }
    if wanted.parent_pid.enabled {
        attributes.int("process.parent_pid", i64::from(row.stat.parent));
    }
    let texts = [
        ("process.executable.name", wanted.executable_name.enabled, &*details.name),
        ("process.executable.path", wanted.executable_path.enabled, &details.path),
        ("process.command", wanted.command.enabled, &details.command),
        ("process.command_line", wanted.command_line.enabled, &details.command_line),
        ("process.owner", wanted.owner.enabled, details.owner.as_deref().unwrap_or_default()),
        ("process.cgroup", wanted.cgroup.enabled, &details.cgroup),
    ];
    for (key, enabled, value) in texts {
        if enabled && !value.is_empty() {
            attributes.string(key, value);
        }
    }
}

fn write(wanted: &Wanted, host: &Host, row: &Row, sample: &Sample, out: &mut Writer<'_, '_>) {
    const STATES: [&str; 3] = ["user", "system", "wait"];
    let stat = &row.stat;
    let seconds = |ticks: u64| ticks as f64 / host.ticks_per_second as f64;
    let resident = stat.resident_pages.saturating_mul(host.page_size);
    if let Some(status) = sample.status {
        out.metric(wanted.context_switches, |points| {
            points.int(status.involuntary, &[("type", "involuntary")]);
            points.int(status.voluntary, &[("type", "voluntary")]);
        });
        out.metric(wanted.signals_pending, |points| points.int(status.signals, &[]));
    }
    out.metric(wanted.cpu_time, |points| {
        for (state, ticks) in STATES.into_iter().zip([stat.user, stat.system, stat.wait]) {
            points.double(seconds(ticks), &[("state", state)]);
        }
    });
    if let Some(shares) = sample.utilization {
        out.metric(wanted.cpu_utilization, |points| {
            for (state, share) in STATES.into_iter().zip(shares) {
                points.double(share, &[("state", state)]);
            }
        });
    }
    if let Some(io) = sample.io {
        out.metric(wanted.disk_io, |points| {
            points.int(io.read_bytes, &[("direction", "read")]);
            points.int(io.write_bytes, &[("direction", "write")]);
        });
        out.metric(wanted.disk_operations, |points| {
            points.int(io.reads, &[("direction", "read")]);
            points.int(io.writes, &[("direction", "write")]);
        });
    }
    out.metric(wanted.memory_usage, |points| points.int(resident, &[]));
    if let Some(total) = host.memory {
        // A percentage, although the unit says otherwise: so does the Collector.
        let percentage = 100.0 * resident as f64 / total as f64;
        out.metric(wanted.memory_utilization, |points| points.double(percentage, &[]));
    }
    out.metric(wanted.memory_virtual, |points| points.int(stat.virtual_bytes, &[]));
    if let Some(count) = sample.open_files {
        out.metric(wanted.open_file_descriptors, |points| points.int(count, &[]));
    }
    out.metric(wanted.paging_faults, |points| {
        points.int(stat.major_faults, &[("type", "major")]);
        points.int(stat.minor_faults, &[("type", "minor")]);
    });
    out.metric(wanted.threads, |points| points.int(stat.threads, &[]));
    out.metric(wanted.uptime, |points| points.double(sample.uptime, &[]));
}

impl Scraper for Process {
    fn name(&self) -> &'static str {
        "process"
    }

    fn scrape(
        &mut self,
        round: &Round<'_>,
        report: &mut Report,
        request: &mut encode::Request<'_, encode::Metrics>,
    ) {
        let table = round.processes;
        if let Some(error) = table.failure() {
            return report.failed(1, "the list of processes", error);
        }
        let mut directory = match Directory::open(&self.proc) {
            Ok(directory) => directory,
            Err(error) => return report.failed(1, self.proc.display(), error),
        };
        report.failed(table.beyond(), "processes beyond the first 32768", "too many processes");
        self.reader.refresh();
        let host = self.host(round, report);
        let Self { filter, reader, cache, sampler, .. } = self;
        let delay = sampler.config.scrape_process_delay.get().as_nanos();
        for row in table.iter() {
            let kernel_name = table.name(row);
            let details = cache.get(row, kernel_name, round.instant, || {
                reader.read(&mut directory, row, kernel_name, report)
            });
            let start = start(row, round, &host);
            let age = round.now - start;
            if !filter.admits(details.name.as_bytes()) || u128::from(age) < delay {
                continue;
            }
            let mut sample = sampler.sample(&mut directory, row, report);
            sample.utilization = utilization(details, row, round, &host);
            sample.uptime = age as f64 / NANOSECONDS as f64;
            let Sampler { config, wanted, .. } = &*sampler;
            write_resource(
                request,
                "edgewatch/host_metrics/process",
                Window { start, now: round.now },
                |resource| describe(resource, &config.resource_attributes, row, details),
                |out| write(wanted, &host, row, &sample, out),
            );
        }
        cache.prune();
    }
}

/// When a process began, in nanoseconds since 1970.
fn start(row: &Row, round: &Round<'_>, host: &Host) -> u64 {
    let since_boot = u128::from(row.stat.start) * u128::from(NANOSECONDS) / u128::from(host.ticks_per_second);
    let since_boot = u64::try_from(since_boot).unwrap_or(u64::MAX);
    round.boot.saturating_add(since_boot).min(round.now)
}
