use super::report;

#[test]
fn everything_that_is_wrong_with_a_bad_configuration_is_reported_in_one_run() {
    insta::assert_snapshot!(report(
        "
recievers: {}
receivers:
  otlp:
    protocols:
      grcp:
      http:
        endpoint: [a]
        max_recv_msg_size_mib: 70000
  k8s_events:
  otpl/2:
  batch:
  1x:
  otlp/:
processors:
  batch:
    timeout: 5
    send_batch_size: 100
    send_batch_max_size: 10
  batch/2:
    send_batch_size: 100
    send_batch_max_size: 10
exporters:
  logging: {loglevel: debug}
  otlp:
  debug: {verbosity: high}
connectors:
  forward:
  spanmetrics:
  debug:
extensions: [health_check]
service:
  extensions: [health_check, zpages]
  pipeline: {}
  telemetry:
    logs: {level: verbose, encodng: json}
    metrics:
      level: high
      readers:
        - pull: {exporter: {prometheus: {host: 0.0.0.0, port: 888888}}}
        - periodic: {interval: 10s}
  pipelines:
    traces:
      receivers: [otlp, otlp, host_metrics, k8s_events]
      processors: [batch, memory_limiter, batch]
      exporters: [otlp, forward, debgu]
      exporter: []
    metrics:
      receivers: [spanmetrics, otlp]
    metric/2:
      receivers: [otlp]
      exporters: [otlp]
    profiles:
      receivers: [otlp]
      exporters: [otlp]
    logs:
    logs/2:
      receivers: 5
      exporters: [{a: b}, spanmetrics]
"
    ));
}

#[test]
fn what_is_missing_altogether_is_reported() {
    let mut reports = String::new();
    for text in [
        "",
        "# nothing\n",
        "receivers:\n",
        "receivers: {otlp: }\nexporters: {debug: }\n",
        "receivers: {otlp: }\nexporters: {debug: }\nservice:\n  extensions: []\n",
        "receivers: {otlp: }\nexporters: {debug: }\nservice:\n  pipelines:\n",
        "receivers: {otlp: }\nexporters: {debug: }\nservice:\n  pipelines: [traces]\n",
        "receivers: {otlp: }\nexporters: {debug: }\nservice:\n  pipelines:\n  traces: {receivers: [otlp]}\n",
        "receivers: {otlp: }\nexporters:\n  debug:\n   verbosity: basic\n    sampling_initial: 3\n",
        "service: true\n",
        "receivers: otlp\nservice: {pipelines: {traces: {receivers: [otlp], exporters: [debug]}}}\n",
    ] {
        reports += &report(text);
        reports += "\n---\n";
    }
    insta::assert_snapshot!(reports);
}

#[test]
fn connectors_stand_between_two_pipelines_of_the_right_signals() {
    insta::assert_snapshot!(report(
        "
receivers: {otlp: , forward: }
exporters: {debug: }
connectors: {forward: , forward/one: , forward/other: , spanmetrics: }
service:
  pipelines:
    traces: {receivers: [otlp], exporters: [forward/one, forward/other, spanmetrics]}
    metrics: {receivers: [forward/other], exporters: [spanmetrics]}
    logs: {receivers: [spanmetrics, forward], exporters: [debug]}
"
    ));
}

#[test]
fn pipelines_that_a_connector_names_exist_carry_its_signal_and_have_it_as_a_receiver() {
    insta::assert_snapshot!(report(
        "
receivers: {otlp: }
exporters: {debug: }
connectors:
  choose: {among: [traces/a, traces/bb, metrics/c, traces/far, traces/other]}
  choose/two: {among: [traces/a]}
service:
  pipelines:
    traces: {receivers: [otlp], exporters: [choose, choose/two]}
    logs: {receivers: [otlp], exporters: [choose/two]}
    logs/2: {receivers: [choose/two], exporters: [debug]}
    traces/a: {receivers: [choose, choose/two], exporters: [debug]}
    traces/b: {receivers: [choose], exporters: [debug]}
    metrics/c: {receivers: [otlp], exporters: [debug]}
    traces/other: {receivers: [otlp], exporters: [debug]}
"
    ));
}

#[test]
fn a_connector_that_names_its_pipelines_rightly_is_used() {
    assert_eq!(
        report(
            "
receivers: {otlp: }
exporters: {debug: }
connectors: {choose: {among: [traces/a, traces/b]}}
service:
  pipelines:
    traces: {receivers: [otlp], exporters: [choose]}
    traces/a: {receivers: [choose], exporters: [debug]}
    traces/b: {receivers: [choose], exporters: [debug]}
"
        ),
        "no problems"
    );
}

#[test]
fn an_extension_that_a_component_names_must_run_and_offer_what_it_is_named_for() {
    insta::assert_snapshot!(report(
        "
receivers: {otlp: {protocols: {grpc: }}}
exporters:
  otlp_grpc/unknown: {endpoint: a:1, storage: file_storge}
  otlp_grpc/idle: {endpoint: a:1, storage: file_storage/idle}
  otlp_grpc/other: {endpoint: a:1, storage: health_check}
  otlp_grpc/good: {endpoint: a:1, storage: disk}
extensions: {file_storage: , file_storage/idle: , health_check: }
service:
  extensions: [file_storage, health_check]
  pipelines:
    traces:
      receivers: [otlp]
      exporters: [otlp_grpc/unknown, otlp_grpc/idle, otlp_grpc/other, otlp_grpc/good]
"
    ));
}

#[test]
fn a_limiter_that_does_not_stand_first_draws_a_warning() {
    insta::assert_snapshot!(report(
        "
receivers: {otlp: {protocols: {grpc: }}}
processors: {batch: , memory_limiter: }
exporters: {debug: }
service:
  pipelines:
    traces: {receivers: [otlp], processors: [memory_limiter, batch], exporters: [debug]}
    logs: {receivers: [otlp], processors: [batch, memory_limiter], exporters: [debug]}
"
    ));
}

#[test]
fn processors_that_pipelines_name_as_receivers_derive_their_signal_from_another_one() {
    insta::assert_snapshot!(report(
        "
receivers: {otlp: {protocols: {grpc: }}}
processors: {detect: , detect/alone: , batch: , rates: }
exporters: {debug: }
service:
  pipelines:
    metrics: {receivers: [otlp], processors: [detect, rates], exporters: [debug]}
    metrics/2: {receivers: [rates], exporters: [debug]}
    traces: {receivers: [detect], exporters: [debug]}
    logs: {receivers: [anomaly, batch, detect/alone, detekt], exporters: [debug]}
"
    ));
}

#[test]
fn a_processor_that_derives_what_a_pipeline_receives_is_used() {
    assert_eq!(
        report(
            "
receivers: {otlp: {protocols: {grpc: }}, host_metrics/a: }
processors: {detect: , batch: , rates/b: }
exporters: {debug: }
service:
  pipelines:
    metrics: {receivers: [otlp], processors: [detect, batch], exporters: [debug]}
    metrics/2: {receivers: [host_metrics/a], processors: [anomaly], exporters: [debug]}
    logs: {receivers: [otlp, anomaly], processors: [rates/b], exporters: [debug]}
    metrics/counts: {receivers: [rates/b], exporters: [debug]}
"
        ),
        "no problems"
    );
}

#[test]
fn under_one_id_pipelines_mean_the_receiver_and_not_the_processor() {
    // The receiver does not carry traces; the processor would not derive them either.
    let text = "
receivers: {host_metrics: }
processors: {host_metrics: , detect: }
exporters: {debug: }
service: {pipelines: {traces: {receivers: [host_metrics], exporters: [debug]}}}
";
    assert!(report(text).contains("receiver `host_metrics` does not carry traces"), "{}", report(text));
}

#[test]
fn pipelines_that_feed_each_other_are_found_before_anything_runs() {
    insta::assert_snapshot!(report(
        "
receivers: {otlp: {protocols: {grpc: }}}
processors: {detect: , rates: }
exporters: {debug: }
connectors: {forward: }
service:
  pipelines:
    logs/before: {receivers: [otlp], exporters: [forward]}
    metrics: {receivers: [otlp, rates], processors: [detect], exporters: [debug]}
    logs: {receivers: [detect], exporters: [forward]}
    logs/behind: {receivers: [forward], processors: [rates], exporters: [debug]}
"
    ));
}
