//! The numbers of all series, within bounds.

use std::time::Instant;

use edgewatch_proto::view;

use super::config::{Config, Temporality};
use super::families::{Families, Family};
use crate::aggregation::{Durations, Key, Keyed, LONGEST_KEY, Reservoir, Scheme, Window, hash};

/// Most bytes of the attributes of a resource. What has more shares one without attributes.
const LARGEST_RESOURCE: usize = 64 << 10;

/// What one series counts.
#[derive(Debug)]
pub(super) struct Record {
    /// Calls or events; of outcomes, errors and faults.
    pub(super) counts: [u64; 2],
    pub(super) durations: Option<Durations>,
    /// Spans to show for each count.
    pub(super) exemplars: [Reservoir; 2],
    /// Since when, in nanoseconds since 1970; zero: since the last time that metrics were sent.
    pub(super) start: u64,
    /// Whether something was counted since then.
    pub(super) touched: bool,
    seen: Instant,
}

/// Where something is to be counted.
#[derive(Debug)]
pub(super) struct Slot<'a> {
    pub(super) record: &'a mut Record,
    pub(super) scheme: Option<&'a Scheme>,
    /// Whether it is the record for what is too much.
    pub(super) overflow: bool,
}

/// The series of one family and one resource.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) records: Keyed<Record>,
    /// What there is no room for.
    pub(super) overflow: Option<Box<Record>>,
}

/// The series of one resource.
#[derive(Debug)]
pub(super) struct Resource {
    /// Attributes, where they are more than what identifies it.
    attributes: Option<Box<[u8]>>,
    /// By family.
    pub(super) tables: Vec<Table>,
    seen: Instant,
}

impl Resource {
    /// Names and values of its attributes, when `key` identifies it.
    pub(super) fn attributes<'a>(&'a self, key: &'a [u8]) -> &'a [u8] {
        self.attributes.as_deref().unwrap_or(key)
    }
}

/// All series.
#[derive(Debug)]
pub(super) struct Series {
    pub(super) resources: Keyed<Resource>,
    pub(super) scheme: Option<Scheme>,
    /// Since when series count that begin now; zero: since the last time that metrics were sent.
    pub(super) fresh_start: u64,
    pub(super) exemplars: usize,
    config: Config,
    memory: usize,
    used: usize,
    count: usize,
    /// The last resource as it was encoded, and its place: the next one is often the same.
    last: (Vec<u8>, Option<usize>),
    scratch: Key,
}

impl Series {
    pub(super) fn new(config: Config) -> Self {
        Self {
            resources: Keyed::default(),
            scheme: config.scheme(),
            fresh_start: 0,
            exemplars: config.exemplars(),
            memory: usize::try_from(config.max_memory.get()).unwrap_or(usize::MAX),
            used: 0,
            count: 0,
            last: (Vec::new(), None),
            scratch: Key::default(),
            config,
        }
    }

    /// Series, without those for what is too much.
    pub(super) const fn count(&self) -> usize {
        self.count
    }

    /// What all may take of memory.
    pub(super) const fn used(&self) -> usize {
        self.used
    }

    /// The place of a resource that is known. Otherwise [`Series::add`] adds the one that was asked for last.
    pub(super) fn find(&mut self, resource: view::Resource<'_>, now: Instant) -> Option<usize> {
        let encoded = resource.as_bytes();
        let place = match &self.last {
            (last, Some(place)) if *last == encoded => *place,
            (_, _) => {
                let place = self.identified(resource)?;
                if encoded.len() <= LARGEST_RESOURCE {
                    self.last.0.clear();
                    self.last.0.extend_from_slice(encoded);
                    self.last.1 = Some(place);
                }
                place
            }
        };
        self.resources.get_mut(place)?.seen = now;
        Some(place)
    }

    /// The place of a resource by its attributes, in whatever order they stand.
    fn identified(&mut self, resource: view::Resource<'_>) -> Option<usize> {
        let Config { add_resource_attributes, resource_metrics_key_attributes: filter, .. } = &self.config;
        identify(&mut self.scratch, resource, |name| {
            *add_resource_attributes
                && (filter.is_empty() || filter.iter().any(|known| *known.as_bytes() == *name))
        });
        if self.scratch.len() > LARGEST_RESOURCE {
            self.scratch.truncate(0);
        }
        self.resources.find(hash(self.scratch.bytes()), self.scratch.bytes())
    }

    /// Gives back what the identity of an uncommonly large resource took.
    pub(super) fn tidy(&mut self) {
        self.scratch.tidy();
    }

    /// Adds the resource that [`Series::find`] did not find; `None` when there is no room.
    pub(super) fn add(
        &mut self,
        resource: view::Resource<'_>,
        families: &Families,
        now: Instant,
    ) -> Option<usize> {
        let mut attributes = None;
        if !self.config.resource_metrics_key_attributes.is_empty() && self.config.add_resource_attributes {
            let mut all = Key::default();
            identify(&mut all, resource, |_name| true);
            if all.len() <= LARGEST_RESOURCE {
                attributes = Some(all.bytes().into());
            }
        }
        let tables = families.list.iter().map(|_family| Table::default()).collect();
        let added = Resource { attributes, tables, seen: now };
        let cost = self.cost_of_resource(self.scratch.len(), &added, families);
        if self.used.saturating_add(cost) > self.memory
            || self.resources.len() >= self.config.resource_metrics_cache_size
        {
            return None;
        }
        self.used += cost;
        Some(self.resources.add(hash(self.scratch.bytes()), self.scratch.bytes(), added))
    }

    /// The record of a series, which is made when it is not there yet.
    #[inline]
    pub(super) fn record(
        &mut self,
        resource: usize,
        (number, family): (usize, &Family),
        (hash, key): (u64, &[u8]),
        now: Instant,
    ) -> Option<Slot<'_>> {
        let cost = self.cost(key.len(), family);
        let table = self.resources.get_mut(resource)?.tables.get_mut(number)?;
        let place = match table.records.find(hash, key) {
            Some(place) => place,
            None => {
                let scheme = self.scheme.as_ref().filter(|_| family.measure.has_durations());
                let new = || Record::new(scheme, self.fresh_start, now);
                let limit = self.config.aggregation_cardinality_limit;
                if (limit > 0 && table.records.len() >= limit)
                    || self.used.saturating_add(cost) > self.memory
                    || key.len() > LONGEST_KEY
                    || table.records.is_crowded(hash)
                {
                    let overflow = table.overflow.get_or_insert_with(|| Box::new(new()));
                    (overflow.seen, overflow.touched) = (now, true);
                    return Some(Slot { record: overflow, scheme: self.scheme.as_ref(), overflow: true });
                }
                self.used += cost;
                self.count += 1;
                table.records.add(hash, key, new())
            }
        };
        let record = table.records.get_mut(place)?;
        (record.seen, record.touched) = (now, true);
        Some(Slot { record, scheme: self.scheme.as_ref(), overflow: false })
    }

    /// Takes out the eighth of the resources that was silent for longest, one at least.
    pub(super) fn take_oldest(&mut self, families: &Families) -> Vec<(Box<[u8]>, Resource)> {
        let mut seen: Vec<(Instant, usize)> = self
            .resources
            .iter_from(0)
            .enumerate()
            .map(|(place, (_, resource))| (resource.seen, place))
            .collect();
        seen.sort_unstable();
        seen.truncate(seen.len().div_ceil(8));
        let mut leaving: Vec<usize> = seen.into_iter().map(|(_, place)| place).collect();
        leaving.sort_unstable();
        let mut place = 0;
        let taken = self.resources.extract(|_key, _resource| {
            place += 1;
            leaving.binary_search(&(place - 1)).is_ok()
        });
        self.last.1 = None;
        for (key, resource) in &taken {
            self.forget(key, resource, families);
        }
        taken
    }

    /// After everything was sent that counts in `window`: begins anew, and forgets what was silent for too long. Returns how many
    /// series are forgotten.
    pub(super) fn settle(&mut self, window: Window, families: &Families, now: Instant) -> usize {
        let before = self.count;
        self.fresh_start = 0;
        let delta = self.config.aggregation_temporality == Temporality::Delta;
        let forget_silent = delta && self.silent() > self.config.metric_timestamp_cache_size;
        let limit = self.config.aggregation_cardinality_limit;
        let series_expiration = self.config.series_expiration;
        let expired = |seen: Instant, after: std::time::Duration| {
            !after.is_zero() && now.saturating_duration_since(seen) >= after
        };
        let mut freed = 0;
        let mut gone = 0;
        let (scheme, exemplars) = (self.scheme.as_ref(), self.exemplars);
        for resource in self.resources.values_mut() {
            for (table, family) in resource.tables.iter_mut().zip(&families.list) {
                let full = limit > 0 && table.records.len() >= limit;
                let leave_silent = forget_silent || (delta && full);
                let left = table.records.extract(|_key, record| {
                    let leaves =
                        expired(record.seen, *series_expiration) || (leave_silent && !record.touched);
                    record.settle(window, delta);
                    leaves
                });
                gone += left.len();
                freed +=
                    left.iter().map(|(key, _)| cost(key.len(), family, scheme, exemplars)).sum::<usize>();
                if let Some(overflow) = &mut table.overflow {
                    if expired(overflow.seen, *series_expiration) {
                        table.overflow = None;
                    } else {
                        overflow.settle(window, delta);
                    }
                }
            }
        }
        self.used = self.used.saturating_sub(freed);
        self.count = self.count.saturating_sub(gone);
        let metrics_expiration = self.config.metrics_expiration;
        let taken = self.resources.extract(|_key, resource| {
            expired(resource.seen, *metrics_expiration) || resource.tables.iter().all(Table::is_empty)
        });
        if !taken.is_empty() {
            self.last.1 = None;
        }
        for (key, resource) in &taken {
            self.forget(key, resource, families);
        }
        before - self.count
    }

    fn silent(&self) -> usize {
        let tables = self.resources.iter_from(0).flat_map(|(_, resource)| &resource.tables);
        tables.flat_map(|table| table.records.iter_from(0)).filter(|(_, record)| !record.touched).count()
    }

    /// Takes a resource that has left out of the accounts.
    fn forget(&mut self, key: &[u8], resource: &Resource, families: &Families) {
        let mut freed = self.cost_of_resource(key.len(), resource, families);
        for (table, family) in resource.tables.iter().zip(&families.list) {
            freed += table.records.iter_from(0).map(|(key, _)| self.cost(key.len(), family)).sum::<usize>();
            self.count = self.count.saturating_sub(table.records.len());
        }
        self.used = self.used.saturating_sub(freed);
    }

    /// Most bytes of a series.
    #[inline]
    fn cost(&self, key: usize, family: &Family) -> usize {
        cost(key, family, self.scheme.as_ref(), self.exemplars)
    }

    /// Most bytes of a resource without its series, but with those for what is too much.
    fn cost_of_resource(&self, key: usize, resource: &Resource, families: &Families) -> usize {
        let attributes = resource.attributes.as_ref().map_or(0, |attributes| attributes.len());
        let overflows = families.list.iter().map(|family| size_of::<Table>() + self.cost(0, family));
        Keyed::<Resource>::OVERHEAD + key + attributes + overflows.sum::<usize>()
    }
}

#[inline]
fn cost(key: usize, family: &Family, scheme: Option<&Scheme>, exemplars: usize) -> usize {
    let durations = scheme.filter(|_| family.measure.has_durations()).map_or(0, Scheme::bytes);
    Keyed::<Record>::OVERHEAD + key + durations + 2 * Reservoir::bytes(exemplars)
}

impl Table {
    fn is_empty(&self) -> bool {
        self.records.len() == 0 && self.overflow.is_none()
    }
}

impl Record {
    fn new(scheme: Option<&Scheme>, start: u64, now: Instant) -> Self {
        Self {
            counts: [0; 2],
            durations: scheme.map(Durations::new),
            exemplars: Default::default(),
            start,
            touched: false,
            seen: now,
        }
    }

    fn settle(&mut self, window: Window, delta: bool) {
        self.exemplars.iter_mut().for_each(Reservoir::clear);
        self.start = window.start_of(self.start);
        if delta && self.touched {
            self.start = window.time;
            self.counts = [0; 2];
            if let Some(durations) = &mut self.durations {
                durations.clear();
            }
        }
        self.touched = false;
    }
}

/// Joins names and values of those attributes that `counts`, in the order of their names. The first of several with the same name
/// counts.
fn identify(key: &mut Key, resource: view::Resource<'_>, counts: impl Fn(&[u8]) -> bool) {
    let attributes = resource.attributes().map(|pair| (pair.key_bytes(), pair.value().as_bytes()));
    let mut attributes: smallvec::SmallVec<[(&[u8], &[u8]); 32]> =
        attributes.filter(|(name, _)| counts(name)).collect();
    attributes.sort_by_key(|(name, _)| *name);
    attributes.dedup_by_key(|(name, _)| *name);
    key.truncate(0);
    for (name, value) in attributes {
        key.value(Some(name));
        key.value(Some(value));
    }
}
