//! Comparing templates of the same shape, and finding where they vary.

use super::code::Code;
use super::mining::Learned;
use super::template::Template;
use super::thresholds::Place;

/// The place where two templates of the same shape differ, if it is one.
fn difference(one: &[Code], other: &[Code]) -> Option<usize> {
    let mut differ = (0..).zip(one.iter().zip(other)).filter(|(_, (a, b))| a != b).map(|(at, _)| at);
    differ.next().filter(|_first| differ.next().is_none())
}

/// Whether `template` stands for a line with these `codes`: variables stand for anything, as long as more words agree.
fn covers(template: &[Code], codes: &[Code]) -> bool {
    let (mut agree, mut filled) = (0_usize, 0_usize);
    template.len() == codes.len()
        && template.iter().zip(codes).all(|(known, code)| {
            agree += usize::from(known == code && code.is_word());
            filled += usize::from(known.is_variable() && code.is_word() && !code.is_masked());
            known == code || known.is_variable() && code.is_word()
        })
        && agree >= filled
        && agree > 0
}

impl Learned {
    /// The known template that stands for `template`, the one that agrees most.
    pub(super) fn covering(&self, template: &Template) -> Option<u32> {
        let same = self.shapes.get(&template.shape())?;
        // Of equals the oldest.
        let covering = same.iter().rev().filter_map(|&index| {
            let node = self.nodes.get(index)?;
            covers(node.template.codes(), template.codes()).then_some((node.template.literals(), index))
        });
        covering.max_by_key(|&(literals, _)| literals).map(|(_, index)| index)
    }

    /// Lets one template stand for those that differ from `node` in the length of lists only; returns it.
    pub(super) fn fold(&mut self, node: u32) -> u32 {
        let Some(template) = self.nodes.get(node).map(|node| &node.template) else { return node };
        let folded = template.folded();
        let known = folded.as_ref().and_then(|folded| self.covering(folded)).filter(|known| *known != node);
        if let Some(known) = known {
            self.merge(node, known);
            return known;
        }
        let same = self.folds.get(&template.folded_signature()).cloned().unwrap_or_default();
        if same.len() < 2 {
            return node;
        }
        let general = folded.unwrap_or_else(|| template.clone());
        let known = self.signatures.get(&general.signature()).map(|known| self.nodes.root(*known));
        let general = match known.filter(|known| self.nodes.get(*known).is_some()) {
            Some(known) => known,
            None => self.add(general),
        };
        for other in same {
            self.merge(other, general);
        }
        general
    }

    /// Makes variables of the places where `node` and its like differ often enough, one after the other; returns what stands for
    /// it in the end.
    pub(super) fn generalise(&mut self, mut node: u32) -> u32 {
        while let Some((template, like)) = self.varying(node) {
            let known = self.signatures.get(&template.signature()).map(|known| self.nodes.root(*known));
            let general = match known.filter(|known| self.nodes.get(*known).is_some()) {
                Some(known) => known,
                None => self.add(template),
            };
            self.note_values(node, general);
            self.merge(node, general);
            for other in like {
                self.note_values(other, general);
                self.merge(other, general);
            }
            self.absorb(general);
            node = self.fold(general);
        }
        node
    }

    /// Notes the words of `special` that are variables in `general`.
    fn note_values(&mut self, special: u32, general: u32) {
        let (Some(special), Some(general)) = (self.nodes.get(special), self.nodes.get(general)) else {
            return;
        };
        for (place, (word, known)) in
            special.template.codes().iter().zip(general.template.codes()).enumerate()
        {
            if known.is_variable() && word.is_word() && !is_state(special.template.part(place)) {
                self.values.note(*word);
            }
        }
    }

    /// Merges everything that `general` stands for into it.
    fn absorb(&mut self, general: u32) {
        let Some(node) = self.nodes.get(general) else { return };
        let codes = node.template.codes();
        let same = self.shapes.get(&node.template.shape()).map(Vec::as_slice).unwrap_or_default();
        let absorbed: Vec<u32> = same
            .iter()
            .copied()
            .filter(|&other| other != general)
            .filter(|&other| self.nodes.get(other).is_some_and(|other| covers(codes, other.template.codes())))
            .collect();
        for other in absorbed {
            self.merge(other, general);
        }
    }

    /// `node` with a variable more, when there is reason for one, and those that it then stands for.
    fn varying(&self, node: u32) -> Option<(Template, Vec<u32>)> {
        let template = &self.nodes.get(node)?.template;
        let mut places: Vec<(usize, Vec<u32>)> = Vec::new();
        for &other in self.shapes.get(&template.shape())? {
            if other == node {
                continue;
            }
            let Some(like) = self.nodes.get(other) else { continue };
            if let Some(place) = difference(template.codes(), like.template.codes()) {
                group(&mut places, place, other);
            }
        }
        let found = places.iter().position(|(place, like)| self.is_variable(template, *place, like));
        match found.map(|found| places.swap_remove(found)) {
            Some((place, like)) => Some((template.with_variable(&[place]), like)),
            None => self.varying_together(node),
        }
    }

    /// Whether `template` and those `like` it have enough different values at `place`.
    fn is_variable(&self, template: &Template, place: usize, like: &[u32]) -> bool {
        let others = || like.iter().filter_map(|other| self.nodes.get(*other)).map(|other| &other.template);
        let variable =
            |template: &Template| template.codes().get(place).is_some_and(|code| code.is_variable());
        if variable(template) || others().any(variable) {
            return true;
        }
        let mut values: Vec<&[u8]> = others().map(|other| other.part(place)).collect();
        values.push(template.part(place));
        let codes = others().chain([template]).filter_map(|template| template.codes().get(place));
        let known = codes.filter(|code| self.values.contains(**code)).count();
        let surroundings = surroundings(template, place);
        let needed = self.thresholds.needed(surroundings, &values);
        if surroundings.first {
            return values.len() >= needed;
        }
        // What is a value elsewhere counts twice, and when all are, two are enough.
        known == values.len() || values.len() >= needed.saturating_sub(known).max(2)
    }
}

/// Whether a word is written as names of states are: in capital letters.
fn is_state(word: &[u8]) -> bool {
    !word.iter().any(u8::is_ascii_lowercase)
}

fn group(groups: &mut Vec<(usize, Vec<u32>)>, key: usize, node: u32) {
    match groups.iter_mut().find(|(known, _)| *known == key) {
        Some((_, nodes)) => nodes.push(node),
        None => groups.push((key, vec![node])),
    }
}

/// What stands around `place`.
pub(super) fn surroundings(template: &Template, place: usize) -> Place<'_> {
    let codes = template.codes();
    let before = (0..place).rev().find(|&at| codes.get(at).is_some_and(|code| code.is_slot()));
    let from = before.map_or(0, |before| before + 1);
    Place {
        before: before.map(|before| template.part(before)).unwrap_or_default(),
        between: template.range(from, place),
        after: template.part(place + 1),
        after_variable: before.and_then(|at| codes.get(at)).is_some_and(|code| code.is_variable()),
        first: before.is_none(),
        others: template.literals().saturating_sub(1),
    }
}
