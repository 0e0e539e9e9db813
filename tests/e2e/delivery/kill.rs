//! kill -9.

use edgewatch_tests::Signal;
use edgewatch_tests::sink::Sink;

use super::clients::Clients;
use super::scene::{CONSUMERS, Scene, drained};

#[tokio::test]
async fn fifty_kills_under_load_lose_nothing_that_was_acknowledged() -> anyhow::Result<()> {
    killed_again_and_again("always", 50).await
}

#[tokio::test]
async fn a_kill_is_survived_without_syncing_every_request() -> anyhow::Result<()> {
    killed_again_and_again("interval", 20).await
}

async fn killed_again_and_again(fsync: &'static str, rounds: usize) -> anyhow::Result<()> {
    let sink = Sink::start().await?;
    let scene = Scene::new(fsync)?;
    let clients = Clients::of(Signal::Traces);
    let mut chance = Chance::new();
    for round in 0..rounds {
        let before = sink.receipts().len();
        let mut agent = scene.start(&sink).await?;
        let sending = clients.start(agent.grpc, 4);
        // Somewhere between the start and some hundred requests: while it recovers, writes, sends or forgets.
        clients.acknowledged(clients.promised() + chance.below(150)).await?;

        agent.agent.kill().await?;
        sending.ended().await;

        // What this agent sent twice had been on its predecessor's way, whose deliveries at a time are limited.
        let (_, repeated) = clients.account(&sink.receipts())?;
        let most = CONSUMERS * (round + 1);
        assert!(repeated.len() <= most, "round {round}, seed {}: {repeated:?}", chance.seed);
        assert!(sink.receipts().len() >= before);
    }
    let last = scene.start(&sink).await?;
    drained(&last).await?;

    let (lost, repeated) = clients.account(&sink.receipts())?;
    assert_eq!(lost, Vec::<u64>::new(), "seed {}", chance.seed);
    assert!(repeated.len() <= CONSUMERS * rounds, "seed {}: {repeated:?}", chance.seed);
    assert!(clients.promised() > rounds * 10, "only {} requests were acknowledged", clients.promised());
    Ok(())
}

/// Random numbers whose seed is told when a story fails.
pub(super) struct Chance {
    pub(super) seed: u64,
    state: u64,
}

impl Chance {
    pub(super) fn new() -> Self {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let seed = now.map_or(1, |age| u64::from(age.subsec_nanos()) + 1);
        Self { seed, state: seed }
    }

    /// From 0 to `end` - 1 (xorshift64, Marsaglia 2003).
    pub(super) fn below(&mut self, end: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        usize::try_from(self.state % end as u64).unwrap_or(0)
    }
}
