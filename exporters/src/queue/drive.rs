//! The consumer of a queue: as many deliveries at a time as the configuration allows, in one task.

use std::future::pending;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, sleep_until};

use super::deliver::Deliverer;
use super::join::{Held, Joiner, Next};
use super::store::{Room, Store};

/// Sends what arrives in `store` until it is closed and empty. When the deliverer's token fires, the store is
/// closed and what is left is given up.
pub(super) async fn drive(
    store: Arc<Store>,
    mut joiner: Joiner<Room>,
    deliverer: Arc<Deliverer>,
    consumers: usize,
) {
    let mut deliveries = FuturesUnordered::new();
    let mut stopped = false;
    loop {
        let mut due = None;
        let mut ended = false;
        while deliveries.len() < consumers {
            match joiner.next(|| store.take(), Instant::now()) {
                Next::Ready(held) => deliveries.push(deliver(&deliverer, held)),
                Next::Wait(at) => {
                    due = at;
                    break;
                }
                Next::End => {
                    ended = true;
                    break;
                }
            }
        }
        if ended && deliveries.is_empty() {
            return;
        }
        let free = !ended && deliveries.len() < consumers;
        tokio::select! {
            Some(()) = deliveries.next(), if !deliveries.is_empty() => {}
            () = store.arrival(), if free => {}
            () = at(due), if due.is_some() => {}
            () = deliverer.stop().cancelled(), if !stopped => {
                stopped = true;
                store.close();
            }
        }
    }
}

async fn deliver(deliverer: &Deliverer, held: Held<Room>) {
    let Held { batch, charge } = held;
    let _fate = deliverer.deliver(batch).await;
    drop(charge);
}

/// Completes at `due`; never when there is no such time.
pub(super) async fn at(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => pending().await,
    }
}
