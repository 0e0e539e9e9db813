//! Tells of queues that nobody uses any more.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use edgewatch_core::Signal;
use edgewatch_exporters::journal::{Journals, QueueReport};
use tokio::task::spawn_blocking;
use tracing::warn;

/// Time between two looks: a reload may remove an exporter.
const EVERY: Duration = Duration::from_secs(60);

/// Looks from time to time, from when the exporters have opened their queues on. Never completes.
pub(super) async fn watch(storage: Arc<Journals>) {
    let mut told = HashSet::new();
    loop {
        let storage = Arc::clone(&storage);
        let looked = spawn_blocking(move || {
            let found = look(&storage, &mut told);
            (told, found)
        });
        // A look that fails for good is not repeated.
        let Ok((known, found)) = looked.await else { return std::future::pending().await };
        told = known;
        match found {
            Ok(found) => found.iter().for_each(tell),
            Err(error) => warn!(%error, "cannot look for queues that no exporter uses"),
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// The queues that nobody uses and that have not been told of.
pub(super) fn look(
    storage: &Journals,
    told: &mut HashSet<(String, Signal)>,
) -> Result<Vec<QueueReport>, edgewatch_core::storage::StorageError> {
    let found = storage.unclaimed(|owner, signal| told.contains(&(owner.to_owned(), signal)))?;
    for queue in &found {
        told.extend(
            Signal::ALL
                .into_iter()
                .find(|signal| signal.name() == queue.signal)
                .map(|signal| (queue.exporter.clone(), signal)),
        );
    }
    Ok(found)
}

fn tell(queue: &QueueReport) {
    let QueueReport { exporter, signal, items, .. } = queue;
    let directory = queue.directory.display();
    warn!(
        %directory, exporter, signal, items,
        "a queue on disk holds data of an exporter that is not configured any more; it is kept. Configure the exporter again, or move \
         this directory into an empty one and run `edgewatch queue replay` on that"
    );
}
