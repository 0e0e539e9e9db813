//! YAML text to a tree of located nodes.

mod builder;
mod places;

use saphyr_parser::{Event, Parser};

use self::builder::Builder;
use self::places::Places;
use super::node::Node;
use super::problem::{Problem, Problems};
use super::source::{SourceId, Sources};

/// Reads the first YAML document of `source`. An empty text is an empty node. The result is `None` if the
/// text is not YAML; other problems, such as a key that occurs twice, leave a tree that can be used to look for
/// more.
pub fn parse(sources: &Sources, source: SourceId, problems: &mut Problems) -> Option<Node> {
    let text = sources.get(source).map_or("", |found| found.text.as_str());
    parse_part(text, source, 0, problems)
}

/// Reads the YAML that starts at byte `offset` of `text`.
pub(super) fn parse_part(
    text: &str,
    source: SourceId,
    offset: usize,
    problems: &mut Problems,
) -> Option<Node> {
    let places = Places::new(text, source, offset);
    let yaml = places.yaml();
    let mut builder = Builder::new(&places);
    for event in Parser::new_from_str(yaml) {
        let (event, span) = match event {
            Ok(found) => found,
            Err(error) => {
                let span = places.point(error.marker());
                let message = format!("not valid YAML: {}", lower(error.info()));
                let mut problem = Problem::error("", Some(span), message);
                problem.help = hint(places.line(&span), error.info());
                problems.push(problem);
                return None;
            }
        };
        if matches!(event, Event::DocumentEnd) {
            break;
        }
        if let Err(problem) = builder.take(event, &span) {
            problems.push(*problem);
            return None;
        }
    }
    let (node, found) = builder.finish();
    problems.append(found);
    Some(node)
}

fn lower(text: &str) -> String {
    let mut chars = text.trim_end_matches('.').chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

/// What usually causes a syntax error in a line like this.
fn hint(line: &str, info: &str) -> Option<String> {
    let indent: &str = line.get(..line.len() - line.trim_start().len()).unwrap_or_default();
    if indent.contains('\t') {
        return Some("indent with spaces; YAML does not allow tabs".to_owned());
    }
    if line.contains(": {{") || line.contains("%{") {
        return Some("put text that contains braces between quotes".to_owned());
    }
    let help = if line.matches(": ").count() > 1 {
        "put text that contains `: ` between quotes"
    } else {
        "indent this line as its neighbours on the same level"
    };
    info.contains("mapping values").then(|| help.to_owned())
}
