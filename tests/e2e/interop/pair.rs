//! Two sinks to compare, one of them behind an agent.

use edgewatch_tests::Signal;
use edgewatch_tests::forwarder::Forwarder;
use edgewatch_tests::sink::{Receipts, Sink};

/// A sink that clients reach directly, and one that they reach through the agent.
pub(super) struct Pair {
    pub(super) direct: Sink,
    pub(super) agent: Forwarder,
    behind: Sink,
}

impl Pair {
    pub(super) async fn start() -> anyhow::Result<Self> {
        let behind = Sink::start().await?;
        let agent = Forwarder::to(&behind)?.start().await?;
        Ok(Self { direct: Sink::start().await?, agent, behind })
    }

    /// Waits until as much has arrived through the agent as directly, and compares every request with every field.
    pub(super) async fn compare(&self) -> anyhow::Result<Receipts> {
        let sent = self.direct.receipts();
        let complete = |arrived: &Receipts| {
            Signal::ALL
                .iter()
                .all(|signal| arrived.accepted(*signal).count() >= sent.accepted(*signal).count())
        };
        let arrived = self.behind.wait_until(complete).await?;
        assert_eq!(sorted(sent.traces()?), sorted(arrived.traces()?));
        assert_eq!(sorted(sent.metrics()?), sorted(arrived.metrics()?));
        assert_eq!(sorted(sent.logs()?), sorted(arrived.logs()?));
        Ok(arrived)
    }
}

/// In an order that does not depend on the way that the requests took.
fn sorted<M: prost::Message>(mut requests: Vec<M>) -> Vec<M> {
    requests.sort_by_cached_key(prost::Message::encode_to_vec);
    requests
}
