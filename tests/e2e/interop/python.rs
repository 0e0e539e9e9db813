//! The OpenTelemetry SDK for Python.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::Path;
use std::process::Output;

use edgewatch_tests::Signal;
use edgewatch_tests::sink::{PATIENCE, Transport};
use tokio::process::Command;

use super::pair::Pair;

#[tokio::test]
async fn the_python_sdk_over_grpc_arrives_unchanged() -> anyhow::Result<()> {
    everything_arrives(Transport::Grpc, "none").await
}

#[tokio::test]
async fn the_python_sdk_over_grpc_with_gzip_arrives_unchanged() -> anyhow::Result<()> {
    everything_arrives(Transport::Grpc, "gzip").await
}

#[tokio::test]
async fn the_python_sdk_over_http_arrives_unchanged() -> anyhow::Result<()> {
    everything_arrives(Transport::Http, "none").await
}

#[tokio::test]
async fn the_python_sdk_over_http_with_gzip_arrives_unchanged() -> anyhow::Result<()> {
    everything_arrives(Transport::Http, "gzip").await
}

async fn everything_arrives(transport: Transport, compression: &str) -> anyhow::Result<()> {
    let Some(python) = std::env::var_os("EDGEWATCH_PYTHON") else {
        return say_skipped();
    };
    let pair = Pair::start().await?;
    let (protocol, direct, agent) = match transport {
        Transport::Grpc => ("grpc", pair.direct.grpc_address(), pair.agent.grpc),
        Transport::Http => ("http", pair.direct.http_address(), pair.agent.http),
    };

    let endpoints = [direct, agent].map(|address| format!("http://{address}"));
    let output =
        send(python, [protocol, compression].into_iter().chain(endpoints.iter().map(String::as_str))).await?;

    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let arrived = pair.compare().await?;
    let items = Signal::ALL.map(|signal| arrived.items(signal));
    // Of each of two resources: 122 spans, twice; two collections of 9 and 10 points; 34 records, twice.
    assert_eq!(items, [4 * 122, 2 * 19, 4 * 34], "{}", arrived.summary());
    assert!(pair.direct.receipts().all().all(|receipt| receipt.transport == transport));
    Ok(())
}

async fn send<'a>(python: OsString, arguments: impl Iterator<Item = &'a str>) -> anyhow::Result<Output> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("e2e/python/send.py");
    let mut command = Command::new(python);
    command.arg(script).args(arguments).kill_on_drop(true);
    Ok(tokio::time::timeout(3 * PATIENCE, command.output()).await??)
}

/// Past the capture of the test harness, so that it is seen.
fn say_skipped() -> anyhow::Result<()> {
    let reason = "EDGEWATCH_PYTHON names no Python with the OpenTelemetry SDK; `cargo xtask test` makes one";
    Ok(writeln!(std::io::stderr(), "skipped: a story with the Python SDK: {reason}")?)
}
