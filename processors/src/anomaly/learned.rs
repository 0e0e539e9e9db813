//! What is known of series as bytes, in parts that mean something each on its own.
//!
//! The first part holds the clock and what was counted in the open step; each further one a number of series with their anomalies. How a series is treated and which groups it belongs to is found out anew when its next point comes.

use std::sync::Arc;

use edgewatch_core::learned::{Learned, PART, Unusable};

use super::derived::Why;
use super::detector::{Detector, StateError};
use super::ongoing::{Anomaly, Identity};
use super::scoring::Scoring;
use super::series::{Aspect, Past};
use super::table::{Place, Rank, Room, Stay};
use crate::stats::{Stored, stored_fields};

/// The first byte of a part. A change of what is saved, or of what it means, takes the next number.
const VERSION: u8 = 2;
/// The second byte: what a part holds.
const CLOCK: u8 = 0;
const SERIES: u8 = 1;
/// A part ends when it has less room than this left; a series with its anomalies seldom takes more.
const RESERVE: usize = 16 << 10;

/// A series as it was saved.
#[derive(Debug)]
pub(super) struct Restored {
    pub(super) stay: Stay,
    pub(super) past: Past,
    pub(super) detectors: [Option<Box<Detector>>; 3],
    pub(super) anomalies: Vec<Anomaly>,
}

impl Learned for Scoring {
    fn save(&self, position: usize, out: &mut Vec<u8>) -> Option<usize> {
        out.push(VERSION);
        let Some(first) = position.checked_sub(1) else {
            out.push(CLOCK);
            self.clock.save(out);
            save_sized(out, |out| self.rates.save(out));
            return Some(1);
        };
        out.push(SERIES);
        let (start, end) = (out.len(), self.table.numbers());
        for number in first..end {
            if out.len() - start >= PART - RESERVE {
                return Some(number + 1);
            }
            if let Ok(number) = u32::try_from(number) {
                self.save_series(number, out);
            }
        }
        None
    }

    fn restore(&mut self, part: &[u8]) -> Result<(), Unusable> {
        let result = match part {
            [VERSION, CLOCK, rest @ ..] => self.restore_clock(rest),
            [VERSION, SERIES, rest @ ..] => self.restore_series(rest),
            [VERSION, ..] | [] => Err(damaged()),
            [found, ..] => {
                Err(Unusable(format!("state of version {found}, this build reads version {VERSION}")))
            }
        };
        if result.is_err() {
            self.telemetry.unusable.add(1);
        }
        result
    }
}

impl Scoring {
    fn restore_clock(&mut self, mut bytes: &[u8]) -> Result<(), Unusable> {
        let mut clock = self.clock.clone();
        clock.restore(&mut bytes).ok_or_else(damaged)?;
        let rates = sized(&mut bytes).filter(|_rates| bytes.is_empty()).ok_or_else(damaged)?;
        self.rates.restore(rates).ok_or_else(damaged)?;
        self.clock = clock;
        Ok(())
    }

    /// Makes a series known as it was, if there is room for it. Anomalies that there is no room for any more end: somebody was told of
    /// their start.
    fn take_back(&mut self, series: Restored) {
        let Restored { stay, past, detectors, anomalies } = series;
        let key = stay.key;
        if let Some(known) = self.table.find(key) {
            // Saved twice, because its number changed in between: the later state counts.
            self.table.remove(known);
            self.ongoing.take(key);
        }
        let number = self.take_back_entry(stay, past, detectors);
        for mut anomaly in anomalies {
            anomaly.seen = anomaly.seen.min(self.clock.seconds());
            let place = Place::of(anomaly.aspect);
            match number.and_then(|number| self.table.entry_mut(number)) {
                Some(entry) if self.ongoing.begin(anomaly.clone()) => entry.set_told(place, true),
                Some(_) | None => self.tell_end(anomaly, Why::Evicted),
            }
        }
    }

    /// Makes an entry known with its detectors; all of it or nothing.
    fn take_back_entry(
        &mut self,
        stay: Stay,
        past: Past,
        detectors: [Option<Box<Detector>>; 3],
    ) -> Option<u32> {
        let number = self.table.take_back(stay, past, &self.clock)?;
        for (place, detector) in Place::ALL.into_iter().zip(detectors) {
            let Some(detector) = detector else { continue };
            let room = self.table.room_for_detector(&self.clock) == Room::Some;
            match self.table.add_detector(number, place).filter(|_new| room) {
                Some(new) => *new = *detector,
                None => {
                    self.table.remove(number);
                    return None;
                }
            }
        }
        Some(number)
    }

    fn save_series(&self, number: u32, out: &mut Vec<u8>) {
        let Some((entry, stay)) = self.table.saved(number) else { return };
        if entry.rank() == Rank::Ignored {
            return;
        }
        let length = out.len();
        0_u32.store(out);
        stay.store(out);
        save_sized(out, |out| entry.past.save(out));
        for place in Place::ALL {
            save_sized(out, |out| {
                if let Some(detector) = self.table.detector(number, place) {
                    detector.save(out);
                }
            });
        }
        for anomaly in self.ongoing.of(entry.key) {
            save_anomaly(anomaly, out);
        }
        write_length(out, length);
    }

    fn restore_series(&mut self, mut bytes: &[u8]) -> Result<(), Unusable> {
        // All of a part or nothing of it.
        let mut all = Vec::new();
        while !bytes.is_empty() {
            let mut series = sized(&mut bytes).ok_or_else(damaged)?;
            all.push(load_series(&mut series)?);
        }
        for series in all {
            self.take_back(series);
        }
        Ok(())
    }
}

fn load_series(bytes: &mut &[u8]) -> Result<Restored, Unusable> {
    let stay = Stay::load(bytes).ok_or_else(damaged)?;
    // A past of another version only means that the next point of a counter says nothing yet.
    let past = Past::restore(sized(bytes).ok_or_else(damaged)?).unwrap_or_default();
    let mut detectors = [const { None }; 3];
    for detector in &mut detectors {
        let state = sized(bytes).ok_or_else(damaged)?;
        if !state.is_empty() {
            let restored = Detector::restore(state);
            *detector = Some(Box::new(restored.map_err(|error: StateError| Unusable(error.to_string()))?));
        }
    }
    let mut anomalies = Vec::new();
    while !bytes.is_empty() {
        anomalies.push(load_anomaly(stay.key, bytes).ok_or_else(damaged)?);
    }
    Ok(Restored { stay, past, detectors, anomalies })
}

/// The numbers of an anomaly.
struct Course {
    aspect: u8,
    start: u64,
    last: u64,
    peak: f32,
    ln_probability: f32,
    seen: u32,
    gap: u32,
}

stored_fields!(Course { aspect, start, last, peak, ln_probability, seen, gap });

fn save_anomaly(anomaly: &Anomaly, out: &mut Vec<u8>) {
    let Anomaly { ref identity, aspect, start, last, peak, ln_probability, seen, gap } = *anomaly;
    Course { aspect: aspect_number(aspect), start, last, peak, ln_probability, seen, gap }.store(out);
    let Identity { key: _, resource, attributes, name, unit } = &**identity;
    for part in [&**resource, &**attributes, name.as_bytes(), unit.as_bytes()] {
        save_sized(out, |out| out.extend_from_slice(part));
    }
}

fn load_anomaly(key: u64, bytes: &mut &[u8]) -> Option<Anomaly> {
    let Course { aspect, start, last, peak, ln_probability, seen, gap } = Course::load(bytes)?;
    let identity = Identity {
        key,
        resource: sized(bytes)?.into(),
        attributes: sized(bytes)?.into(),
        name: std::str::from_utf8(sized(bytes)?).ok()?.into(),
        unit: std::str::from_utf8(sized(bytes)?).ok()?.into(),
    };
    let aspect = ASPECTS.get(usize::from(aspect)).copied()?;
    Some(Anomaly { identity: Arc::new(identity), aspect, start, last, peak, ln_probability, seen, gap })
}

/// By the number that stands for them in saved state.
const ASPECTS: [Aspect; 5] = [Aspect::Value, Aspect::Rate, Aspect::Count, Aspect::Median, Aspect::High];

const fn aspect_number(aspect: Aspect) -> u8 {
    match aspect {
        Aspect::Value => 0,
        Aspect::Rate => 1,
        Aspect::Count => 2,
        Aspect::Median => 3,
        Aspect::High => 4,
    }
}

fn damaged() -> Unusable {
    Unusable("state is damaged".to_owned())
}

/// Appends bytes behind their length.
fn save_sized(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    0_u32.store(out);
    write(out);
    write_length(out, start);
}

/// Writes the length of what was appended since the room for it at `start`.
fn write_length(out: &mut [u8], start: usize) {
    let length = out.len().saturating_sub(start + size_of::<u32>());
    let length = u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes();
    for (byte, digit) in out.iter_mut().skip(start).zip(length) {
        *byte = digit;
    }
}

/// Takes bytes off the front that stand behind their length.
fn sized<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(u32::load(bytes)?).ok()?;
    let (taken, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(taken)
}
