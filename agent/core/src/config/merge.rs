//! Several texts to one tree: maps merge, everything else is replaced, the later text wins.

use super::node::{Key, Map, Node, Value};
use super::parse::parse_part;
use super::problem::{Problem, Problems};
use super::source::{SourceId, Sources, Span};

/// Deepest key of a `--set`; as deep as a text may be nested.
const MAX_PARTS: usize = 64;

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
    let keys: Vec<Key> = keys(path, source).take(MAX_PARTS + 1).collect();
    if keys.len() > MAX_PARTS {
        let message = format!("the key of this `--set` has more than {MAX_PARTS} parts");
        problems.push(Problem::error("", Some(whole), message));
        return None;
    }
    for key in keys.into_iter().rev() {
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
fn keys(path: &str, source: SourceId) -> impl Iterator<Item = Key> {
    let (mut start, mut column) = (0, 1);
    path.split('.').flat_map(|part| part.split("::").enumerate()).map(move |(within, name)| {
        // A part behind `::` follows two characters, one behind `.` follows one.
        let separator = if within > 0 { 2 } else { usize::from(start > 0 || column > 1) };
        (start, column) = (start + separator, column + u32::try_from(separator).unwrap_or(0));
        let span = Span { source, line: 1, column, start, end: start + name.len() };
        start += name.len();
        column += u32::try_from(name.chars().count()).unwrap_or(0);
        Key { name: name.trim().to_owned(), span }
    })
}
