//! Reading, merging, expanding and reporting, as a user of the whole module sees them.

mod durations;
mod expansion;
mod laws;
mod manual;
mod reports;
mod typed;
mod yaml;

use std::collections::HashMap;
use std::io;
use std::path::Path;

use super::{Environment, Loaded, Node, Value, load};

/// Variables and files that exist in tests.
#[derive(Default)]
struct Outside {
    variables: HashMap<&'static str, &'static str>,
    files: HashMap<&'static str, &'static str>,
}

impl Environment for Outside {
    fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).map(|value| (*value).to_owned())
    }

    fn read(&self, path: &Path) -> io::Result<String> {
        let found = path.to_str().and_then(|path| self.files.get(path));
        found.map(|text| (*text).to_owned()).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

fn outside() -> Outside {
    Outside {
        variables: HashMap::from([
            ("PORT", "4317"),
            ("PADDED", "0123"),
            ("ON", "true"),
            ("TOKEN", "s3cr3t: {with, yaml"),
            ("MAP", "{a: 1, b: [x, y]}"),
            ("EMPTY", ""),
            ("NESTED", "${env:PORT}"),
            ("LOOP", "${env:LOOP}"),
            ("SWITCH", "hush-hush"),
            ("QUOTED", "\"00\""),
        ]),
        files: HashMap::from([("/etc/token", "abc\n"), ("/etc/part.yaml", "timeout: ${env:PORT}s\n")]),
    }
}

fn loaded(text: &str) -> Loaded {
    load(&[("config.yaml".to_owned(), text.to_owned())], &[], &outside())
}

/// The tree of a text that must be free of problems.
fn tree(text: &str) -> Node {
    let loaded = loaded(text);
    assert!(loaded.problems.is_empty(), "{}", loaded.report());
    loaded.root
}

impl Loaded {
    fn report(&self) -> String {
        self.problems.render(&self.sources, false)
    }
}

/// A tree as JSON, which is easier to compare.
fn json(node: &Node) -> serde_json::Value {
    match &node.value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(value) => (*value).into(),
        Value::Int(value) => i64::try_from(*value).map_or_else(|_| (*value as u64).into(), Into::into),
        Value::Float(value) if value.is_finite() => (*value).into(),
        Value::Float(value) => value.to_string().into(),
        Value::String(text) => text.clone().into(),
        Value::Seq(items) => items.iter().map(json).collect(),
        Value::Map(map) => map.iter().map(|(key, node)| (key.name.clone(), json(node))).collect(),
    }
}
