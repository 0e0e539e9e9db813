//! A running instance.

use std::fs::{self, File, Permissions};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context as _;
use tempfile::TempDir;
use tokio::process::{Child, Command};

use super::base::USER;
use crate::jvm::{Java, Leftovers};
use crate::sink::PATIENCE;

/// How long a start may take on a loaded machine.
const START: Duration = Duration::from_secs(60);

/// A running Tomcat; it is killed with this value.
#[derive(Debug)]
pub struct Tomcat {
    pid: u32,
    address: SocketAddr,
    folder: TempDir,
    child: Child,
}

impl Tomcat {
    pub(super) async fn start(
        java: &Java,
        home: &Path,
        folder: TempDir,
        address: SocketAddr,
    ) -> anyhow::Result<Self> {
        let base = folder.path();
        let property = |name: &str, value: &Path| format!("-D{name}={}", value.display());
        let bin = home.join("bin");
        let console = console(base);
        let mut command = Command::new(java.program());
        command.args(["-Xmx128m", "-XX:+UseSerialGC"]);
        command.arg(property("java.util.logging.config.file", &base.join("conf/logging.properties")));
        command.arg("-Djava.util.logging.manager=org.apache.juli.ClassLoaderLogManager");
        command.args([property("catalina.home", home), property("catalina.base", base)]);
        command.arg(property("java.io.tmpdir", &base.join("temp")));
        let jars =
            format!("{}:{}", bin.join("bootstrap.jar").display(), bin.join("tomcat-juli.jar").display());
        command.args(["-classpath", &jars, "org.apache.catalina.startup.Bootstrap", "start"]);
        let out = File::create(&console)?;
        command.stdin(Stdio::null()).stdout(out.try_clone()?).stderr(out);
        let mut child = command.current_dir(base).kill_on_drop(true).spawn()?;
        let pid = child.id().context("a child has a process id")?;
        let ready = async {
            // No request may ask it: every one is counted.
            while !fs::read_to_string(&console)?.contains("Server startup in") {
                anyhow::ensure!(child.try_wait()?.is_none(), "it ended");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            anyhow::Ok(())
        };
        let started = tokio::time::timeout(START, ready).await.map_err(Into::into).flatten();
        started.with_context(|| fs::read_to_string(&console).unwrap_or_default())?;
        Ok(Self { pid, address, folder, child })
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Where it serves.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its `catalina.base`.
    #[must_use]
    pub fn base(&self) -> &Path {
        self.folder.path()
    }

    /// User and password of its manager application.
    #[must_use]
    pub fn credentials(&self) -> (&'static str, &'static str) {
        USER
    }

    /// Lets nobody but root and its own user into its `catalina.base`.
    ///
    /// # Errors
    /// When that is refused.
    pub fn keep_from_others(&self) -> anyhow::Result<()> {
        Ok(fs::set_permissions(self.base(), Permissions::from_mode(0o700))?)
    }

    /// What it wrote to its console.
    #[must_use]
    pub fn console(&self) -> String {
        fs::read_to_string(console(self.base())).unwrap_or_default()
    }

    /// All lines of its access logs.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn access_lines(&self) -> anyhow::Result<Vec<String>> {
        let mut lines = Vec::new();
        for path in self.access_logs()? {
            lines.extend(fs::read_to_string(path)?.lines().map(str::to_owned));
        }
        Ok(lines)
    }

    /// The same, once there are `count`: a line may be written after the client has its answer.
    ///
    /// # Errors
    /// When there are not so many in time, or more.
    pub async fn wait_for_lines(&self, count: u64) -> anyhow::Result<Vec<String>> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let lines = self.access_lines()?;
            let have = u64::try_from(lines.len())?;
            if have == count {
                return Ok(lines);
            }
            let last = lines.last();
            anyhow::ensure!(have < count, "{have} lines for {count} requests; the last: {last:?}");
            anyhow::ensure!(
                tokio::time::Instant::now() < deadline,
                "{have} lines for {count} requests in vain"
            );
            // A file sends no news.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Its access logs, the oldest first.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn access_logs(&self) -> anyhow::Result<Vec<PathBuf>> {
        let mut paths = Vec::new();
        for entry in fs::read_dir(self.base().join("logs"))? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name.starts_with("localhost_access_log") {
                paths.push(path);
            }
        }
        paths.sort();
        Ok(paths)
    }
}

impl Drop for Tomcat {
    fn drop(&mut self) {
        let leftovers = Leftovers::of(self.pid, self.pid);
        // It is killed at once and waited for by the runtime.
        let _ = self.child.start_kill();
        leftovers.remove();
    }
}

fn console(base: &Path) -> PathBuf {
    base.join("console")
}
