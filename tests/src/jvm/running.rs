//! A running JVM.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use rustix::process::Signal;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout};

use super::beans::Beans;
use super::launch::errors;
use super::leftovers::Leftovers;
use super::process::java_below;
use crate::process::signal;
use crate::sink::PATIENCE;

/// A running JVM; it is killed with this value.
#[derive(Debug)]
pub struct Jvm {
    name: String,
    pid: u32,
    inner_pid: Option<u32>,
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    folder: TempDir,
    classes: PathBuf,
}

impl Jvm {
    pub(super) async fn wait(
        mut child: Child,
        folder: TempDir,
        classes: PathBuf,
        name: String,
    ) -> anyhow::Result<Self> {
        let stdin = child.stdin.take().context("stdin was asked for")?;
        let stdout = BufReader::new(child.stdout.take().context("stdout was asked for")?);
        let pid = child.id().context("a child has a process id")?;
        let mut jvm = Self { name, pid, inner_pid: None, child, stdin, stdout, folder, classes };
        // The JVM itself may complain first, about a file of counters that is locked.
        let mut ready = jvm.line().await?;
        while ready.starts_with('[') {
            ready = jvm.line().await?;
        }
        let words: Vec<&str> = ready.split(' ').collect();
        anyhow::ensure!(words.first() == Some(&"ready"), "it is not ready but says {ready:?}");
        jvm.inner_pid = words.get(1).and_then(|pid| pid.parse().ok());
        jvm.pid = java_below(pid).context("no process below it is named java")?;
        Ok(jvm)
    }

    /// Its process id, as seen from outside.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Its process id, as it sees it.
    #[must_use]
    pub fn inner_pid(&self) -> Option<u32> {
        self.inner_pid
    }

    /// The name of its jar, without `.jar`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its working directory, which every user may write to. It is gone with this value.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The compiled programs of `tests/java/`.
    #[must_use]
    pub fn classes(&self) -> PathBuf {
        self.classes.clone()
    }

    /// What it has written to stderr.
    #[must_use]
    pub fn stderr(&self) -> String {
        fs::read_to_string(errors(self.folder.path())).unwrap_or_default()
    }

    /// Tells `Probe` to do something; see `tests/java/Probe.java`. Returns what it answers.
    ///
    /// # Errors
    /// When it does not answer in time.
    pub async fn ask(&mut self, command: &str) -> anyhow::Result<String> {
        self.stdin.write_all(format!("{command}\n").as_bytes()).await?;
        self.line().await.with_context(|| format!("{} was asked to {command}", self.name))
    }

    /// The same for commands that are done without an answer.
    ///
    /// # Errors
    /// When it does not do it in time.
    pub async fn tell(&mut self, command: &str) -> anyhow::Result<()> {
        let answer = self.ask(command).await?;
        anyhow::ensure!(answer == "ok", "{} was told to {command} and says {answer:?}", self.name);
        Ok(())
    }

    /// What its MXBeans say.
    ///
    /// # Errors
    /// When it does not report: it has ended, or wrote something else, such as a thread dump.
    pub async fn beans(&mut self) -> anyhow::Result<Beans> {
        let answer = self.ask("report").await?;
        serde_json::from_str(&answer).with_context(|| format!("{} reports {answer:?}", self.name))
    }

    async fn line(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        let read = tokio::time::timeout(PATIENCE, self.stdout.read_line(&mut line)).await;
        if !read.is_ok_and(|length| length.is_ok_and(|length| length > 0)) {
            let ended = self.child.try_wait()?;
            anyhow::bail!(
                "no answer from process {} (ended: {ended:?}); stderr: {}",
                self.pid,
                self.stderr()
            );
        }
        Ok(line.trim_end().to_owned())
    }

    /// Sends it a signal.
    ///
    /// # Errors
    /// When it has ended.
    pub fn signal(&self, number: Signal) -> anyhow::Result<()> {
        signal(self.pid, number)
    }

    /// Kills it, so that it cannot tidy up.
    ///
    /// # Errors
    /// When it had ended before.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        self.signal(Signal::KILL)?;
        tokio::time::timeout(PATIENCE, self.child.wait()).await??;
        Ok(())
    }

    /// Lets it end by itself and checks that it was not disturbed: it wrote nothing to stdout that it was not asked for, such as a
    /// thread dump, and ended as it should.
    ///
    /// # Errors
    /// When it was.
    pub async fn quit(mut self) -> anyhow::Result<()> {
        self.stdin.write_all(b"quit\n").await?;
        let mut rest = Vec::new();
        let read = tokio::io::AsyncReadExt::read_to_end(&mut self.stdout, &mut rest);
        tokio::time::timeout(PATIENCE, read)
            .await
            .with_context(|| format!("{} does not end", self.name))??;
        let status = tokio::time::timeout(PATIENCE, self.child.wait()).await??;
        let rest = String::from_utf8_lossy(&rest);
        anyhow::ensure!(rest.is_empty(), "{} wrote to stdout unasked: {rest}", self.name);
        anyhow::ensure!(status.success(), "{} ended with {status}: {}", self.name, self.stderr());
        Ok(())
    }
}

impl Drop for Jvm {
    fn drop(&mut self) {
        // The pid is still its own as long as nobody has waited for it.
        if self.child.id().is_some() {
            let leftovers = Leftovers::of(self.pid, self.inner_pid.unwrap_or(self.pid));
            let _ = signal(self.pid, Signal::KILL);
            leftovers.remove();
        }
    }
}
