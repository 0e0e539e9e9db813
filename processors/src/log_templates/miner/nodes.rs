//! Templates, and those that were merged into others.

use std::collections::HashMap;

use super::events::{Event, Sighting, TemplateId};
use super::template::{Template, id_of};

/// What a node takes in the tables that lead to it.
const ENTRIES: usize = 256;

/// A template.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) id: TemplateId,
    pub(super) text: Box<str>,
    pub(super) template: Template,
    /// Its number among all that there ever were: the order in which templates are looked at.
    pub(super) born: u64,
    /// When it was last seen, in lines.
    pub(super) last: u64,
    /// Lines counted.
    pub(super) lines: u64,
}

impl Node {
    pub(super) fn new(template: Template) -> Self {
        let text = template.render();
        Self { id: TemplateId(id_of(&text)), text: text.into(), template, born: 0, last: 0, lines: 0 }
    }

    pub(super) fn size(&self) -> usize {
        size_of::<Self>() + self.text.len() + self.template.size() + ENTRIES
    }
}

#[derive(Clone, Debug)]
pub(super) enum Slot {
    Root(Box<Node>),
    Merged(u32),
    Free,
}

/// Nodes by number, as a union-find structure.
#[derive(Clone, Debug, Default)]
pub(super) struct Nodes {
    slots: Vec<Slot>,
    free: Vec<u32>,
    /// The numbers of roots, by id. Two nodes may have the same text, though that takes other characters than ours.
    ids: HashMap<TemplateId, u32>,
    roots: usize,
    bytes: usize,
    /// The number of the next one.
    pub(super) born: u64,
}

impl Nodes {
    /// The node that stands for `node`.
    #[inline]
    pub(super) fn root(&self, mut node: u32) -> u32 {
        while let Some(Slot::Merged(into)) = self.slots.get(node as usize) {
            node = *into;
        }
        node
    }

    #[inline]
    pub(super) fn get(&self, node: u32) -> Option<&Node> {
        match self.slots.get(node as usize) {
            Some(Slot::Root(node)) => Some(node),
            Some(Slot::Merged(_) | Slot::Free) | None => None,
        }
    }

    /// Counts a line.
    #[inline]
    pub(super) fn seen(&mut self, node: u32, now: u64) -> Sighting {
        match self.slots.get_mut(node as usize) {
            Some(Slot::Root(node)) => {
                let gap = (node.lines > 0).then_some(now.saturating_sub(node.last));
                node.last = now;
                node.lines += 1;
                Sighting { id: node.id, gap }
            }
            Some(Slot::Merged(_) | Slot::Free) | None => Sighting { id: TemplateId(0), gap: None },
        }
    }

    /// The id of the node with this number.
    pub(super) fn by_index(&self, node: u32) -> Option<TemplateId> {
        self.get(node).map(|node| node.id)
    }

    pub(super) fn get_mut(&mut self, node: u32) -> Option<&mut Node> {
        match self.slots.get_mut(node as usize) {
            Some(Slot::Root(node)) => Some(node),
            Some(Slot::Merged(_) | Slot::Free) | None => None,
        }
    }

    pub(super) fn by_id(&self, id: TemplateId) -> Option<&Node> {
        self.ids.get(&id).and_then(|node| self.get(*node))
    }

    pub(super) fn roots(&self) -> impl Iterator<Item = (u32, &Node)> {
        (0_u32..).zip(&self.slots).filter_map(|(index, slot)| match slot {
            Slot::Root(node) => Some((index, node.as_ref())),
            Slot::Merged(_) | Slot::Free => None,
        })
    }

    /// The numbers of all roots, the oldest first. The order of the slots themselves does not outlive a restart.
    pub(super) fn by_age(&self) -> Vec<u32> {
        let mut all: Vec<(u64, u32)> = self.roots().map(|(index, node)| (node.born, index)).collect();
        all.sort_unstable();
        all.into_iter().map(|(_, index)| index).collect()
    }

    pub(super) fn len(&self) -> usize {
        self.roots
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn slots(&self) -> usize {
        self.slots.len()
    }

    /// Adds `node` as the youngest.
    pub(super) fn insert(&mut self, node: Node) -> u32 {
        let born = self.born;
        self.insert_again(Node { born, ..node })
    }

    /// Adds `node`, which was born before.
    pub(super) fn insert_again(&mut self, node: Node) -> u32 {
        self.born = self.born.max(node.born.saturating_add(1));
        self.roots += 1;
        self.bytes += node.size();
        let id = node.id;
        let slot = Slot::Root(Box::new(node));
        let index = match self.free.pop() {
            Some(index) => {
                if let Some(place) = self.slots.get_mut(index as usize) {
                    *place = slot;
                }
                index
            }
            None => {
                self.slots.push(slot);
                u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX)
            }
        };
        self.ids.insert(id, index);
        index
    }

    fn take(&mut self, node: u32, leave: Slot) -> Option<Node> {
        let place = self.slots.get_mut(node as usize)?;
        if !matches!(place, Slot::Root(_)) {
            return None;
        }
        let Slot::Root(taken) = std::mem::replace(place, leave) else { return None };
        self.roots -= 1;
        self.bytes -= taken.size();
        if self.ids.get(&taken.id) == Some(&node) {
            self.ids.remove(&taken.id);
        }
        Some(*taken)
    }

    /// Lets `into` stand for `from`; returns the template of `from`, and what to tell.
    pub(super) fn merge(&mut self, from: u32, into: u32) -> Option<(Template, Option<Event>)> {
        if from == into {
            return None;
        }
        let taken = self.take(from, Slot::Merged(into))?;
        let Some(Slot::Root(stands)) = self.slots.get_mut(into as usize) else { return None };
        stands.lines += taken.lines;
        stands.last = stands.last.max(taken.last);
        let event = (taken.id != stands.id).then_some(Event::Merged { from: taken.id, into: stands.id });
        Some((taken.template, event))
    }

    /// Forgets `node`.
    pub(super) fn forget(&mut self, node: u32) -> Option<Node> {
        let taken = self.take(node, Slot::Free)?;
        Some(taken)
    }

    /// Gives back the numbers of all nodes that stand for nothing. Nobody may refer to them any more.
    pub(super) fn sweep(&mut self) {
        self.free.clear();
        for (index, slot) in (0_u32..).zip(&mut self.slots) {
            match slot {
                Slot::Root(_) => {}
                Slot::Merged(_) | Slot::Free => {
                    *slot = Slot::Free;
                    self.free.push(index);
                }
            }
        }
    }

    /// Bytes that they hold, with 16 for each allocation.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        let node = |node: &Node| {
            let parts = node.template.codes().len() * 12;
            let text = node.template.parts().map(|(_, text)| text.len()).sum::<usize>();
            size_of::<Node>() + node.text.len() + parts + text + 5 * 16
        };
        let nodes: usize = self.roots().map(|(_, root)| node(root)).sum();
        let ids = self.ids.capacity() * 8 / 7 * (size_of::<(TemplateId, u32)>() + 1);
        nodes + ids + self.slots.capacity() * size_of::<Slot>() + self.free.capacity() * size_of::<u32>()
    }
}
