//! How an agent is started.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context as _;
use tempfile::TempDir;
use tokio::process::Command;
use tokio::task::JoinSet;

use super::binary::binary;
use super::child::Agent;
use super::lines::Lines;

/// What the agent logs once every component runs.
const READY: &str = "Everything is ready";

/// How to start an agent.
#[derive(Debug)]
pub struct Builder {
    config: Option<String>,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    binary: Option<PathBuf>,
    folder: Option<Arc<TempDir>>,
}

impl Builder {
    pub(super) fn new(config: Option<String>) -> Self {
        Self { config, arguments: Vec::new(), environment: Vec::new(), binary: None, folder: None }
    }

    /// Adds a command-line argument after `run --config FILE`, or after `run`.
    #[must_use]
    pub fn argument(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn environment(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Uses this binary instead of [`binary`].
    #[must_use]
    pub fn binary(mut self, path: impl Into<PathBuf>) -> Self {
        self.binary = Some(path.into());
        self
    }

    /// Uses an existing folder, as a restart does.
    #[must_use]
    pub fn in_folder(mut self, folder: Arc<TempDir>) -> Self {
        self.folder = Some(folder);
        self
    }

    /// Starts the agent and waits until it is ready.
    ///
    /// # Errors
    /// When it does not become ready; the error contains what it wrote.
    pub async fn start(self) -> anyhow::Result<Agent> {
        let agent = self.spawn()?;
        agent.wait_for_log(READY).await?;
        Ok(agent)
    }

    /// Starts the agent and does not wait.
    ///
    /// # Errors
    /// When there is no binary, or it cannot be started.
    pub fn spawn(self) -> anyhow::Result<Agent> {
        let folder = match self.folder {
            Some(folder) => folder,
            None => Arc::new(TempDir::with_prefix("edgewatch-")?),
        };
        let binary = self.binary.map_or_else(binary, Ok)?;
        let mut command = Command::new(&binary);
        command.arg("run");
        if let Some(text) = &self.config {
            let config = folder.path().join("config.yaml");
            std::fs::write(&config, text)?;
            command.arg("--config").arg(config);
        }
        command.args(&self.arguments).envs(self.environment);
        command.current_dir(folder.path()).kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let started = Instant::now();
        let mut child = command.spawn().with_context(|| format!("cannot start {}", binary.display()))?;
        let pid = child.id().context("the child has no process id")?;
        let mut readers = JoinSet::new();
        let stdout = Lines::read(child.stdout.take(), &mut readers);
        let stderr = Lines::read(child.stderr.take(), &mut readers);
        Ok(Agent { child, pid, folder, stderr, stdout, started, _readers: readers })
    }
}
