//! How much a miner may know, and what it forgets.

use super::events::Event;
use super::mining::Learned;

/// How much a miner may know.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Templates.
    pub templates: usize,
    /// Templates of the same shape, which are compared with one another.
    pub siblings: usize,
    /// Masked lines whose template is known at once.
    pub signatures: usize,
    /// Bytes of templates.
    pub bytes: usize,
}

/// Siblings are compared whenever one more is found; so many take some ten microseconds.
const SIBLINGS: usize = 512;
/// Bytes of a template and what belongs to it, on average; long ones are few.
const USUAL_SIZE: usize = 1024;
/// What a masked line takes in the table of signatures, with its room to grow.
const SIGNATURE_SIZE: usize = 40;
/// What the longest line takes beyond the limit: its text twice, and what is known of each of its parts.
const LONGEST: usize = 64 << 10;
/// What is remembered of words, at most.
pub(super) const WORDS_SIZE: usize = 256 << 10;

impl Default for Limits {
    fn default() -> Self {
        Self::of_templates(4096)
    }
}

impl Limits {
    /// Limits for so many templates.
    #[must_use]
    pub const fn of_templates(templates: usize) -> Self {
        Self {
            templates,
            siblings: SIBLINGS,
            signatures: templates.saturating_mul(8),
            bytes: templates.saturating_mul(USUAL_SIZE),
        }
    }

    /// Most bytes that a miner with these limits takes, but for one that grows through a single line beyond them.
    #[must_use]
    pub const fn memory_bound(&self) -> usize {
        self.bytes.saturating_add(self.signatures.saturating_mul(SIGNATURE_SIZE)).saturating_add(WORDS_SIZE)
    }
}

impl Learned {
    /// Forgets what was not seen for longest, an eighth at a time, when there is no room for another template.
    pub(super) fn make_room(&mut self) {
        let limits = self.limits;
        while self.nodes.len() + 1 >= limits.templates || self.nodes.bytes() >= limits.bytes {
            if !self.forget_some(self.nodes.by_age()) {
                break;
            }
        }
        if self.signatures.len() >= limits.signatures {
            self.thin_out_signatures();
        }
        if self.nodes.slots() > 2 * limits.templates {
            self.tidy();
        }
    }

    /// Forgets what is beyond the limits, when more was read back than they allow.
    pub(super) fn keep_within(&mut self) {
        let limits = self.limits;
        let too_much = |known: &Self| {
            known.nodes.len() > limits.templates || known.nodes.bytes() > limits.bytes + LONGEST
        };
        while too_much(self) && self.forget_some(self.nodes.by_age()) {}
        if self.signatures.len() > limits.signatures {
            self.thin_out_signatures();
        }
    }

    /// Only those of templates themselves stay: the others are found again by comparison.
    fn thin_out_signatures(&mut self) {
        let nodes = &self.nodes;
        self.signatures.retain(|signature, node| {
            *node = nodes.root(*node);
            nodes.get(*node).is_some_and(|node| node.template.signature() == *signature)
        });
    }

    /// Forgets siblings of `node` that were not seen for longest, when there are too many.
    pub(super) fn make_room_beside(&mut self, node: u32, shape: u64) {
        let siblings = self.shapes.get(&shape).map(Vec::as_slice).unwrap_or_default();
        if siblings.len() > self.limits.siblings {
            self.forget_some(siblings.iter().copied().filter(|other| *other != node).collect());
        }
    }

    /// Forgets an eighth of `nodes`, those that were not seen for longest; returns whether there were any.
    fn forget_some(&mut self, mut nodes: Vec<u32>) -> bool {
        nodes.sort_by_key(|&node| self.nodes.get(node).map(|node| (node.last, node.born)));
        let count = nodes.len().div_ceil(8);
        for &node in nodes.iter().take(count) {
            let Some(forgotten) = self.nodes.forget(node) else { continue };
            self.unlist(node, &forgotten.template);
            self.forgotten += 1;
            self.events.push(Event::Forgotten { id: forgotten.id });
        }
        let nodes = &self.nodes;
        self.signatures.retain(|_signature, node| nodes.get(nodes.root(*node)).is_some());
        count > 0
    }

    /// Lets signatures refer to what stands for their node, so that the numbers of those that are no more can be used again.
    fn tidy(&mut self) {
        let nodes = &self.nodes;
        self.signatures.retain(|_signature, node| {
            *node = nodes.root(*node);
            nodes.get(*node).is_some()
        });
        self.nodes.sweep();
    }
}
