use super::super::telemetry::{Detail, Encoding, Level, Otlp, Protocol, Telemetry};
use super::{outcome, report};

const FRAME: &str = "receivers: {otlp: }\nexporters: {debug: }\nservice:\n  pipelines: {logs: {receivers: [otlp], exporters: [debug]}}\n";

fn telemetry(text: &str) -> Telemetry {
    let outcome = outcome(&format!("{FRAME}  telemetry:\n{text}"));
    let report = outcome.problems.render(&outcome.sources, false);
    assert!(outcome.problems.is_empty(), "{report}");
    outcome.config.unwrap().telemetry
}

#[test]
fn metrics_can_be_read_on_localhost_8888_by_default() {
    let found = telemetry("    logs:\n");
    assert_eq!(found, Telemetry::default());
    assert_eq!(found.metrics.listeners(), [("localhost".to_owned(), 8888)]);
    assert_eq!(found.metrics.pushes(), Vec::<&_>::new());
}

#[test]
fn the_present_form_of_the_collector_is_read() {
    let found = telemetry(
        "    logs: {level: DEBUG, encoding: json, sampling: {enabled: false, tick: 5s}}
    resource: {service.name: agent, service.instance.id: , deployment: 1}
    metrics:
      level: Detailed
      readers:
        - periodic:
            interval: 10000
            exporter:
              otlp:
                protocol: http/protobuf
                endpoint: http://127.0.0.1:4318/v1/metrics
                headers: [{name: key1, value: value1}]
        - periodic:
            exporter: {otlp_grpc: {endpoint: https://127.0.0.1:4317, headers: {a: b}}}
        - pull:
            exporter:
              prometheus:
                host: 0.0.0.0
                port: 8902
                with_resource_constant_labels: {included: [x]}
        - pull: {exporter: {prometheus/development: {port: 8903}}}
",
    );
    assert_eq!((found.logs.level, found.logs.encoding), (Level::Debug, Encoding::Json));
    assert_eq!(found.metrics.level, Detail::Detailed);
    assert_eq!(
        found.resource.iter().collect::<Vec<_>>(),
        [("service.name", Some("agent")), ("service.instance.id", None), ("deployment", Some("1"))]
    );
    assert_eq!(found.metrics.listeners(), [("0.0.0.0".to_owned(), 8902), ("localhost".to_owned(), 8903)]);
    let pushes = found.metrics.pushes();
    let destinations: Vec<(Option<&str>, Protocol, u64)> = pushes
        .iter()
        .filter_map(|push| Some((push, push.destination()?)))
        .map(|(push, (otlp, protocol)): (_, (&Otlp, _))| {
            (otlp.endpoint.as_deref(), protocol, push.interval.0)
        })
        .collect();
    assert_eq!(
        destinations,
        [
            (Some("http://127.0.0.1:4318/v1/metrics"), Protocol::HttpProtobuf, 10_000),
            (Some("https://127.0.0.1:4317"), Protocol::Grpc, 60_000),
        ]
    );
    let header =
        pushes.first().and_then(|push| push.destination()).and_then(|(otlp, _)| otlp.headers.iter().next());
    assert_eq!(header.map(|(name, value)| (name, value.expose())), Some(("key1", "value1")));
}

#[test]
fn the_former_form_of_the_collector_is_read() {
    for (address, host) in [("0.0.0.0:8889", "0.0.0.0"), ("':8889'", ""), ("'[::1]:8889'", "::1")] {
        let found = telemetry(&format!("    metrics: {{address: {address}}}\n"));
        assert_eq!(found.metrics.listeners(), [(host.to_owned(), 8889)]);
    }
    assert_eq!(telemetry("    metrics: {level: none}\n").metrics.listeners(), []);
    let declared =
        telemetry("    resource: {attributes: [{name: a, value: b, type: string}], schema_url: x}\n");
    assert_eq!(declared.resource.iter().collect::<Vec<_>>(), [("a", Some("b"))]);
}

#[test]
fn what_has_no_effect_is_a_warning_and_what_makes_no_sense_an_error() {
    insta::assert_snapshot!(report(&format!(
        "{FRAME}  telemetry:
    traces: {{level: none, processors: [{{batch: {{}}}}]}}
    logs: {{output_paths: [/var/log/x], initial_fields: {{a: b}}}}
    metrics:
      address: nowhere
      readers:
        - {{}}
        - pull: {{exporter: {{}}}}
        - periodic: {{interval: 0, exporter: {{otlp: , otlp_http: }}}}
"
    )));
}
