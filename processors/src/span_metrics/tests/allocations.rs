use edgewatch_core::batch::Batch;
use edgewatch_core::processor::Processor as _;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::Event;

use super::{Scene, failed, span, with};
use crate::testing::{Value, pair, resource, text, traces};

#[test]
fn spans_of_known_series_are_counted_without_an_allocation() {
    let config = r#"{
        "dimensions": [{"name": "a"}, {"name": "b"}, {"name": "c"}, {"name": "d", "default": "x"}],
        "calls_dimensions": [{"name": "e"}],
        "include_instrumentation_scope": ["library"],
        "events": {"enabled": true, "dimensions": [{"name": "kind"}]},
        "exemplars": {"enabled": true}
    }"#;
    for histogram in ["{}", r#"{"exponential": {"max_size": 160}}"#] {
        let config = config.replacen('{', &format!(r#"{{"histogram": {histogram},"#), 1);
        let mut scene = Scene::new(&config);
        let batch = || {
            let spans = (0..100).map(|number| {
                let name = format!("operation {}", number % 7);
                let attributes =
                    [pair("http.response.status_code", Value::IntValue(200 + number)), text("a", "1")];
                let events = vec![Event { attributes: vec![text("kind", "k")], ..Event::default() }];
                failed(Span { events, ..with(span(&name, 0, number.unsigned_abs()), &attributes) })
            });
            traces(resource(&[text("service.name", "shop"), text("b", "2")]), spans.collect())
        };
        let now = scene.start;
        let mut batches: Vec<Batch> = (0..40).map(|_| batch()).collect();
        let rest = batches.split_off(20);
        for batch in batches {
            scene.connector.process(batch, now, &mut scene.out).expect("takes all");
        }

        let made = allocation_counter::measure(|| {
            for batch in rest {
                scene.connector.process(batch, now, &mut scene.out).expect("takes all");
            }
        });

        assert_eq!(made.count_total, 0);
    }
}
