//! An agent that watches JVMs.

use std::time::{Instant, SystemTime};

use anyhow::Context as _;

use super::running::Jvm;
use crate::forwarder::{Builder, Forwarder};
use crate::points::{Attributes, Point, points};
use crate::sink::{Receipts, Sink};

/// An agent with the receiver `jvm` in front of a sink.
#[derive(Debug)]
pub struct Watch {
    /// What arrives.
    pub sink: Sink,
    /// The agent.
    pub agent: Forwarder,
}

impl Watch {
    /// How to start an agent that looks every half second at JVMs whose names match, with `more` settings of the receiver in YAML.
    ///
    /// # Errors
    /// When no port is free.
    pub fn builder(sink: &Sink, names: &str, more: &str) -> anyhow::Result<Builder> {
        Ok(Forwarder::to(sink)?.with(&format!(
            "{{receivers: {{jvm: {{collection_interval: 500ms, initial_delay: 0s, discovery_interval: 500ms,
            include: {{names: ['{names}']}}, {more}}}}},
            service: {{pipelines: {{metrics: {{receivers: [jvm]}}}}}}}}"
        )))
    }

    /// Starts it.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start(names: &str, more: &str) -> anyhow::Result<Self> {
        let sink = Sink::start().await?;
        let agent = Self::builder(&sink, names, more)?.start().await?;
        Ok(Self { sink, agent })
    }

    /// What is known about `jvm` from now on: waits for two rounds, so that the second has begun after this call.
    ///
    /// # Errors
    /// When nothing arrives in time; the error says what did and what the agent wrote.
    pub async fn reading(&self, jvm: &Jvm) -> anyhow::Result<Reading> {
        let (now, begun) = (SystemTime::now(), Instant::now());
        let pid = jvm.pid().to_string();
        let rounds = |receipts: &Receipts| {
            let mut times: Vec<_> =
                since(&receipts.since(begun), &pid, now).iter().map(|point| point.at).collect();
            times.sort();
            times.dedup();
            times.len()
        };
        let arrived = self.sink.wait_until(|receipts| rounds(receipts) >= 2).await;
        let arrived = arrived.with_context(|| {
            format!("nothing about {} ({pid}); the agent wrote:\n{}", jvm.name(), self.agent.agent.stderr())
        })?;
        let points = since(&arrived.since(begun), &pid, now);
        let latest = points.iter().map(|point| point.at).max().context("there are points")?;
        Ok(Reading { points: points.into_iter().filter(|point| point.at == latest).collect() })
    }

    /// Whether anything has ever arrived about this process.
    ///
    /// # Errors
    /// When what arrived cannot be decoded.
    pub fn knows(&self, pid: u32) -> anyhow::Result<bool> {
        let pid = pid.to_string();
        let all = points(&self.sink.receipts())?;
        Ok(all.iter().any(|point| point.resource.get(PID) == Some(&pid)))
    }
}

const PID: &str = "process.pid";

fn since(receipts: &Receipts, pid: &String, since: SystemTime) -> Vec<Point> {
    let mut points = points(receipts).unwrap_or_default();
    points.retain(|point| point.at > since && point.resource.get(PID) == Some(pid));
    points
}

/// What one round brought about one JVM.
#[derive(Clone, Debug)]
pub struct Reading {
    /// All its points.
    pub points: Vec<Point>,
}

impl Reading {
    /// The attributes of the resource.
    ///
    #[must_use]
    pub fn resource(&self) -> Attributes {
        self.points.first().map(|point| point.resource.clone()).unwrap_or_default()
    }

    /// The point of `metric` that has these attributes, among others.
    #[must_use]
    pub fn point(&self, metric: &str, attributes: &[(&str, &str)]) -> Option<&Point> {
        self.points.iter().find(|point| point.is(metric, attributes))
    }

    /// Its value.
    #[must_use]
    pub fn value(&self, metric: &str, attributes: &[(&str, &str)]) -> Option<f64> {
        Some(self.point(metric, attributes)?.value)
    }

    /// The pauses of one collector so far.
    #[must_use]
    pub fn pauses(&self, collector: &str) -> u64 {
        let of = |point: &&Point| point.is("jvm.gc.duration", &[("jvm.gc.name", collector)]);
        self.points.iter().filter(of).filter_map(|point| point.count).sum()
    }

    /// The names of all metrics, sorted.
    #[must_use]
    pub fn metrics(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.points.iter().map(|point| point.metric.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}
