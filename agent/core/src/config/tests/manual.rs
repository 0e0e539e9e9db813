use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use super::super::{ByteSize, Duration, Headers, Problems, Secret, from_node, manual};
use super::{loaded, tree};

/// How much is printed.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Verbosity {
    /// One line.
    #[default]
    Basic,
    Detailed,
}

/// TLS.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
struct Tls {
    /// File with certificates. Default: those of the system.
    ca_file: Option<String>,
    /// Speak without TLS. Default: false.
    insecure: bool,
}

/// Settings of an example.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
struct Config {
    /// Where to send, as `host:port`; the sentence goes on for so long that it does not fit on one line of the example file.
    ///
    /// Default: localhost:4317.
    endpoint: String,
    /// Longest time for one attempt. Default: 5s.
    timeout: Duration,
    /// Largest line. Default: 1MiB.
    max_log_size: ByteSize,
    /// How much is printed. Default: basic.
    verbosity: Verbosity,
    /// TLS of the connection.
    tls: Tls,
    /// A second connection. Default: none.
    mirror: Option<Tls>,
    /// Sent with each request. Default: none.
    headers: Headers,
    /// Shown to nobody. Default: none.
    token: Secret,
    /// Patterns. Default: `["*.log", $x]`.
    include: Vec<String>,
    /// Labels. Default: none.
    labels: BTreeMap<String, u16>,
    /// More connections. Default: none.
    more: Vec<Tls>,
    /// A share. Default: 0.5.
    ratio: f64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            endpoint: "localhost:4317".to_owned(),
            timeout: Duration::from_secs(5),
            max_log_size: ByteSize::mib(1),
            verbosity: Verbosity::Basic,
            tls: Tls::default(),
            mirror: None,
            headers: Headers::default(),
            token: Secret::default(),
            include: vec!["*.log".to_owned(), "$x".to_owned(), "yes: 1".to_owned(), "0x1".to_owned()],
            labels: BTreeMap::new(),
            more: Vec::new(),
            ratio: 0.5,
        }
    }
}

fn schema() -> Schema {
    SchemaGenerator::default().into_root_schema_for::<Config>()
}

#[test]
fn the_example_shows_every_key_and_reads_back_as_the_default() {
    let defaults = serde_json::to_value(Config::default()).unwrap();
    let example = manual::example(&schema(), &defaults, 2);
    let mut problems = Problems::new();
    let node = tree(&format!("x:\n{example}"));
    let found: Option<Config> = from_node(node.get("x").unwrap(), "x", &mut problems);
    assert_eq!((found, problems), (Some(Config::default()), Problems::new()));
    insta::assert_snapshot!(example);
}

#[test]
fn the_table_shows_every_key() {
    let defaults = serde_json::to_value(Config::default()).unwrap();
    insta::assert_snapshot!(manual::table(&schema(), &defaults));
}

#[test]
fn sizes_are_read_and_written() {
    for (text, bytes, shown) in [
        ("0", 0, "0"),
        ("1024", 1024, "1KiB"),
        ("1KiB", 1024, "1KiB"),
        ("64 kb", 64_000, "64000"),
        ("1.5MiB", 1_572_864, "1536KiB"),
        ("16Mi", 16 << 20, "16MiB"),
        ("10b", 10, "10"),
        ("0.5GB", 500_000_000, "500000000"),
        (".5KiB", 512, "512"),
    ] {
        let size: ByteSize = text.parse().unwrap();
        assert_eq!((size.get(), size.to_string()), (bytes, shown.to_owned()), "{text}");
        assert_eq!(shown.parse::<ByteSize>(), Ok(size));
    }
    for text in ["", "x", "-1", "1.5", "1XB", "1..5MB", "99999999999TiB", "1e3", ".", "MiB"] {
        assert!(text.parse::<ByteSize>().is_err(), "{text}");
    }
}

#[test]
fn headers_are_read_as_a_map_or_a_list_and_stay_secret() {
    for text in ["{x-a: 1.10, b: \"c\"}", "[{name: x-a, value: 1.10}, {name: b, value: c}]"] {
        let mut problems = Problems::new();
        let found: Headers =
            from_node(&tree(&format!("h: {text}")).get("h").unwrap().clone(), "h", &mut problems).unwrap();
        let pairs: Vec<_> = found.iter().map(|(name, value)| (name, value.expose())).collect();
        assert_eq!(pairs, [("x-a", "1.10"), ("b", "c")]);
        assert_eq!(format!("{found:?}"), "Headers([(\"x-a\", [REDACTED]), (\"b\", [REDACTED])])");
        assert_eq!(serde_json::to_string(&found).unwrap(), r#"{"x-a":"[REDACTED]","b":"[REDACTED]"}"#);
    }
    let mut bad = loaded("[{nam: a}]\n");
    let root = super::super::parse(&bad.sources, Default::default(), &mut Problems::new()).unwrap();
    bad.problems = Problems::new();
    assert_eq!(from_node::<Headers>(&root, "headers", &mut bad.problems), None);
    assert!(bad.report().contains("unknown key `nam`"), "{}", bad.report());
}
