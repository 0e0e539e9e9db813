//! What was saved, handed back to the processor that goes on with it.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use edgewatch_core::learned::Unusable;
use edgewatch_core::probe::writable_directory;
use tokio::sync::mpsc;
use tokio::task::{spawn_blocking, yield_now};
use tokio::time::timeout;

use super::report::Kept;
use crate::pipeline::stage::Chain;

/// Longest wait for one part to be read.
const READ: Duration = Duration::from_secs(10);
/// Parts that wait for the processor. One more is being read, and one is being taken in.
const WAITING: usize = 1;

/// Hands the processor what its file holds. Whether that is to be kept.
pub(super) async fn restore(kept: &Kept, chain: &mut Chain) -> Whose {
    let (sender, mut parts) = mpsc::channel(WAITING);
    let file = Arc::clone(&kept.file);
    let reading = spawn_blocking(move || {
        file.claim()?;
        if let Err(fault) = writable_directory(file.place.directory(), true) {
            file.cannot_be_saved(&fault);
        }
        Ok::<_, io::Error>(file.place.read(|part| sender.blocking_send(part).is_ok()))
    });
    let mut unusable: Option<(usize, Unusable)> = None;
    loop {
        let part = match timeout(READ, parts.recv()).await {
            Ok(Some(part)) => part,
            Ok(None) => break,
            Err(_elapsed) => {
                kept.file.not_read_in_time(READ);
                return Whose::Ours;
            }
        };
        kept.file.begins_to_restore();
        let restored = chain.learned(kept.index).map_or(Ok(()), |learned| learned.restore(&part));
        if let Err(reason) = restored {
            // The first reason stands for all.
            unusable = Some(unusable.map_or((1, reason), |(count, first)| (count + 1, first)));
        }
        // Others run on the same thread.
        yield_now().await;
    }
    match reading.await {
        Ok(Ok(outcome)) => {
            let (count, reason) = unusable.unzip();
            kept.file.restored(&outcome, count.unwrap_or(0), reason.as_ref());
        }
        Ok(Err(error)) => {
            kept.file.not_ours(&error);
            return Whose::Others;
        }
        Err(_stopping) => {}
    }
    Whose::Ours
}

/// Whose a file is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Whose {
    Ours,
    /// Another process's, which would not know what this one saves, nor the other way round.
    Others,
}
