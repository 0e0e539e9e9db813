//! Disks and the file systems on them.

use super::host::Minute;
use super::noise::Noise;
use super::sheet::Sheet;
use super::work::{DAY, GB, MB};

const BLOCK: f64 = 4096.0;

/// A disk with one file system.
#[derive(Clone)]
struct Disk {
    device: &'static str,
    mount: &'static str,
    size: f64,
    used: f64,
    inodes: f64,
    /// Share of the host's reads and writes.
    share: f64,
    /// Share of what is written that stays, until the night or for good.
    logs: f64,
    keeps: f64,
    logged: f64,
    bytes_each: f64,
    seconds_each: f64,
    /// The kernel writes back when this many bytes wait.
    dirty: f64,
    flush: f64,
}

#[derive(Clone)]
pub(super) struct Disks(Vec<Disk>);

impl Disks {
    pub(super) fn new(noise: &mut Noise) -> Self {
        Self(vec![
            disk(("vda", "/"), noise.magnitude(20.0, 100.0) * GB, 0.4, 0.05, noise),
            disk(("vdb", "/var/lib/data"), noise.magnitude(50.0, 1000.0) * GB, 0.6, 0.005, noise),
            disk(("vda15", "/boot"), 0.5 * GB, 0.0, 0.0, noise),
        ])
    }

    /// Bytes of the data disk.
    pub(super) fn data(&self) -> f64 {
        self.0.get(1).map_or(0.0, |disk| disk.size)
    }

    /// Gives the share of a processor that waits for disks.
    pub(super) fn minute(&mut self, now: &Minute, noise: &mut Noise, sheet: &mut Sheet) -> f64 {
        self.0.iter_mut().map(|disk| disk.minute(now, noise, sheet)).sum()
    }
}

fn disk(
    (device, mount): (&'static str, &'static str),
    size: f64,
    share: f64,
    logs: f64,
    noise: &mut Noise,
) -> Disk {
    Disk {
        device,
        mount,
        size,
        used: size * noise.between(0.2, 0.6),
        inodes: (size / 1e5 * noise.between(0.5, 1.0)).round(),
        share,
        logs,
        keeps: 0.3 * logs,
        logged: 0.0,
        bytes_each: noise.magnitude(8e3, 1e5),
        seconds_each: noise.magnitude(1e-4, 5e-3),
        dirty: 0.0,
        flush: noise.magnitude(5.0, 200.0) * MB,
    }
}

impl Disk {
    fn minute(&mut self, now: &Minute, noise: &mut Noise, sheet: &mut Sheet) -> f64 {
        let (demand, effects) = (now.demand, now.effects);
        let filling = if self.device == "vdb" { effects.filling } else { 0.0 };
        let filled = if self.device == "vdb" { effects.filled } else { 0.0 };
        let missed = noise.pareto(1.6).min(200.0);
        let read = self.share * demand.read * (0.3 + 0.1 * missed);
        let rough = (0.2 * noise.normal()).exp();
        let asked = self.share * (demand.write - effects.filling) * rough;
        self.dirty += 60.0 * asked;
        // Half of it goes out at once; the rest waits until there is much of it or chance has it.
        let flushed =
            if self.dirty > self.flush || noise.happens(0.3) { self.dirty } else { 0.5 * self.dirty };
        self.dirty -= flushed;
        let write = flushed / 60.0 + filling;
        let slow = self.seconds_each * (0.3 * noise.normal()).exp();
        let mut busy = 0.0;
        for (direction, bytes, merged) in [("read", read, 0.05), ("write", write, 0.4)] {
            let operations = noise.poisson(60.0 * bytes / self.bytes_each) / 60.0;
            let at = [self.device, direction];
            sheet.counter("system.disk.io", at, (bytes * 60.0 / BLOCK).round() * BLOCK / 60.0);
            sheet.counter("system.disk.operations", at, operations);
            sheet.counter("system.disk.merged", at, noise.poisson(60.0 * operations * merged) / 60.0);
            sheet.counter("system.disk.operation_time", at, operations * slow);
            busy += operations * slow;
        }
        sheet.counter("system.disk.io_time", [self.device, ""], (0.7 * busy).min(1.0));
        sheet.counter("system.disk.weighted_io_time", [self.device, ""], busy);
        sheet.gauge("system.disk.pending_operations", [self.device, ""], noise.poisson(busy));
        self.files(now.minute, asked, filled, noise, sheet);
        0.5 * busy.min(1.0)
    }

    fn files(&mut self, minute: u32, asked: f64, filled: f64, noise: &mut Noise, sheet: &mut Sheet) {
        self.logged += 60.0 * asked * self.logs;
        self.used += 60.0 * asked * self.keeps * 0.01;
        if minute % DAY == 5 {
            // A week of logs, compressed.
            self.used += 0.02 * self.logged;
            self.logged *= 0.1;
        }
        if noise.happens(0.002) {
            self.inodes += noise.between(0.0, 20.0).round();
        }
        let open = if self.share > 0.0 { noise.poisson(3.0) } else { 0.0 };
        let used = (self.used + self.logged + filled).min(0.95 * self.size);
        for (state, bytes) in
            [("used", used), ("free", 0.95 * self.size - used), ("reserved", 0.05 * self.size)]
        {
            sheet.gauge("system.filesystem.usage", [self.mount, state], (bytes / BLOCK).round() * BLOCK);
        }
        let inodes = self.inodes + open;
        sheet.gauge("system.filesystem.inodes.usage", [self.mount, "used"], inodes);
        sheet.gauge(
            "system.filesystem.inodes.usage",
            [self.mount, "free"],
            (self.size / 2e4).round() - inodes,
        );
    }
}
