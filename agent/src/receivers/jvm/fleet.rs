//! All JVMs of the host: who is there, when to look at which, and what is known of them in a round.

use std::collections::HashMap;
use std::time::Instant;

use bytes::Bytes;
use edgewatch_core::telemetry::Telemetry;
use edgewatch_hotspot::collector::General;
use edgewatch_hotspot::counters::LayoutError;
use edgewatch_hotspot::find::{Obstacle, Process, ProcessId};
use edgewatch_hotspot::source::Missing;
use edgewatch_proto::encode;

use super::config::Config;
use super::encoding::{self, Known, Memory};
use super::metrics::Metrics;
use super::neighbours::{MOST_POOLS, Message, Neighbour, Newcomer};
use super::resource::Identity;
use super::series::AllSeries;
use super::subject::{Jvm, Looking, Moment, Reading};
use super::telemetry::{Census, Measured, Told};
use super::world::{HostCpu, World};

/// The JVMs of the host. All of it happens on the helper thread.
pub(super) struct Fleet {
    world: Box<dyn World>,
    neighbours: Vec<Box<dyn Neighbour>>,
    jvms: HashMap<ProcessId, Jvm>,
    max_jvms: usize,
    /// Whether there are JVMs for which there was no room.
    passed_over: usize,
    looking: Looking,
    metrics: Metrics,
    telemetry: Measured,
    told: Told,
    request: Vec<u8>,
}

impl Fleet {
    pub(super) fn new(
        world: Box<dyn World>,
        neighbours: Vec<Box<dyn Neighbour>>,
        config: &Config,
        receiver: &str,
        telemetry: &Telemetry,
    ) -> Self {
        Self {
            world,
            neighbours,
            jvms: HashMap::new(),
            max_jvms: config.max_jvms,
            passed_over: 0,
            looking: Looking {
                enabled: config.pauses.enabled,
                cause: config.pauses.cause,
                min: config.pauses.min_interval.get(),
                max: config.pauses.max_interval.get(),
            },
            metrics: config.metrics.clone(),
            telemetry: Measured::new(telemetry),
            told: Told::new(receiver),
            request: Vec::new(),
        }
    }

    /// Looks for JVMs that came, went, or can be read at last.
    pub(super) fn discover(&mut self, now: Moment) {
        let changes = self.world.look();
        for id in changes.gone {
            self.remove(id);
        }
        let mut came = changes.came;
        if self.passed_over > 0 {
            let jvms = &self.jvms;
            self.world.each_jvm(&mut |process| {
                let listed = came.iter().any(|listed| listed.id == process.id);
                if !listed && !jvms.contains_key(&process.id) {
                    came.push(process.clone());
                }
            });
        }
        self.retry(now);
        self.passed_over = 0;
        for process in came {
            self.remove(process.id);
            if self.jvms.len() < self.max_jvms {
                self.add(process, now);
            } else {
                self.passed_over += 1;
            }
        }
        self.telemetry.passed_over.set(self.passed_over as u64);
        if self.passed_over > 0 {
            self.told.passed_over(self.passed_over, self.max_jvms);
        }
        let mut hidden = 0;
        for obstacle in changes.obstacles {
            match obstacle {
                Obstacle::Hidden(id) => {
                    hidden += 1;
                    self.told.hidden(id.pid);
                }
                Obstacle::Unlisted(_) | Obstacle::Crowded(_) => self.told.obstacle(&obstacle),
            }
        }
        self.telemetry.hidden.set(hidden);
        self.count();
    }

    /// Looks at the collections of the JVMs that are due; returns when the next one is.
    pub(super) fn look(&mut self, now: Moment) -> Option<Instant> {
        if !self.looking.enabled {
            return None;
        }
        let mut wants_lines = false;
        for jvm in self.jvms.values_mut().filter(|jvm| jvm.counters.is_ok() && jvm.due <= now.instant) {
            match jvm.look(&self.looking, now) {
                Some(shown) => {
                    wants_lines |= shown.wants_lines;
                    self.telemetry.exact.add(usize::try_from(shown.exact).unwrap_or(0));
                    self.telemetry.averaged.add(usize::try_from(shown.averaged).unwrap_or(0));
                }
                None => tell(&mut self.told, jvm),
            }
        }
        if wants_lines {
            self.neighbours.iter_mut().for_each(|neighbour| neighbour.wanted());
        }
        self.jvms.values().filter(|jvm| jvm.counters.is_ok()).map(|jvm| jvm.due).min()
    }

    /// Takes what a neighbour has found out.
    pub(super) fn take(&mut self, message: Message, now: Moment) {
        let observed = self.looking.enabled;
        match message {
            Message::Tailing(..) | Message::Logged(..) if !observed => {}
            Message::Stop => {}
            Message::Pools(id, mut pools) => {
                if let Some(jvm) = self.jvms.get_mut(&id) {
                    pools.truncate(MOST_POOLS);
                    jvm.pools = pools;
                }
            }
            Message::Tailing(id, tailed) => {
                if let Some(jvm) = self.jvms.get_mut(&id) {
                    jvm.tailing(tailed, &self.looking, now);
                }
            }
            Message::Logged(id, pauses) => {
                if let Some(jvm) = self.jvms.get_mut(&id) {
                    self.telemetry.lost.add(jvm.logged(pauses, &self.looking, now));
                }
            }
        }
    }

    /// One round: the encoded request and the number of its data points.
    pub(super) fn round(&mut self, now: Moment) -> (Bytes, usize) {
        // What has ended until now belongs to this round.
        self.jvms.values_mut().for_each(|jvm| jvm.due = jvm.due.min(now.instant));
        self.look(now);
        let wants_host = self.metrics.system_load().or(self.metrics.system_utilization()).is_some();
        let host = if wants_host { self.world.host_cpu() } else { HostCpu::default() };
        let mut request = std::mem::take(&mut self.request);
        request.clear();
        let mut ended = Vec::new();
        let points = encode::metrics(&mut request, |request| {
            for (id, jvm) in &mut self.jvms {
                let Some(facts) = self.world.facts(&jvm.process, jvm.identity.cpus) else {
                    // Its file may still be there, and would be told as if it lived.
                    ended.push(*id);
                    continue;
                };
                let before = facts.cpu.and_then(|cpu| jvm.cpu_before.replace((now.instant, cpu)));
                let utilization = facts.cpu.zip(before).zip(facts.cpus).and_then(|((cpu, before), cpus)| {
                    let (at, cpu_before) = before;
                    let possible = now.instant.duration_since(at).as_secs_f64() * f64::from(cpus);
                    let used = cpu.checked_sub(cpu_before)?.as_secs_f64();
                    (possible > 0.0).then(|| (used / possible).clamp(0.0, 1.0))
                });
                let mut counters = std::mem::replace(&mut jvm.counters, Err(Missing::NotShared));
                let mut general = General::default();
                let mut memory: Vec<Memory<'_>> = Vec::new();
                let mut failed = None;
                match counters.as_mut().map(Reading::read) {
                    Ok(Ok((plan, after, block))) => {
                        general = plan.general(block);
                        encoding::counted_pools(plan, after, block, &mut memory);
                    }
                    Ok(Err(missing)) => failed = Some(missing),
                    Err(_) => {}
                }
                encoding::live_pools(&jvm.pools, &mut memory);
                if failed.is_some() || counters.is_err() {
                    self.telemetry.points.errored.add(1);
                }
                let known = Known { now, facts, utilization, host, general, memory: &memory };
                encoding::write(request, &self.metrics, jvm, &known);
                drop(memory);
                jvm.counters = match failed {
                    Some(missing) => Err(missing),
                    None => counters,
                };
            }
        });
        let encoded = Bytes::copy_from_slice(&request);
        self.request = request;
        for id in ended {
            self.remove(id);
        }
        self.telemetry.points.scraped.add(points);
        self.count();
        (encoded, points)
    }

    fn add(&mut self, process: Process, now: Moment) {
        let mut counters = self.open(&process);
        let Some(identity) = self.introduce(&process, &mut counters) else { return };
        let jvm = Jvm {
            identity,
            counters,
            series: AllSeries::default(),
            observed: Vec::new(),
            pools: Vec::new(),
            cpu_before: None,
            tailed: None,
            due: now.instant,
            process,
        };
        tell(&mut self.told, &jvm);
        self.jvms.insert(jvm.process.id, jvm);
    }

    fn open(&mut self, process: &Process) -> Result<Reading, Missing> {
        self.world.open(process).and_then(|source| Reading::new(source, &self.looking))
    }

    /// Finds out who it is and tells the neighbours; `None` when it is not of interest.
    fn introduce(&mut self, process: &Process, counters: &mut Result<Reading, Missing>) -> Option<Identity> {
        let mut named = None;
        let (mut collector, mut feature) = (None, None);
        if let Ok(reading) = counters {
            (collector, feature) = (reading.plan.collector(), reading.plan.feature());
            named = reading.named().ok();
        }
        let counters = named.as_ref().map(|(layout, block)| (layout, *block));
        let identity = self.world.describe(process, counters)?;
        let newcomer = Newcomer { process, name: &identity.name, counters, collector, feature };
        for neighbour in &mut self.neighbours {
            neighbour.came(&newcomer);
        }
        Some(identity)
    }

    fn remove(&mut self, id: ProcessId) {
        if self.jvms.remove(&id).is_some() {
            for neighbour in &mut self.neighbours {
                neighbour.gone(id);
            }
        }
    }

    /// Tries again what may have been a matter of time.
    fn retry(&mut self, now: Moment) {
        let again = |missing: &Missing| match missing {
            // A JVM that was just starting had no counters in its memory yet.
            Missing::Layout(LayoutError::Unfinished)
            | Missing::Denied { .. }
            | Missing::Io { .. }
            | Missing::None => true,
            Missing::Layout(_) | Missing::NotShared | Missing::Foreign(_) => false,
        };
        let ids: Vec<ProcessId> = self
            .jvms
            .iter()
            .filter(|(_, jvm)| jvm.counters.as_ref().is_err_and(again))
            .map(|(id, _)| *id)
            .collect();
        for id in ids {
            let Some(mut jvm) = self.jvms.remove(&id) else { continue };
            jvm.counters = self.open(&jvm.process);
            if jvm.counters.is_ok() {
                jvm.due = now.instant;
                let Some(identity) = self.introduce(&jvm.process, &mut jvm.counters) else {
                    self.neighbours.iter_mut().for_each(|neighbour| neighbour.gone(id));
                    continue;
                };
                jvm.identity = identity;
            }
            self.jvms.insert(id, jvm);
        }
    }

    fn count(&self) {
        let mut census = Census::default();
        for jvm in self.jvms.values() {
            census.add(jvm.counters.as_ref().map(|reading| reading.source.way()));
        }
        self.telemetry.show(&census);
    }
}

/// Tells why the counters of `jvm` cannot be read, if so.
fn tell(told: &mut Told, jvm: &Jvm) {
    match &jvm.counters {
        // It is starting.
        Ok(_) | Err(Missing::Layout(LayoutError::Unfinished)) => {}
        Err(missing) => told.missing(&jvm.process, missing),
    }
}
