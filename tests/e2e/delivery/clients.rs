//! Clients that remember what they were promised.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use edgewatch_tests::Signal;
use edgewatch_tests::client::GrpcClient;
use edgewatch_tests::load::{ITEMS_PER_REQUEST, Tally, Template};
use edgewatch_tests::sink::Receipts;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How long a client that was refused waits before it comes again, as SDKs do.
const PAUSE: Duration = Duration::from_millis(5);

/// Numbered requests, and which of them were acknowledged. A request is sent once: what was not acknowledged may arrive or not.
#[derive(Clone)]
pub(super) struct Clients {
    signal: Signal,
    next: Arc<AtomicU64>,
    acknowledged: Arc<Mutex<BTreeSet<u64>>>,
    count: Arc<watch::Sender<(usize, usize)>>,
}

/// Clients at work. They end with the connection to their agent, or with this value.
pub(super) struct Sending(JoinSet<()>);

impl Clients {
    pub(super) fn of(signal: Signal) -> Self {
        let count = Arc::new(watch::Sender::new((0, 0)));
        Self { signal, next: Arc::new(AtomicU64::new(1)), acknowledged: Arc::default(), count }
    }

    /// Starts `clients` that send one request after the other to `agent` until it ends.
    pub(super) fn start(&self, agent: SocketAddr, clients: usize) -> Sending {
        let mut sending = JoinSet::new();
        for _ in 0..clients {
            let clients = self.clone();
            sending.spawn(async move { clients.send(agent, usize::MAX).await });
        }
        Sending(sending)
    }

    /// Sends until the connection ends or `most` requests were acknowledged.
    pub(super) async fn send(&self, agent: SocketAddr, most: usize) {
        let template = Template::new(self.signal);
        let Ok(client) = GrpcClient::connect(agent).await else { return };
        let mut acknowledged = 0;
        while acknowledged < most {
            let first = self.next.fetch_add(ITEMS_PER_REQUEST, Ordering::Relaxed);
            match client.export(self.signal, &template.request(first)).await {
                Ok(reply) if reply.code() == Some(0) => {
                    acknowledged += 1;
                    self.acknowledged.lock().unwrap_or_else(PoisonError::into_inner).insert(first);
                    self.count.send_modify(|(acknowledged, _)| *acknowledged += 1);
                }
                Ok(_refused) => {
                    self.count.send_modify(|(_, refused)| *refused += 1);
                    tokio::time::sleep(PAUSE).await;
                }
                Err(_ended) => return,
            }
        }
    }

    /// Waits until so many requests were acknowledged, in all.
    pub(super) async fn acknowledged(&self, count: usize) -> anyhow::Result<()> {
        let mut news = self.count.subscribe();
        let enough = news.wait_for(|(acknowledged, _)| *acknowledged >= count);
        tokio::time::timeout(edgewatch_tests::sink::PATIENCE, enough).await??;
        Ok(())
    }

    /// Waits until so many requests were refused, in all.
    pub(super) async fn refused(&self, count: usize) -> anyhow::Result<()> {
        let mut news = self.count.subscribe();
        let enough = news.wait_for(|(_, refused)| *refused >= count);
        tokio::time::timeout(edgewatch_tests::sink::PATIENCE, enough).await??;
        Ok(())
    }

    /// The number of the first item of the next request.
    pub(super) fn next(&self) -> u64 {
        self.next.load(Ordering::Relaxed)
    }

    /// Requests acknowledged so far.
    pub(super) fn promised(&self) -> usize {
        self.count.borrow().0
    }

    /// Requests that were acknowledged and of which an item is not in `tally`, by their first numbers.
    pub(super) fn lost(&self, tally: &Tally) -> Vec<u64> {
        let acknowledged = self.acknowledged.lock().unwrap_or_else(PoisonError::into_inner);
        let incomplete = |first: &u64| !tally.missing(*first..*first + ITEMS_PER_REQUEST).is_empty();
        acknowledged.iter().copied().filter(incomplete).collect()
    }

    /// The acknowledged requests that `receipts` lack, and the requests of which an item arrived twice.
    pub(super) fn account(&self, receipts: &Receipts) -> anyhow::Result<(Vec<u64>, BTreeSet<u64>)> {
        let tally = receipts.tally(self.signal)?;
        let request_of = |number: u64| number - (number - 1) % ITEMS_PER_REQUEST;
        Ok((self.lost(&tally), tally.duplicated().into_iter().map(request_of).collect()))
    }
}

impl Sending {
    /// Waits until all of them have noticed the end of their agent.
    pub(super) async fn ended(self) {
        self.0.join_all().await;
    }
}
