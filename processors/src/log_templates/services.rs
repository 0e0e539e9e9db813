//! What is known of each service.

use std::collections::HashMap;
use std::time::Instant;

use edgewatch_proto::view::Resource;

use super::counts::Counts;
use super::identity::{self, Common, Name};
use super::miner::{Limits, Miner};
use super::sampling::Repeats;
use super::surprise::{Ageing, Surprise};

/// What is known of the log of one service.
#[derive(Debug)]
pub(super) struct Service {
    /// `None`: what all others share.
    pub(super) name: Option<Name>,
    pub(super) common: Common,
    /// Whether less is in common than when the sums began.
    pub(super) changed: bool,
    pub(super) miner: Miner,
    pub(super) repeats: Repeats,
    pub(super) surprise: Surprise,
    pub(super) counts: Counts,
}

/// Services by name, and what all others share.
#[derive(Debug)]
pub(super) struct Services {
    limits: Limits,
    most: usize,
    /// By name, the index in `services`.
    names: HashMap<Box<str>, usize>,
    /// The first one is shared.
    services: Vec<Service>,
    /// Where the resource of the record before stands in its request, and the service that it is of.
    before: Option<(usize, usize, usize)>,
    key: String,
    ageing: Ageing,
}

impl Service {
    /// Most bytes of what is kept once for each: its names, what resources have in common, its own size.
    pub(super) const BOUND: usize = 2 * size_of::<Self>() + Common::BOUND + 8 * identity::LONGEST;

    fn new(name: Option<Name>, limits: Limits) -> Self {
        Self {
            name,
            common: Common::default(),
            changed: false,
            miner: Miner::new(limits),
            repeats: Repeats::default(),
            surprise: Surprise::default(),
            counts: Counts::default(),
        }
    }
}

impl Services {
    pub(super) fn new(limits: Limits, most: usize) -> Self {
        Self {
            limits,
            most,
            names: HashMap::new(),
            services: vec![Service::new(None, limits)],
            before: None,
            key: String::new(),
            ageing: Ageing::default(),
        }
    }

    /// Another request begins, or the same one once more.
    pub(super) fn begin(&mut self) {
        self.before = None;
    }

    /// The service that `resource` names, as a number. Resources are told apart by their place until [`Services::begin`].
    pub(super) fn find(&mut self, resource: Option<Resource<'_>>) -> usize {
        let (place, length) = resource.map_or((0, 0), |resource| {
            let bytes = resource.as_bytes();
            (bytes.as_ptr().addr(), bytes.len())
        });
        if let Some((at, of, service)) = self.before
            && (at, of) == (place, length)
        {
            return service;
        }
        let service = self.look_up(resource);
        if let Some(known) = self.services.get_mut(service) {
            known.changed |= known.common.note(resource);
        }
        self.before = Some((place, length, service));
        service
    }

    fn look_up(&mut self, resource: Option<Resource<'_>>) -> usize {
        if !resource.is_some_and(|resource| Name::read(resource, &mut self.key)) {
            return 0;
        }
        if let Some(known) = self.names.get(self.key.as_str()) {
            return *known;
        }
        let (namespace, name) = self.key.split_once('\0').unwrap_or_default();
        let name = Name { namespace: namespace.into(), name: name.into() };
        self.add(name).unwrap_or_default()
    }

    /// The service of this name, as a number; `None` when there is no room for another one.
    pub(super) fn named(&mut self, name: Option<Name>) -> Option<usize> {
        match name {
            None => Some(0),
            Some(name) => self.names.get(name.key().as_str()).copied().or_else(|| self.add(name)),
        }
    }

    fn add(&mut self, name: Name) -> Option<usize> {
        if self.names.len() >= self.most {
            return None;
        }
        let index = self.services.len();
        self.names.insert(name.key().into(), index);
        self.services.push(Service::new(Some(name), self.limits));
        Some(index)
    }

    /// Lets what was seen long ago count less.
    pub(super) fn age(&mut self, now: Instant) {
        if let Some(passed) = self.ageing.due(now) {
            self.services.iter_mut().for_each(|service| service.surprise.age(passed));
        }
    }

    pub(super) fn get(&self, service: usize) -> Option<&Service> {
        self.services.get(service)
    }

    pub(super) fn get_mut(&mut self, service: usize) -> Option<&mut Service> {
        self.services.get_mut(service)
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Service> {
        self.services.iter_mut()
    }

    /// Templates of all services.
    pub(super) fn templates(&self) -> usize {
        self.services.iter().map(|service| service.miner.len()).sum()
    }
}
