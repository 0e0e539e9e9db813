//! The OpenTelemetry SDK for Rust and its OTLP exporters.

use std::net::SocketAddr;

use edgewatch_tests::Signal;
use edgewatch_tests::sink::Transport;
use opentelemetry_otlp::{
    Compression, LogExporter, MetricExporter, Protocol, SpanExporter, WithExportConfig as _,
    WithHttpConfig as _, WithTonicConfig as _,
};
use opentelemetry_sdk::logs::{LogBatch, LogExporter as _};
use opentelemetry_sdk::metrics::exporter::PushMetricExporter as _;
use opentelemetry_sdk::trace::SpanExporter as _;

use super::pair::Pair;
use super::rust_telemetry::{RECORDS, SPANS, logs, metrics, resource, spans};

/// The SDK has zstd as well; it would bring a second copy of its crates into the build.
const COMPRESSIONS: [Option<Compression>; 2] = [None, Some(Compression::Gzip)];

#[tokio::test]
async fn the_rust_sdk_over_grpc_arrives_unchanged() -> anyhow::Result<()> {
    for compression in COMPRESSIONS {
        everything_arrives(Protocol::Grpc, compression).await?;
    }
    Ok(())
}

#[tokio::test]
async fn the_rust_sdk_over_http_arrives_unchanged() -> anyhow::Result<()> {
    for compression in COMPRESSIONS {
        everything_arrives(Protocol::HttpBinary, compression).await?;
    }
    Ok(())
}

#[tokio::test]
async fn the_rust_sdk_in_json_arrives_unchanged() -> anyhow::Result<()> {
    for compression in COMPRESSIONS {
        everything_arrives(Protocol::HttpJson, compression).await?;
    }
    Ok(())
}

async fn everything_arrives(protocol: Protocol, compression: Option<Compression>) -> anyhow::Result<()> {
    let pair = Pair::start().await?;
    let transport = if protocol == Protocol::Grpc { Transport::Grpc } else { Transport::Http };
    let (direct, agent) = match transport {
        Transport::Grpc => (pair.direct.grpc_address(), pair.agent.grpc),
        Transport::Http => (pair.direct.http_address(), pair.agent.http),
    };
    // One for both exporters: the SDK keeps it in no particular order.
    let resource = resource();
    let (spans, metrics, logs) = (spans()?, metrics()?, logs()?);
    let batch: Vec<_> = logs.iter().map(|(record, scope)| (record, scope)).collect();
    for address in [direct, agent] {
        let (mut traces, meters, mut records) = exporters(protocol, compression, address)?;
        traces.set_resource(&resource);
        records.set_resource(&resource);
        traces.export(spans.clone()).await?;
        for metrics in &metrics {
            meters.export(metrics).await?;
        }
        records.export(LogBatch::new(&batch)).await?;
    }

    let arrived = pair.compare().await?;

    // Two collections, of 9 and of 10 points.
    assert_eq!(
        Signal::ALL.map(|signal| arrived.items(signal)),
        [SPANS, 19, RECORDS],
        "{}",
        arrived.summary()
    );
    let direct = pair.direct.receipts();
    assert!(direct.all().all(|receipt| receipt.transport == transport));
    assert!(direct.all().all(|receipt| receipt.is_json() == (protocol == Protocol::HttpJson)));
    Ok(())
}

fn exporters(
    protocol: Protocol,
    compression: Option<Compression>,
    address: SocketAddr,
) -> anyhow::Result<(SpanExporter, MetricExporter, LogExporter)> {
    let endpoint = format!("http://{address}");
    if protocol == Protocol::Grpc {
        let mut traces = SpanExporter::builder().with_tonic().with_endpoint(&endpoint);
        let mut metrics = MetricExporter::builder().with_tonic().with_endpoint(&endpoint);
        let mut logs = LogExporter::builder().with_tonic().with_endpoint(&endpoint);
        if let Some(compression) = compression {
            traces = traces.with_compression(compression);
            metrics = metrics.with_compression(compression);
            logs = logs.with_compression(compression);
        }
        return Ok((traces.build()?, metrics.build()?, logs.build()?));
    }
    let url = |signal: Signal| format!("{endpoint}{}", signal.http_path());
    let mut traces =
        SpanExporter::builder().with_http().with_protocol(protocol).with_endpoint(url(Signal::Traces));
    let mut metrics =
        MetricExporter::builder().with_http().with_protocol(protocol).with_endpoint(url(Signal::Metrics));
    let mut logs =
        LogExporter::builder().with_http().with_protocol(protocol).with_endpoint(url(Signal::Logs));
    if let Some(compression) = compression {
        traces = traces.with_compression(compression);
        metrics = metrics.with_compression(compression);
        logs = logs.with_compression(compression);
    }
    Ok((traces.build()?, metrics.build()?, logs.build()?))
}
