//! The whole exporter with real servers.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use edgewatch_core::Signal;
use edgewatch_core::ack::{Ack, Receipt};
use edgewatch_core::batch::Batch;
use edgewatch_core::exporter::Sink;
use edgewatch_core::extension::{Offered, Offers};
use edgewatch_core::factory::ComponentConfig;
use edgewatch_core::group::{ExporterGroup, Started};
use edgewatch_core::host::RealHost;
use edgewatch_core::refusal::RefusalKind;
use edgewatch_core::telemetry::Registry;
use edgewatch_core::testing::{context, reading};
use http::Response;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::super::LoadBalancing;
use super::super::config::{Config, Dns};
use super::super::resolver::{LookUp, Resolver};
use crate::journal::{Journals, Options, inspect};
use crate::otlp::testing::{Body, Protocol, Server, answer};
use crate::tls::testing::Authority;

const GRPC: &[(&str, &str)] = &[("content-type", "application/grpc")];
const PATIENCE: Duration = Duration::from_secs(20);

/// The spans that a backend has taken, by their numbers.
type Taken = Arc<Mutex<Vec<u64>>>;

/// A backend that takes everything, or answers with `status`.
async fn backend(status: &'static str) -> (Server, Taken) {
    let taken = Taken::default();
    let kept = Arc::clone(&taken);
    let server = Server::start(Protocol::Http2, None, move |received| {
        if status == "0" {
            kept.lock().expect("lock").extend(numbers(&received.body[5..]));
        }
        let response: Response<Body> = answer(200, GRPC, "", Some(&[("grpc-status", status)]));
        std::future::ready(response)
    });
    (server.await, taken)
}

fn numbers(request: &[u8]) -> Vec<u64> {
    let request = ExportTraceServiceRequest::decode(request).expect("well-formed");
    let scopes = request.resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
    let spans = scopes.flat_map(|scope| scope.spans);
    spans.map(|span| u64::from_be_bytes(span.span_id.try_into().expect("eight bytes"))).collect()
}

/// A batch of spans with these numbers, each of a trace of its own.
fn batch(numbers: std::ops::Range<u64>) -> (Batch, Receipt) {
    let items = numbers.clone().count();
    let span = |number: u64| Span {
        trace_id: [number.to_be_bytes(), number.to_be_bytes()].concat(),
        span_id: number.to_be_bytes().to_vec(),
        ..Span::default()
    };
    let scope_spans = vec![ScopeSpans { spans: numbers.map(span).collect(), ..ScopeSpans::default() }];
    let resource_spans = vec![ResourceSpans { scope_spans, ..ResourceSpans::default() }];
    let request = Bytes::from(ExportTraceServiceRequest { resource_spans }.encode_to_vec());
    let (ack, receipt) = Ack::pair(None);
    (Batch::new(Signal::Traces, request, items, ack), receipt)
}

struct Bench {
    sink: Arc<dyn Sink>,
    registry: Registry,
    running: JoinHandle<()>,
    storage: Option<Arc<Journals>>,
}

fn start(more: Value, resolver: Option<Resolver>) -> Bench {
    start_with(more, resolver, Offered::default())
}

/// The same with its queues in `directory`.
fn start_in(directory: &Path, mut more: Value, resolver: Option<Resolver>) -> Bench {
    more["sending_queue"] = json!({"storage": "disk"});
    let storage = Arc::new(Journals::open(directory, Options::default()).expect("nobody else has it"));
    let mut offered = Offered::default();
    offered.insert("disk", Offers { storage: Some(Arc::clone(&storage) as _), ..Offers::default() });
    Bench { storage: Some(storage), ..start_with(more, resolver, offered) }
}

fn start_with(more: Value, resolver: Option<Resolver>, offered: Offered) -> Bench {
    let mut settings = json!({
        "protocol": {"otlp": {
            "tls": {"insecure": true}, "compression": "none",
            "retry_on_failure": {"initial_interval": "20ms", "max_interval": "50ms"},
        }},
    });
    settings.as_object_mut().expect("a map").extend(more.as_object().expect("a map").clone());
    let config: Config = serde_json::from_value(settings).expect("settings");
    if resolver.is_none() {
        config.validate().expect("valid");
    }
    let (mut context, registry) = context("load_balancing");
    context.offered = offered;
    context.host = Arc::new(RealHost);
    let group = Box::new(LoadBalancing::with(config, resolver, &context));
    let Started { mut sinks, work } = group.start(&[Signal::Traces], &CancellationToken::new());
    let (_, sink) = sinks.pop().expect("for traces");
    Bench { sink, registry, running: tokio::spawn(work), storage: None }
}

impl Bench {
    async fn send(&self, numbers: std::ops::Range<u64>) -> Receipt {
        let (batch, receipt) = batch(numbers);
        self.sink.send(batch).await;
        receipt
    }

    /// Lets go of the exporter and waits for its end.
    async fn end(self) {
        drop(self.sink);
        tokio::time::timeout(PATIENCE, self.running).await.expect("in time").expect("ended well");
    }
}

/// A name whose addresses are what the test says.
fn name(addresses: &Arc<Mutex<Vec<SocketAddr>>>) -> Resolver {
    let dns = Dns { port: "1".to_owned(), interval: Duration::from_millis(10).into(), ..Dns::default() };
    let addresses = Arc::clone(addresses);
    let look_up = move || -> LookUp {
        let found = addresses.lock().expect("lock").clone();
        Box::pin(async move { Ok(found) })
    };
    Resolver::with(&dns, look_up)
}

async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("in time")
}

async fn until(what: &str, condition: impl Fn() -> bool) {
    let start = std::time::Instant::now();
    while !condition() {
        assert!(start.elapsed() < PATIENCE, "{what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn sorted(taken: &[&Taken]) -> Vec<u64> {
    let mut all: Vec<u64> = taken.iter().flat_map(|taken| taken.lock().expect("lock").clone()).collect();
    all.sort_unstable();
    all
}

fn hostnames(servers: &[&Server]) -> Value {
    let names: Vec<String> = servers.iter().map(|server| server.address.to_string()).collect();
    json!({"resolver": {"static": {"hostnames": names}}})
}

#[tokio::test]
async fn every_item_arrives_at_one_destination_and_a_trace_at_the_same_each_time() {
    let ((one, at_one), (two, at_two)) = (backend("0").await, backend("0").await);
    let bench = start(hostnames(&[&one, &two]), None);

    for _ in 0..3 {
        let mut receipt = bench.send(0..100).await;
        assert_eq!(within(receipt.delivered()).await, Ok(()));
    }

    assert_eq!(sorted(&[&at_one, &at_two]).len(), 300);
    let [one, two] = [&at_one, &at_two].map(|taken| sorted(&[taken]).into_iter().collect::<BTreeSet<_>>());
    assert!(one.is_disjoint(&two) && !one.is_empty() && !two.is_empty());
    assert_eq!(reading(&bench.registry, "otelcol_loadbalancer_num_backends", &[("resolver", "static")]), 2.0);
    assert_eq!(reading(&bench.registry, "otelcol_loadbalancer_backend_outcome", &[("success", "true")]), 6.0);
    assert_eq!(reading(&bench.registry, "otelcol_exporter_sent_spans", &[]), 300.0);
    bench.end().await;
}

#[tokio::test]
async fn a_dead_destination_holds_up_neither_the_others_nor_the_pipeline() {
    let ((dead, _), (alive, taken)) = (backend("14").await, backend("0").await);
    let mut settings = hostnames(&[&dead, &alive]);
    settings["sending_queue"] = json!({"queue_size": 2});
    let bench = start(settings, None);

    let mut receipts = Vec::new();
    for round in 0..20 {
        until("one of them has room", || bench.sink.admit().is_ok()).await;
        receipts.push(within(bench.send(round * 100..round * 100 + 100)).await);
    }

    // What does not fit into the queue of the dead one goes to the other.
    until("the living one gets what is its own and what is too much", || {
        reading(&bench.registry, "otelcol_exporter_sent_spans", &[]) >= 1700.0
    })
    .await;
    until("the living one has room", || bench.sink.admit().is_ok()).await;
    assert!(reading(&bench.registry, "edgewatch_loadbalancer_stood_in", &[]) > 0.0);
    let unique: BTreeSet<u64> = sorted(&[&taken]).into_iter().collect();
    assert_eq!(unique.len(), sorted(&[&taken]).len(), "nothing twice");
    bench.running.abort();
}

#[tokio::test]
async fn what_a_departed_destination_has_not_delivered_goes_to_those_that_are_left() {
    let ((dead, _), (alive, taken)) = (backend("14").await, backend("0").await);
    let addresses = Arc::new(Mutex::new(vec![dead.address, alive.address]));
    let bench = start(json!({}), Some(name(&addresses)));
    until("both are found", || reading(&bench.registry, "otelcol_loadbalancer_num_backends", &[]) == 2.0)
        .await;
    let mut receipt = bench.send(0..200).await;
    until("the living one has its part", || !taken.lock().expect("lock").is_empty()).await;
    assert!(taken.lock().expect("lock").len() < 200);

    addresses.lock().expect("lock").remove(0);

    assert_eq!(within(receipt.delivered()).await, Ok(()));
    assert_eq!(sorted(&[&taken]), (0..200).collect::<Vec<_>>());
    assert!(reading(&bench.registry, "edgewatch_loadbalancer_dealt_again_items", &[]) > 0.0);
    assert_eq!(reading(&bench.registry, "otelcol_loadbalancer_num_backends", &[]), 1.0);
    bench.end().await;
}

#[tokio::test]
async fn a_destination_that_could_not_be_used_is_tried_again() {
    let folder = tempfile::TempDir::with_prefix("edgewatch-").expect("a folder");
    let path = folder.path().join("ca.pem");
    let tls = json!({"protocol": {"otlp": {"tls": {"ca_file": path}}}});
    let addresses = Arc::new(Mutex::new(vec!["127.0.0.1:1".parse().expect("an address")]));
    let bench = start(tls, Some(name(&addresses)));
    let found = || reading(&bench.registry, "otelcol_loadbalancer_num_resolutions", &[("success", "true")]);
    until("it is looked up", || found() > 1.0).await;
    let number = || reading(&bench.registry, "otelcol_loadbalancer_num_backends", &[]);
    assert_eq!(number(), 0.0, "its certificate cannot be verified");

    std::fs::write(&path, Authority::new().pem()).expect("written");

    until("it is used", || number() == 1.0).await;
    let looks = found();
    until("it is looked up", || found() > looks + 1.0).await;
    assert_eq!(reading(&bench.registry, "otelcol_loadbalancer_num_backend_updates", &[]), 1.0);
    bench.end().await;
}

#[tokio::test]
async fn before_a_destination_is_found_new_data_is_refused_and_what_comes_nevertheless_waits() {
    let (server, taken) = backend("0").await;
    let addresses = Arc::new(Mutex::new(Vec::new()));
    let bench = start(json!({}), Some(name(&addresses)));
    assert_eq!(bench.sink.admit().expect_err("nowhere to go").kind, RefusalKind::Unavailable);
    let (batch, mut receipt) = batch(0..10);
    let sink = Arc::clone(&bench.sink);
    let sending = tokio::spawn(async move { sink.send(batch).await });

    addresses.lock().expect("lock").push(server.address);

    assert_eq!(within(receipt.delivered()).await, Ok(()));
    assert_eq!(sorted(&[&taken]), (0..10).collect::<Vec<_>>());
    sending.await.expect("sent");
    assert_eq!(bench.sink.admit(), Ok(()));
    bench.end().await;
}

#[tokio::test]
async fn sources_are_answered_when_every_destination_has_confirmed_if_that_is_asked_for() {
    let ((one, _), (two, _)) = (backend("0").await, backend("3").await);
    let mut settings = hostnames(&[&one, &two]);
    settings["sending_queue"] = json!({"wait_for_result": true});
    let bench = start(settings, None);
    assert!(bench.sink.answers_sources());

    let mut receipt = bench.send(0..100).await;

    let refusal = within(receipt.accepted()).await.expect_err("one of them finds it invalid");
    assert_eq!(refusal.kind, RefusalKind::Permanent);
    assert!(!bench.sink.is_failing());
    bench.end().await;
}

#[tokio::test]
async fn at_the_end_everything_is_delivered() {
    let ((one, at_one), (two, at_two)) = (backend("0").await, backend("0").await);
    let bench = start(hostnames(&[&one, &two]), None);
    for round in 0..20 {
        let _receipt = bench.send(round * 10..round * 10 + 10).await;
    }
    bench.end().await;
    assert_eq!(sorted(&[&at_one, &at_two]), (0..200).collect::<Vec<_>>());
}

/// The owners of the queues in `directory` and the items that wait in each.
fn waiting(directory: &Path) -> Vec<(String, u64)> {
    let queues = inspect(directory).expect("readable").into_iter();
    queues.map(|queue| (queue.exporter, queue.items)).collect()
}

#[tokio::test]
async fn what_waits_on_disk_for_a_departed_destination_goes_to_those_that_are_left() {
    let directory = tempfile::tempdir().expect("a directory");
    let ((dead, _), (alive, taken)) = (backend("14").await, backend("0").await);
    let addresses = Arc::new(Mutex::new(vec![dead.address, alive.address]));
    let bench = start_in(directory.path(), json!({}), Some(name(&addresses)));
    until("both are found", || reading(&bench.registry, "otelcol_loadbalancer_num_backends", &[]) == 2.0)
        .await;
    for round in 0..10 {
        let mut receipt = bench.send(round * 100..round * 100 + 100).await;
        assert_eq!(within(receipt.delivered()).await, Ok(()), "it is on disk");
    }
    until("the living one has its part", || !taken.lock().expect("lock").is_empty()).await;
    assert!(taken.lock().expect("lock").len() < 1000);

    addresses.lock().expect("lock").remove(0);

    until("the other one has all of it", || taken.lock().expect("lock").len() >= 1000).await;
    until("its queue is gone", || waiting(directory.path()).len() == 1).await;
    bench.end().await;
    assert_eq!(sorted(&[&taken]), (0..1000).collect::<Vec<_>>(), "once");
    assert_eq!(waiting(directory.path()), [(format!("load_balancing to {}", alive.address), 0)]);
}

#[tokio::test]
async fn what_waits_on_disk_outlives_the_agent_and_its_destination() {
    let directory = tempfile::tempdir().expect("a directory");
    let (dead, _) = backend("14").await;
    let bench = start_in(directory.path(), hostnames(&[&dead]), None);
    let mut receipt = bench.send(0..100).await;
    assert_eq!(within(receipt.delivered()).await, Ok(()), "it is on disk");
    bench.end().await;
    assert_eq!(waiting(directory.path()), [(format!("load_balancing to {}", dead.address), 100)]);

    let (alive, taken) = backend("0").await;
    let bench = start_in(directory.path(), hostnames(&[&alive]), None);

    until("the new one has it", || taken.lock().expect("lock").len() >= 100).await;
    bench.end().await;
    assert_eq!(sorted(&[&taken]), (0..100).collect::<Vec<_>>());
}

#[tokio::test]
async fn queues_on_disk_have_an_owner_before_the_destinations_are_known() {
    let directory = tempfile::tempdir().expect("a directory");
    let (dead, _) = backend("14").await;
    let bench = start_in(directory.path(), hostnames(&[&dead]), None);
    let mut receipt = bench.send(0..100).await;
    assert_eq!(within(receipt.delivered()).await, Ok(()), "it is on disk");
    bench.end().await;

    let (alive, taken) = backend("0").await;
    let addresses = Arc::new(Mutex::new(Vec::new()));
    let bench = start_in(directory.path(), json!({}), Some(name(&addresses)));
    let idle = || bench.storage.as_ref().map(|storage| storage.idle());
    assert_eq!(idle(), Some(Vec::new()));
    addresses.lock().expect("lock").push(alive.address);

    until("the new one has it", || taken.lock().expect("lock").len() >= 100).await;
    assert_eq!(idle(), Some(Vec::new()));
    bench.end().await;
}

#[tokio::test]
async fn a_destination_that_comes_back_while_its_queue_is_dealt_out_is_in_nobodys_way() {
    let directory = tempfile::tempdir().expect("a directory");
    let (dead, _) = backend("14").await;
    let bench = start_in(directory.path(), hostnames(&[&dead]), None);
    let mut receipt = bench.send(0..100).await;
    assert_eq!(within(receipt.delivered()).await, Ok(()), "it is on disk");
    bench.end().await;
    // Its successor at the same address.
    let address = dead.address;
    drop(dead);
    let (other, _) = backend("14").await;
    let addresses = Arc::new(Mutex::new(vec![other.address]));
    let bench = start_in(directory.path(), json!({}), Some(name(&addresses)));
    until("the other one is found", || {
        reading(&bench.registry, "otelcol_loadbalancer_num_backends", &[]) == 1.0
    })
    .await;
    addresses.lock().expect("lock").push(address);
    until("both are found", || reading(&bench.registry, "otelcol_loadbalancer_num_backends", &[]) == 2.0)
        .await;
    bench.end().await;

    let left: u64 = waiting(directory.path()).into_iter().map(|(_, items)| items).sum();
    assert_eq!(left, 100, "in one queue or the other, once");
}
