use edgewatch_core::batch::Batch;
use edgewatch_core::processor::Processor as _;
use opentelemetry_proto::tonic::trace::v1::Span;

use super::{CONSUMER, PRODUCER, Scene, client, linked, server, span, with};
use crate::testing::{resource, text, traces};

#[test]
fn calls_of_known_edges_are_counted_without_an_allocation() {
    for histogram in ["", r#", "exponential_histogram_max_size": 160"#] {
        let config = format!(
            r#"{{"dimensions": ["region", "zone"], "exemplars": {{"enabled": true}}, "store": {{"ttl": "3s"}},
                "calls_per_request": {{"window": "3s"}} {histogram}}}"#
        );
        assert_eq!(allocations(&config, 2).of_spans, 0, "{config}");
    }
}

#[test]
fn what_many_dimensions_need_is_allocated_once_for_a_resource() {
    let names: Vec<String> = (0..20).map(|number| format!("\"dimension {number}\"")).collect();
    let config = format!(
        r#"{{"dimensions": [{}], "store": {{"ttl": "3s"}}, "calls_per_request": {{"window": "3s"}}}}"#,
        names.join(",")
    );
    let Made { of_spans, resources } = allocations(&config, 20);
    assert_eq!(of_spans, 2 * resources);
}

struct Made {
    of_spans: u64,
    resources: u64,
}

/// What is allocated for spans of all kinds, that meet, that stay alone and that are linked, when others like them have come before.
fn allocations(config: &str, spans: u64) -> Made {
    let mut scene = Scene::new(config);
    let region = || text("region", "eu");
    // Each round is another second and has other ids.
    let round = |round: u64| -> [Batch; 2] {
        let trace = u8::try_from(round).expect("small");
        let of_client = (0..spans).flat_map(|number| {
            let id = 1 + 10 * number;
            [
                with(client(trace, id, 5), &[region()]),
                with(client(trace, id + 1, 5), &[text("db.name", "orders")]),
                with(client(trace, id + 2, 5), &[text("peer.service", "elsewhere")]),
                span(PRODUCER, trace, id + 3, 1, 2),
                linked(span(CONSUMER, trace, id + 4, id, 2), &[(trace, id + 3)]),
            ]
        });
        let of_server = (0..spans).flat_map(|number| {
            let id = 1 + 10 * number;
            [with(server(trace, id, 3), &[region()]), server(trace, 0, 3), server(trace, id + 9, 3)]
        });
        let batch = |service: &str, spans: Vec<Span>| {
            traces(resource(&[text("service.name", service), text("zone", "a")]), spans)
        };
        [batch("shop", of_client.collect()), batch("cart", of_server.collect())]
    };
    let mut rounds: Vec<[Batch; 2]> = (0..40).map(round).collect();
    let late = rounds.split_off(30);
    let resources = 2 * late.len() as u64;
    let mut now = scene.start;
    for batch in rounds.into_iter().flatten() {
        now += std::time::Duration::from_millis(500);
        scene.connector.process(batch, now, &mut scene.out).expect("takes all");
    }
    let made = allocation_counter::measure(|| {
        for batch in late.into_iter().flatten() {
            now += std::time::Duration::from_millis(500);
            scene.connector.process(batch, now, &mut scene.out).expect("takes all");
        }
    });
    Made { of_spans: made.count_total, resources }
}
