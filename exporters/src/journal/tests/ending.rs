//! What is left when a storage ends in good order.

use std::sync::Arc;
use std::time::Duration;

use edgewatch_core::telemetry::Registry;

use super::super::Sync;
use super::super::disk::simulated::SimulatedVolume;
use super::disk::simulated;
use super::{append, joined, text};

#[tokio::test]
async fn what_was_handed_over_before_the_end_is_written_and_synced() {
    for round in 0..50 {
        let volume = SimulatedVolume::new();
        let (storage, queue) = simulated(&volume, &Registry::default(), Sync::Always);
        let receipts: Vec<_> = (0..3).map(|n| append(&*queue, n)).collect();
        drop((queue, storage));
        for mut receipt in receipts {
            assert_eq!(receipt.delivered().await, Ok(()), "in round {round}");
        }

        let after = volume.after_power_cut(&mut fastrand::Rng::with_seed(round));
        let (_storage, queue) = simulated(&after, &Registry::default(), Sync::Always);
        let consumer = Arc::clone(&queue).consumer().await;
        for n in 0..3 {
            let stored = tokio::time::timeout(Duration::from_secs(30), consumer.next()).await;
            assert_eq!(joined(&stored.expect("it is on the disk").segments), text(n));
        }
    }
}
