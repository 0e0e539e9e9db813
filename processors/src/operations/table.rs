use std::collections::HashMap;

use edgewatch_proto::view::{Resource, SpanFields};

use super::operation::{Operation, Sample};
use crate::sampling::{FNV_START, fnv1a_64};

/// About how much memory one operation takes, in bytes.
pub(crate) const OPERATION_BYTES: usize = size_of::<Operation>() + 2 * size_of::<Entry>() + 64;

/// The `StatusCode` of an error.
const ERROR: i32 = 2;

/// The operations of all services, no more than so many.
#[derive(Debug)]
pub(crate) struct Operations {
    most: usize,
    /// By the hash of an operation, its index in `entries`.
    index: HashMap<u64, usize>,
    pub(super) entries: Vec<Entry>,
    /// By the hash of a service, its place in `owned`.
    services: HashMap<u64, usize>,
    /// How many operations each service has; of those that have none the places are free.
    owned: Vec<usize>,
    free: Vec<usize>,
    /// Rises with every span.
    now: u64,
    forgotten: usize,
}

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) key: u64,
    pub(super) service: u64,
    /// Its place in `owned`.
    owner: usize,
    /// `now` when it was seen last.
    used: u64,
    pub(super) operation: Box<Operation>,
}

impl Operations {
    /// For at most `most` operations.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            most: most.max(1),
            index: HashMap::new(),
            entries: Vec::new(),
            services: HashMap::new(),
            owned: Vec::new(),
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
        let index = match self.index.get(&key) {
            Some(index) => *index,
            None => self.insert(key, service, Box::default()),
        };
        let entry = self.entries.get_mut(index)?;
        entry.used = self.now;
        Some(&mut entry.operation)
    }

    /// Adds an operation that is not known, at the cost of another one when there is no room.
    pub(super) fn insert(&mut self, key: u64, service: u64, operation: Box<Operation>) -> usize {
        if self.entries.len() >= self.most {
            self.forget();
        }
        let owner = self.owner(service);
        if let Some(owned) = self.owned.get_mut(owner) {
            *owned += 1;
        }
        self.index.insert(key, self.entries.len());
        self.entries.push(Entry { key, service, owner, used: self.now, operation });
        self.entries.len() - 1
    }

    pub(super) fn knows(&self, key: u64) -> bool {
        self.index.contains_key(&key)
    }

    /// Whether there is room without forgetting.
    pub(super) fn has_room(&self) -> bool {
        self.entries.len() < self.most
    }

    /// The place of a service in `owned`.
    fn owner(&mut self, service: u64) -> usize {
        *self.services.entry(service).or_insert_with(|| {
            self.free.pop().unwrap_or_else(|| {
                self.owned.push(0);
                self.owned.len() - 1
            })
        })
    }

    /// Forgets, of the services with the most operations, the one not seen for longest.
    fn forget(&mut self) {
        let most = self.owned.iter().copied().max().unwrap_or_default();
        let candidates = self.entries.iter().enumerate();
        let candidates = candidates.filter(|(_, entry)| self.owned.get(entry.owner) == Some(&most));
        let Some((index, _)) = candidates.min_by_key(|(_, entry)| entry.used) else { return };
        let gone = self.entries.swap_remove(index);
        self.index.remove(&gone.key);
        if let Some(moved) = self.entries.get(index) {
            self.index.insert(moved.key, index);
        }
        if let Some(owned) = self.owned.get_mut(gone.owner) {
            *owned = owned.saturating_sub(1);
            if *owned == 0 {
                self.services.remove(&gone.service);
                self.free.push(gone.owner);
            }
        }
        self.forgotten += 1;
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
