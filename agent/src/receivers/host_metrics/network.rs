//! The scraper `network`: traffic by interface, TCP connections by state, the connection tracking table.

use std::borrow::Cow;
use std::io;
use std::path::PathBuf;

use edgewatch_core::config::ConfigError;
use edgewatch_proto::encode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::connections::{STATES, Sockets};
use super::scraping::{Round, Scraper};
use crate::measuring::filter::{Filter, Interfaces, Selection as _};
use crate::measuring::metric::{Writer, enabled, metrics, write_host};
use crate::measuring::report::Report;
use edgewatch_core::kernel::{Paths, Source, read_file};
use edgewatch_core::kernel::{lines, number, numbers, rsplit_once, text, words};

metrics! {
    /// Metrics of the scraper `network`.
    Metrics {
        connections: "system.network.connections", "{connections}", UpDownCounter, On,
            "The number of connections.";
        conntrack_count: "system.network.conntrack.count", "{entries}", UpDownCounter, Off,
            "The count of entries in conntrack table.";
        conntrack_max: "system.network.conntrack.max", "{entries}", UpDownCounter, Off,
            "The limit for entries in the conntrack table.";
        dropped: "system.network.dropped", "{packets}", Counter, On, "The number of packets dropped.";
        errors: "system.network.errors", "{errors}", Counter, On, "The number of errors encountered.";
        io: "system.network.io", "By", Counter, On, "The number of bytes transmitted and received.";
        packets: "system.network.packets", "{packets}", Counter, On,
            "The number of packets transferred.";
    }
}

/// Settings of the scraper `network`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Config {
    /// Only these interfaces. Default: all.
    pub(super) include: Interfaces,
    /// Not these interfaces. Default: none.
    pub(super) exclude: Interfaces,
    /// Which metrics are collected.
    pub(super) metrics: Metrics,
}

impl Config {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        ConfigError::all([
            self.include.validate().map_err(|error| error.under("include")),
            self.exclude.validate().map_err(|error| error.under("exclude")),
        ])
    }
}

/// Reads `net/dev`, the tables of sockets and the numbers of connection tracking.
pub(super) struct Network {
    metrics: Metrics,
    filter: Filter,
    interfaces: Source,
    sockets: Sockets,
    conntrack: PathBuf,
    buffer: Vec<u8>,
}

impl Network {
    pub(super) fn new(config: Config, paths: &Paths) -> Result<Self, ConfigError> {
        let net = paths.net();
        Ok(Self {
            filter: Filter::new(&config.include, &config.exclude)?,
            metrics: config.metrics,
            interfaces: Source::new(net.join("dev")),
            sockets: Sockets::new(&net),
            conntrack: paths.proc.join("sys/net/netfilter"),
            buffer: Vec::new(),
        })
    }
}

/// What went through an interface in one direction.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Traffic {
    pub(super) bytes: u64,
    pub(super) packets: u64,
    pub(super) errors: u64,
    pub(super) dropped: u64,
}

/// One line of `net/dev`.
#[derive(Debug, PartialEq)]
pub(super) struct Interface<'a> {
    pub(super) device: Cow<'a, str>,
    pub(super) received: Traffic,
    pub(super) transmitted: Traffic,
}

/// The interfaces in `net/dev` that `filter` admits. Old kernels put no space behind the colon, and the names
/// of aliases have a colon themselves.
pub(super) fn parse_interfaces<'a>(
    file: &'a [u8],
    filter: &'a Filter,
) -> impl Iterator<Item = Interface<'a>> {
    lines(file).filter_map(|line| {
        let (device, columns) = rsplit_once(line, b':')?;
        let device = device.trim_ascii();
        let mut columns = words(columns);
        let [bytes, packets, errors, dropped, _, _, _, _] = numbers(&mut columns)?;
        let received = Traffic { bytes, packets, errors, dropped };
        let [bytes, packets, errors, dropped] = numbers(&mut columns)?;
        let transmitted = Traffic { bytes, packets, errors, dropped };
        filter.admits(device).then(|| Interface { device: text(device), received, transmitted })
    })
}

impl Network {
    fn conntrack(&mut self, file: &str) -> io::Result<u64> {
        let path = self.conntrack.join(file);
        let text = read_file(&path, &mut self.buffer)?;
        number(text.trim_ascii()).ok_or_else(|| io::Error::other("not a number"))
    }
}

fn write_traffic(metrics: &Metrics, interfaces: &[Interface<'_>], out: &mut Writer<'_, '_>) {
    let columns = [
        (metrics.dropped(), (|traffic| traffic.dropped) as fn(Traffic) -> u64),
        (metrics.errors(), |traffic| traffic.errors),
        (metrics.io(), |traffic| traffic.bytes),
        (metrics.packets(), |traffic| traffic.packets),
    ];
    for (metric, value) in columns {
        out.metric(metric, |points| {
            for Interface { device, received, transmitted } in interfaces {
                for (direction, traffic) in [("transmit", transmitted), ("receive", received)] {
                    points.int(value(*traffic), &[("device", device), ("direction", direction)]);
                }
            }
        });
    }
}

impl Scraper for Network {
    fn name(&self) -> &'static str {
        "network"
    }

    fn scrape(
        &mut self,
        round: &Round<'_>,
        report: &mut Report,
        request: &mut encode::Request<'_, encode::Metrics>,
    ) {
        let connections = self.metrics.connections().map(|metric| (metric, self.sockets.count()));
        let tracked = [
            (self.metrics.conntrack_count(), "nf_conntrack_count"),
            (self.metrics.conntrack_max(), "nf_conntrack_max"),
        ]
        .map(|(metric, file)| metric.map(|metric| (metric, file, self.conntrack(file))));
        let metrics = &self.metrics;
        let interfaces: Vec<Interface<'_>> = match self.interfaces.read() {
            Ok(file) => parse_interfaces(file, &self.filter).collect(),
            Err(error) => {
                let lost = enabled([metrics.dropped(), metrics.errors(), metrics.io(), metrics.packets()]);
                report.failed(lost, "net/dev", error);
                Vec::new()
            }
        };
        write_host(request, "edgewatch/host_metrics/network", round.window(), |out| {
            write_traffic(metrics, &interfaces, out);
            match connections {
                Some((metric, Ok(counts))) => out.metric(Some(metric), |points| {
                    for (state, count) in STATES.iter().zip(counts) {
                        points.int(count, &[("protocol", "tcp"), ("state", state)]);
                    }
                }),
                Some((_, Err(error))) => report.failed(1, "net/tcp", error),
                None => {}
            }
            for (metric, file, value) in tracked.into_iter().flatten() {
                match value {
                    Ok(value) => out.metric(Some(metric), |points| points.int(value, &[])),
                    Err(error) => report.failed(1, file, error),
                }
            }
        });
    }
}
