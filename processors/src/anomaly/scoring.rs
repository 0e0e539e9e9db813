//! From data points to scores, and from scores to what is told.

use std::sync::Arc;
use std::time::Instant;

use edgewatch_core::processor::Emitter;
use edgewatch_core::telemetry::Telemetry;

use super::clock::{Clock, LATEST, Passed};
use super::config::Config;
use super::derived::{Change, Derived, Event, Score, Why};
use super::detector::{Direction, Edge, Scored};
use super::discovery::Discovery;
use super::ongoing::{Anomaly, Identity, Ongoing};
use super::rates::{Membership, Rates};
use super::rules::Rules;
use super::series::{Aspect, Found, Reading};
use super::table::{Place, Rank, Room, Table};
use super::telemetry::{AnomalyTelemetry, Points};

/// In so many steps a series must have been seen before it is scored.
const VISITS: u8 = 3;
/// Most series that are forgotten in one step because they are silent, so that no step takes long.
const FORGOTTEN_AT_ONCE: usize = 1024;

/// All that is known, and the numbers about it.
#[derive(Debug)]
pub(super) struct Scoring {
    pub(super) clock: Clock,
    pub(super) table: Table,
    pub(super) rates: Rates,
    pub(super) ongoing: Ongoing,
    pub(super) discovery: Discovery,
    pub(super) telemetry: AnomalyTelemetry,
    pub(super) rules: Rules,
    derived: Derived,
    points: Points,
    /// In seconds.
    forget_after: u32,
}

impl Scoring {
    pub(super) fn new(config: &Config, rules: Rules, telemetry: &Telemetry) -> Self {
        let limit = config.memory_limit();
        // A sixteenth for anomalies, up to half a MiB for hosts and services, the rest for series.
        let (of_anomalies, of_rates) = (limit / 16, (limit / 64).clamp(1 << 16, 1 << 19));
        Self {
            clock: Clock::new(*config.scoring_step),
            table: Table::new(limit - of_anomalies - of_rates),
            rates: Rates::new(of_rates),
            ongoing: Ongoing::new(usize::from(config.max_active.get()), of_anomalies),
            discovery: Discovery::new(config.event_probability),
            telemetry: AnomalyTelemetry::new(telemetry),
            rules,
            derived: Derived::default(),
            points: Points::default(),
            forget_after: u32::try_from(config.forget_after.as_secs()).unwrap_or(u32::MAX),
        }
    }

    /// Bytes that are taken for what is known.
    pub(super) fn bytes(&self) -> usize {
        self.table.bytes() + self.rates.bytes() + self.ongoing.bytes()
    }

    /// Data comes.
    pub(super) fn begin(&mut self, now: Instant) {
        self.clock.call(now);
        self.table.sort();
    }

    /// Emits what was found out, and shows where things stand.
    pub(super) fn tell(&mut self, out: &mut Emitter) {
        self.derived.emit(out);
        let telemetry = &self.telemetry;
        telemetry.points(std::mem::take(&mut self.points));
        telemetry.series.set(self.table.scored() as u64);
        telemetry.unscored.set(self.table.unscored() as u64);
        telemetry.active.set(self.ongoing.len() as u64);
        telemetry.memory.set(self.bytes() as u64);
    }

    /// When something is due although nothing comes.
    pub(super) fn deadline(&self) -> Option<Instant> {
        if self.ongoing.len() == 0 && !self.rates.is_pending(self.clock.step_end()) {
            return None;
        }
        self.clock.patience()
    }

    /// Does what is due although nothing came.
    pub(super) fn wait(&mut self, now: Instant) {
        if let Passed::Step(end) = self.clock.wait(now) {
            self.end_step(end);
        }
    }

    /// Takes in one data point.
    pub(super) fn take(&mut self, found: &Found<'_>) {
        let time = found.time();
        if time == 0 {
            self.points.no_reading += 1;
            return;
        }
        match self.clock.observe(time) {
            Passed::Nothing => {}
            Passed::Step(end) => self.end_step(end),
            Passed::Back => self.rates.set_back(),
        }
        let known = self.table.follow(found.key, &self.clock);
        let Some(number) = known.or_else(|| self.admit(found)) else { return };
        self.table.see(number, &self.clock);
        let Some(entry) = self.table.entry_mut(number) else { return };
        if !entry.is_resolved() {
            entry.treatment = self.rules.resolve(found);
        }
        let (rank, visits) = (entry.rank(), entry.visits());
        if !self.rules.is_scored(entry.treatment) {
            self.points.disabled += 1;
            if rank != Rank::Ignored {
                self.disarm(number, Rank::Ignored, Why::Disabled);
            }
            return;
        }
        if rank == Rank::Newcomer {
            if visits < VISITS {
                self.points.new += 1;
                return;
            }
            if !self.make_room(Table::room_for_scored) {
                self.points.no_room += 1;
                return;
            }
            self.table.promote(number, &self.clock);
        }
        self.read(number, found);
    }

    /// Makes a series known; if there is no room for that, counts the point.
    fn admit(&mut self, found: &Found<'_>) -> Option<u32> {
        // Rules are not asked for every point of a flood.
        let rank = match self.table.room_for_unscored(Rank::Newcomer, &self.clock) {
            Room::Some | Room::Instead(_) => {
                if self.rules.is_scored(self.rules.resolve(found)) {
                    Rank::Newcomer
                } else {
                    Rank::Ignored
                }
            }
            Room::None => Rank::Newcomer,
        };
        if !self.make_room(|table, clock| table.room_for_unscored(rank, clock)) {
            match rank {
                Rank::Ignored => self.points.disabled += 1,
                Rank::Newcomer | Rank::Young | Rank::Grown => self.points.no_room += 1,
            }
            return None;
        }
        self.table.admit(found.key, rank)
    }

    /// Lets series go until there is room; `false` when nobody gives way.
    fn make_room(&mut self, room: impl Fn(&mut Table, &Clock) -> Room) -> bool {
        loop {
            match room(&mut self.table, &self.clock) {
                Room::Some => return true,
                Room::Instead(number) => self.forget(number, Why::Evicted),
                Room::None => return false,
            }
        }
    }

    /// Reads numbers off the point, and scores them.
    fn read(&mut self, number: u32, found: &Found<'_>) {
        let Some(entry) = self.table.entry_mut(number) else { return };
        if entry.membership == Membership::UNKNOWN {
            entry.membership = self.rates.join(found.resource);
        }
        let membership = entry.membership;
        let readings = entry.past.take(found);
        self.table.count_past(number);
        if !self.make_room(|table, clock| table.room_for_pasts(clock)) {
            self.points.no_room += 1;
            self.disarm(number, Rank::Newcomer, Why::Evicted);
            return;
        }
        let (mut seen, mut scored, mut anomalous) = (false, false, false);
        for reading in &readings {
            if !self.has_detector(number, reading.aspect) {
                continue;
            }
            seen = true;
            if let Some(is_anomalous) = self.score(number, reading, found) {
                scored = true;
                anomalous |= is_anomalous;
            }
        }
        match (readings.is_empty(), seen) {
            (true, _) => self.points.no_reading += 1,
            (false, true) => self.points.scored += 1,
            (false, false) => self.points.no_room += 1,
        }
        if scored {
            self.rates.note(membership, anomalous);
        }
    }

    /// Sees to it that there is a detector; `false` when there is no room for one.
    fn has_detector(&mut self, number: u32, aspect: Aspect) -> bool {
        let place = Place::of(aspect);
        self.table.detector(number, place).is_some()
            || self.make_room(Table::room_for_detector) && self.table.add_detector(number, place).is_some()
    }

    /// Scores a number. Says whether the series is anomalous, if the number completes a step.
    fn score(&mut self, number: u32, reading: &Reading, found: &Found<'_>) -> Option<bool> {
        let treatment = self.rules.get_mut(self.table.entry(number)?.treatment)?;
        self.discovery.apply(&mut treatment.settings);
        treatment.settings.event_probability *= treatment.factor;
        let threshold = treatment.settings.event_probability;
        let detector = self.table.detector_mut(number, Place::of(reading.aspect))?;
        let scored = detector.observe(&treatment.settings, reading.time, reading.value)?;
        // By the clock, which one sender that is ahead does not move.
        self.discovery.note(self.clock.newest(), scored.ln_probability);
        let (meant, one_way) = (
            scored.reason.goes(treatment.settings.direction),
            treatment.settings.direction != Direction::Both,
        );
        // What was not told of at its start, because too many were on, its end had been told of when it fell silent, or it went the
        // other way, is told of when it gets worse.
        let worse = scored.score > 0.0 && scored.probability() <= threshold;
        let starts = meant && scored.anomalous && (scored.event == Some(Edge::Start) || worse);
        self.follow(number, reading.aspect, found, &scored, starts);
        let told = || self.table.entry(number).is_some_and(|entry| entry.is_told(Place::of(reading.aspect)));
        Some(scored.anomalous && (!one_way || told()))
    }

    /// Tells of what a step means for the anomaly of a series: that it starts, goes on, or ends.
    fn follow(&mut self, number: u32, aspect: Aspect, found: &Found<'_>, scored: &Scored, starts: bool) {
        let Some(entry) = self.table.entry_mut(number) else { return };
        let place = Place::of(aspect);
        let second = self.clock.seconds();
        if entry.is_told(place) {
            if !scored.anomalous {
                entry.set_told(place, false);
                if let Some(anomaly) = self.ongoing.get_mut(found.key, aspect) {
                    anomaly.go_on(scored, second);
                }
                self.end(found.key, aspect, Why::Calm);
            } else if let Some(anomaly) = self.ongoing.get_mut(found.key, aspect) {
                anomaly.go_on(scored, second);
                let identity = Arc::clone(&anomaly.identity);
                self.push_score(identity, aspect, scored.time, scored.raw);
            }
            return;
        }
        if !starts {
            return;
        }
        let anomaly = Anomaly {
            identity: Arc::new(Identity::of(found)),
            aspect,
            start: scored.time,
            last: scored.time,
            peak: scored.raw,
            ln_probability: scored.ln_probability,
            seen: second,
            gap: entry.gap,
        };
        if !self.ongoing.begin(anomaly.clone()) {
            self.telemetry.untold.add(usize::from(scored.event == Some(Edge::Start)));
            return;
        }
        entry.set_told(place, true);
        self.telemetry.starts.add(1);
        self.push_score(Arc::clone(&anomaly.identity), aspect, scored.time, scored.raw);
        let edge = Change::Start(Box::new(*scored));
        self.derived.events.push(Event { anomaly, observed: self.clock.newest(), edge });
    }

    fn push_score(&mut self, identity: Arc<Identity>, aspect: Aspect, time: u64, value: f32) {
        self.derived.scores.push(Score { identity, aspect, time, value: f64::from(value) });
    }

    /// Ends an anomaly that is told of.
    fn end(&mut self, key: u64, aspect: Aspect, why: Why) {
        if let Some(anomaly) = self.ongoing.end(key, aspect) {
            self.tell_end(anomaly, why);
        }
    }

    pub(super) fn tell_end(&mut self, anomaly: Anomaly, why: Why) {
        self.telemetry.ends.add(1);
        self.push_score(Arc::clone(&anomaly.identity), anomaly.aspect, self.end_time(&anomaly, why), 0.0);
        self.derived.events.push(Event { anomaly, observed: self.clock.newest(), edge: Change::End(why) });
    }

    /// When the score becomes zero: after the last one that was told.
    fn end_time(&self, anomaly: &Anomaly, why: Why) -> u64 {
        match why {
            Why::Calm => anomaly.last,
            Why::Silent | Why::Evicted | Why::Disabled => {
                self.clock.newest().max(anomaly.last.saturating_add(1)).min(LATEST)
            }
        }
    }

    /// A step is over.
    fn end_step(&mut self, end: u64) {
        self.rates.close(end, &mut self.derived.rates);
        for anomaly in self.ongoing.take_silent(&self.clock) {
            let number = self.table.find(anomaly.identity.key);
            if let Some(entry) = number.and_then(|number| self.table.entry_mut(number)) {
                entry.set_told(Place::of(anomaly.aspect), false);
            }
            self.tell_end(anomaly, Why::Silent);
        }
        for rank in Rank::ALL {
            for _ in 0..FORGOTTEN_AT_ONCE {
                let Some(oldest) = self.table.oldest(rank) else { break };
                if self.table.silence(oldest, &self.clock) < self.forget_after {
                    break;
                }
                self.forget(oldest, Why::Silent);
            }
        }
    }

    /// Forgets a series.
    pub(super) fn forget(&mut self, number: u32, why: Why) {
        let Some(entry) = self.table.remove(number) else { return };
        let counter = match (entry.rank(), why) {
            (_, Why::Silent) => &self.telemetry.forgotten,
            (Rank::Ignored, _) => &self.telemetry.evicted_ignored,
            (Rank::Newcomer, _) => &self.telemetry.evicted_new,
            (Rank::Young | Rank::Grown, _) => &self.telemetry.evicted,
        };
        counter.add(1);
        self.rates.leave(entry.membership);
        if entry.is_any_told() {
            self.end_all(entry.key, why);
        }
    }

    /// Makes a series one that is not scored.
    fn disarm(&mut self, number: u32, rank: Rank, why: Why) {
        self.table.demote(number, rank);
        let Some(entry) = self.table.entry_mut(number) else { return };
        let (key, membership, told) = (entry.key, entry.membership, entry.is_any_told());
        entry.membership = Membership::UNKNOWN;
        Place::ALL.into_iter().for_each(|place| entry.set_told(place, false));
        self.rates.leave(membership);
        if told {
            self.end_all(key, why);
        }
    }

    fn end_all(&mut self, key: u64, why: Why) {
        for anomaly in self.ongoing.take(key) {
            self.tell_end(anomaly, why);
        }
    }
}
