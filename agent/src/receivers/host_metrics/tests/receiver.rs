//! The receiver at work: when it sends, and what it counts.

use std::sync::Arc;

use edgewatch_core::factory::{BuildContext, ReceiverSpec as _};
use edgewatch_core::receiver::{Outlets, Receiver as _};
use edgewatch_core::telemetry::Registry;
use edgewatch_core::testing::{FakeHost, Recorder, context, reading};
use edgewatch_proto::Signal;
use tokio_util::sync::CancellationToken;

use super::decoded::{config, points, recorded};
use crate::receivers::host_metrics::receiver::HostMetrics;
use edgewatch_core::kernel::Paths;

fn recorded_context() -> (BuildContext, Registry) {
    let (mut context, registry) = context("host_metrics/test");
    let proc = recorded().proc.display().to_string();
    context.host = Arc::new(FakeHost { env: [("HOST_PROC".to_owned(), proc)].into(), ..FakeHost::default() });
    (context, registry)
}

#[tokio::test]
async fn each_round_is_one_batch_of_metrics() {
    let (context, registry) = recorded_context();
    let json =
        r#"{"collection_interval": "5ms", "initial_delay": "0s", "scrapers": {"cpu": null, "load": null}}"#;
    let receiver = HostMetrics::build(config(json), &context).expect("a receiver");
    let (outlets, mut recorder) = Recorder::outlets();
    let stop = CancellationToken::new();
    let run = tokio::spawn(Box::new(receiver).run(outlets, stop.clone()));

    let first = recorder.next().await.expect("a batch");
    let second = recorder.next().await.expect("a batch");
    stop.cancel();
    run.await.expect("no panic").expect("a good end");

    assert_eq!((first.signal(), first.items()), (Signal::Metrics, 19));
    let (first_points, second_points) = (points(&first.segments()[0]), points(&second.segments()[0]));
    assert_eq!(first_points.len(), 19);
    assert!(first_points[0].time < second_points[0].time);
    assert_eq!(first_points[0].value, second_points[0].value);
    first.deliver();
    second.deliver();
    let accepted = reading(&registry, "otelcol_receiver_accepted_metric_points", &[]);
    assert!(accepted >= 38.0 && accepted % 19.0 == 0.0, "{accepted}");
    let scraped = reading(&registry, "otelcol_scraper_scraped_metric_points", &[("scraper", "load")]);
    assert_eq!(scraped, accepted / 19.0 * 3.0);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_read_before_the_initial_delay_has_passed() {
    let (context, registry) = recorded_context();
    let json = r#"{"initial_delay": "30s", "scrapers": {"load": null}}"#;
    let receiver = HostMetrics::build(config(json), &context).expect("a receiver");
    let (outlets, mut recorder) = Recorder::outlets();
    let stop = CancellationToken::new();
    let begin = tokio::time::Instant::now();
    let run = tokio::spawn(Box::new(receiver).run(outlets, stop.clone()));

    recorder.next().await.expect("a batch").deliver();
    let waited = begin.elapsed();
    stop.cancel();
    run.await.expect("no panic").expect("a good end");

    assert_eq!(waited.as_secs(), 30);
    assert_eq!(reading(&registry, "otelcol_receiver_accepted_metric_points", &[]), 3.0);
}

#[tokio::test]
async fn it_ends_at_once_without_a_pipeline_for_metrics() {
    let (context, _) = recorded_context();
    let receiver = HostMetrics::build(config("{}"), &context).expect("a receiver");

    Box::new(receiver).run(Outlets::default(), CancellationToken::new()).await.expect("a good end");
}

#[test]
fn a_root_path_that_is_not_there_is_refused() {
    let (context, _) = recorded_context();

    let error =
        HostMetrics::build(config(r#"{"root_path": "/no/such/host"}"#), &context).err().expect("refused");

    assert_eq!(error.to_string(), "root_path: /no/such/host is not a directory; mount the host's / there");
}

#[test]
fn the_environment_has_precedence_over_the_root_path() {
    let env = [("HOST_PROC", "/p"), ("HOST_PROC_MOUNTINFO", "/m/1/mountinfo")];
    let env = env.map(|(key, value)| (key.to_owned(), value.to_owned())).into();

    let paths = Paths::find("/hostfs", &FakeHost { env, ..FakeHost::default() });

    let expected = Paths {
        root: "/hostfs".into(),
        proc: "/p".into(),
        sys: "/hostfs/sys".into(),
        etc: "/hostfs/etc".into(),
        dev: "/hostfs/dev".into(),
        mounts: Some("/m/1".into()),
    };
    assert_eq!(paths, expected);
    assert_eq!(Paths::find("", &FakeHost::default()).proc, std::path::Path::new("/proc"));
}

#[test]
fn with_a_foreign_root_the_network_is_that_of_the_hosts_first_process() {
    let root = tempfile::tempdir().expect("a directory");
    let find = || Paths::find(&root.path().display().to_string(), &FakeHost::default()).net();

    assert_eq!(find(), root.path().join("proc/net"));
    std::fs::create_dir_all(root.path().join("proc/1/net")).expect("create");
    std::fs::write(root.path().join("proc/1/net/dev"), "").expect("write");
    assert_eq!(find(), root.path().join("proc/1/net"));
    assert_eq!(Paths::find("", &FakeHost::default()).net(), std::path::Path::new("/proc/net"));
}
