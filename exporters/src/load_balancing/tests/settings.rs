use edgewatch_core::Signal;
use edgewatch_core::factory::{ComponentConfig, ExporterFactory};
use edgewatch_core::testing::check_examples;
use serde_json::{Value, json};

use super::super::LoadBalancing;
use super::super::config::{Config, with_port};
use super::super::key::RoutingKey;

fn config(value: Value) -> Config {
    serde_json::from_value(value).expect("settings")
}

fn with(value: Value) -> Value {
    let mut whole = json!({"resolver": {"static": {"hostnames": ["a:1", "b:1"]}}});
    let (whole_map, more) =
        (whole.as_object_mut().expect("a map"), value.as_object().expect("a map").clone());
    whole_map.extend(more);
    whole
}

#[test]
fn the_keys_of_the_collector_are_read() {
    let full = json!({
        "routing_key": "attributes",
        "routing_attributes": ["service.name", "span.kind"],
        "protocol": {"otlp": {"timeout": "1s", "tls": {"insecure": true}, "sending_queue": {"queue_size": 7}}},
        "resolver": {"dns": {"hostname": "otelcol-headless", "port": "4317", "interval": "10s", "timeout": "2s"}},
        "retry_on_failure": {"max_elapsed_time": "10s"},
    });
    let config = config(full);
    assert_eq!(config.validate(), Ok(()));
    let delivery = config.delivery();
    assert_eq!((delivery.timeout.as_secs(), delivery.queue.capacity()), (1, Some(7)));
    assert_eq!(delivery.give_up_after().map(|time| time.as_secs()), Some(10));
}

#[test]
fn the_port_of_otlp_is_added_where_none_is_written() {
    let ports = ["backend", "backend:1", "10.0.0.1", "[::1]", "[::1]:1"].map(with_port);
    assert_eq!(ports, ["backend:4317", "backend:1", "10.0.0.1:4317", "[::1]:4317", "[::1]:1"]);
}

#[test]
fn each_signal_has_a_key_that_fits() {
    let defaults = Signal::ALL.map(|signal| RoutingKey::of(None, signal));
    assert_eq!(defaults, [RoutingKey::TraceId, RoutingKey::Service, RoutingKey::Service]);
    let traces = Signal::ALL.map(|signal| RoutingKey::of(Some(RoutingKey::TraceId), signal));
    assert_eq!(traces, [RoutingKey::TraceId, RoutingKey::Service, RoutingKey::TraceId]);
    let metrics = Signal::ALL.map(|signal| RoutingKey::of(Some(RoutingKey::Metric), signal));
    assert_eq!(metrics, [RoutingKey::Service, RoutingKey::Metric, RoutingKey::Service]);
}

#[test]
fn what_cannot_work_is_refused_with_the_way_out() {
    for (wrong, report) in [
        (json!({}), "resolver: names no resolver; write static: {hostnames: [...]} or dns: {hostname: ...}"),
        (
            json!({"resolver": {"k8s": {"service": "lb"}}}),
            "resolver.k8s: needs the API of Kubernetes, which this build does not speak; remove the key",
        ),
        (
            json!({"resolver": {"aws_cloud_map": {"namespace": "x"}}}),
            "resolver.aws_cloud_map: needs the API of AWS, which this build does not speak; remove the key",
        ),
        (
            json!({"resolver": {"static": {"hostnames": ["a"]}, "dns": {"hostname": "b"}}}),
            "resolver: names both static and dns; remove one of them",
        ),
        (
            json!({"resolver": {"static": {"hostnames": ["a:1", "a", "a:4317"]}}}),
            "resolver.static.hostnames.2: `a:4317` stands in the list twice",
        ),
        (
            json!({"resolver": {"static": {"hostnames": ["a:x"]}}}),
            "resolver.static.hostnames.0: `x` is not a port; write a number from 1 to 65535",
        ),
        (
            json!({"resolver": {"static": {}}}),
            "resolver.static.hostnames: is missing; list the destinations: [backend-1:4317, backend-2:4317]",
        ),
        (json!({"resolver": {"dns": {}}}), "resolver.dns.hostname: is missing; write the name to look up"),
        (
            json!({"resolver": {"dns": {"hostname": "a:1"}}}),
            "resolver.dns.hostname: `a:1` is not a name; the port stands under `port`",
        ),
        (
            json!({"resolver": {"dns": {"hostname": "a", "port": "otlp"}}}),
            "resolver.dns.port: `otlp` is not a port; write a number from 1 to 65535",
        ),
        (
            with(json!({"routing_key": "streamID"})),
            "routing_key: streamID is not in this build; use metric, resource or attributes",
        ),
        (
            with(json!({"routing_key": "attributes"})),
            "routing_attributes: is empty; name the attributes, or choose another routing_key",
        ),
        (
            with(json!({"routing_attributes": ["a"]})),
            "routing_attributes: has no effect with this routing_key; remove it or write routing_key: attributes",
        ),
        (
            with(json!({"sending_queue": {"storage": "file_storage", "wait_for_result": true}})),
            "sending_queue.wait_for_result: ",
        ),
        (
            with(json!({"protocol": {"otlp": {"compression": "deflate"}}})),
            "protocol.otlp.compression: gRPC has no such compression; use zstd, gzip or none",
        ),
        (
            json!({"resolver": {"static": {"hostnames": vec!["a"; 257]}}}),
            "resolver.static.hostnames: has 257 entries; at most 256 are possible",
        ),
    ] {
        let error = config(wrong).validate().expect_err("wrong").to_string();
        assert!(error.starts_with(report), "{error}");
    }
}

#[test]
fn the_example_in_the_manual_is_valid() {
    let factory = ExporterFactory::group::<LoadBalancing>();
    assert_eq!(check_examples(include_str!("../README.md"), &factory), "");
}
