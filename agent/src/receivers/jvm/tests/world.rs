//! A host of recorded JVMs, moved by hand.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use edgewatch_core::telemetry::{Registry, Telemetry};
use edgewatch_hotspot::counters::Layout;
use edgewatch_hotspot::find::{Changes, Obstacle, Process, ProcessId};
use edgewatch_hotspot::process::{Cpus, Facts};
use edgewatch_hotspot::source::{Missing, Way};

use crate::receivers::jvm::config::Config;
use crate::receivers::jvm::fleet::Fleet;
use crate::receivers::jvm::neighbours::Neighbour;
use crate::receivers::jvm::resource::Identity;
use crate::receivers::jvm::subject::Moment;
use crate::receivers::jvm::world::{Counters, HostCpu, World};

/// When the tests happen, in nanoseconds since 1970; after the recorded JVMs were started.
pub(super) const NOW: u64 = 1_800_000_000_000_000_000;

/// What the host is like; shared between a test and the fleet.
#[derive(Default)]
pub(super) struct State {
    pub(super) blocks: HashMap<u32, Vec<u8>>,
    pub(super) dead: Vec<u32>,
    pub(super) excluded: Vec<u32>,
    pub(super) changes: Changes,
    pub(super) present: Vec<Process>,
    pub(super) cpu: Duration,
}

/// The host of a test.
#[derive(Clone, Default)]
pub(super) struct Recorded(Arc<Mutex<State>>);

impl Recorded {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("not poisoned")
    }

    /// A JVM comes, with a recorded block or none.
    pub(super) fn comes(&self, pid: u32, name: Option<&str>) -> ProcessId {
        let mut state = self.state();
        if let Some(name) = name {
            state.blocks.insert(pid, block(name));
        }
        let process = process(pid);
        state.changes.came.push(process.clone());
        state.present.push(process.clone());
        process.id
    }

    pub(super) fn goes(&self, pid: u32) {
        let mut state = self.state();
        state.changes.gone.push(process(pid).id);
        state.present.retain(|process| process.id.pid != pid);
    }

    pub(super) fn hides(&self, pid: u32) {
        self.state().changes.obstacles.push(Obstacle::Hidden(process(pid).id));
    }

    /// Replaces the block of a JVM by another recorded one.
    pub(super) fn becomes(&self, pid: u32, name: &str) {
        self.state().blocks.insert(pid, block(name));
    }

    /// Sets a counter.
    pub(super) fn set(&self, pid: u32, counter: &str, value: u64) {
        let mut state = self.state();
        let block = state.blocks.get_mut(&pid).expect("a block");
        let layout = Layout::parse(block).expect("a layout");
        let before = layout.number(block, counter).expect("the counter");
        // Found by writing to each place that holds the value, until it is the one.
        let places: Vec<usize> = (0..block.len() - 7)
            .step_by(8)
            .filter(|at| block[*at..*at + 8] == before.to_le_bytes())
            .collect();
        let place = places.into_iter().find(|at| {
            let mut tried = block.clone();
            tried[*at..*at + 8].copy_from_slice(&(!before).to_le_bytes());
            layout.number(&tried, counter) == Some(!before)
        });
        let place = place.expect("its place");
        block[place..place + 8].copy_from_slice(&value.to_le_bytes());
    }

    /// The value of a counter.
    pub(super) fn get(&self, pid: u32, counter: &str) -> u64 {
        let state = self.state();
        let block = &state.blocks[&pid];
        let layout = Layout::parse(block).expect("a layout");
        layout.number(block, counter).expect("the counter").cast_unsigned()
    }

    /// A collection of kind `collector` happens.
    pub(super) fn collects(&self, pid: u32, collector: u8, nanoseconds: u64) {
        let name = |what: &str| format!("sun.gc.collector.{collector}.{what}");
        let exit = self.get(pid, &name("lastExitTime"));
        self.set(pid, &name("invocations"), self.get(pid, &name("invocations")) + 1);
        self.set(pid, &name("lastEntryTime"), exit + 1_000_000);
        self.set(pid, &name("lastExitTime"), exit + 1_000_000 + nanoseconds);
        self.set(pid, &name("time"), self.get(pid, &name("time")) + nanoseconds);
    }

    /// A fleet on this host.
    pub(super) fn fleet(&self, json: &str, neighbours: Vec<Box<dyn Neighbour>>) -> (Fleet, Registry) {
        let config: Config = serde_json::from_str(json).expect("a valid configuration");
        let registry = Registry::default();
        let telemetry = Telemetry::new(registry.clone());
        (Fleet::new(Box::new(self.clone()), neighbours, &config, "jvm", &telemetry), registry)
    }
}

impl World for Recorded {
    fn look(&mut self) -> Changes {
        std::mem::take(&mut self.state().changes)
    }

    fn each_jvm(&self, visit: &mut dyn FnMut(&Process)) {
        self.state().present.iter().for_each(visit);
    }

    fn open(&mut self, process: &Process) -> Result<Box<dyn Counters>, Missing> {
        if !self.state().blocks.contains_key(&process.id.pid) {
            return Err(Missing::NotShared);
        }
        Ok(Box::new(Opened { world: self.clone(), pid: process.id.pid, buffer: Vec::new() }))
    }

    fn describe(&mut self, process: &Process, _: Option<(&Layout, &[u8])>) -> Option<Identity> {
        let pid = process.id.pid;
        (!self.state().excluded.contains(&pid)).then(|| Identity::named(format!("jvm-{pid}")))
    }

    fn facts(&mut self, process: &Process, _: Cpus) -> Option<Facts> {
        let state = self.state();
        (!state.dead.contains(&process.id.pid)).then(|| Facts {
            cpu: Some(state.cpu),
            descriptors: Some(7),
            descriptor_limit: Some(1024),
            cpus: Some(2),
            started_unix_ns: Some(NOW - 60_000_000_000),
            resident: Some(1 << 20),
        })
    }

    fn host_cpu(&mut self) -> HostCpu {
        HostCpu { load_1m: Some(0.5), utilization: Some(0.25) }
    }
}

struct Opened {
    world: Recorded,
    pid: u32,
    buffer: Vec<u8>,
}

impl Counters for Opened {
    fn read(&mut self) -> io::Result<&[u8]> {
        let state = self.world.state();
        let block = state.blocks.get(&self.pid).ok_or(io::ErrorKind::UnexpectedEof)?;
        self.buffer.clone_from(block);
        Ok(&self.buffer)
    }

    fn peek(&mut self, from: usize, part: &mut [u8]) -> io::Result<()> {
        let state = self.world.state();
        let block = state.blocks.get(&self.pid).ok_or(io::ErrorKind::UnexpectedEof)?;
        part.copy_from_slice(block.get(from..from + part.len()).ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn way(&self) -> Way {
        Way::File
    }
}

/// A moment of the test, so long after its beginning.
pub(super) fn at(begin: Instant, after: Duration) -> Moment {
    let nanoseconds = u64::try_from(after.as_nanos()).expect("a short test");
    Moment { instant: begin + after, unix: NOW + nanoseconds }
}

pub(super) fn process(pid: u32) -> Process {
    Process {
        id: ProcessId { pid, start: 1 },
        ns_pid: pid,
        uid: 0,
        gid: 0,
        root: format!("/proc/{pid}/root").into(),
        container: None,
        shared: None,
    }
}

fn block(name: &str) -> Vec<u8> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../hotspot/testdata");
    std::fs::read(directory.join(format!("{name}.block"))).expect("a recorded block")
}
