//! How many of the series of a host and of a service are anomalous.

use edgewatch_proto::view::{KeyValue, Resource};
use edgewatch_proto::wire;

use crate::stats::Stored;

/// What says which host a resource belongs to.
const HOST: [&str; 2] = ["host.id", "host.name"];
/// What says which service of that host it is.
const SERVICE: [&str; 2] = ["service.namespace", "service.name"];
/// Field of `Resource`, and of what else holds attributes here.
pub(super) const ATTRIBUTES: u32 = 1;
/// Most hosts and services together.
const MOST: usize = 512;
/// Most bytes of what says which host and service it is.
const LONGEST: usize = 1024;

/// The groups that a series belongs to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Membership {
    host: u16,
    service: u16,
}

/// No group.
const NONE: u16 = u16::MAX;

impl Membership {
    /// Nobody has looked yet.
    pub(super) const UNKNOWN: Self = Self { host: NONE - 1, service: NONE - 1 };

    fn groups(self) -> impl Iterator<Item = usize> {
        [self.host, self.service].into_iter().map(usize::from).filter(|group| *group < MOST)
    }
}

/// A host, or a service of it.
#[derive(Debug, Default)]
struct Group {
    /// An encoded `Resource`. Hosts may have an empty one.
    resource: Box<[u8]>,
    /// How many series belong to it. Without any, and without a count, its number is free.
    members: u32,
    scored: u32,
    anomalous: u32,
}

/// What is to be told of a group.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rate {
    /// An encoded `Resource`.
    pub(super) resource: Box<[u8]>,
    /// The end of the step, in nanoseconds since 1970.
    pub(super) time: u64,
    /// The share of scored series that are anomalous.
    pub(super) share: f64,
}

/// Hosts and services, and what was counted of each in the step.
#[derive(Debug)]
pub(super) struct Rates {
    groups: Vec<Group>,
    limit: usize,
    /// Bytes of all resources.
    bytes: usize,
    /// The end of the last step that was told of.
    told: u64,
    scratch: Vec<u8>,
}

impl Rates {
    /// Groups that take at most about `limit` bytes.
    pub(super) fn new(limit: usize) -> Self {
        Self { groups: Vec::new(), limit, bytes: 0, told: 0, scratch: Vec::new() }
    }

    /// Bytes that it takes.
    pub(super) fn bytes(&self) -> usize {
        self.groups.capacity() * size_of::<Group>() + self.bytes + self.scratch.capacity()
    }

    /// The groups of a series with this resource, which becomes a member of them.
    pub(super) fn join(&mut self, resource: Option<Resource<'_>>) -> Membership {
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        copy(resource, HOST, &mut scratch);
        let host = self.member(&scratch);
        let length = scratch.len();
        let named = copy(resource, SERVICE, &mut scratch) && has_name(&scratch, length);
        let service = if named { self.member(&scratch) } else { NONE };
        // Attributes may be of any length; what is kept may not.
        self.scratch = if scratch.capacity() <= 4 * LONGEST { scratch } else { Vec::new() };
        Membership { host, service }
    }

    /// Ends what [`Rates::join`] began.
    pub(super) fn leave(&mut self, membership: Membership) {
        for number in membership.groups() {
            if let Some(group) = self.groups.get_mut(number) {
                group.members = group.members.saturating_sub(1);
            }
            self.free(number);
        }
    }

    /// Counts a scored series.
    pub(super) fn note(&mut self, membership: Membership, anomalous: bool) {
        for number in membership.groups() {
            if let Some(group) = self.groups.get_mut(number) {
                group.scored = group.scored.saturating_add(1);
                group.anomalous = group.anomalous.saturating_add(u32::from(anomalous));
            }
        }
    }

    /// Whether something was counted that could be told of if the step ended at `time`.
    pub(super) fn is_pending(&self, time: u64) -> bool {
        time > self.told && self.groups.iter().any(|group| group.scored > 0)
    }

    /// Ends the step: tells of every group of which something was scored. What is counted after a step was told of already, because nothing came for
    /// a while, is told of with the next.
    pub(super) fn close(&mut self, time: u64, out: &mut Vec<Rate>) {
        if time <= self.told {
            return;
        }
        let first = out.len();
        for number in 0..self.groups.len() {
            if let Some(group) = self.groups.get_mut(number).filter(|group| group.scored > 0) {
                let share = f64::from(group.anomalous) / f64::from(group.scored);
                out.push(Rate { resource: group.resource.clone(), time, share });
                (group.scored, group.anomalous) = (0, 0);
                self.told = time;
            }
            self.free(number);
        }
        // In an order that does not depend on which group came first.
        if let Some(new) = out.get_mut(first..) {
            new.sort_unstable_by(|a, b| a.resource.cmp(&b.resource));
        }
    }

    /// Takes in that time was set back: what was told of lies ahead.
    pub(super) const fn set_back(&mut self) {
        self.told = 0;
    }

    /// The number of a group, which gets one more member.
    fn member(&mut self, resource: &[u8]) -> u16 {
        let Some(number) = self.number(resource) else { return NONE };
        let Some(group) = self.groups.get_mut(usize::from(number)) else { return NONE };
        group.members = group.members.saturating_add(1);
        number
    }

    fn number(&mut self, resource: &[u8]) -> Option<u16> {
        let mut unused = None;
        for (number, group) in self.groups.iter().enumerate() {
            if *group.resource == *resource && group.is_used() {
                return u16::try_from(number).ok();
            }
            if !group.is_used() && unused.is_none() {
                unused = Some(number);
            }
        }
        if resource.len() > LONGEST
            || self.bytes + resource.len() > self.limit.saturating_sub(MOST * size_of::<Group>())
        {
            return None;
        }
        let number = match unused {
            Some(number) => number,
            None if self.groups.len() < MOST => {
                self.groups.push(Group::default());
                self.groups.len() - 1
            }
            None => return None,
        };
        *self.groups.get_mut(number)? = Group { resource: resource.into(), ..Group::default() };
        self.bytes += resource.len();
        u16::try_from(number).ok()
    }

    /// Makes the number of a group that nobody needs available.
    fn free(&mut self, number: usize) {
        if let Some(group) = self.groups.get_mut(number).filter(|group| !group.is_used()) {
            self.bytes = self.bytes.saturating_sub(group.resource.len());
            *group = Group::default();
        }
    }

    /// Appends what was counted in the open step.
    pub(super) fn save(&self, out: &mut Vec<u8>) {
        self.told.store(out);
        let open = || self.groups.iter().filter(|group| group.scored > 0);
        (open().count() as u32).store(out);
        for group in open() {
            group.scored.store(out);
            group.anomalous.store(out);
            (group.resource.len() as u32).store(out);
            out.extend_from_slice(&group.resource);
        }
    }

    /// Reads what [`Rates::save`] wrote; nothing has changed if that is damaged.
    pub(super) fn restore(&mut self, mut bytes: &[u8]) -> Option<()> {
        let told = u64::load(&mut bytes)?;
        let mut open = Vec::new();
        for _ in 0..u32::load(&mut bytes)? {
            let (scored, anomalous) = (u32::load(&mut bytes)?, u32::load(&mut bytes)?);
            let length = usize::try_from(u32::load(&mut bytes)?).ok()?;
            let (resource, rest) = bytes.split_at_checked(length)?;
            bytes = rest;
            if scored == 0 || anomalous > scored {
                return None;
            }
            open.push((resource, scored, anomalous));
        }
        if !bytes.is_empty() {
            return None;
        }
        self.told = told;
        for (resource, scored, anomalous) in open {
            let number = self.number(resource).map(usize::from);
            if let Some(group) = number.and_then(|number| self.groups.get_mut(number)) {
                (group.scored, group.anomalous) = (scored, anomalous);
            }
        }
        Some(())
    }
}

impl Group {
    const fn is_used(&self) -> bool {
        self.members > 0 || self.scored > 0
    }
}

/// Copies the attributes with these keys, in the order of the keys. Says whether there are any.
fn copy(resource: Option<Resource<'_>>, keys: [&str; 2], out: &mut Vec<u8>) -> bool {
    let before = out.len();
    for key in keys {
        let mut attributes = resource.into_iter().flat_map(Resource::attributes);
        if let Some(attribute) = attributes.find(|attribute| attribute.key_bytes() == key.as_bytes()) {
            wire::put_bytes(out, ATTRIBUTES, attribute.as_bytes());
        }
    }
    out.len() > before
}

/// Whether the attributes from `start` on name a service, and not only its namespace.
fn has_name(attributes: &[u8], start: usize) -> bool {
    let attributes = Resource::new(attributes.get(start..).unwrap_or_default()).attributes();
    attributes.map(KeyValue::key_bytes).any(|key| key == b"service.name")
}
