//! From a line to its template: one look-up for what is known, learning for what is not.

use super::code::{Token, signature};
use super::events::{Event, Sighting, TemplateId};
use super::hash::HashedMap;
use super::lex::Lexer;
use super::limits::Limits;
use super::nodes::{Node, Nodes};
use super::template::Template;
use super::thresholds::Thresholds;
use super::values::Values;

/// The number of lines after which everything is compared again for the first time; then when it has doubled.
const FIRST_REVIEW: u64 = 64;

/// Finds the templates of log lines, online and in bounded memory.
#[derive(Clone, Debug, Default)]
pub struct Miner {
    lexer: Lexer,
    pub(super) learned: Learned,
}

/// What a miner knows.
#[derive(Clone, Debug, Default)]
pub(super) struct Learned {
    pub(super) thresholds: Thresholds,
    pub(super) limits: Limits,
    /// Lines seen.
    pub(super) lines: u64,
    pub(super) nodes: Nodes,
    /// Masked lines, by hash, and the node that each belongs to.
    pub(super) signatures: HashedMap<u32>,
    /// Nodes by shape.
    pub(super) shapes: HashedMap<Vec<u32>>,
    /// Nodes by signature, with their lists folded.
    pub(super) folds: HashedMap<Vec<u32>>,
    /// Words that stood where a variable is now.
    pub(super) values: Values,
    pub(super) events: Vec<Event>,
    pub(super) forgotten: u64,
}

impl Miner {
    /// A miner that keeps within `limits`.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self::with_thresholds(limits, Thresholds::default())
    }

    /// A miner with other thresholds, for the evaluation.
    #[must_use]
    pub fn with_thresholds(limits: Limits, thresholds: Thresholds) -> Self {
        Self { lexer: Lexer::default(), learned: Learned { thresholds, limits, ..Learned::default() } }
    }

    /// The template that `line` belongs to, as far as is known now.
    #[inline]
    pub fn mine(&mut self, line: &[u8]) -> TemplateId {
        self.sight(line).id
    }

    /// The same, and how long ago that template was seen before.
    #[inline]
    pub fn sight(&mut self, line: &[u8]) -> Sighting {
        let tokens = self.lexer.lex(line);
        let learned = &mut self.learned;
        learned.lines += 1;
        let signature = signature(tokens.iter().map(|token| token.code));
        let node = match learned.signatures.get(&signature) {
            Some(&node) => learned.nodes.root(node),
            None => learned.learn(signature, line, tokens),
        };
        let mut sighting = learned.nodes.seen(node, learned.lines);
        if learned.lines.is_power_of_two() && learned.lines >= FIRST_REVIEW {
            learned.review();
            sighting.id = learned.nodes.by_index(learned.nodes.root(node)).unwrap_or(sighting.id);
        }
        sighting
    }

    /// Compares all templates again, with what was learned since they were new. It happens by itself from time to time, ever more
    /// seldom; at the end of an input it makes the result better.
    pub fn review(&mut self) {
        self.learned.review();
    }

    /// What happened to templates since this was asked last.
    pub fn take_events(&mut self) -> impl Iterator<Item = Event> {
        self.learned.events.drain(..)
    }

    /// The text of a template.
    #[must_use]
    pub fn text(&self, id: TemplateId) -> Option<&str> {
        self.learned.nodes.by_id(id).map(|node| node.text.as_ref())
    }

    /// Every template: id, text, lines counted.
    pub fn templates(&self) -> impl Iterator<Item = (TemplateId, &str, u64)> {
        self.learned.nodes.roots().map(|(_, node)| (node.id, node.text.as_ref(), node.lines))
    }

    /// How many lines a template has; those of templates that were merged into it count.
    #[must_use]
    pub fn lines_of(&self, id: TemplateId) -> Option<u64> {
        self.learned.nodes.by_id(id).map(|node| node.lines)
    }

    /// How many templates there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.learned.nodes.len()
    }

    /// Whether nothing was seen yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many templates were forgotten for want of room.
    #[must_use]
    pub fn forgotten(&self) -> u64 {
        self.learned.forgotten
    }
}

impl Learned {
    #[cold]
    fn review(&mut self) {
        for node in self.nodes.by_age() {
            if self.nodes.get(node).is_some() {
                self.generalise(node);
            }
        }
    }

    /// Finds a place for a line whose signature is not known.
    #[cold]
    fn learn(&mut self, signature: u64, line: &[u8], tokens: &[Token]) -> u32 {
        self.make_room();
        let template = Template::of(line, tokens);
        let folded = template.folded();
        let known =
            self.covering(&template).or_else(|| folded.as_ref().and_then(|folded| self.covering(folded)));
        let node = match known {
            Some(known) => known,
            None => {
                let node = self.add(template);
                let node = self.fold(node);
                self.generalise(node)
            }
        };
        self.signatures.insert(signature, node);
        node
    }

    /// A new node for `template`.
    pub(super) fn add(&mut self, template: Template) -> u32 {
        let (signature, shape, folded) =
            (template.signature(), template.shape(), template.folded_signature());
        let node = Node { last: self.lines, ..Node::new(template) };
        self.events.push(Event::New { id: node.id });
        let index = self.nodes.insert(node);
        self.signatures.insert(signature, index);
        self.list(index, shape, folded);
        self.make_room_beside(index, shape);
        index
    }

    /// Lets `into` stand for `from`.
    pub(super) fn merge(&mut self, from: u32, into: u32) {
        if let Some((template, merged)) = self.nodes.merge(from, into) {
            self.unlist(from, &template);
            self.events.extend(merged);
        }
    }

    /// Puts a node into the lists that it is looked for in.
    pub(super) fn list(&mut self, node: u32, shape: u64, folded: u64) {
        self.shapes.entry(shape).or_default().push(node);
        self.folds.entry(folded).or_default().push(node);
    }

    /// Takes a node that is no more from the lists that it is in.
    pub(super) fn unlist(&mut self, node: u32, template: &Template) {
        for (lists, key) in
            [(&mut self.shapes, template.shape()), (&mut self.folds, template.folded_signature())]
        {
            if let Some(same) = lists.get_mut(&key) {
                same.retain(|other| *other != node);
                if same.is_empty() {
                    lists.remove(&key);
                }
            }
        }
    }
}
