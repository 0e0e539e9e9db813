//! The scraper `cpu`: what each logical CPU spent its time on, how many there are, how fast they run.

use std::collections::BTreeSet;
use std::io;

use edgewatch_proto::encode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::scraping::{Round, Scraper};
use crate::measuring::metric::{Writer, enabled, metrics, write_host};
use crate::measuring::report::Report;
use edgewatch_core::kernel::{Paths, Source, read_file};
use edgewatch_core::kernel::{decimal, lines, number, numbers, split_once, words};

metrics! {
    /// Metrics of the scraper `cpu`.
    Metrics {
        frequency: "system.cpu.frequency", "Hz", Gauge, Off, "Current frequency of the CPU core in Hz.";
        logical_count: "system.cpu.logical.count", "{cpu}", UpDownCounter, Off,
            "Number of available logical CPUs.";
        physical_count: "system.cpu.physical.count", "{cpu}", UpDownCounter, Off,
            "Number of available physical CPUs.";
        time: "system.cpu.time", "s", Counter, On,
            "Total seconds each logical CPU spent on each mode.";
        utilization: "system.cpu.utilization", "1", Gauge, Off,
            "Difference in system.cpu.time since the last measurement per logical CPU, divided by the elapsed time (value in interval [0,1]).";
    }
}

/// Settings of the scraper `cpu`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Config {
    /// Which metrics are collected.
    pub(super) metrics: Metrics,
}

/// The values of the attribute `state`, in the order of the columns of `stat`.
const STATES: [&str; 8] = ["user", "nice", "system", "idle", "wait", "interrupt", "softirq", "steal"];

/// Reads `stat`, and for the optional metrics `cpuinfo` and the topology in `/sys`.
pub(super) struct Cpu {
    metrics: Metrics,
    paths: Paths,
    info: Source,
    previous: Vec<Times>,
    /// The number of logical CPUs and of the physical ones they belong to, which only changes with it.
    physical: Option<(usize, usize)>,
}

impl Cpu {
    pub(super) fn new(config: Config, paths: &Paths) -> Self {
        Self {
            metrics: config.metrics,
            paths: paths.clone(),
            info: Source::new(paths.proc.join("cpuinfo")),
            previous: Vec::new(),
            physical: None,
        }
    }
}

/// Makes the values of the attribute `cpu`, all in the same memory.
#[derive(Default)]
struct Name(String);

impl Name {
    fn of(&mut self, cpu: u64) -> &str {
        self.0.clear();
        self.0.push_str("cpu");
        self.0.push_str(itoa::Buffer::new().format(cpu));
        &self.0
    }
}

/// The time of one logical CPU by state, in clock ticks since boot.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Times {
    pub(super) cpu: u32,
    pub(super) ticks: [u64; 8],
}

impl Times {
    /// The share of each state in the time since `earlier`; `None` when none has passed. Counters that ran
    /// backwards, as `idle` and `iowait` may, count as unchanged.
    pub(super) fn shares_since(&self, earlier: &Self) -> Option<[f64; 8]> {
        let mut spent = self.ticks;
        for (now, before) in spent.iter_mut().zip(earlier.ticks) {
            *now = now.saturating_sub(before);
        }
        let total: u64 = spent.iter().fold(0, |sum, ticks| sum.saturating_add(*ticks));
        (total > 0).then(|| spent.map(|ticks| ticks as f64 / total as f64))
    }
}

/// The logical CPUs in `stat` (their lines follow that of all together). Kernels before 2.6.11 do not count
/// `steal`.
pub(super) fn parse(stat: &[u8]) -> impl Iterator<Item = Times> {
    lines(stat)
        .skip_while(|line| !line.starts_with(b"cpu"))
        .take_while(|line| line.starts_with(b"cpu"))
        .filter_map(|line| {
            let mut words = words(line);
            let cpu = u32::try_from(number(words.next()?.strip_prefix(b"cpu")?)?).ok()?;
            let [a, b, c, d, e, f, g] = numbers(&mut words)?;
            let steal = words.next().and_then(number).unwrap_or(0);
            Some(Times { cpu, ticks: [a, b, c, d, e, f, g, steal] })
        })
}

/// How many logical CPUs `stat` names.
pub(super) fn logical_count(stat: &[u8]) -> usize {
    parse(stat).count()
}

/// The frequencies in `cpuinfo`, in Hz, with the number of the CPU.
pub(super) fn parse_frequencies(info: &[u8]) -> impl Iterator<Item = (u64, f64)> {
    let mut cpu = None;
    lines(info).filter_map(move |line| {
        let (key, value) = split_once(line, b':')?;
        match key.trim_ascii_end() {
            b"processor" => {
                cpu = number(value.trim_ascii());
                None
            }
            b"cpu MHz" => Some((cpu?, decimal(value.trim_ascii())? * 1e6)),
            _ => None,
        }
    })
}

/// How many different cores `cpuinfo` names, of all sockets together.
pub(super) fn parse_cores(info: &[u8]) -> usize {
    let (mut cores, mut socket) = (BTreeSet::new(), None);
    for line in lines(info) {
        let Some((key, value)) = split_once(line, b':') else { continue };
        match key.trim_ascii_end() {
            b"physical id" => socket = number(value.trim_ascii()),
            b"core id" => {
                cores.insert((socket, number(value.trim_ascii())));
            }
            _ => {}
        }
    }
    cores.len()
}

impl Cpu {
    /// How many cores the CPUs in `times` are, from the topology in `/sys`, or else from `cpuinfo`.
    fn physical_count(&mut self, times: &[Times]) -> io::Result<usize> {
        if let Some((logical, physical)) = self.physical
            && logical == times.len()
        {
            return Ok(physical);
        }
        let mut buffer = Vec::new();
        let mut cores = BTreeSet::new();
        for Times { cpu, .. } in times {
            let topology = self.paths.sys.join(format!("devices/system/cpu/cpu{cpu}/topology"));
            let siblings = ["core_cpus_list", "thread_siblings_list"]
                .iter()
                .find_map(|name| Some(read_file(&topology.join(name), &mut buffer).ok()?.to_vec()));
            cores.extend(siblings);
        }
        let physical = if cores.is_empty() { parse_cores(self.info.read()?) } else { cores.len() };
        if physical == 0 {
            return Err(io::Error::new(io::ErrorKind::NotFound, "neither /sys nor cpuinfo tells the cores"));
        }
        self.physical = Some((times.len(), physical));
        Ok(physical)
    }

    /// The frequency of each CPU in Hz, from `cpuinfo`, or else (ARM) from `/sys`.
    fn frequencies(&mut self, times: &[Times]) -> io::Result<Vec<(u64, f64)>> {
        let mut frequencies: Vec<(u64, f64)> = parse_frequencies(self.info.read()?).collect();
        if frequencies.is_empty() {
            let mut buffer = Vec::new();
            for Times { cpu, .. } in times {
                let file = format!("devices/system/cpu/cpu{cpu}/cpufreq/scaling_cur_freq");
                let kilohertz = number(read_file(&self.paths.sys.join(file), &mut buffer)?.trim_ascii_end());
                frequencies.extend(kilohertz.map(|value| (u64::from(*cpu), value as f64 * 1e3)));
            }
        }
        Ok(frequencies)
    }

    fn write(&self, times: &[Times], out: &mut Writer<'_, '_>) {
        let ticks_per_second = rustix::param::clock_ticks_per_second().max(1) as f64;
        out.metric(self.metrics.time(), |points| {
            let mut name = Name::default();
            for Times { cpu, ticks } in times {
                let cpu = name.of(u64::from(*cpu));
                for (state, ticks) in STATES.iter().zip(ticks) {
                    points.double(*ticks as f64 / ticks_per_second, &[("cpu", cpu), ("state", state)]);
                }
            }
        });
        out.metric(self.metrics.utilization(), |points| {
            let mut name = Name::default();
            for now in times {
                let earlier = self.previous.iter().find(|earlier| earlier.cpu == now.cpu);
                let Some(shares) = earlier.and_then(|earlier| now.shares_since(earlier)) else { continue };
                let cpu = name.of(u64::from(now.cpu));
                for (state, share) in STATES.iter().zip(shares) {
                    points.double(share, &[("cpu", cpu), ("state", state)]);
                }
            }
        });
        out.metric(self.metrics.logical_count(), |points| points.int(times.len() as u64, &[]));
    }
}

impl Scraper for Cpu {
    fn name(&self) -> &'static str {
        "cpu"
    }

    fn scrape(
        &mut self,
        round: &Round<'_>,
        report: &mut Report,
        request: &mut encode::Request<'_, encode::Metrics>,
    ) {
        let times: Vec<Times> = match round.stat {
            Ok(stat) => parse(stat).collect(),
            Err(error) => {
                let metrics = &self.metrics;
                let from_stat = [metrics.time(), metrics.utilization(), metrics.logical_count()];
                let lost = enabled(from_stat) + enabled([metrics.physical_count(), metrics.frequency()]);
                return report.failed(lost, "stat", error);
            }
        };
        let physical = self.metrics.physical_count().map(|metric| (metric, self.physical_count(&times)));
        let frequencies = self.metrics.frequency().map(|metric| (metric, self.frequencies(&times)));
        write_host(request, "edgewatch/host_metrics/cpu", round.window(), |out| {
            self.write(&times, out);
            match physical {
                Some((metric, Ok(count))) => {
                    out.metric(Some(metric), |points| points.int(count as u64, &[]));
                }
                Some((_, Err(error))) => report.failed(1, "the topology of the CPUs", error),
                None => {}
            }
            match frequencies {
                Some((metric, Ok(frequencies))) => out.metric(Some(metric), |points| {
                    let mut name = Name::default();
                    for (cpu, hertz) in frequencies {
                        points.double(hertz, &[("cpu", name.of(cpu))]);
                    }
                }),
                Some((_, Err(error))) => report.failed(1, "the frequency of the CPUs", error),
                None => {}
            }
        });
        if self.metrics.utilization().is_some() {
            self.previous = times;
        }
    }
}
