use std::sync::Arc;

use edgewatch_core::config::ConfigError;
use edgewatch_core::factory::{ComponentConfig, ProcessorSpec};
use edgewatch_core::testing::{FakeHost, context};
use opentelemetry_proto::tonic::common::v1::{ArrayValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span;
use proptest::prelude::*;

use super::ResourceDetector;
use super::config::Config;
use crate::testing::{Value, pair, processed, resource, resource_of, text, traces};

const CONTAINER: &str = "8a5b3c7d9e1f2a4b6c8d0e2f4a6b8c0d1e3f5a7b9c1d3e5f7a9b1c3d5e7f9a1b";

#[test]
fn the_environment_states_attributes_with_percent_encoding() {
    let host = FakeHost::default()
        .with_env("OTEL_RESOURCE_ATTRIBUTES", " team=a%2Cb , deployment.environment=c+d,empty=");

    assert_eq!(detected("{}", &host), Ok(vec![text("team", "a,b"), text("deployment.environment", "c+d")]));
}

#[test]
fn the_service_name_variable_precedes_the_list() {
    let host = FakeHost::default()
        .with_env("OTEL_RESOURCE_ATTRIBUTES", "service.name=list,k=v")
        .with_env("OTEL_SERVICE_NAME", "own");

    assert_eq!(detected("{}", &host), Ok(vec![text("k", "v"), text("service.name", "own")]));
    assert_eq!(detected(r#"{"env": {"allowlist": ["k"]}}"#, &host), Ok(vec![text("k", "v")]));
}

#[test]
fn a_list_that_is_not_one_is_reported_and_not_guessed_at() {
    for (list, reason) in
        [("k", "there is no ="), ("k=%4", "percent-encoding"), ("=v", "the name before the =")]
    {
        let host = FakeHost::default().with_env("OTEL_RESOURCE_ATTRIBUTES", list);
        let error = detected("{}", &host).expect_err(list).to_string();
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn the_system_is_named_and_typed_by_default_and_described_in_full_on_request() {
    let host = host(&[
        ("/etc/hosts", "127.0.0.1 localhost\n10.0.0.5 web-1.example.org web-1 # own\n"),
        ("/etc/machine-id", "0123456789abcdef0123456789abcdef\n"),
        (
            "/etc/os-release",
            "NAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\nPRETTY_NAME=\"Debian GNU/Linux 12\"\n",
        ),
        ("/proc/sys/kernel/ostype", "Linux\n"),
        ("/proc/sys/kernel/osrelease", "6.1.0-13-amd64\n"),
        ("/proc/net/dev", "Inter-|\n face |\n    lo: 1 2\n  eth0: 3 4\n"),
        ("/sys/class/net/eth0/address", "0a:1b:2c:3d:4e:5f\n"),
        (
            "/proc/net/fib_trie",
            "Local:\n  |-- 10.0.0.5\n     /32 host LOCAL\n  |-- 127.0.0.1\n     /32 host LOCAL\n  |-- 10.0.0.255\n     /32 link BROADCAST\n",
        ),
        (
            "/proc/net/if_inet6",
            "fe80000000000000081bffffe3d4e5f0 02 40 20 80 eth0\n00000000000000000000000000000001 01 80 10 80 lo\n",
        ),
        ("/proc/cpuinfo", "processor : 0\nvendor_id : GenuineIntel\nmodel name : Xeon\nstepping\t: 7\n"),
        ("/sys/devices/system/cpu/cpu0/cache/index2/size", "1024K\n"),
    ]);
    let on = |keys: &[&str]| {
        let switches: Vec<String> =
            keys.iter().map(|key| format!(r#""{key}": {{"enabled": true}}"#)).collect();
        let off = r#""host.name": {"enabled": false}, "os.type": {"enabled": false}"#;
        let config = format!(
            r#"{{"detectors": ["system"], "system": {{"resource_attributes": {{{off}, {}}}}}}}"#,
            switches.join(",")
        );
        detected(&config, &host).expect("detects")
    };
    let list = |values: &[&str]| {
        let values = values.iter().map(|value| text("", value).value.expect("a value")).collect();
        Value::ArrayValue(ArrayValue { values })
    };

    let default = detected(r#"{"detectors": ["system"]}"#, &host);
    assert_eq!(default, Ok(vec![text("host.name", "web-1.example.org"), text("os.type", "linux")]));
    let os_only = detected(r#"{"detectors": ["system"], "system": {"hostname_sources": ["os"]}}"#, &host);
    assert_eq!(os_only.expect("detects")[0], text("host.name", "web-1"));
    assert_eq!(on(&["host.id"]), [text("host.id", "0123456789abcdef0123456789abcdef")]);
    assert_eq!(on(&["host.mac"]), [pair("host.mac", list(&["0A-1B-2C-3D-4E-5F"]))]);
    assert_eq!(on(&["host.interface"]), [pair("host.interface", list(&["eth0"]))]);
    assert_eq!(on(&["host.ip"]), [pair("host.ip", list(&["10.0.0.5", "fe80::81b:ffff:e3d4:e5f0"]))]);
    assert_eq!(on(&["host.cpu.cache.l2.size"]), [pair("host.cpu.cache.l2.size", Value::IntValue(1 << 20))]);
    assert_eq!(
        on(&["host.cpu.vendor.id", "host.cpu.model.name", "host.cpu.stepping", "host.cpu.family"]),
        [
            text("host.cpu.vendor.id", "GenuineIntel"),
            text("host.cpu.model.name", "Xeon"),
            text("host.cpu.stepping", "7")
        ]
    );
    assert_eq!(
        on(&["os.name", "os.version", "os.build.id"]),
        [
            text("os.name", "Debian GNU/Linux"),
            text("os.version", "12"),
            text("os.build.id", "6.1.0-13-amd64")
        ]
    );
    let description = format!("Debian GNU/Linux 12 (Linux 6.1.0-13-amd64 {})", std::env::consts::ARCH);
    assert_eq!(on(&["os.description"]), [text("os.description", &description)]);
}

#[test]
fn the_container_is_found_in_control_groups_or_mounts() {
    let config = r#"{"detectors": ["container"]}"#;
    let found = |path: &str, content: String| detected(config, &host(&[(path, content.as_str())]));
    let expected = Ok(vec![text("container.id", CONTAINER)]);

    assert_eq!(found("/proc/self/cgroup", format!("5:cpu:/docker/{CONTAINER}\n")), expected);
    assert_eq!(
        found("/proc/self/cgroup", format!("0::/kubepods.slice/cri-containerd-{CONTAINER}.scope\n")),
        expected
    );
    assert_eq!(
        found(
            "/proc/self/mountinfo",
            format!(
                "612 581 254:1 /var/lib/docker/containers/{CONTAINER}/hostname /etc/hostname rw - ext4 /dev/vda1 rw\n"
            )
        ),
        expected
    );
    assert_eq!(found("/proc/self/cgroup", "0::/user.slice/user-1000.slice\n".to_owned()), Ok(Vec::new()));
}

#[test]
fn kubernetes_names_the_node_and_on_request_the_agents_pod() {
    let host = FakeHost::default()
        .with_env("K8S_NODE_NAME", "node-7")
        .with_env("K8S_CLUSTER_NAME", "blue")
        .with_env("POD_NAME", "edgewatch-x2x");
    let pod = r#"{"detectors": ["kubernetes"], "kubernetes": {"resource_attributes": {"k8s.pod.name": {"enabled": true}}}}"#;
    let node = vec![text("k8s.node.name", "node-7"), text("k8s.cluster.name", "blue")];

    assert_eq!(detected(r#"{"detectors": ["k8snode"]}"#, &host), Ok(node.clone()));
    assert_eq!(detected(pod, &host), Ok([node, vec![text("k8s.pod.name", "edgewatch-x2x")]].concat()));
}

#[test]
fn the_first_detector_is_believed_and_a_list_of_attributes_limits_all() {
    let host = host(&[]).with_env("OTEL_RESOURCE_ATTRIBUTES", "host.name=stated,k=v");
    let both = r#"{"detectors": ["env", "system"]}"#;
    let limited = r#"{"detectors": ["env", "system"], "attributes": ["os.type", "k"]}"#;

    assert_eq!(
        detected(both, &host),
        Ok(vec![text("host.name", "stated"), text("k", "v"), text("os.type", "linux")])
    );
    assert_eq!(detected(limited, &host), Ok(vec![text("k", "v"), text("os.type", "linux")]));
}

#[test]
fn what_a_resource_has_is_replaced_unless_override_is_off() {
    let host = FakeHost::default().with_env("OTEL_RESOURCE_ATTRIBUTES", "a=new,b=new");
    let run = |config: &str| {
        let mut processor = build(config, &host).expect("builds");
        resource_of(&processed(&mut processor, traces(resource(&[text("a", "old")]), vec![Span::default()])))
    };

    assert_eq!(run("{}"), [text("a", "new"), text("b", "new")]);
    assert_eq!(run(r#"{"override": false}"#), [text("a", "old"), text("b", "new")]);
}

#[test]
fn says_which_detectors_are_not_in_this_build_and_which_do_not_exist() {
    let config: Config = serde_json::from_str(
        r#"{"detectors": ["env", "ec2", "sytem"], "refresh_interval": "1m", "system": {"hostname_sources": ["lookup"]}}"#,
    )
    .expect("parses");

    let error = config.validate().expect_err("four problems").to_string();

    let expected = [
        "detectors.1: the detector ec2 is not in this build; remove it, the others go on \
         (env, system, container, kubernetes)",
        "detectors.2: there is no detector sytem; the detectors are env, system, container, kubernetes",
        "refresh_interval: this build detects once, when it starts; remove the key, and reload the configuration to \
         detect again",
        "system.hostname_sources.0: this build does not ask name servers; use dns (the kernel and /etc/hosts) or os",
    ];
    assert_eq!(error, expected.join("; "));
}

proptest! {
    #[test]
    fn what_is_percent_encoded_in_the_environment_arrives_as_it_was(
        pairs in proptest::collection::btree_map("[a-z.]{1,9}", "\\PC{1,9}", 1..5)
    ) {
        let encode = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
        let list: Vec<String> = pairs.iter().map(|(key, value)| format!("{key}={}", encode(value))).collect();
        let host = FakeHost::default().with_env("OTEL_RESOURCE_ATTRIBUTES", &list.join(","));

        let expected: Vec<KeyValue> = pairs.iter().map(|(key, value)| text(key, value)).collect();
        prop_assert_eq!(detected("{}", &host), Ok(expected));
    }

    #[test]
    fn no_list_in_the_environment_is_too_strange_to_be_answered(list in ".{0,40}") {
        let host = FakeHost::default().with_env("OTEL_RESOURCE_ATTRIBUTES", &list);
        // An error or not: the point is that there is an answer.
        let _ = detected("{}", &host);
    }
}

trait WithEnv {
    fn with_env(self, name: &str, value: &str) -> Self;
}

impl WithEnv for FakeHost {
    fn with_env(mut self, name: &str, value: &str) -> Self {
        self.env.insert(name.to_owned(), value.to_owned());
        self
    }
}

fn host(files: &[(&str, &str)]) -> FakeHost {
    let files = files.iter().map(|(path, text)| (path.into(), (*text).to_owned())).collect();
    FakeHost { files, hostname: Some("web-1".to_owned()), ..FakeHost::default() }
}

fn build(config: &str, host: &FakeHost) -> Result<ResourceDetector, ConfigError> {
    let config: Config = serde_json::from_str(config).expect("parses");
    config.validate().expect("valid");
    let (mut context, _) = context("resource_detection");
    context.host = Arc::new(host.clone());
    ResourceDetector::build(config, &context)
}

/// What is added to a resource without attributes.
fn detected(config: &str, host: &FakeHost) -> Result<Vec<KeyValue>, ConfigError> {
    let mut processor = build(config, host)?;
    Ok(resource_of(&processed(&mut processor, traces(None, vec![Span::default()]))))
}
