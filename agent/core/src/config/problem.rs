//! What is wrong with a configuration, and where.

use super::error::ConfigError;
use super::node::Node;
use super::source::Span;

/// How bad a problem is.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Severity {
    /// The configuration cannot be used.
    Error,
    /// It can be used, but probably does not do what was meant.
    Warning,
}

/// One thing that is wrong.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// The key that it concerns, such as `receivers.otlp.protocols.grpc.endpoint`; empty for the whole text.
    pub path: String,
    /// Where it stands in the text, when it stands anywhere.
    pub span: Option<Span>,
    /// What is wrong, lower case, no full stop.
    pub message: String,
    /// What was probably meant, or the way out.
    pub help: Option<String>,
}

impl Problem {
    /// A problem that makes the configuration unusable.
    pub fn error(path: impl Into<String>, span: Option<Span>, message: impl Into<String>) -> Self {
        Self { severity: Severity::Error, path: path.into(), span, message: message.into(), help: None }
    }

    /// A problem that is worth a look.
    pub fn warning(path: impl Into<String>, span: Option<Span>, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(path, span, message) }
    }

    /// Adds what was probably meant, or the way out.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// All that is wrong with one configuration.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Problems {
    list: Vec<Problem>,
    omitted: usize,
}

/// What a message shows in place of a value that came from the environment or a file.
const HIDDEN: &str = "[hidden]";

/// Shorter texts are no secrets, and hiding every `1` in a message would make it unreadable.
const SHORTEST_SECRET: usize = 4;

/// Most problems that are kept; whoever has more fixes these first.
const MAX_PROBLEMS: usize = 500;

impl Problems {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one, unless the same was reported already.
    pub fn push(&mut self, problem: Problem) {
        if self.list.contains(&problem) {
            return;
        }
        if self.list.len() < MAX_PROBLEMS {
            self.list.push(problem);
        } else {
            self.omitted += 1;
        }
    }

    /// Adds what `validate` found in the configuration read from `node` at `path`; each finding is located at
    /// the key that it names, or at the nearest parent that exists in the text.
    pub fn push_invalid(&mut self, node: &Node, path: &str, error: ConfigError) {
        self.push_findings(node, path, Severity::Error, error);
    }

    /// [`Problems::push_invalid`] for findings of either severity.
    pub fn push_findings(&mut self, node: &Node, path: &str, severity: Severity, error: ConfigError) {
        let mut secrets = Vec::new();
        hidden_texts(node, &mut secrets);
        // A text that contains another one goes first.
        secrets.sort_by_key(|text| std::cmp::Reverse(text.len()));
        let scrub = |text: String| secrets.iter().fold(text, |text, secret| text.replace(secret, HIDDEN));
        for finding in error.into_findings() {
            let (span, path) = locate(node, path, &finding.key);
            let mut problem = Problem::error(path, Some(span), scrub(finding.message));
            problem.severity = severity;
            problem.help = finding.help.map(scrub);
            self.push(problem);
        }
    }

    /// Whether any of them makes the configuration unusable.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|problem| problem.severity == Severity::Error)
    }

    /// How many of them make the configuration unusable.
    #[must_use]
    pub fn errors(&self) -> usize {
        self.list.iter().filter(|problem| problem.severity == Severity::Error).count()
    }

    /// Whether there is none, not even a warning.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many were found beyond the most that are kept.
    #[must_use]
    pub fn omitted(&self) -> usize {
        self.omitted
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// All of them, in the order in which they were found.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.list.iter()
    }

    /// Brings them into the order of the text; those without a place come last.
    pub fn sort(&mut self) {
        self.list.sort_by_key(|problem| match problem.span {
            Some(span) => (0, span.source, span.start),
            None => (1, Span::default().source, 0),
        });
    }

    /// Adds all of `others`.
    pub fn append(&mut self, others: Problems) {
        self.omitted += others.omitted;
        for problem in others.list {
            self.push(problem);
        }
    }
}

/// `a.b` and `c` make `a.b.c`; an empty part adds nothing.
#[must_use]
pub fn join(path: &str, key: &str) -> String {
    match (path.is_empty(), key.is_empty()) {
        (true, _) => key.to_owned(),
        (_, true) => path.to_owned(),
        (false, false) => format!("{path}.{key}"),
    }
}

/// The texts below `node` that came from the environment or a file.
fn hidden_texts<'a>(node: &'a Node, found: &mut Vec<&'a str>) {
    let text = node.as_str().or(node.text.as_deref()).filter(|text| text.len() >= SHORTEST_SECRET);
    found.extend(text.filter(|_| node.hidden));
    for item in node.as_seq().into_iter().flatten() {
        hidden_texts(item, found);
    }
    for (_, item) in node.as_map().into_iter().flat_map(|map| map.iter()) {
        hidden_texts(item, found);
    }
}

/// The place of the value under the dotted `key` below `node`, or of the nearest parent that exists; and the key's path, where
/// the number of an entry stands in brackets.
fn locate(node: &Node, path: &str, key: &str) -> (Span, String) {
    let mut node = Some(node);
    let mut span = node.map_or_else(Span::default, |node| node.span);
    let mut path = path.to_owned();
    for part in key.split('.').filter(|part| !part.is_empty()) {
        let entry = node.and_then(Node::as_seq).zip(part.parse::<usize>().ok());
        node = match entry {
            Some((items, index)) => {
                path = format!("{path}[{index}]");
                items.get(index)
            }
            None => {
                path = join(&path, part);
                node.and_then(|node| node.get(part))
            }
        };
        span = node.map_or(span, |node| node.span);
    }
    (span, path)
}
