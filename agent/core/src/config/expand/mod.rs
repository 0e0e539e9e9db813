//! `${env:X}`, `${file:PATH}`, `${yaml:TEXT}` and `$$` in the values of a tree, as the Collector expands them.
//!
//! A scalar that is one reference takes the type of what it refers to, be it a number or a map; inside text a
//! reference is text. What was brought in may itself hold references.

mod reference;

use std::io::ErrorKind;
use std::path::Path;

use self::reference::{Piece, Scheme, pieces};
use super::environment::Environment;
use super::node::{Node, Value};
use super::parse::parse_part;
use super::problem::{Problem, Problems, join};
use super::source::Span;

/// How deep references may lead to references. The Collector stops after 100 rounds.
const MAX_DEPTH: usize = 16;

/// Most bytes that one tree may bring in through references.
const MAX_BYTES: usize = 16 << 20;

/// Expands every reference below `node`, which stands at `path`.
pub fn expand(node: &mut Node, path: &str, environment: &dyn Environment, problems: &mut Problems) {
    Expander { environment, problems, bytes: 0 }.tree(node, path, 0);
}

/// What one reference stands for.
struct Found {
    text: String,
    hidden: bool,
}

struct Expander<'a> {
    environment: &'a dyn Environment,
    problems: &'a mut Problems,
    bytes: usize,
}

impl Expander<'_> {
    fn tree(&mut self, node: &mut Node, path: &str, depth: usize) {
        match &mut node.value {
            Value::String(text) => {
                if text.contains('$') {
                    let text = std::mem::take(text);
                    *node = self.scalar(&text, node, path, depth);
                }
            }
            Value::Seq(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    self.tree(item, &format!("{path}[{index}]"), depth);
                }
            }
            Value::Map(map) => {
                for (key, item) in map.iter_mut() {
                    self.tree(item, &join(path, &key.name), depth);
                }
            }
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) => {}
        }
    }

    /// Expands one text.
    fn scalar(&mut self, text: &str, node: &Node, path: &str, depth: usize) -> Node {
        let found = pieces(text);
        if let [Piece::Reference(reference)] = found.as_slice() {
            return match self.lookup(reference, node.span, path, depth) {
                Some(found) => self.typed(found, node, path, depth),
                // Reported; what needs the value shall not be reported again.
                None => Node { hidden: true, ..Node::new(Value::Null, node.span) },
            };
        }
        let (text, hidden) = self.join(&found, node.span, path, depth);
        Node { hidden: node.hidden || hidden, ..Node::new(Value::String(text), node.span) }
    }

    /// A text made of several pieces.
    fn join(&mut self, found: &[Piece<'_>], span: Span, path: &str, depth: usize) -> (String, bool) {
        let mut joined = String::new();
        let mut hidden = false;
        for piece in found {
            match piece {
                Piece::Text(text) => joined.push_str(text),
                Piece::Reference(reference) => {
                    let Some(found) = self.lookup(reference, span, path, depth) else {
                        continue;
                    };
                    hidden |= found.hidden;
                    let value = plain_text(found.text);
                    if self.too_deep(&value, span, path, depth) {
                        continue;
                    }
                    joined.push_str(&self.join(&pieces(&value), span, path, depth + 1).0);
                }
            }
        }
        (joined, hidden)
    }

    /// What a scalar that is nothing but a reference becomes.
    fn typed(&mut self, found: Found, node: &Node, path: &str, depth: usize) -> Node {
        let hidden = node.hidden || found.hidden;
        // Whatever does not read as YAML is text: a password may be anything.
        let mut value = parse_part(&found.text, node.span.source, 0, &mut Problems::new())
            .unwrap_or_else(|| Node::new(Value::String(found.text.clone()), node.span));
        relocate(&mut value, node.span, hidden);
        if !matches!(value.value, Value::String(_)) {
            value.text = Some(found.text.trim_end_matches(['\r', '\n']).into());
        }
        if !self.too_deep(&found.text, node.span, path, depth) {
            self.tree(&mut value, path, depth + 1);
        }
        value
    }

    fn too_deep(&mut self, text: &str, span: Span, path: &str, depth: usize) -> bool {
        let deep = depth >= MAX_DEPTH && text.contains("${");
        if deep {
            let message = "the referenced values refer to each other in a circle";
            self.problems.push(Problem::error(path, Some(span), message));
        }
        deep
    }

    /// The text that a reference stands for; what is wrong with it is reported at `span`.
    fn lookup(&mut self, inner: &str, span: Span, path: &str, depth: usize) -> Option<Found> {
        // A reference inside a reference, such as a default that is itself a variable, comes first.
        let (inner, nested) = if inner.contains("${") {
            if self.too_deep(inner, span, path, depth) {
                return None;
            }
            self.join(&pieces(inner), span, path, depth + 1)
        } else {
            (inner.to_owned(), false)
        };
        let found = match reference::scheme(&inner) {
            Ok(Scheme::Env { name, default }) => self.variable(name, default, nested, span, path),
            Ok(Scheme::File(file)) => self.file(file, nested, span, path),
            Ok(Scheme::Yaml(text)) => Some(Found { text: text.to_owned(), hidden: nested }),
            Err((message, help)) => {
                let message = if nested { "the reference is not valid".to_owned() } else { message };
                self.problems.push(Problem::error(path, Some(span), message).with_help(help));
                None
            }
        }?;
        self.bytes = self.bytes.saturating_add(found.text.len());
        if self.bytes > MAX_BYTES {
            let message = format!("references bring in more than {} MiB", MAX_BYTES >> 20);
            self.problems.push(Problem::error(path, Some(span), message));
            return None;
        }
        Some(found)
    }

    fn variable(
        &mut self,
        name: &str,
        default: Option<&str>,
        nested: bool,
        span: Span,
        path: &str,
    ) -> Option<Found> {
        match (self.environment.variable(name), default) {
            (Some(text), _) => Some(Found { text, hidden: true }),
            (None, Some(default)) => Some(Found { text: default.to_owned(), hidden: nested }),
            (None, None) => {
                let message =
                    format!("environment variable `{name}` is not set; its value is taken as empty");
                let help = format!("set it, or give a default: ${{env:{name}:-value}}");
                self.problems.push(Problem::warning(path, Some(span), message).with_help(help));
                Some(Found { text: String::new(), hidden: false })
            }
        }
    }

    fn file(&mut self, file: &str, nested: bool, span: Span, path: &str) -> Option<Found> {
        match self.environment.read(Path::new(file)) {
            Ok(text) => Some(Found { text, hidden: true }),
            Err(error) => {
                let name = if nested { "the referenced file".to_owned() } else { format!("file `{file}`") };
                let reason = if error.kind() == ErrorKind::NotFound {
                    "it does not exist".to_owned()
                } else {
                    error.kind().to_string()
                };
                let message = format!("{name} cannot be read: {reason}");
                self.problems.push(Problem::error(path, Some(span), message));
                None
            }
        }
    }
}

/// What a value is inside other text: quotes and comments are YAML, not text; any other type is as written.
fn plain_text(text: String) -> String {
    let node = parse_part(&text, super::source::SourceId::default(), 0, &mut Problems::new());
    match node.map(|node| node.value) {
        Some(Value::String(value)) => value,
        Some(
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Seq(_) | Value::Map(_),
        )
        | None => text.trim_end_matches(['\r', '\n']).to_owned(),
    }
}

/// Everything that a reference brought in stands where the reference stands.
fn relocate(node: &mut Node, span: Span, hidden: bool) {
    node.span = span;
    node.hidden = hidden;
    match &mut node.value {
        Value::Seq(items) => items.iter_mut().for_each(|item| relocate(item, span, hidden)),
        Value::Map(map) => {
            for (key, item) in map.entries_mut() {
                key.span = span;
                relocate(item, span, hidden);
            }
        }
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::String(_) => {}
    }
}
