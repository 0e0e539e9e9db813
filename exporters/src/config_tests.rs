//! The exporters' settings as users write them: YAML through the loader.

use std::path::PathBuf;
use std::sync::Arc;

use edgewatch_core::config::{ProcessEnvironment, load};
use edgewatch_core::testing::{FakeHost, context};

use crate::EXPORTERS;
use crate::tls::testing::Authority;

/// The report for `yaml` as settings of the exporter `name`; empty when it is built.
fn report(name: &str, yaml: &str) -> String {
    let mut loaded = load(&[("test.yaml".to_owned(), yaml.to_owned())], &[], &ProcessEnvironment);
    let factory = EXPORTERS.iter().find(|factory| factory.answers_to(name)).expect("in this build");
    let prepared = factory.prepare(&loaded.root, "", &mut loaded.problems);
    if let Some(prepared) = prepared {
        let (mut context, _) = context(name);
        context.host = Arc::new(host());
        if let Err(error) = prepared.build(&context) {
            return error.to_string();
        }
    }
    loaded.problems.iter().map(|problem| format!("{}: {}\n", problem.path, problem.message)).collect()
}

fn host() -> FakeHost {
    let authority = Authority::new();
    let own = authority.certify("agent");
    let files = [("ca.pem", authority.pem()), ("cert.pem", own.cert), ("key.pem", own.key)];
    let files = files.map(|(name, text)| (PathBuf::from("/tls").join(name), text));
    FakeHost { files: files.into(), ..FakeHost::default() }
}

#[test]
fn the_settings_of_the_collectors_documentation_are_taken() {
    let grpc = r#"
        endpoint: "1.2.3.4:1234"
        compression: gzip
        timeout: 10s
        tls: {ca_file: /tls/ca.pem, cert_file: /tls/cert.pem, key_file: /tls/key.pem, min_version: 1.2}
        sending_queue: {enabled: true, num_consumers: 2, queue_size: 100000, sizer: items,
                        batch: {flush_timeout: 200ms, min_size: 1000, max_size: 10000}}
        retry_on_failure: {enabled: true, initial_interval: 10s, randomization_factor: 0.7, multiplier: 1.3,
                           max_interval: 60s, max_elapsed_time: 10m}
        auth:
        headers: {header1: 234, another: somevalue}
        keepalive: {time: 20s, timeout: 30s, permit_without_stream: true}
        balancer_name: round_robin
        write_buffer_size: 345
    "#;
    let http = r#"
        endpoint: "https://1.2.3.4:1234"
        tls: {ca_file: /tls/ca.pem, cert_file: /tls/cert.pem, key_file: /tls/key.pem, insecure: true}
        timeout: 10s
        read_buffer_size: 123
        write_buffer_size: 345
        sending_queue: {enabled: true, num_consumers: 2, queue_size: 10}
        retry_on_failure: {enabled: true, initial_interval: 10s, max_interval: 60s, max_elapsed_time: 0}
        headers: [{name: header1, value: "234"}, {name: another, value: somevalue}]
        compression: ""
        keepalive: {idle_conn_timeout: 30s}
    "#;
    for (name, yaml) in [("otlp", grpc), ("otlp_grpc", grpc), ("otlphttp", http), ("otlp_http", http)] {
        assert_eq!(report(name, yaml), "", "{name}");
    }
}

#[test]
fn endpoints_are_taken_in_every_form_of_the_collector() {
    for endpoint in [
        "localhost:4317",
        "https://localhost:4317",
        "https://localhost:4317/",
        "http://localhost:4317",
        "dns:///ingest.example:4317",
        "dns://8.8.8.8/ingest.example:4317",
        "passthrough:///10.0.0.1:4317",
        "\"[::1]:4317\"",
        "unix:/run/otlp.sock",
        "unix:///run/otlp.sock",
    ] {
        // Over TLS too, where the endpoint asks for it.
        let yaml = format!("{{endpoint: {endpoint}, tls: {{insecure: true, insecure_skip_verify: true}}}}");
        assert_eq!(report("otlp", &yaml), "", "{endpoint}");
    }
}

#[test]
fn endpoints_that_cannot_work_are_explained() {
    let cases = [
        ("''", "is missing; write host:port, such as localhost:4317"),
        ("localhost", "`localhost` has no port; write localhost:4317"),
        ("localhost:http", "`http` is not a port; write a number from 1 to 65535"),
        ("localhost:0", "`0` is not a port; write a number from 1 to 65535"),
        ("\":4317\"", "names no host; write localhost:4317 for this machine"),
        ("\"::1:4317\"", "an IPv6 address stands in brackets; write [::1]:4317"),
        (
            "https://example.com:4317/v1/traces",
            "has more than host and port; OTLP over gRPC has no path, so write host:port",
        ),
        ("ftp://x:1", "scheme `ftp` is not known; write host:port or https://host:port"),
    ];
    for (endpoint, expected) in cases {
        let report = report("otlp", &format!("endpoint: {endpoint}"));
        assert_eq!(report, format!("endpoint: {expected}\n"));
    }
}

#[test]
fn a_key_that_does_not_exist_is_refused() {
    let report = report("otlp", "{endpoint: 'localhost:4317', tls: {insecur: true}}");
    assert!(report.starts_with("tls.insecur: "), "{report}");
}

#[test]
fn every_key_is_described_and_has_a_default() {
    for factory in EXPORTERS {
        let schema = serde_json::to_value((factory.description.schema)()).expect("JSON");
        let defaults = (factory.description.defaults)();
        let keys = schema["properties"].as_object().expect("keys");
        for (key, property) in keys {
            let description = property["description"].as_str().unwrap_or_default();
            assert!(!description.is_empty(), "{}.{key}", factory.description.name);
            // A key that means something even without a value is absent by default.
            let has_default = defaults.get(key).is_some() || description.ends_with("Default: absent.");
            assert!(has_default, "{}.{key}", factory.description.name);
        }
    }
}

#[test]
fn settings_of_a_queue_that_contradict_each_other_are_refused() {
    for (queue, expected) in [
        (
            "{storage: disk, wait_for_result: true}",
            "sending_queue.wait_for_result: cannot stand beside storage, which answers senders when their data is on disk; \
             remove one of them\n",
        ),
        (
            "{block_on_overflow: true, overflow: drop_oldest}",
            "sending_queue.overflow: contradicts block_on_overflow: true; remove one of them\n",
        ),
        (
            "{dead_letter: {max_size: 1MiB}}",
            "sending_queue.dead_letter.directory: is missing; name a directory, such as /var/lib/edgewatch/dead_letter\n",
        ),
        ("{storage: disk, overflow: drop_oldest, queue_size: 5}", ""),
        ("{block_on_overflow: true, overflow: block}", ""),
    ] {
        let yaml = format!("{{endpoint: 'http://localhost:4318', sending_queue: {queue}}}");
        assert_eq!(report("otlp_http", &yaml), expected, "{queue}");
    }
}
