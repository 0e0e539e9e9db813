//! One round: every scraper once, into one request.

use std::io;
use std::time::{Duration, Instant};

use bytes::Bytes;
use edgewatch_core::config::ConfigError;
use edgewatch_core::telemetry::Telemetry;
use edgewatch_proto::encode;

use super::config::Scrapers;
use super::cpu::Cpu;
use super::disk::Disk;
use super::filesystem::FileSystem;
use super::load::Load;
use super::memory::Memory;
use super::network::Network;
use super::paging::Paging;
use super::process::{Process, Table};
use super::processes::Processes;
use super::system::System;
use crate::measuring::metric::Window;
use crate::measuring::report::Report;
use crate::measuring::telemetry::Scraped;
use edgewatch_core::kernel::pairs;
use edgewatch_core::kernel::{Paths, Source};

/// Reads some of the kernel's files and writes what they say as metrics.
pub(super) trait Scraper: Send {
    /// Its key in `scrapers`.
    fn name(&self) -> &'static str;

    /// Appends its metrics to `request`, and tells `report` of those that it cannot give.
    fn scrape(
        &mut self,
        round: &Round<'_>,
        report: &mut Report,
        request: &mut encode::Request<'_, encode::Metrics>,
    );
}

/// What the scrapers of a round share.
pub(super) struct Round<'a> {
    /// Nanoseconds since 1970.
    pub(super) now: u64,
    /// The same moment, for differences.
    pub(super) instant: Instant,
    /// When the host started, in nanoseconds since 1970.
    pub(super) boot: u64,
    /// The file `stat`.
    pub(super) stat: Result<&'a [u8], &'a io::Error>,
    /// The processes, when a scraper needs them.
    pub(super) processes: &'a Table,
}

impl Round<'_> {
    /// The times of points about the host.
    pub(super) const fn window(&self) -> Window {
        Window { start: self.boot, now: self.now }
    }
}

/// The scrapers of a receiver and what they share from round to round.
pub(super) struct Scraping {
    scrapers: Vec<(Box<dyn Scraper>, Scraped)>,
    stat: Source,
    /// When the host started. Read once: the kernel computes it from its clock, and start times must not
    /// move.
    boot: Option<u64>,
    processes: Table,
    needs_processes: bool,
    timeout: Duration,
    report: Report,
    request: Vec<u8>,
}

impl Scraping {
    /// Makes the scrapers that are named.
    pub(super) fn new(
        config: Scrapers,
        timeout: Duration,
        paths: &Paths,
        receiver: &str,
        telemetry: &Telemetry,
    ) -> Result<Self, ConfigError> {
        let needs_processes =
            config.process.is_some() || config.processes.as_ref().is_some_and(|config| config.needs_table());
        let Scrapers { cpu, disk, filesystem, load, memory, network, paging, process, processes, system } =
            config;
        let mut scrapers: Vec<Box<dyn Scraper>> = Vec::new();
        let mut add = |scraper: Option<Box<dyn Scraper>>| scrapers.extend(scraper);
        add(cpu.map(|config| Box::new(Cpu::new(config, paths)) as _));
        add(disk.map(|config| Disk::new(config, paths)).transpose()?.map(|disk| Box::new(disk) as _));
        let filesystem = filesystem.map(|config| FileSystem::new(config, paths)).transpose()?;
        add(filesystem.map(|filesystem| Box::new(filesystem) as _));
        add(load.map(|config| Box::new(Load::new(config, paths)) as _));
        add(memory.map(|config| Box::new(Memory::new(config, paths)) as _));
        add(network
            .map(|config| Network::new(config, paths))
            .transpose()?
            .map(|network| Box::new(network) as _));
        add(paging.map(|config| Box::new(Paging::new(config, paths)) as _));
        add(process
            .map(|config| Process::new(config, paths))
            .transpose()?
            .map(|process| Box::new(process) as _));
        add(processes.map(|config| Box::new(Processes::new(config)) as _));
        add(system.map(|config| Box::new(System::new(config, paths)) as _));
        Ok(Self::of(scrapers, needs_processes, timeout, paths, receiver, telemetry))
    }

    /// A round of these scrapers.
    pub(super) fn of(
        scrapers: Vec<Box<dyn Scraper>>,
        needs_processes: bool,
        timeout: Duration,
        paths: &Paths,
        receiver: &str,
        telemetry: &Telemetry,
    ) -> Self {
        let count = |scraper: Box<dyn Scraper>| {
            let numbers = Scraped::new(telemetry, scraper.name());
            (scraper, numbers)
        };
        Self {
            scrapers: scrapers.into_iter().map(count).collect(),
            stat: Source::new(paths.proc.join("stat")),
            boot: None,
            processes: Table::new(paths.proc.clone()),
            needs_processes,
            timeout,
            report: Report::new(receiver),
            request: Vec::new(),
        }
    }

    /// Runs every scraper once. Returns the encoded request and the number of its data points.
    ///
    /// `now` is the moment in nanoseconds since 1970, `instant` the same moment.
    pub(super) fn round(&mut self, now: u64, instant: Instant) -> (Bytes, usize) {
        let stat = self.stat.read();
        if let Ok(stat) = &stat {
            self.boot = self.boot.or_else(|| boot_time(stat));
        }
        if self.needs_processes {
            self.processes.refresh();
        }
        let round = Round {
            now,
            instant,
            boot: self.boot.unwrap_or(0),
            stat: stat.as_ref().map(|stat| *stat),
            processes: &self.processes,
        };
        self.request.clear();
        let mut points = 0;
        for (scraper, numbers) in &mut self.scrapers {
            self.report.begin(scraper.name());
            if !self.timeout.is_zero() && instant.elapsed() >= self.timeout {
                self.report.failed(1, "the whole scraper", "the timeout has passed");
            } else {
                let scraped = encode::metrics(&mut self.request, |request| {
                    scraper.scrape(&round, &mut self.report, request)
                });
                numbers.scraped.add(scraped);
                points += scraped;
            }
            numbers.errored.add(self.report.errored());
        }
        (Bytes::copy_from_slice(&self.request), points)
    }

    /// What could not be read so far.
    #[cfg(test)]
    pub(super) fn report(&self) -> &Report {
        &self.report
    }
}

/// When the host started, in nanoseconds since 1970.
fn boot_time(stat: &[u8]) -> Option<u64> {
    let (_, seconds) = pairs(stat).find(|(key, _)| *key == b"btime")?;
    seconds.checked_mul(1_000_000_000)
}
