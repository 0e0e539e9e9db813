use std::collections::BTreeMap;
use std::num::{NonZeroU16, NonZeroUsize};

use serde::Deserialize;

use super::super::{ByteSize, Duration, Problems, Secret, from_node};
use super::{loaded, tree};

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Verbosity {
    #[default]
    Basic,
    Normal,
    Detailed,
}

#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Action {
    Drop,
    Insert { key: String },
    Rename(String),
}

#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
struct Grpc {
    endpoint: String,
    #[serde(alias = "max_size_mib")]
    max_recv_msg_size_mib: NonZeroU16,
    keepalive: Option<Duration>,
}

impl Default for Grpc {
    fn default() -> Self {
        Self { endpoint: String::new(), max_recv_msg_size_mib: NonZeroU16::MIN, keepalive: None }
    }
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(transparent)]
struct NonZero(NonZeroUsize);

#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
struct Config {
    grpc: Option<Grpc>,
    http: Option<Grpc>,
    timeout: Duration,
    verbosity: Verbosity,
    actions: Vec<Action>,
    include: Vec<String>,
    ratio: f64,
    enabled: bool,
    name: String,
    token: Secret,
    attributes: BTreeMap<String, String>,
    limits: BTreeMap<u16, NonZero>,
    port: Option<u16>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            grpc: None,
            http: None,
            timeout: Duration::from_secs(5),
            verbosity: Verbosity::Basic,
            actions: Vec::new(),
            include: vec!["all".to_owned()],
            ratio: 1.0,
            enabled: true,
            name: "none".to_owned(),
            token: Secret::default(),
            attributes: BTreeMap::new(),
            limits: BTreeMap::new(),
            port: None,
        }
    }
}

#[derive(Debug, Deserialize, PartialEq)]
struct Required {
    endpoint: String,
    #[serde(default)]
    port: u16,
}

/// The configuration in a text that must be free of problems.
fn read<T: serde::de::DeserializeOwned>(text: &str) -> T {
    let mut problems = Problems::new();
    let found = from_node(&tree(text), "", &mut problems);
    assert_eq!(problems, Problems::new());
    found.unwrap()
}

fn report<T: serde::de::DeserializeOwned>(text: &str) -> String {
    let mut loaded = loaded(text);
    let _ = from_node::<T>(&loaded.root, "receivers.x", &mut loaded.problems);
    loaded.report()
}

#[test]
fn every_kind_of_value_is_read() {
    let found: Config = read(
        "grpc: {endpoint: \"localhost:4317\", max_size_mib: 8, keepalive: 1m}\nhttp:\ntimeout: 200ms\nverbosity: detailed\n\
         actions: [drop, {insert: {key: a}}, {rename: b}]\ninclude: [a, b]\nratio: 1\nenabled: false\nname: x\ntoken: t\n\
         attributes: {a: 1, b: true, c: 1.10}\nlimits: {80: 3}\nport: 1\n",
    );
    let grpc = Grpc {
        endpoint: "localhost:4317".to_owned(),
        max_recv_msg_size_mib: NonZeroU16::new(8).unwrap(),
        keepalive: Some(Duration::from_secs(60)),
    };
    let text = |text: &str| text.to_owned();
    assert_eq!(
        found,
        Config {
            grpc: Some(grpc),
            http: Some(Grpc::default()),
            timeout: Duration::from_millis(200),
            verbosity: Verbosity::Detailed,
            actions: vec![Action::Drop, Action::Insert { key: text("a") }, Action::Rename(text("b"))],
            include: vec![text("a"), text("b")],
            ratio: 1.0,
            enabled: false,
            name: text("x"),
            token: Secret::new("t"),
            attributes: [("a", "1"), ("b", "true"), ("c", "1.10")].map(|(k, v)| (text(k), text(v))).into(),
            limits: [(80, NonZero(NonZeroUsize::new(3).unwrap()))].into(),
            port: Some(1),
        }
    );
}

#[test]
fn a_key_with_nothing_behind_it_keeps_its_default() {
    let found: Config = read(
        "timeout:\nverbosity:\nactions:\ninclude:\nratio:\nenabled:\nname:\ntoken:\nattributes:\nport:\nlimits:\n",
    );
    assert_eq!(found, Config::default());
    assert_eq!(read::<Config>(""), Config::default());
}

#[test]
fn values_from_the_environment_fit_where_their_text_fits() {
    let found: Config = read(
        "name: ${env:PADDED}\nport: ${env:PORT}\nenabled: ${env:ON}\ntoken: ${env:TOKEN}\ntimeout: ${env:PORT}ms\n\
         ratio: \"0.5\"\ninclude: ${env:MAP:-}\nattributes: {a: \"${env:EMPTY}\", b: \"${env:MAP}\"}\n"
            .replace("include: ${env:MAP:-}", "include: a,b")
            .as_str(),
    );
    assert_eq!(found.name, "0123");
    assert_eq!(found.port, Some(4317));
    assert_eq!(found.token.expose(), "s3cr3t: {with, yaml");
    assert_eq!(found.timeout, Duration::from_millis(4317));
    assert_eq!(found.ratio, 0.5);
    assert_eq!(found.include, ["a", "b"]);
    assert_eq!(found.attributes["a"], "");
    assert_eq!(found.attributes["b"], "{a: 1, b: [x, y]}");
}

#[test]
fn every_problem_is_reported_in_one_run() {
    insta::assert_snapshot!(report::<Config>(
        "grcp: {}\ngrpc:\n  endpoint: [a]\n  max_recv_msg_size_mb: 3\n  max_recv_msg_size_mib: 0\n  keepalive: 10\n\
         http: yes\ntimeout: 5 seconds\nverbosity: detailled\nactions: [drop, {insert: {}}, {renam: x}, rename, {drop: 1}, ~, {insert: {key: a}, drop: }]\n\
         include: {a: b}\nratio: much\nenabled: yes\nname:\n  a: b\nattributes: [a]\nlimits: {http: 1, 70000: 2, 80: -1}\nport: 70000\nzzz: 1\n"
    ));
}

#[test]
fn values_from_outside_never_show_in_a_report() {
    let report = report::<Config>(
        "timeout: ${env:SWITCH}\nverbosity: ${env:SWITCH}\nenabled: ${env:SWITCH}\nport: x${env:SWITCH}\nactions: [\"${env:SWITCH}\"]\n\
         grpc: '${yaml:{hush-hush2: 1}}'\nratio: ${env:SWITCH}\ninclude: ${env:MAP}\nhttp: ${env:MAP}\n",
    );
    assert!(!report.contains("hush-hush\n") && !report.contains("hush-hush\""), "{report}");
    insta::assert_snapshot!(report);
}

#[test]
fn a_missing_key_is_reported_once_and_not_when_its_value_is_wrong() {
    assert!(report::<Required>("port: 1\n").contains("receivers.x: `endpoint` is required"));
    assert!(report::<Required>("endpoint:\n").contains("receivers.x: `endpoint` is required"));
    let wrong = report::<Required>("endpoint: [1]\nport: x\n");
    assert!(!wrong.contains("required"), "{wrong}");
    assert!(wrong.ends_with("2 errors"), "{wrong}");
}

#[test]
fn sizes_without_a_unit_are_written_as_numbers() {
    let written = |bytes| serde_json::to_value(ByteSize::bytes(bytes)).unwrap();
    assert_eq!(written(1000), 1000);
    assert_eq!(written(64 << 10), "64KiB");
}
