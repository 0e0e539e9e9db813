//! Several texts to one tree: maps merge, everything else is replaced, the later text wins.

use super::node::{Key, Map, Node, Value};
use super::parse::parse_part;
use super::problem::{Problem, Problems};
use super::source::{SourceId, Sources, Span};

/// Puts `later` over `earlier`, as the Collector does: only two maps merge; a list, a scalar or an empty
/// value replaces what stood there.
#[must_use]
pub fn merge(earlier: Node, later: Node) -> Node {
    match (earlier.value, later.value) {
        (Value::Map(mut below), Value::Map(above)) => {
            for (key, node) in above {
                let merged = match below.get_mut(&key.name) {
                    Some(found) => merge(std::mem::take(found), node),
                    None => node,
                };
                below.insert(key, merged);
            }
            Node { value: Value::Map(below), ..Node::new(Value::Null, later.span) }
        }
        (_, value) => Node { value, ..later },
    }
}

/// Reads one `--set` argument, `key=value`. The key's parts stand between dots or `::`; the value is YAML.
pub(super) fn parse_set(sources: &Sources, source: SourceId, problems: &mut Problems) -> Option<Node> {
    let text = sources.get(source).map_or("", |found| found.text.as_str());
    let whole = Span { source, line: 1, column: 1, start: 0, end: text.len() };
    let Some((path, value)) = text.split_once('=') else {
        let problem = Problem::error("", Some(whole), "`--set` needs a key and a value")
            .with_help("write it as key=value: --set processors.batch.timeout=2s");
        problems.push(problem);
        return None;
    };
    let mut node = parse_part(text, source, text.len() - value.len(), problems)?;
    for key in keys(path, source).into_iter().rev() {
        if key.name.is_empty() {
            let problem = Problem::error("", Some(whole), "the key of this `--set` has an empty part")
                .with_help("write it as key=value: --set processors.batch.timeout=2s");
            problems.push(problem);
            return None;
        }
        let span = key.span;
        let mut map = Map::default();
        map.insert(key, node);
        node = Node::new(Value::Map(map), span);
    }
    Some(node)
}

/// The parts of a dotted key, each with its place.
fn keys(path: &str, source: SourceId) -> Vec<Key> {
    let mut keys = Vec::new();
    let mut start = 0;
    for part in path.split('.').flat_map(|part| part.split("::").map(str::len).collect::<Vec<_>>()) {
        let name = path.get(start..start + part).unwrap_or_default().trim();
        let column = path.get(..start).map_or(0, |before| before.chars().count());
        let column = u32::try_from(column).unwrap_or(u32::MAX).saturating_add(1);
        let span = Span { source, line: 1, column, start, end: start + part };
        keys.push(Key { name: name.to_owned(), span });
        let separator =
            if path.get(start + part..).is_some_and(|rest| rest.starts_with("::")) { 2 } else { 1 };
        start += part + separator;
    }
    keys
}
