//! The real `edgewatch` binary as a child process.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::process::{self, Usage};
use crate::sink::PATIENCE;

/// What the agent logs once every component runs.
const READY: &str = "Everything is ready";

/// The binary under test: `EDGEWATCH_BIN`, or the one built beside the test executable.
///
/// # Errors
/// When there is none; the error says how to get one.
pub fn binary() -> anyhow::Result<PathBuf> {
    if let Some(path) = env::var_os("EDGEWATCH_BIN") {
        let path = PathBuf::from(path);
        anyhow::ensure!(
            path.is_file(),
            "EDGEWATCH_BIN: {} is no file; build the binary first",
            path.display()
        );
        return Ok(path);
    }
    // target/PROFILE/deps/e2e-HASH: the binary is one folder up, and so are the other profile's.
    let test = env::current_exe()?;
    let profile = test.parent().and_then(Path::parent).context("the test executable has no folder")?;
    let target = profile.parent().unwrap_or(profile);
    let candidates = [profile.to_owned(), target.join("debug"), target.join("release")];
    let found = candidates.iter().map(|folder| folder.join("edgewatch")).find(|path| path.is_file());
    found.with_context(|| {
        format!(
            "no edgewatch binary in {}; run `cargo build -p edgewatch`, or set EDGEWATCH_BIN",
            profile.display()
        )
    })
}

/// Runs `edgewatch ARGUMENTS...` to its end: for `validate`, `components`, `--help` and start-up errors.
///
/// # Errors
/// When there is no binary, or it does not end in time.
pub async fn run_to_end<A: Into<OsString>>(arguments: impl IntoIterator<Item = A>) -> anyhow::Result<Output> {
    let mut command = Command::new(binary()?);
    command.args(arguments.into_iter().map(Into::into)).stdin(Stdio::null()).kill_on_drop(true);
    tokio::time::timeout(PATIENCE, command.output())
        .await
        .context("edgewatch did not end in time")?
        .map_err(Into::into)
}

/// How to start an agent.
#[derive(Debug)]
pub struct Builder {
    config: String,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    binary: Option<PathBuf>,
    folder: Option<Arc<TempDir>>,
}

/// A running agent; it is killed with this value.
#[derive(Debug)]
pub struct Agent {
    child: Child,
    pid: u32,
    folder: Arc<TempDir>,
    stderr: Arc<Lines>,
    stdout: Arc<Lines>,
    started: Instant,
    _readers: JoinSet<()>,
}

impl Agent {
    /// An agent with this configuration in YAML.
    #[must_use]
    pub fn with_config(config: impl Into<String>) -> Builder {
        Builder {
            config: config.into(),
            arguments: Vec::new(),
            environment: Vec::new(),
            binary: None,
            folder: None,
        }
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

    /// Waits for a line on stdout that contains `text`.
    ///
    /// # Errors
    /// As [`Agent::wait_for_log`].
    pub async fn wait_for_output(&self, text: &str) -> anyhow::Result<()> {
        self.stdout.wait_for(text).await
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

impl Builder {
    /// Adds a command-line argument after `run --config FILE`.
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
        let config = folder.path().join("config.yaml");
        std::fs::write(&config, &self.config)?;
        let binary = self.binary.map_or_else(binary, Ok)?;
        let mut command = Command::new(&binary);
        command.arg("run").arg("--config").arg(&config).args(&self.arguments).envs(self.environment);
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

/// What a child has written, and news of more.
#[derive(Debug)]
struct Lines {
    text: Mutex<String>,
    /// Whether the stream has ended.
    changed: watch::Sender<bool>,
}

impl Lines {
    fn read(stream: Option<impl AsyncRead + Send + Unpin + 'static>, readers: &mut JoinSet<()>) -> Arc<Self> {
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

    fn text(&self) -> String {
        self.text.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn wait_for(&self, wanted: &str) -> anyhow::Result<()> {
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
