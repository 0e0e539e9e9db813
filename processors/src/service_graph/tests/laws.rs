//! Whatever spans come, in whatever order and batches: the graph is the one that a slow program draws that decodes everything first.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use edgewatch_core::Signal;
use edgewatch_core::ack::Ack;
use edgewatch_core::batch::Batch;
use edgewatch_core::processor::Processor as _;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use prost::Message as _;

use super::{CLIENT, CONSUMER, PRODUCER, SERVER, Scene, failed, linked, short, span};
use crate::testing::{Value, resource, text};

/// A trace and a span of a client.
type Meet = (Vec<u8>, Vec<u8>);

/// A span and who has it.
#[derive(Clone, Debug)]
struct Owned {
    service: &'static str,
    region: Option<&'static str>,
    span: Span,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn the_graph_is_that_of_a_slow_program(
        drawn in vec(owned(), 0..40),
        order in vec(any::<u32>(), 40),
        cuts in vec(any::<Index>(), 0..6),
        ticks in vec(any::<bool>(), 8),
        virtual_nodes in any::<bool>(),
    ) {
        let peers = if virtual_nodes { r#"["peer.service", "db.system"]"# } else { "[]" };
        let mut scene = Scene::new(&format!(
            r#"{{"store": {{"ttl": "1h"}}, "calls_per_request": {{"window": "1h"}}, "dimensions": ["region"],
                "virtual_node_peer_attributes": {peers}}}"#
        ));
        // Clients have ids of their own, whatever the order in which they come.
        let mut all: Vec<(u32, Owned)> = drawn.into_iter().zip(1..).zip(order).map(|((mut owned, id), order)| {
            owned.span.span_id = u64::to_be_bytes(id).to_vec();
            (order, owned)
        }).collect();
        all.sort_by_key(|(order, _)| *order);
        let all: Vec<Owned> = all.into_iter().map(|(_, owned)| owned).collect();
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(all.len() + 1)).collect();
        cuts.extend([0, all.len()]);
        cuts.sort_unstable();
        for ((round, cut), tick) in (1..).zip(cuts.windows(2)).zip(ticks) {
            let resource_spans = all[cut[0]..cut[1]].iter().map(Owned::encoded).collect();
            let request = ExportTraceServiceRequest { resource_spans };
            let batch = Batch::new(Signal::Traces, Bytes::from(request.encode_to_vec()), 1, Ack::none());
            let now = scene.start + Duration::from_secs(60 * round);
            scene.connector.process(batch, now, &mut scene.out).expect("takes all");
            if tick {
                scene.tick(60_000 * round + 60_000);
            }
        }

        let mut seen = short(&scene.drained());
        seen.sort();
        prop_assert_eq!(seen, reference(&all, virtual_nodes));
    }
}

impl Owned {
    fn encoded(&self) -> ResourceSpans {
        let region = self.region.map(|region| text("region", region));
        let attributes: Vec<KeyValue> =
            region.into_iter().chain([text("service.name", self.service)]).collect();
        let scope_spans = vec![ScopeSpans { spans: vec![self.span.clone()], ..ScopeSpans::default() }];
        let resource: Option<Resource> = resource(&attributes);
        ResourceSpans { resource, scope_spans, ..ResourceSpans::default() }
    }

    fn find(&self, name: &str) -> Option<String> {
        let pair = self.span.attributes.iter().find(|pair| pair.key == name)?;
        let Some(Value::StringValue(text)) = &pair.value.as_ref()?.value else {
            panic!("all are texts: {pair:?}")
        };
        Some(text.clone())
    }

    fn region(&self, side: &str) -> String {
        let region = self.region.map(str::to_owned).or_else(|| self.find("region"));
        region.map(|region| format!(" {side}_region={region}")).unwrap_or_default()
    }

    fn failed(&self) -> bool {
        self.span.status.as_ref().is_some_and(|status| status.code == 2)
    }

    fn nanoseconds(&self) -> u64 {
        self.span.end_time_unix_nano - self.span.start_time_unix_nano
    }

    /// How many it stands for.
    fn times(&self) -> u64 {
        if self.span.trace_state.is_empty() { 1 } else { 4 }
    }

    /// Traces and spans of the clients that it may have, and whether one that does not come is missing.
    fn meets(&self) -> Vec<(Meet, bool)> {
        let links: Vec<_> =
            self.span.links.iter().map(|link| (link.trace_id.clone(), link.span_id.clone())).collect();
        let parent = (self.span.trace_id.clone(), self.span.parent_span_id.clone());
        if self.span.kind != CONSUMER || links.is_empty() {
            return vec![(parent, true)];
        }
        let guess = Some(parent).filter(|parent| !parent.1.is_empty() && !links.contains(parent));
        links.into_iter().map(|link| (link, true)).chain(guess.map(|parent| (parent, false))).collect()
    }
}

/// Everything that is counted, by metric and series.
#[derive(Default)]
struct Totals {
    counts: BTreeMap<String, u64>,
    sums: BTreeMap<String, (u64, u64)>,
    /// Calls, and how many traces they stand for.
    calls: BTreeMap<(Vec<u8>, String), (u64, u64)>,
}

impl Totals {
    fn add(&mut self, metric: &str, series: &str, times: u64) {
        *self.counts.entry(format!("{metric} {series}")).or_default() += times;
    }

    fn edge(&mut self, ends: (&str, &str), sides: (Option<&Owned>, Option<&Owned>), connection: &str) {
        let (client, server) = sides;
        let failed = [client, server].into_iter().flatten().any(Owned::failed);
        let times = [client, server].into_iter().flatten().map(Owned::times).max().expect("one is there");
        let pair = format!("{} > {}{connection}", ends.0, ends.1);
        let series = format!(
            "{pair}{}{}{}",
            if failed { " failed" } else { "" },
            client.map(|client| client.region("client")).unwrap_or_default(),
            // What a database knows is what its client tells.
            server
                .filter(|_| connection != " database")
                .map(|server| server.region("server"))
                .unwrap_or_default()
        );
        self.add("request_total", &series, times);
        if failed {
            self.add("request_failed_total", &series, times);
        }
        for (metric, side) in [("request_client", client), ("request_server", server)] {
            if let Some(side) = side {
                let (count, sum) = self.sums.entry(format!("{metric} {series}")).or_default();
                *count += times;
                *sum += times * side.nanoseconds();
            }
        }
        if let Some(client) = client {
            let (calls, traces) = self.calls.entry((client.span.trace_id.clone(), pair)).or_default();
            *calls += 1;
            *traces = times.max(*traces);
        }
    }

    fn unpaired(&mut self, side: &Owned) {
        let ends = match side.span.kind {
            CLIENT | PRODUCER => format!("{} > -", side.service),
            _ => format!("- > {}", side.service),
        };
        let messaging = matches!(side.span.kind, PRODUCER | CONSUMER);
        let connection = if messaging { " messaging_system" } else { "" };
        self.add("unpaired_spans_total", &format!("{ends}{connection}"), side.times());
    }

    fn lines(self) -> Vec<String> {
        let mut requests: BTreeMap<String, (u64, u64)> = BTreeMap::new();
        for ((_, pair), (calls, traces)) in self.calls {
            let (count, sum) = requests.entry(format!("calls_per_request {pair}")).or_default();
            *count += traces;
            *sum += traces * calls;
        }
        let counts = self.counts.into_iter().map(|(series, count)| format!("{series}: {count}"));
        let sums = self.sums.into_iter().map(|(series, (count, sum))| {
            let seconds = sum as f64 / 1e9;
            format!("{series}: {count} {seconds}")
        });
        let requests = requests.into_iter().map(|(series, (count, sum))| format!("{series}: {count} {sum}"));
        let mut lines: Vec<String> = counts.chain(sums).chain(requests).collect();
        lines.sort();
        lines
    }
}

fn reference(all: &[Owned], virtual_nodes: bool) -> Vec<String> {
    let mut totals = Totals::default();
    let is = |kinds: [i32; 2]| move |owned: &&Owned| kinds.contains(&owned.span.kind);
    // Who waits for whom, in the order in which they come.
    let mut waiting: Vec<((Meet, bool), &Owned)> = Vec::new();
    for server in all.iter().filter(is([SERVER, CONSUMER])) {
        for ((trace, parent), missed) in server.meets() {
            if !parent.is_empty() {
                waiting.push((((trace, parent), missed), server));
            } else if virtual_nodes {
                totals.edge(("user", server.service), (None, Some(server)), " virtual_node");
            } else {
                totals.unpaired(server);
            }
        }
    }
    for client in all.iter().filter(is([CLIENT, PRODUCER])) {
        if let Some(name) = client.find("db.name") {
            totals.edge((client.service, &name), (Some(client), Some(client)), " database");
            continue;
        }
        let meet = (client.span.trace_id.clone(), client.span.span_id.clone());
        let mut met = false;
        waiting.retain(|((wanted, _), server)| {
            if *wanted != meet || (met && client.span.kind == CLIENT) {
                return true;
            }
            met = true;
            let messaging = client.span.kind == PRODUCER || server.span.kind == CONSUMER;
            let connection = if messaging { " messaging_system" } else { "" };
            totals.edge((client.service, server.service), (Some(client), Some(server)), connection);
            false
        });
        if !met && virtual_nodes {
            let peer = client.find("peer.service").or_else(|| client.find("db.system"));
            let peer = peer.unwrap_or_else(|| "unknown".to_owned());
            totals.edge((client.service, &peer), (Some(client), None), " virtual_node");
        } else if !met {
            totals.unpaired(client);
        }
    }
    waiting.iter().filter(|((_, missed), _)| *missed).for_each(|(_, server)| totals.unpaired(server));
    totals.lines()
}

fn owned() -> impl Strategy<Value = Owned> {
    let owner = (select(vec!["shop", "cart", "mail"]), option::weighted(0.3, select(vec!["eu", "us"])));
    let kind = select(vec![0, 1, SERVER, SERVER, CLIENT, CLIENT, PRODUCER, CONSUMER]);
    let head = (
        kind,
        1..4_u8,
        prop_oneof![3 => 0..8_u64, 1 => 0..41_u64],
        0..9_u64,
        prop::bool::weighted(0.2),
        prop::bool::weighted(0.1),
    );
    let attribute =
        (select(vec!["db.name", "peer.service", "db.system", "region", "other"]), select(vec!["a", "b"]));
    let attribute = attribute.prop_map(|(name, value)| text(name, value));
    (owner, head, vec(attribute, 0..3), vec((1..4_u8, 1..9_u64), 0..3)).prop_map(
        |((service, region), (kind, trace, parent, milliseconds, fails, sampled), attributes, links)| {
            let mut span = Span { attributes, ..span(kind, trace, 0, parent, milliseconds) };
            if fails {
                span = failed(span);
            }
            if sampled {
                span.trace_state = "ot=th:c".to_owned();
            }
            Owned { service, region, span: linked(span, &links) }
        },
    )
}
