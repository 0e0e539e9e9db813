//! From texts to one tree.

use super::environment::Environment;
use super::expand::expand;
use super::merge::{merge, parse_set};
use super::node::{Node, Value};
use super::parse::parse;
use super::problem::{Problem, Problems};
use super::source::Sources;

/// A configuration as one tree, with the texts that it came from.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// The tree: a map, or empty.
    pub root: Node,
    /// The texts, for reports.
    pub sources: Sources,
    /// What is wrong so far.
    pub problems: Problems,
}

/// Reads `texts` (name and content), puts each over those before it, applies the `--set` arguments and
/// expands the references that are left.
#[must_use]
pub fn load(texts: &[(String, String)], sets: &[String], environment: &dyn Environment) -> Loaded {
    let mut loaded = Loaded::default();
    for (name, text) in texts {
        let id = loaded.sources.add(name, text);
        let node = parse(&loaded.sources, id, &mut loaded.problems);
        loaded.put(node);
    }
    for set in sets {
        let id = loaded.sources.add("--set", set);
        let node = parse_set(&loaded.sources, id, &mut loaded.problems);
        loaded.put(node);
    }
    expand(&mut loaded.root, "", environment, &mut loaded.problems);
    loaded.require_map();
    loaded
}

impl Loaded {
    fn put(&mut self, node: Option<Node>) {
        if let Some(node) = node.filter(|node| !node.is_null()) {
            let below = std::mem::take(&mut self.root);
            self.root = merge(below, node);
        }
    }

    fn require_map(&mut self) {
        if !matches!(self.root.value, Value::Map(_) | Value::Null) {
            let message = format!("a configuration is a map of sections, found {}", self.root.kind());
            self.problems.push(
                Problem::error("", Some(self.root.span), message)
                    .with_help("start with `receivers:`, `exporters:` and `service:`"),
            );
            self.root = Node::default();
        }
    }
}
