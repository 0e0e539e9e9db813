//! Sends numbered requests, at a fixed rate or as fast as they are acknowledged.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use bytes::{Bytes, BytesMut};
use edgewatch_tests::framing::{self, PREFIX};
use edgewatch_tests::load::{ITEMS_PER_REQUEST, Template};
use h2::client::SendRequest;
use http::Request;
use serde::{Deserialize, Serialize};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::args::GeneratorOptions;
use super::grpc;

/// What a generator reports.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Report {
    /// From the first request to the last acknowledgement.
    pub(crate) seconds: f64,
    /// Answers that asked to come again later.
    pub(crate) refused: u64,
    /// Time from when a request was due to its acknowledgement, in milliseconds.
    pub(crate) latency_p50: f64,
    pub(crate) latency_p99: f64,
    pub(crate) latency_max: f64,
}

/// What all calls in flight share.
struct Plan {
    template: Template,
    head: Request<()>,
    requests: u64,
    first: u64,
    /// Time between two requests, if the rate is fixed.
    interval: Option<Duration>,
    next: AtomicU64,
    refused: AtomicU64,
    start: Instant,
}

pub(crate) async fn run(options: &GeneratorOptions) -> anyhow::Result<()> {
    let mut connections = JoinSet::new();
    let mut senders = Vec::new();
    for _ in 0..options.connections {
        let stream = TcpStream::connect(options.address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = h2::client::handshake(stream).await?;
        connections.spawn(connection);
        senders.push(sender);
    }
    let plan = Arc::new(Plan {
        template: Template::new(options.signal),
        head: grpc::request(options.signal, false)?,
        requests: options.requests,
        first: options.first,
        interval: options
            .rate
            .map(|rate| Duration::from_secs(1) * 100 / u32::try_from(rate).unwrap_or(u32::MAX)),
        next: AtomicU64::new(0),
        refused: AtomicU64::new(0),
        start: Instant::now(),
    });
    let mut calls = JoinSet::new();
    for _ in 0..options.in_flight {
        for sender in &senders {
            calls.spawn(Arc::clone(&plan).calls(sender.clone()));
        }
    }
    let mut latencies = Vec::new();
    while let Some(ended) = calls.join_next().await {
        latencies.extend(ended??);
    }
    let seconds = plan.start.elapsed().as_secs_f64();
    latencies.sort_unstable();
    let at = |share: f64| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a place in the list"
        )]
        let place = (share * (latencies.len().saturating_sub(1)) as f64) as usize;
        latencies.get(place).map_or(0.0, |latency| latency.as_secs_f64() * 1000.0)
    };
    let report = Report {
        seconds,
        refused: plan.refused.load(Ordering::Relaxed),
        latency_p50: at(0.5),
        latency_p99: at(0.99),
        latency_max: at(1.0),
    };
    let mut stdout = std::io::stdout().lock();
    serde_json::to_writer(&mut stdout, &report)?;
    writeln!(stdout)?;
    Ok(())
}

impl Plan {
    /// Makes one call after the other, until all requests are taken.
    async fn calls(self: Arc<Self>, sender: SendRequest<Bytes>) -> anyhow::Result<Vec<Duration>> {
        let mut latencies = Vec::new();
        let mut buffer = framing::frame(&self.template.request(1))?;
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if number >= self.requests {
                return Ok(latencies);
            }
            let due = match self.interval {
                Some(interval) => {
                    let due = self.start + interval * u32::try_from(number)?;
                    tokio::time::sleep_until(due).await;
                    due
                }
                None => Instant::now(),
            };
            // The previous call has ended, so that its bytes are free to be changed.
            let mut bytes = buffer.try_into_mut().unwrap_or_else(|shared| BytesMut::from(shared.as_ref()));
            let message = bytes.get_mut(PREFIX..).context("no message")?;
            self.template.renumber(message, self.first + number * ITEMS_PER_REQUEST);
            buffer = bytes.freeze();
            self.deliver(&sender, &buffer).await?;
            latencies.push(due.elapsed());
        }
    }

    /// Sends one request until it is acknowledged.
    async fn deliver(&self, sender: &SendRequest<Bytes>, body: &Bytes) -> anyhow::Result<()> {
        loop {
            let mut ready = sender.clone().ready().await?;
            let (response, mut stream) = ready.send_request(self.head.clone(), false)?;
            stream.send_data(body.clone(), true)?;
            match grpc::status(response).await? {
                0 => return Ok(()),
                8 | 14 => {
                    self.refused.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
                code => anyhow::bail!("a request was refused for good with status {code}"),
            }
        }
    }
}
