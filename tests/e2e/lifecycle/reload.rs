//! Reloads of the configuration.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use edgewatch_tests::client::{GrpcClient, post};
use edgewatch_tests::forwarder::Forwarder;
use edgewatch_tests::load::{ITEMS_PER_REQUEST, Template};
use edgewatch_tests::metrics_page::MetricsPage;
use edgewatch_tests::sink::{Receipts, Sink};
use edgewatch_tests::{Signal, process};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use tempfile::TempDir;
use tokio::task::JoinSet;

/// Numbers far enough apart that no client reaches those of the next.
const NUMBERS_PER_CLIENT: u64 = 1_000_000;

/// Most requests of a client, so that its numbers last.
const REQUESTS_PER_CLIENT: u64 = NUMBERS_PER_CLIENT / ITEMS_PER_REQUEST;

/// A forwarder whose last configuration file can be written anew.
struct Changing {
    forwarder: Forwarder,
    folder: Arc<TempDir>,
}

impl Changing {
    async fn start(sink: &Sink, overlay: &str, arguments: &[&str]) -> anyhow::Result<Self> {
        let folder = Arc::new(TempDir::with_prefix("edgewatch-")?);
        let path = folder.path().join("overlay.yaml");
        std::fs::write(&path, overlay)?;
        let mut builder = Forwarder::to(sink)?.in_folder(Arc::clone(&folder)).argument("--config");
        builder = builder.argument(path.to_str().unwrap_or_default());
        for argument in arguments {
            builder = builder.argument(argument);
        }
        Ok(Self { forwarder: builder.start().await?, folder })
    }

    fn write(&self, overlay: &str) -> anyhow::Result<()> {
        Ok(std::fs::write(self.folder.path().join("overlay.yaml"), overlay)?)
    }

    /// Writes `overlay`, asks for a reload and waits until it has ended with `outcome`.
    async fn reload(&self, overlay: &str, outcome: &str) -> anyhow::Result<MetricsPage> {
        let before = reloads(&self.forwarder.own_metrics().await?, outcome);
        self.write(overlay)?;
        process::signal(self.forwarder.agent.pid(), process::HUP)?;
        let ended = |page: &MetricsPage| reloads(page, outcome) > before;
        let page = self.forwarder.wait_for_own_metrics(ended).await;
        page.map_err(|error| error.context(self.forwarder.agent.stderr()))
    }
}

fn reloads(page: &MetricsPage, outcome: &str) -> f64 {
    page.value("edgewatch_config_reloads", &[("outcome", outcome)]).unwrap_or_default()
}

#[tokio::test]
async fn twenty_reloads_under_load_lose_and_double_nothing() -> anyhow::Result<()> {
    let sink = Sink::start().await?;
    let other = Sink::start().await?;
    let mut agent = Changing::start(&sink, "{}", &[]).await?;
    let second = format!(
        "exporters: {{otlp_grpc/other: {{endpoint: '{}', tls: {{insecure: true}}}}}}
service: {{pipelines: {{
    logs: {{exporters: [otlp_grpc, otlp_grpc/other]}},
    traces/other: {{receivers: [otlp], processors: [batch], exporters: [otlp_grpc/other]}}}}}}
processors: {{batch: {{timeout: 50ms}}}}",
        other.grpc_address()
    );
    let batching = |settings: &str| {
        format!(
            "{{processors: {{batch: {settings}}}, service: {{pipelines: {{traces: {{processors: [batch]}}, \
            metrics: {{processors: [batch]}}, logs: {{processors: [batch]}}}}}}}}"
        )
    };
    let overlays = [
        "exporters: {otlp_grpc: {compression: gzip}}".to_owned(),
        batching("{timeout: 100ms, send_batch_size: 1000}"),
        batching("{timeout: 20ms}"),
        second,
        "exporters: {otlp_grpc: {sending_queue: {num_consumers: 3}}}".to_owned(),
    ];
    let load = Load::start(agent.forwarder.grpc);

    for overlay in overlays.iter().cycle().take(20) {
        let arrived = sink.receipts().len();
        agent.reload(overlay, "applied").await?;
        sink.wait_until(|receipts| receipts.len() > arrived + 20).await?;
    }

    let sent = load.stop().await?;
    let (status, _) = agent.forwarder.agent.terminate().await?;
    assert_eq!(status.code(), Some(0), "{}", agent.forwarder.agent.stderr());
    exactly_once(&sent, &sink.receipts())?;
    for signal in [Signal::Traces, Signal::Logs] {
        let tally = other.receipts().tally(signal)?;
        assert!(tally.distinct() > 0, "{signal}: nothing came through the added pipelines");
        assert_eq!(tally.duplicated(), Vec::<u64>::new());
    }
    Ok(())
}

#[tokio::test]
async fn a_configuration_that_cannot_be_used_changes_nothing() -> anyhow::Result<()> {
    let sink = Sink::start().await?;
    let agent = Changing::start(&sink, "{}", &[]).await?;
    let client = agent.forwarder.client().await?;
    let template = Template::new(Signal::Logs);
    client.export(Signal::Logs, &template.request(1)).await?;

    agent.reload("exporters: {otlp_grpc: {endpont: nowhere}}", "rejected").await?;
    let taken = sink.http_address();
    agent
        .reload(
            &format!(
                "{{receivers: {{otlp/2: {{protocols: {{http: {{endpoint: '{taken}'}}}}}}}}, exporters: {{otlp_grpc: {{timeout: 7s}}}},
                service: {{pipelines: {{logs: {{receivers: [otlp, otlp/2]}}}}}}}}"
            ),
            "failed",
        )
        .await?;

    let reply = client.export(Signal::Logs, &template.request(101)).await?;
    assert_eq!(reply.code(), Some(0));
    let arrived = sink.wait_for_items(Signal::Logs, 200).await?;
    assert_eq!(arrived.tally(Signal::Logs)?.missing(1..=200), Vec::<u64>::new());
    assert_eq!(sink.connections(), 1, "the exporter has kept its connection");
    let log = agent.forwarder.agent.stderr();
    assert!(
        log.contains("exporters.otlp_grpc.endpont: unknown key") && log.contains("did you mean"),
        "{log}"
    );
    assert!(log.contains(&format!("cannot listen on {taken}")), "{log}");
    Ok(())
}

#[tokio::test]
async fn a_new_destination_gets_what_comes_next_and_gauges_of_the_former_are_gone() -> anyhow::Result<()> {
    let sink = Sink::start().await?;
    let next = Sink::start().await?;
    let agent = Changing::start(&sink, "{}", &[]).await?;
    let client = agent.forwarder.client().await?;
    let template = Template::new(Signal::Logs);
    client.export(Signal::Logs, &template.request(1)).await?;
    sink.wait_for_items(Signal::Logs, 100).await?;

    let overlay = format!(
        "{{exporters: {{otlp_grpc/next: {{endpoint: '{}', tls: {{insecure: true}}}}}}, service: {{pipelines: {{
            logs: {{exporters: [otlp_grpc/next]}}, traces: {{exporters: [otlp_grpc/next]}}, metrics: {{exporters: [otlp_grpc/next]}}}}}}}}",
        next.grpc_address()
    );
    agent.reload(&overlay, "applied").await?;
    client.export(Signal::Logs, &template.request(101)).await?;

    let arrived = next.wait_for_items(Signal::Logs, 100).await?;
    assert_eq!(arrived.tally(Signal::Logs)?.missing(101..=200), Vec::<u64>::new());
    assert_eq!(sink.receipts().items(Signal::Logs), 100);
    let former = [("exporter", "otlp_grpc")];
    let gone = |page: &MetricsPage| page.value("otelcol_exporter_queue_capacity", &former).is_none();
    let page = agent.forwarder.wait_for_own_metrics(gone).await?;
    assert_eq!(page.value("otelcol_exporter_sent_log_records", &former), Some(100.0), "counters stay");
    let capacity = [("exporter", "otlp_grpc/next"), ("data_type", "logs")];
    assert_eq!(page.value("otelcol_exporter_queue_capacity", &capacity), Some(1000.0), "{page}");
    Ok(())
}

#[tokio::test]
async fn a_receiver_that_is_replaced_refuses_no_connection() -> anyhow::Result<()> {
    let sink = Sink::start().await?;
    let agent = Changing::start(&sink, "{}", &[]).await?;
    let stop = Arc::new(AtomicBool::new(false));
    let mut clients = JoinSet::new();
    for client in 0..4_u64 {
        let (stop, http) = (Arc::clone(&stop), agent.forwarder.http);
        clients.spawn(async move {
            let template = Template::new(Signal::Logs);
            let firsts = (1 + client * NUMBERS_PER_CLIENT..).step_by(usize::try_from(ITEMS_PER_REQUEST)?);
            let mut sent = Vec::new();
            for first in firsts {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                let headers = [("content-type", "application/x-protobuf")];
                // Each request on a connection of its own.
                let reply = post(http, Signal::Logs.http_path(), &headers, template.request(first)).await?;
                anyhow::ensure!(reply.status == 200, "{}", reply.text());
                sent.push(first);
            }
            anyhow::Ok(sent)
        });
    }

    for round in 0..10 {
        let arrived = sink.receipts().len();
        let size = 10_000_000 + round;
        let overlay =
            format!("receivers: {{otlp: {{protocols: {{http: {{max_request_body_size: {size}}}}}}}}}");
        agent.reload(&overlay, "applied").await?;
        sink.wait_until(|receipts| receipts.len() > arrived + 20).await?;
    }

    stop.store(true, Ordering::Relaxed);
    let mut numbers = Vec::new();
    while let Some(sent) = clients.join_next().await {
        numbers.extend(sent??.into_iter().flat_map(|first| first..first + ITEMS_PER_REQUEST));
    }
    let expected = u64::try_from(numbers.len())?;
    let tally = sink.wait_for_items(Signal::Logs, expected).await?.tally(Signal::Logs)?;
    assert_eq!((tally.missing(numbers), tally.duplicated()), (vec![], vec![]));
    Ok(())
}

#[tokio::test]
async fn clients_of_a_receiver_that_is_replaced_change_over_without_loss() -> anyhow::Result<()> {
    let sink = Sink::start().await?;
    let agent = Changing::start(&sink, "{}", &[]).await?;
    let stop = Arc::new(AtomicBool::new(false));
    let mut clients = JoinSet::new();
    for client in 0..4 {
        clients.spawn(send_over_and_over(
            agent.forwarder.grpc,
            1 + client * NUMBERS_PER_CLIENT,
            Arc::clone(&stop),
        ));
    }

    for round in 1..=10 {
        let arrived = sink.receipts().len();
        let overlay =
            format!("receivers: {{otlp: {{protocols: {{grpc: {{max_recv_msg_size_mib: {round}}}}}}}}}");
        agent.reload(&overlay, "applied").await?;
        sink.wait_until(|receipts| receipts.len() > arrived + 20).await?;
    }

    stop.store(true, Ordering::Relaxed);
    let (mut numbers, mut connections) = (Vec::new(), 0);
    while let Some(client) = clients.join_next().await {
        let (sent, connected) = client??;
        numbers.extend(sent.into_iter().flat_map(|first| first..first + ITEMS_PER_REQUEST));
        connections += connected;
    }
    let tally =
        sink.wait_for_items(Signal::Logs, u64::try_from(numbers.len())?).await?.tally(Signal::Logs)?;
    assert_eq!((tally.missing(numbers), tally.duplicated()), (vec![], vec![]));
    assert!(connections > 20, "they were asked to connect anew: {connections}");
    Ok(())
}

/// Sends on one connection as long as it lasts, then on the next. What is not answered is sent again: none of it may have been taken.
async fn send_over_and_over(
    address: SocketAddr,
    first: u64,
    stop: Arc<AtomicBool>,
) -> anyhow::Result<(Vec<u64>, u32)> {
    let template = Template::new(Signal::Logs);
    let mut client = GrpcClient::connect(address).await?;
    let (mut acknowledged, mut connections) = (Vec::new(), 1);
    for first in (first..).step_by(usize::try_from(ITEMS_PER_REQUEST)?) {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let request = template.request(first);
        let reply = match client.export(Signal::Logs, &request).await {
            Ok(reply) => reply,
            Err(_ended) => {
                client = GrpcClient::connect(address).await?;
                connections += 1;
                client.export(Signal::Logs, &request).await?
            }
        };
        anyhow::ensure!(reply.code() == Some(0), "{:?}: {}", reply.code(), reply.message());
        acknowledged.push(first);
    }
    Ok((acknowledged, connections))
}

#[tokio::test]
async fn own_metrics_move_and_the_level_of_the_log_changes_at_once() -> anyhow::Result<()> {
    let sink = Sink::start().await?;
    let agent = Changing::start(&sink, "service: {telemetry: {logs: {level: info}}}", &[]).await?;
    let former = agent.forwarder.metrics;
    let moved = edgewatch_tests::ports::free()?;

    agent.write(&format!(
        "service: {{telemetry: {{logs: {{level: debug, encoding: json}}, metrics: {{readers: [
            {{pull: {{exporter: {{prometheus: {{host: 127.0.0.1, port: {}}}}}}}}}]}}}}}}",
        moved.port()
    ))?;
    process::signal(agent.forwarder.agent.pid(), process::HUP)?;
    agent.forwarder.agent.wait_for_log("the new configuration is at work").await?;

    assert_eq!(reloads(&MetricsPage::fetch(moved).await?, "applied"), 1.0);
    agent.forwarder.agent.wait_for_log("restart the agent for the other keys").await?;
    while MetricsPage::fetch(former).await.is_ok() {
        tokio::task::yield_now().await;
    }
    Ok(())
}

#[tokio::test]
async fn a_file_that_is_swapped_behind_a_link_is_noticed() -> anyhow::Result<()> {
    let sink = Sink::start().await?;
    let agent = Changing::start(&sink, "{}", &["--watch"]).await?;
    // As Kubernetes brings in a ConfigMap: the file's name leads through a link that is replaced.
    let swap = |version: &str, timeout: &str| -> anyhow::Result<()> {
        let at = |name: &str| agent.folder.path().join(name);
        std::fs::create_dir(at(version))?;
        let overlay = format!("exporters: {{otlp_grpc: {{timeout: {timeout}}}}}");
        std::fs::write(at(version).join("overlay.yaml"), overlay)?;
        symlink(version, at("..next"))?;
        Ok(std::fs::rename(at("..next"), at("..data"))?)
    };

    swap("1", "6s")?;
    std::fs::remove_file(agent.folder.path().join("overlay.yaml"))?;
    symlink("..data/overlay.yaml", agent.folder.path().join("overlay.yaml"))?;
    agent.forwarder.wait_for_own_metrics(|page| reloads(page, "applied") == 1.0).await?;
    swap("2", "7s")?;
    agent.forwarder.wait_for_own_metrics(|page| reloads(page, "applied") == 2.0).await?;

    let log = agent.forwarder.agent.stderr();
    assert_eq!(log.matches(r#"replaced="exporter otlp_grpc""#).count(), 2, "{log}");
    Ok(())
}

#[tokio::test]
async fn lines_written_across_reloads_arrive_once_each() -> anyhow::Result<()> {
    let sink = Sink::start().await?;
    let folder = TempDir::with_prefix("edgewatch-log-")?;
    let log = folder.path().join("a.log");
    let state = folder.path().join("state");
    let overlay = |interval: u32| {
        format!(
            "{{receivers: {{file_log: {{include: ['{}'], start_at: beginning, poll_interval: {interval}ms}}}},
            service: {{pipelines: {{logs: {{receivers: [otlp, file_log]}}}}}}}}",
            log.display()
        )
    };
    let arguments = ["--state-directory", state.to_str().unwrap_or_default()];
    let agent = Changing::start(&sink, &overlay(10), &arguments).await?;

    let mut written = 0;
    for round in 1..=10 {
        written = append(&log, written, 500)?;
        let next = overlay(10 + round);
        let reload = agent.reload(&next, "applied");
        let (reloaded, more) = tokio::join!(reload, async { append(&log, written, 500) });
        reloaded?;
        written = more?;
    }

    let arrived = sink.wait_for_items(Signal::Logs, written).await?;
    let lines = lines(&arrived)?;
    let distinct: BTreeSet<u64> = lines.iter().copied().collect();
    assert_eq!(distinct, (0..written).collect(), "every line");
    assert_eq!(lines.len(), distinct.len(), "once");
    Ok(())
}

/// Appends so many numbered lines, and returns the next number.
fn append(path: &Path, first: u64, count: u64) -> anyhow::Result<u64> {
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path)?;
    for number in first..first + count {
        writeln!(file, "{number}")?;
    }
    Ok(first + count)
}

fn lines(receipts: &Receipts) -> anyhow::Result<Vec<u64>> {
    let requests = receipts.logs()?.into_iter();
    let records = requests
        .flat_map(|request| request.resource_logs)
        .flat_map(|resource| resource.scope_logs)
        .flat_map(|scope| scope.log_records);
    let text = records.filter_map(|record| {
        let Value::StringValue(text) = record.body?.value? else { return None };
        Some(text)
    });
    Ok(text.map(|text| text.parse()).collect::<Result<_, _>>()?)
}

/// Clients that send one request after the other, each on one connection.
struct Load {
    stop: Arc<AtomicBool>,
    clients: JoinSet<anyhow::Result<(Signal, Vec<u64>)>>,
}

impl Load {
    fn start(address: SocketAddr) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut clients = JoinSet::new();
        for (client, signal) in (0..6).zip(Signal::ALL.into_iter().cycle()) {
            clients.spawn(send(address, signal, 1 + client * NUMBERS_PER_CLIENT, Arc::clone(&stop)));
        }
        Self { stop, clients }
    }

    /// The first numbers of what was acknowledged, by signal.
    async fn stop(mut self) -> anyhow::Result<Vec<(Signal, Vec<u64>)>> {
        self.stop.store(true, Ordering::Relaxed);
        let mut sent = Vec::new();
        while let Some(client) = self.clients.join_next().await {
            sent.push(client??);
        }
        Ok(sent)
    }
}

/// Sends until told to stop. No call may fail.
async fn send(
    address: SocketAddr,
    signal: Signal,
    first: u64,
    stop: Arc<AtomicBool>,
) -> anyhow::Result<(Signal, Vec<u64>)> {
    let template = Template::new(signal);
    let client = GrpcClient::connect(address).await?;
    let mut acknowledged = Vec::new();
    for number in 0..REQUESTS_PER_CLIENT {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let first = first + number * ITEMS_PER_REQUEST;
        let reply = client.export(signal, &template.request(first)).await?;
        anyhow::ensure!(reply.code() == Some(0), "{:?}: {}", reply.code(), reply.message());
        acknowledged.push(first);
    }
    Ok((signal, acknowledged))
}

fn exactly_once(sent: &[(Signal, Vec<u64>)], arrived: &Receipts) -> anyhow::Result<()> {
    for (signal, acknowledged) in sent {
        let tally = arrived.tally(*signal)?;
        let numbers = acknowledged.iter().flat_map(|first| *first..*first + ITEMS_PER_REQUEST);
        let missing = tally.missing(numbers);
        assert!(acknowledged.len() > 50, "{signal}: only {} requests were acknowledged", acknowledged.len());
        assert_eq!((signal, missing, tally.duplicated()), (signal, vec![], vec![]));
    }
    Ok(())
}
