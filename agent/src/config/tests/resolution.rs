use edgewatch_core::Signal;
use edgewatch_core::factory::ComponentKind;

use super::super::{Components, load};
use super::{Nothing, fakes, outcome, report};
use crate::pipeline::{Named, PipelinePlan};

const GOOD: &str = "
receivers:
  otlp:
    protocols:
      grpc:
      http: {endpoint: localhost:4318}
  hostmetrics:
processors:
  batch:
  batch/small: {send_batch_size: 10}
  memory_limiter:
exporters:
  otlp: {endpoint: backend:4317}
  debug:
connectors:
  spanmetrics:
  forward/x:
extensions:
  health_check:
  health_check/2:
service:
  extensions: [health_check/2, health_check]
  pipelines:
    traces:
      receivers: [otlp]
      processors: [memory_limiter, batch]
      exporters: [otlp, spanmetrics, forward/x]
    traces/2:
      receivers: [forward/x]
      exporters: debug
    metrics/host:
      receivers: [host_metrics, span_metrics]
      processors: [batch/small]
      exporters: [otlp_grpc]
";

fn ids<T>(list: &[Named<T>]) -> Vec<&str> {
    list.iter().map(|named| named.id.as_str()).collect()
}

#[test]
fn a_good_configuration_becomes_a_plan() {
    let outcome = outcome(GOOD);
    assert_eq!(outcome.problems.render(&outcome.sources, false), "no problems");
    let plan = outcome.config.unwrap().plan;
    assert_eq!(ids(&plan.receivers), ["otlp", "hostmetrics"]);
    assert_eq!(ids(&plan.processors), ["batch", "batch/small", "memory_limiter"]);
    assert_eq!(ids(&plan.exporters), ["otlp", "debug"]);
    assert_eq!(ids(&plan.connectors), ["spanmetrics", "forward/x"]);
    assert_eq!(ids(&plan.extensions), ["health_check/2", "health_check"]);
    let pipeline = |id: &str, signal, receivers: &[&str], processors: &[&str], exporters: &[&str]| {
        let own = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
        PipelinePlan {
            id: id.to_owned(),
            signal,
            receivers: own(receivers),
            processors: own(processors),
            exporters: own(exporters),
        }
    };
    assert_eq!(
        plan.pipelines,
        [
            pipeline(
                "traces",
                Signal::Traces,
                &["otlp"],
                &["memory_limiter", "batch"],
                &["otlp", "spanmetrics", "forward/x"]
            ),
            pipeline("traces/2", Signal::Traces, &["forward/x"], &[], &["debug"]),
            pipeline(
                "metrics/host",
                Signal::Metrics,
                &["hostmetrics", "spanmetrics"],
                &["batch/small"],
                &["otlp"]
            ),
        ]
    );
}

#[test]
fn what_is_configured_and_not_named_is_a_warning_and_not_part_of_the_plan() {
    let text = "receivers: {otlp: , otlp/2: }\nexporters: {debug: }\nextensions: {health_check: }\n\
                service: {pipelines: {logs: {receivers: [otlp], exporters: [debug]}}}\n";
    assert_eq!(ids(&outcome(text).config.unwrap().plan.receivers), ["otlp"]);
    insta::assert_snapshot!(report(text));
}

#[test]
fn texts_and_set_arguments_are_put_over_each_other() {
    let texts = [
        ("a.yaml".to_owned(), GOOD.to_owned()),
        (
            "b.yaml".to_owned(),
            "service: {pipelines: {traces: {exporters: [debug]}, traces/2: {receivers: [otlp]}}}".to_owned(),
        ),
    ];
    let sets = ["processors.batch.timeout=2 s".to_owned(), "exporters::otlp::endpoint=".to_owned()];
    let outcome = load(&texts, &sets, &Nothing, &fakes::COMPONENTS);
    insta::assert_snapshot!(outcome.problems.render(&outcome.sources, false));
}

#[test]
fn every_name_of_this_build_means_one_component_and_the_lists_are_in_order() {
    let components = Components::of_this_build();
    for kind in ComponentKind::ALL {
        let descriptions = components.descriptions(kind);
        assert!(descriptions.is_sorted_by_key(|description| description.name), "{}", kind.section());
        let mut names: Vec<&str> = descriptions
            .iter()
            .flat_map(|description| {
                std::iter::once(description.name).chain(description.aliases.iter().copied())
            })
            .collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all, "{}", kind.section());
        assert!(descriptions.iter().all(|description| description.kind == kind));
    }
}
