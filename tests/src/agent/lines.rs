//! What a child writes.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::sink::PATIENCE;

/// What a child has written, and news of more.
#[derive(Debug)]
pub(super) struct Lines {
    text: Mutex<String>,
    /// Whether the stream has ended.
    changed: watch::Sender<bool>,
}

impl Lines {
    pub(super) fn read(
        stream: Option<impl AsyncRead + Send + Unpin + 'static>,
        readers: &mut JoinSet<()>,
    ) -> Arc<Self> {
        let lines = Arc::new(Self { text: Mutex::default(), changed: watch::Sender::new(false) });
        if let Some(stream) = stream {
            readers.spawn(Arc::clone(&lines).collect(BufReader::new(stream)));
        }
        lines
    }

    async fn collect(self: Arc<Self>, mut stream: BufReader<impl AsyncRead + Unpin>) {
        let mut line = Vec::new();
        while stream.read_until(b'\n', &mut line).await.is_ok_and(|length| length > 0) {
            self.text
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push_str(&String::from_utf8_lossy(&line));
            self.changed.send_replace(false);
            line.clear();
        }
        self.changed.send_replace(true);
    }

    pub(super) fn text(&self) -> String {
        self.text.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Everything, once the stream has ended.
    pub(super) async fn to_end(&self) -> anyhow::Result<String> {
        let mut changed = self.changed.subscribe();
        tokio::time::timeout(PATIENCE, changed.wait_for(|ended| *ended)).await??;
        Ok(self.text())
    }

    pub(super) async fn wait_for(&self, wanted: &str) -> anyhow::Result<()> {
        let mut changed = self.changed.subscribe();
        let found = async {
            loop {
                let ended = *changed.borrow_and_update();
                if self.text().contains(wanted) {
                    return Ok(());
                }
                anyhow::ensure!(
                    !ended,
                    "edgewatch ended without writing {wanted:?}; it wrote:\n{}",
                    self.text()
                );
                changed.changed().await?;
            }
        };
        let timely = tokio::time::timeout(PATIENCE, found).await;
        timely.unwrap_or_else(|_| {
            anyhow::bail!("edgewatch did not write {wanted:?} in time but:\n{}", self.text())
        })
    }
}
