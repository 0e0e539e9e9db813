//! Parser events to nodes: anchors, merge keys, scalars, and limits on depth and size.

use std::borrow::Cow;
use std::collections::HashMap;

use saphyr_parser::{Event, ScalarStyle, Tag};

use super::places::Places;
use crate::config::node::{Key, Map, Node, Value};
use crate::config::problem::{Problem, Problems, join};
use crate::config::scalar;
use crate::config::source::Span;

/// Deepest nesting; real configurations stay below 20.
const MAX_DEPTH: usize = 64;

/// Most nodes that aliases may add; "billion laughs" needs 10^9.
const MAX_ALIASED: usize = 50_000;

/// Most nodes of one text; a configuration of 3,000 lines has about 10,000.
const MAX_NODES: usize = 500_000;

/// A list or map whose end has not been reached.
enum Open {
    Seq { items: Vec<Node>, span: Span, anchor: usize },
    Map { entries: Entries, key: Option<Key>, span: Span, anchor: usize },
}

/// The entries of a map, and what its merge keys (`<<`) bring in.
#[derive(Default)]
struct Entries {
    map: Map,
    seen: HashMap<String, Span>,
    merged: Vec<Node>,
}

pub(super) struct Builder<'a> {
    places: &'a Places<'a>,
    open: Vec<Open>,
    root: Option<Node>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
    aliased: usize,
    problems: Problems,
}

type Fatal = Box<Problem>;

impl<'a> Builder<'a> {
    pub(super) fn new(places: &'a Places<'a>) -> Self {
        Self {
            places,
            open: Vec::new(),
            root: None,
            anchors: HashMap::new(),
            nodes: 0,
            aliased: 0,
            problems: Problems::new(),
        }
    }

    /// The tree, and what can be wrong with one that is valid YAML.
    pub(super) fn finish(self) -> (Node, Problems) {
        (self.root.unwrap_or_else(|| Node::new(Value::Null, self.places.start())), self.problems)
    }

    /// Takes the next event; fails where reading on makes no sense.
    pub(super) fn take(&mut self, event: Event<'_>, span: &saphyr_parser::Span) -> Result<(), Fatal> {
        let place = self.places.span(span);
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let node = scalar_node(&text, style, tag.as_deref(), place);
                self.add(node, anchor)
            }
            Event::SequenceStart(anchor, _) => {
                self.push(Open::Seq { items: Vec::new(), span: place, anchor }, place)
            }
            Event::MappingStart(anchor, _) => {
                let entries = Entries::default();
                self.push(Open::Map { entries, key: None, span: place, anchor }, place)
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(place),
            Event::Alias(anchor) => self.alias(anchor, place),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Ok(()),
        }
    }

    fn push(&mut self, open: Open, place: Span) -> Result<(), Fatal> {
        if self.open.len() >= MAX_DEPTH {
            let message = format!("nested deeper than {MAX_DEPTH} levels");
            return Err(Box::new(Problem::error("", Some(place), message)));
        }
        self.open.push(open);
        Ok(())
    }

    fn close(&mut self, end: Span) -> Result<(), Fatal> {
        match self.open.pop() {
            Some(Open::Seq { items, span, anchor }) => {
                self.add(Node::new(Value::Seq(items), up_to(span, end)), anchor)
            }
            Some(Open::Map { entries, span, anchor, .. }) => {
                let map = self.merge(entries);
                self.add(Node::new(Value::Map(map), up_to(span, end)), anchor)
            }
            None => Ok(()),
        }
    }

    /// Puts a finished node where it belongs: into the open list or map, or at the root.
    fn add(&mut self, node: Node, anchor: usize) -> Result<(), Fatal> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            let message = format!("more than {MAX_NODES} values in one text");
            return Err(Box::new(Problem::error("", Some(node.span), message)));
        }
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::Seq { items, .. }) => items.push(node),
            Some(Open::Map { key: key @ None, .. }) => match key_name(&node) {
                Some(name) => *key = Some(Key { name, span: node.span }),
                None => {
                    let message = format!("a key must be text, found {}", node.kind());
                    return Err(Box::new(Problem::error("", Some(node.span), message)));
                }
            },
            Some(Open::Map { entries, key: key @ Some(_), .. }) => {
                let Some(key) = key.take() else { return Ok(()) };
                // A value that is not written has no place of its own: what is said of it is said of its key.
                let absent = node.is_null() && node.span.start == node.span.end;
                let node = if absent { Node { span: key.span, ..node } } else { node };
                if let Some(mut problem) = entries.insert(key, node) {
                    problem.path = join(&self.path(), &problem.path);
                    self.problems.push(problem);
                }
            }
        }
        Ok(())
    }

    /// Where the innermost open list or map stands.
    fn path(&self) -> String {
        let mut path = String::new();
        for open in &self.open {
            match open {
                Open::Seq { items, .. } => path = format!("{path}[{}]", items.len()),
                Open::Map { key: Some(key), .. } => path = join(&path, &key.name),
                Open::Map { key: None, .. } => {}
            }
        }
        path
    }

    fn alias(&mut self, anchor: usize, place: Span) -> Result<(), Fatal> {
        let Some(node) = self.anchors.get(&anchor) else {
            let message = "an anchor cannot be used inside itself";
            return Err(Box::new(Problem::error("", Some(place), message)));
        };
        self.aliased = self.aliased.saturating_add(size(node));
        if self.aliased > MAX_ALIASED {
            let message = format!("aliases add more than {MAX_ALIASED} values");
            return Err(Box::new(Problem::error("", Some(place), message)));
        }
        let node = node.clone();
        self.add(node, 0)
    }

    /// Adds what merge keys bring in; a key that is written in the map itself wins.
    fn merge(&mut self, entries: Entries) -> Map {
        let Entries { mut map, merged, .. } = entries;
        for node in merged {
            match node.value {
                Value::Map(more) => add_absent(&mut map, more),
                Value::Seq(items) => {
                    for item in items {
                        match item.value {
                            Value::Map(more) => add_absent(&mut map, more),
                            Value::Null
                            | Value::Bool(_)
                            | Value::Int(_)
                            | Value::Float(_)
                            | Value::String(_)
                            | Value::Seq(_) => self.cannot_merge(item.span),
                        }
                    }
                }
                Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::String(_) => {
                    self.cannot_merge(node.span);
                }
            }
        }
        map
    }

    fn cannot_merge(&mut self, span: Span) {
        self.problems.push(
            Problem::error("", Some(span), "a merge key (`<<`) takes a map or a list of maps")
                .with_help("refer to an anchored map: `<<: *name`"),
        );
    }
}

impl Entries {
    fn insert(&mut self, key: Key, node: Node) -> Option<Problem> {
        if key.name == "<<" {
            self.merged.push(node);
            return None;
        }
        if let Some(first) = self.seen.get(&key.name) {
            let message = format!("key `{}` occurs twice", key.name);
            let help = format!("it stands on line {} already; join the two or remove one", first.line);
            return Some(Problem::error(&key.name, Some(key.span), message).with_help(help));
        }
        self.seen.insert(key.name.clone(), key.span);
        self.map.push_new(key, node);
        None
    }
}

fn add_absent(map: &mut Map, more: Map) {
    for (key, node) in more {
        if map.get(&key.name).is_none() {
            map.push_new(key, node);
        }
    }
}

/// A block ends where its last entry ends, which is not known here; the closing bracket of a flow is.
fn up_to(start: Span, end: Span) -> Span {
    Span { end: end.end.max(start.end), ..start }
}

fn key_name(node: &Node) -> Option<String> {
    match (&node.value, &node.text) {
        (Value::String(text), _) => Some(text.clone()),
        (Value::Bool(_) | Value::Int(_) | Value::Float(_), Some(text)) => Some(text.to_string()),
        (
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Seq(_) | Value::Map(_),
            _,
        ) => None,
    }
}

fn scalar_node(text: &str, style: ScalarStyle, tag: Option<&Tag>, place: Span) -> Node {
    let tag = tag.filter(|tag| tag.is_yaml_core_schema()).map(|tag| tag.suffix.as_str());
    let plain = matches!(style, ScalarStyle::Plain);
    let value = match tag {
        Some("str") => Value::String(text.to_owned()),
        Some("int" | "float" | "bool" | "null") => scalar::resolve(text),
        Some(_) | None if plain => scalar::resolve(text),
        Some(_) | None => Value::String(text.to_owned()),
    };
    let written = matches!(value, Value::Bool(_) | Value::Int(_) | Value::Float(_));
    Node { text: written.then(|| Cow::from(text).into()), ..Node::new(value, place) }
}

/// Number of nodes in a tree, which is as deep as the parser allows.
fn size(node: &Node) -> usize {
    1 + match &node.value {
        Value::Seq(items) => items.iter().map(size).sum(),
        Value::Map(map) => map.iter().map(|(_, node)| size(node)).sum(),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::String(_) => 0,
    }
}
