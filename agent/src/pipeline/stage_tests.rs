use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use edgewatch_core::Signal;
use edgewatch_core::ack::Ack;
use edgewatch_core::refusal::Refusal;

use super::*;

/// Admits so many times, then is full.
struct Filling {
    admits: AtomicUsize,
    forgone: AtomicUsize,
}

#[async_trait]
impl Sink for Filling {
    fn admit(&self) -> Result<(), Refusal> {
        let left = self.admits.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        left.map(drop).map_err(|_| Refusal::busy("full"))
    }

    async fn send(&self, batch: Batch) {
        match self.admit() {
            Ok(()) => batch.deliver(),
            Err(refusal) => batch.refuse(&refusal),
        }
    }

    fn forgo(&self, items: usize) {
        self.forgone.fetch_add(items, Ordering::Relaxed);
    }
}

/// Hands a batch to sinks that admit so many times; whether its source is told that it is safe, and how many went without.
async fn hand_out(admits: &[usize]) -> (bool, usize) {
    let new = |admits: &usize| {
        Arc::new(Filling { admits: AtomicUsize::new(*admits), forgone: AtomicUsize::new(0) })
    };
    let fillings: Vec<_> = admits.iter().map(new).collect();
    let sinks: Vec<_> = fillings.iter().map(|sink| Arc::clone(sink) as Arc<dyn Sink>).collect();
    let (ack, mut receipt) = Ack::pair(None);
    fan_out(&sinks, Batch::new(Signal::Logs, vec![1].into(), 1, ack)).await;
    let forgone = fillings.iter().map(|sink| sink.forgone.load(Ordering::Relaxed)).sum();
    (receipt.delivered().await.is_ok(), forgone)
}

#[tokio::test]
async fn one_that_is_full_goes_without() {
    assert_eq!(hand_out(&[9, 9]).await, (true, 0));
    assert_eq!(hand_out(&[0, 9]).await, (true, 1));
    assert_eq!(hand_out(&[9, 0]).await, (true, 1));
}

#[tokio::test]
async fn a_batch_that_nobody_takes_is_refused() {
    assert_eq!(hand_out(&[0, 0]).await, (false, 0));
    // Others may fill a sink between two questions.
    assert!(!hand_out(&[1, 0]).await.0);
    assert!(!hand_out(&[0, 1]).await.0);
}
