//! What of all this outlives a restart.
//!
//! For each service, first what its miner knows, in the miner's own parts, then the rest: how odd records usually are, what resources
//! have in common, when templates were seen. Sums are not kept: they begin anew with the process, as sums do.

use edgewatch_core::learned::{Learned, PART, Unusable};

use super::identity::{KEPT, LONGEST, Name};
use super::miner::{StateError, TemplateId};
use super::services::{Service, Services};
use super::surprise::Surprise;
use crate::stats::Stored;

const VERSION: u8 = 1;

/// What a part is about.
const MINER: u8 = 0;
const REST: u8 = 1;

/// Services that are saved, at most: a position is a service and a place in it.
const SERVICES: usize = 4096;
const STRIDE: usize = usize::MAX / SERVICES;
/// Where in a service the rest begins.
const BEHIND_MINER: usize = STRIDE / 2;
/// Templates in a part of the rest, 24 bytes each.
const TEMPLATES: usize = 8192;

impl Learned for Services {
    fn save(&self, position: usize, out: &mut Vec<u8>) -> Option<usize> {
        let (service, place) = (position / STRIDE, position % STRIDE);
        let known = self.get(service)?;
        VERSION.store(out);
        let next = if place < BEHIND_MINER {
            MINER.store(out);
            put_name(out, known.name.as_ref());
            Some(known.miner.save(place, PART, out).unwrap_or(BEHIND_MINER).min(BEHIND_MINER))
        } else {
            REST.store(out);
            put_name(out, known.name.as_ref());
            save_rest(known, place - BEHIND_MINER, out).map(|chunk| BEHIND_MINER + chunk)
        };
        match next {
            Some(place) => Some(service * STRIDE + place),
            None => self.get(service + 1).filter(|_| service + 1 < SERVICES).map(|_| (service + 1) * STRIDE),
        }
    }

    fn restore(&mut self, mut part: &[u8]) -> Result<(), Unusable> {
        let bytes = &mut part;
        let version = u8::load(bytes).ok_or_else(damaged)?;
        if version != VERSION {
            return Err(Unusable(format!("written by another version of the processor ({version})")));
        }
        let kind = u8::load(bytes).filter(|kind| [MINER, REST].contains(kind)).ok_or_else(damaged)?;
        let name = take_name(bytes).ok_or_else(damaged)?;
        // Read as a whole before anything is changed, also before there is a service for it.
        let rest = if kind == REST { Some(Rest::read(bytes).ok_or_else(damaged)?) } else { None };
        let full = || Unusable("there are more services in it than max_services".to_owned());
        let service = self.named(name).and_then(|service| self.get_mut(service)).ok_or_else(full)?;
        match rest {
            Some(rest) => service.take_in(rest),
            None => {
                service.miner.restore(bytes).map_err(|error: StateError| Unusable(error.to_string()))?;
                // What was counted before is not counted again.
                for (id, _, lines) in service.miner.templates() {
                    service.counts.restore(id, lines, 0, 0);
                }
            }
        }
        Ok(())
    }
}

fn damaged() -> Unusable {
    Unusable("damaged".to_owned())
}

/// What is known of a service beside its templates.
struct Rest {
    /// How many templates there were.
    templates: u32,
    surprise: Surprise,
    common: Vec<Option<Box<[u8]>>>,
    /// When templates were seen for the first and the last time.
    seen: Vec<(TemplateId, u64, u64)>,
}

impl Rest {
    /// `None`: damaged.
    fn read(bytes: &mut &[u8]) -> Option<Self> {
        let (templates, surprise) = (u32::load(bytes)?, Surprise::restored(bytes)?);
        let mut common = Vec::new();
        for _ in 0..Some(u8::load(bytes)?).filter(|count| [0, KEPT.len()].contains(&usize::from(*count)))? {
            common.push(if bool::load(bytes)? { Some(take_bytes(bytes, LONGEST + 8)?.into()) } else { None });
        }
        let mut seen = Vec::new();
        while !bytes.is_empty() {
            let (id, first, last) = (u64::load(bytes)?, u64::load(bytes)?, u64::load(bytes)?);
            seen.push((TemplateId(id), first, last));
        }
        Some(Self { templates, surprise, common, seen })
    }
}

/// Writes a part of the rest, and says which one follows.
fn save_rest(service: &Service, chunk: usize, out: &mut Vec<u8>) -> Option<usize> {
    u32::try_from(service.miner.len()).unwrap_or(u32::MAX).store(out);
    service.surprise.store(out);
    out.push(u8::try_from(service.common.values.len()).unwrap_or_default());
    for value in &service.common.values {
        value.is_some().store(out);
        value.iter().for_each(|value| put_bytes(out, value));
    }
    let mut seen = service.counts.seen().skip(chunk * TEMPLATES);
    for (id, sum) in seen.by_ref().take(TEMPLATES) {
        id.0.store(out);
        sum.first.store(out);
        sum.last.store(out);
    }
    seen.next().map(|_| chunk + 1)
}

impl Service {
    fn take_in(&mut self, rest: Rest) {
        // Where templates are lost, that they are new says nothing.
        if self.miner.len() * 8 >= rest.templates as usize * 7 {
            self.surprise = rest.surprise;
        }
        self.common.values = rest.common;
        for (id, first, last) in rest.seen {
            if let Some(lines) = self.miner.lines_of(id) {
                self.counts.restore(id, lines, first, last);
            }
        }
    }
}

fn put_name(out: &mut Vec<u8>, name: Option<&Name>) {
    name.is_some().store(out);
    if let Some(name) = name {
        put_bytes(out, name.namespace.as_bytes());
        put_bytes(out, name.name.as_bytes());
    }
}

/// `None`: damaged.
fn take_name(bytes: &mut &[u8]) -> Option<Option<Name>> {
    if !bool::load(bytes)? {
        return Some(None);
    }
    let mut text = || std::str::from_utf8(take_bytes(bytes, LONGEST)?).ok().map(Into::into);
    let (namespace, name) = (text()?, text()?);
    Some(Some(Name { namespace, name }))
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    u32::try_from(bytes.len()).unwrap_or_default().store(out);
    out.extend_from_slice(bytes);
}

fn take_bytes<'a>(bytes: &mut &'a [u8], longest: usize) -> Option<&'a [u8]> {
    let length = usize::try_from(u32::load(bytes)?).ok().filter(|length| *length <= longest)?;
    let (taken, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(taken)
}
