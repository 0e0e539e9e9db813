//! What the connector is there for: an application that begins to ask its database once for each row is noticed.

use std::time::Duration;

use edgewatch_core::Signal;
use edgewatch_core::factory::{ComponentConfig as _, ProcessorSpec};
use edgewatch_core::processor::{Emitter, Processor as _};
use edgewatch_core::testing::context;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;

use super::{Scene, client, with};
use crate::anomaly::AnomalyProcessor;
use crate::testing::{Value, text};

/// Minutes of a day.
const DAY: u64 = 24 * 60;
/// Requests of each pair in a minute.
const REQUESTS: u64 = 8;

#[test]
fn an_application_that_asks_once_for_each_row_is_told_of() {
    let mut subject = Subject::new();
    for minute in 0..DAY {
        subject.minute(minute, |request| usual(minute, request));
    }
    let before = subject.about("traces_service_graph_calls_per_request");
    for minute in DAY..DAY + 10 {
        subject.minute(minute, |_| 50);
    }
    let after = subject.about("traces_service_graph_calls_per_request");

    assert_eq!(before, Vec::<String>::new(), "a usual day");
    assert!(after.iter().any(|event| event == "edgewatch.anomaly.start shop > orders"), "{after:?}");
    assert!(after.iter().all(|event| event.ends_with("shop > orders")), "{after:?}");
}

/// Two or three calls, as if by chance.
fn usual(minute: u64, request: u64) -> u64 {
    let mixed = (minute * REQUESTS + request + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    2 + (mixed >> 40) % 2
}

struct Subject {
    scene: Scene,
    anomaly: AnomalyProcessor,
    events: Vec<LogRecord>,
}

impl Subject {
    fn new() -> Self {
        let config: <AnomalyProcessor as ProcessorSpec>::Config = serde_json::from_str("{}").expect("parses");
        config.validate().expect("valid");
        let (context, _) = context("anomaly");
        let anomaly = AnomalyProcessor::build(config, &context).expect("builds");
        Self { scene: Scene::new("{}"), anomaly, events: Vec::new() }
    }

    /// A minute in which requests of the shop need so many calls of `orders`, and usual ones of `stock`.
    fn minute(&mut self, minute: u64, calls: impl Fn(u64) -> u64) {
        let begin = minute * 60_000;
        for request in 0..REQUESTS {
            let at = begin + request * 5000;
            let mut spans = Vec::new();
            for (database, calls) in [("orders", calls(request)), ("stock", usual(minute + DAY, request))] {
                for _ in 0..calls {
                    let id = spans.len() as u64 + 1;
                    let span = with(client(1, id, 1), &[text("db.name", database)]);
                    // Another trace, at this time.
                    let trace_id = u128::from(at + 1).to_be_bytes().to_vec();
                    spans.push(Span {
                        trace_id,
                        start_time_unix_nano: span.start_time_unix_nano + at * 1_000_000,
                        end_time_unix_nano: span.end_time_unix_nano + at * 1_000_000,
                        ..span
                    });
                }
            }
            self.scene.spans(at, "shop", spans);
        }
        // As the pipeline does: whenever something is due.
        let end = self.scene.start + Duration::from_millis(begin + 60_000);
        while let Some(due) = self.scene.connector.deadline().filter(|due| *due < end) {
            self.scene.connector.tick(due, &mut self.scene.out);
            let mut out = Emitter::default();
            for batch in self.scene.out.take() {
                self.anomaly.process(batch, due, &mut out).expect("takes it");
            }
            self.listen(&mut out);
        }
        let mut out = Emitter::default();
        self.anomaly.tick(end, &mut out);
        self.listen(&mut out);
    }

    fn listen(&mut self, out: &mut Emitter) {
        for batch in out.take().into_iter().filter(|batch| batch.signal() == Signal::Logs) {
            let request =
                ExportLogsServiceRequest::decode(batch.segments().concat().as_slice()).expect("decodes");
            let scopes = request.resource_logs.into_iter().flat_map(|resource| resource.scope_logs);
            self.events.extend(scopes.flat_map(|scope| scope.log_records));
        }
    }

    /// Events about a metric: what happened, and to which pair.
    fn about(&self, metric: &str) -> Vec<String> {
        let find = |record: &LogRecord, key: &str| -> Option<String> {
            let found = record.attributes.iter().find(|attribute| attribute.key == key)?;
            let Some(Value::StringValue(value)) = &found.value.as_ref()?.value else {
                panic!("a text: {found:?}")
            };
            Some(value.clone())
        };
        let of_metric =
            |record: &&LogRecord| find(record, "edgewatch.metric.name").as_deref() == Some(metric);
        let described = |record: &LogRecord| {
            let [client, server] = ["client", "server"].map(|key| find(record, key).expect("of a pair"));
            format!("{} {client} > {server}", record.event_name)
        };
        self.events.iter().filter(of_metric).map(described).collect()
    }
}
