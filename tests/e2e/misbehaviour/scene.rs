//! The scene of every attack: an agent, its backend, and a well-behaved client that must not notice anything.

use std::time::Duration;

use anyhow::Context as _;
use edgewatch_tests::Signal;
use edgewatch_tests::client::{GrpcClient, post};
use edgewatch_tests::forwarder::Forwarder;
use edgewatch_tests::load::{ITEMS_PER_REQUEST, Template};
use edgewatch_tests::sink::Sink;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;

pub(super) const MIB: u64 = 1 << 20;

/// Rounds of well-behaved requests before an attack, and at least as many during and after it.
const ROUNDS: u64 = 10;

/// Longest time that a well-behaved request may take while others misbehave.
const TOLERABLE: Duration = Duration::from_secs(5);

/// Short limits, so that stories about patience end soon.
const IMPATIENT: &str = "receivers: {otlp: {protocols: {
    grpc: {read_timeout: 1s}, http: {read_timeout: 1s, read_header_timeout: 1s}}}}";

/// Runs `attack`, whose result is dropped only at the end, while a well-behaved client goes on: all its requests succeed
/// and arrive, and the agent's peak of resident memory rises by `allowed` bytes at most.
pub(super) async fn nobody_else_notices<T>(
    allowed: u64,
    attack: impl AsyncFnOnce(&Forwarder) -> anyhow::Result<T>,
) -> anyhow::Result<()> {
    let sink = Sink::start().await?;
    let forwarder = Forwarder::to(&sink)?.with(IMPATIENT).start().await?;
    let mut client = WellBehaved::of(&forwarder).await?;
    for _ in 0..ROUNDS {
        client.round().await?;
    }
    let before = forwarder.agent.usage()?.peak_resident;

    let (over, mut watched) = watch::channel(());
    let attacking = async {
        let held = attack(&forwarder).await;
        drop(over);
        held
    };
    let behaving = async {
        while watched.has_changed().is_ok() {
            client.round().await.context("while under attack")?;
        }
        anyhow::Ok(())
    };
    let (held, behaved) = tokio::join!(attacking, behaving);
    let _held = held.context("the attack itself")?;
    behaved?;
    watched.mark_unchanged();
    for _ in 0..ROUNDS {
        client.round().await.context("after the attack")?;
    }

    // The kernel's peak is exact to some pages only.
    let risen = forwarder.agent.usage()?.peak_resident.saturating_sub(before);
    assert!(
        risen <= allowed,
        "memory rose by {:.1} MiB, {} MiB are allowed; it was {:.1} MiB before",
        risen as f64 / MIB as f64,
        allowed / MIB,
        before as f64 / MIB as f64
    );
    let arrived = sink.wait_for_items(Signal::Traces, client.sent).await?.tally(Signal::Traces)?;
    assert_eq!((arrived.missing(1..=client.sent), arrived.duplicated()), (vec![], vec![]));
    Ok(())
}

/// Sends over both protocols, on a connection that lasts and on new ones.
struct WellBehaved<'a> {
    forwarder: &'a Forwarder,
    lasting: GrpcClient,
    template: Template,
    sent: u64,
}

impl<'a> WellBehaved<'a> {
    async fn of(forwarder: &'a Forwarder) -> anyhow::Result<Self> {
        let lasting = forwarder.client().await?;
        Ok(Self { forwarder, lasting, template: Template::new(Signal::Traces), sent: 0 })
    }

    async fn round(&mut self) -> anyhow::Result<()> {
        let requests: [_; 3] = std::array::from_fn(|_| {
            let request = self.template.request(self.sent + 1);
            self.sent += ITEMS_PER_REQUEST;
            request
        });
        let [one, two, three] = requests;
        let all = async {
            let over_http = [("content-type", "application/x-protobuf")];
            let lasting = self.lasting.export(Signal::Traces, &one).await?;
            let new = self.forwarder.client().await?.export(Signal::Traces, &two).await?;
            let http = post(self.forwarder.http, "/v1/traces", &over_http, three).await?;
            anyhow::Ok((lasting.code(), new.code(), http.status.as_u16()))
        };
        let codes = tokio::time::timeout(TOLERABLE, all).await.context("too slow for the others")??;
        anyhow::ensure!(codes == (Some(0), Some(0), 200), "a good request was refused: {codes:?}");
        Ok(())
    }
}

/// Waits until the agent closes `stream`, and returns what it said before.
pub(super) async fn until_closed(stream: &mut TcpStream) -> anyhow::Result<Vec<u8>> {
    let mut said = Vec::new();
    let closed = tokio::time::timeout(edgewatch_tests::sink::PATIENCE, stream.read_to_end(&mut said)).await;
    // A reset is an end as well.
    let _ = closed.context("the agent did not close the connection")?;
    Ok(said)
}

/// Writes to a connection that the agent may close at any moment.
pub(super) async fn write(stream: &mut TcpStream, bytes: &[u8]) {
    let _ = stream.write_all(bytes).await;
}
