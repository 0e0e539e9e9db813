use std::collections::HashMap;

use edgewatch_proto::view::{Resource, SpanFields};

use super::operation::{Operation, Sample};
use crate::sampling::{FNV_START, fnv1a_64};

/// How much memory one operation takes at most, in bytes: lists that may be half full, beside half of them while they grow, and two
/// tables that may be 7/16 full, since each may be of another service.
pub(crate) const OPERATION_BYTES: usize = size_of::<Operation>()
    + 3 * (size_of::<Entry>() + size_of::<Owner>())
    + 2 * 4 * size_of::<(u64, usize)>();

/// The index of nothing.
const NONE: usize = usize::MAX;

/// The `StatusCode` of an error.
const ERROR: i32 = 2;

/// The operations of all services, no more than so many.
#[derive(Debug)]
pub(crate) struct Operations {
    most: usize,
    /// By the hash of an operation, its index in `entries`.
    index: HashMap<u64, usize>,
    pub(super) entries: Vec<Entry>,
    /// By the hash of a service, its place in `owners`.
    services: HashMap<u64, usize>,
    /// What each service has; the places of those that have nothing are free.
    owners: Vec<Owner>,
    free: Vec<usize>,
    /// Rises with every span.
    now: u64,
    forgotten: usize,
}

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) key: u64,
    pub(super) service: u64,
    /// Its place in `owners`.
    owner: usize,
    /// `now` when it was seen last.
    used: u64,
    /// Of those of its service, the one seen before it and the one seen after it.
    older: usize,
    newer: usize,
    pub(super) operation: Box<Operation>,
}

/// The operations of a service, in the order in which they were seen last: a list through `entries`, so that the oldest one is found
/// without a search where there are thousands.
#[derive(Debug)]
struct Owner {
    owned: usize,
    oldest: usize,
    newest: usize,
}

impl Operations {
    /// For at most `most` operations.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            most: most.max(1),
            index: HashMap::new(),
            entries: Vec::new(),
            services: HashMap::new(),
            owners: Vec::new(),
            free: Vec::new(),
            now: 0,
            forgotten: 0,
        }
    }

    /// How many are known.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// How many were forgotten to make room since this was asked last.
    pub(crate) fn take_forgotten(&mut self) -> usize {
        std::mem::take(&mut self.forgotten)
    }

    /// The probability of a span of `service` as odd as this one, by those before it; then learns it.
    pub(crate) fn judge(&mut self, service: u64, span: &SpanFields<'_>) -> f64 {
        let failed = span.status.is_some_and(|status| status.code() == ERROR);
        let (start, time) = (span.start_time_unix_nano, span.end_time_unix_nano);
        let duration = (start > 0 && time > 0).then(|| time.saturating_sub(start));
        let kind = span.kind.to_le_bytes();
        let key = fnv1a_64(fnv1a_64(service, &kind), span.name.as_bytes());
        self.find(key, service).map_or(1.0, |operation| operation.judge(Sample { duration, time, failed }))
    }

    fn find(&mut self, key: u64, service: u64) -> Option<&mut Operation> {
        self.now += 1;
        let index = match self.index.get(&key).copied() {
            Some(index) => {
                self.unlink(index);
                self.link(index);
                index
            }
            None => self.insert(key, service, Box::default()),
        };
        let entry = self.entries.get_mut(index)?;
        entry.used = self.now;
        Some(&mut entry.operation)
    }

    /// Adds an operation that is not known, in the place of another one when there is no room.
    pub(super) fn insert(&mut self, key: u64, service: u64, operation: Box<Operation>) -> usize {
        let room = if self.has_room() { None } else { self.forget() };
        let owner = self.owner(service);
        if let Some(owner) = self.owners.get_mut(owner) {
            owner.owned += 1;
        }
        let entry = Entry { key, service, owner, used: self.now, older: NONE, newer: NONE, operation };
        let index = room.unwrap_or(self.entries.len());
        match self.entries.get_mut(index) {
            Some(place) => *place = entry,
            None => self.entries.push(entry),
        }
        self.index.insert(key, index);
        self.link(index);
        index
    }

    pub(super) fn knows(&self, key: u64) -> bool {
        self.index.contains_key(&key)
    }

    /// Whether there is room without forgetting.
    pub(super) fn has_room(&self) -> bool {
        self.entries.len() < self.most
    }

    /// The place of a service in `owners`.
    fn owner(&mut self, service: u64) -> usize {
        *self.services.entry(service).or_insert_with(|| {
            self.free.pop().unwrap_or_else(|| {
                self.owners.push(Owner { owned: 0, oldest: NONE, newest: NONE });
                self.owners.len() - 1
            })
        })
    }

    /// Forgets, of the services with the most operations, the one not seen for longest. Its place is free.
    fn forget(&mut self) -> Option<usize> {
        let most = self.owners.iter().map(|owner| owner.owned).max()?;
        let oldest = self.owners.iter().filter(|owner| owner.owned == most).map(|owner| owner.oldest);
        let index = oldest.min_by_key(|index| self.entries.get(*index).map(|entry| entry.used))?;
        self.unlink(index);
        let gone = self.entries.get(index)?;
        self.index.remove(&gone.key);
        let owner = self.owners.get_mut(gone.owner)?;
        owner.owned = owner.owned.saturating_sub(1);
        if owner.owned == 0 {
            self.services.remove(&gone.service);
            self.free.push(gone.owner);
        }
        self.forgotten += 1;
        Some(index)
    }

    /// Makes an operation that is in no list the newest of its service.
    fn link(&mut self, index: usize) {
        let Some(entry) = self.entries.get_mut(index) else { return };
        let Some(owner) = self.owners.get_mut(entry.owner) else { return };
        let older = std::mem::replace(&mut owner.newest, index);
        (entry.older, entry.newer) = (older, NONE);
        match self.entries.get_mut(older) {
            Some(older) => older.newer = index,
            None => owner.oldest = index,
        }
    }

    /// Takes an operation out of the list of its service.
    fn unlink(&mut self, index: usize) {
        let Some(entry) = self.entries.get(index) else { return };
        let Some(owner) = self.owners.get_mut(entry.owner) else { return };
        let (older, newer) = (entry.older, entry.newer);
        match self.entries.get_mut(older) {
            Some(older) => older.newer = newer,
            None => owner.oldest = newer,
        }
        match self.entries.get_mut(newer) {
            Some(newer) => newer.older = older,
            None => owner.newest = older,
        }
    }
}

/// The service of a resource, as a hash of its name.
pub(super) fn service_of(resource: Option<Resource<'_>>) -> u64 {
    let mut attributes = resource.into_iter().flat_map(Resource::attributes);
    let name = attributes.find(|attribute| attribute.key_bytes() == b"service.name");
    fnv1a_64(FNV_START, name.and_then(|name| name.value().as_str()).unwrap_or_default().as_bytes())
}

/// Finds the services of resources, of which the same one is asked for many times in a row. Of one request.
#[derive(Debug, Default)]
pub(crate) struct ServiceOf<'a> {
    last: Option<(Resource<'a>, u64)>,
}

impl<'a> ServiceOf<'a> {
    /// The service of `resource`.
    pub(crate) fn of(&mut self, resource: Option<Resource<'a>>) -> u64 {
        let Some(resource) = resource else { return service_of(None) };
        let place = |resource: Resource<'_>| resource.as_bytes().as_ptr_range();
        match self.last {
            Some((last, service)) if place(last) == place(resource) => service,
            Some(_) | None => {
                let service = service_of(Some(resource));
                self.last = Some((resource, service));
                service
            }
        }
    }
}
