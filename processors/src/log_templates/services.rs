//! A miner for each service.

use std::collections::HashMap;

use edgewatch_proto::view::Resource;

use super::miner::{Limits, Miner};
use super::sampling::Repeats;

/// What is known of the log of one service.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) miner: Miner,
    pub(super) repeats: Repeats,
}

/// Services by name, and what all others share.
#[derive(Debug)]
pub(super) struct Services {
    limits: Limits,
    most: usize,
    /// By `service.name`, the index in `services`.
    names: HashMap<Box<str>, usize>,
    /// The first one is shared.
    services: Vec<Service>,
}

impl Services {
    pub(super) fn new(limits: Limits, most: usize) -> Self {
        let shared = Service { miner: Miner::new(limits), repeats: Repeats::default() };
        Self { limits, most, names: HashMap::new(), services: vec![shared] }
    }

    /// The service that `resource` names, as a number.
    pub(super) fn find(&mut self, resource: Option<Resource<'_>>) -> usize {
        let Some(name) = resource.and_then(service_name) else { return 0 };
        if let Some(known) = self.names.get(name) {
            return *known;
        }
        if self.names.len() >= self.most {
            return 0;
        }
        let index = self.services.len();
        self.services.push(Service { miner: Miner::new(self.limits), repeats: Repeats::default() });
        self.names.insert(name.into(), index);
        index
    }

    pub(super) fn get_mut(&mut self, service: usize) -> Option<&mut Service> {
        self.services.get_mut(service)
    }

    /// Templates of all services.
    pub(super) fn templates(&self) -> usize {
        self.services.iter().map(|service| service.miner.len()).sum()
    }
}

fn service_name(resource: Resource<'_>) -> Option<&str> {
    let named = resource.attributes().find(|attribute| attribute.key() == "service.name")?;
    named.value().as_str()
}
