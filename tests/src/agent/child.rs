//! A running agent.

use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::Child;
use tokio::task::JoinSet;

use super::builder::Builder;
use super::lines::Lines;
use crate::process::{self, Usage};
use crate::sink::PATIENCE;

/// A running agent; it is killed with this value.
#[derive(Debug)]
pub struct Agent {
    pub(super) child: Child,
    pub(super) pid: u32,
    pub(super) folder: Arc<TempDir>,
    pub(super) stderr: Arc<Lines>,
    pub(super) stdout: Arc<Lines>,
    pub(super) started: Instant,
    pub(super) _readers: JoinSet<()>,
}

impl Agent {
    /// An agent with this configuration in YAML.
    #[must_use]
    pub fn with_config(config: impl Into<String>) -> Builder {
        Builder::new(Some(config.into()))
    }

    /// An agent without a configuration, which uses the embedded one.
    #[must_use]
    pub fn without_config() -> Builder {
        Builder::new(None)
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// When it was started.
    #[must_use]
    pub fn started(&self) -> Instant {
        self.started
    }

    /// Its folder: the configuration is in it, and room for what a test needs. Gone with the last agent that uses it.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The same folder, to start a successor that finds what this agent left: [`Builder::in_folder`].
    #[must_use]
    pub fn shared_folder(&self) -> Arc<TempDir> {
        Arc::clone(&self.folder)
    }

    /// What it has written to stderr: its logs.
    #[must_use]
    pub fn stderr(&self) -> String {
        self.stderr.text()
    }

    /// What it has written to stdout.
    #[must_use]
    pub fn stdout(&self) -> String {
        self.stdout.text()
    }

    /// Waits for a line on stderr that contains `text`.
    ///
    /// # Errors
    /// When the agent ends or [`PATIENCE`] is over before; the error contains what it wrote.
    pub async fn wait_for_log(&self, text: &str) -> anyhow::Result<()> {
        self.stderr.wait_for(text).await
    }

    /// Everything that it wrote to stderr, once it has ended.
    ///
    /// # Errors
    /// When it does not end in time.
    pub async fn whole_log(&self) -> anyhow::Result<String> {
        self.stderr.to_end().await
    }

    /// Waits for a line on stdout that contains `text`.
    ///
    /// # Errors
    /// As [`Agent::wait_for_log`].
    pub async fn wait_for_output(&self, text: &str) -> anyhow::Result<()> {
        self.stdout.wait_for(text).await
    }

    /// Waits until something accepts connections at `address`, which says less than being ready but needs no log.
    ///
    /// # Errors
    /// When the agent ends or [`PATIENCE`] is over before; the error contains what it wrote.
    pub async fn wait_for_listener(&mut self, address: SocketAddr) -> anyhow::Result<()> {
        let connected = async {
            while TcpStream::connect(address).await.is_err() {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        let outcome = tokio::select! {
            waited = tokio::time::timeout(PATIENCE, connected) => waited.context("not in time"),
            status = self.child.wait() => Err(anyhow::anyhow!("it ended: {status:?}")),
        };
        outcome
            .with_context(|| format!("edgewatch does not listen on {address}; it wrote:\n{}", self.stderr()))
    }

    /// CPU and memory it has used so far.
    ///
    /// # Errors
    /// When it has ended.
    pub fn usage(&self) -> anyhow::Result<Usage> {
        process::usage(self.pid)
    }

    /// Sends SIGTERM and does not wait.
    ///
    /// # Errors
    /// When it has ended.
    pub fn ask_to_end(&self) -> anyhow::Result<()> {
        process::terminate(self.pid)
    }

    /// Waits until it ends by itself.
    ///
    /// # Errors
    /// When it does not in time.
    pub async fn wait(&mut self) -> anyhow::Result<ExitStatus> {
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        ended
            .with_context(|| format!("edgewatch did not end in time; it wrote:\n{}", self.stderr()))?
            .map_err(Into::into)
    }

    /// Sends SIGTERM, waits for the end, and returns how it ended and how long that took.
    ///
    /// # Errors
    /// When it has ended before, or does not end in time.
    pub async fn terminate(&mut self) -> anyhow::Result<(ExitStatus, Duration)> {
        let asked = Instant::now();
        self.ask_to_end()?;
        Ok((self.wait().await?, asked.elapsed()))
    }

    /// Ends it at once with SIGKILL.
    ///
    /// # Errors
    /// When it has ended before.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        Ok(self.child.kill().await?)
    }
}
