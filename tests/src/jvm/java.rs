//! Installed versions of Java.

use std::env;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use tempfile::TempDir;
use tokio::process::Command;
use tokio::sync::OnceCell;

/// An installed version of Java.
#[derive(Clone, Debug)]
pub struct Java {
    /// 8, 11, 17 and so on.
    pub version: u8,
    /// Where it is.
    pub home: PathBuf,
}

impl Java {
    /// All versions that `EDGEWATCH_JAVA` names, in the form `8=HOME,17=HOME`.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let list = env::var("EDGEWATCH_JAVA").unwrap_or_default();
        let java = |entry: &str| {
            let (version, home) = entry.split_once('=')?;
            Some(Self { version: version.parse().ok()?, home: PathBuf::from(home) })
        };
        let mut all: Vec<_> = list.split(',').filter_map(java).collect();
        all.sort_by_key(|java| java.version);
        all
    }

    /// The one of this version; `None` and a word about it where it is not installed.
    #[must_use]
    pub fn of(version: u8) -> Option<Self> {
        let found = Self::all().into_iter().find(|java| java.version == version);
        // The programs are compiled by one version for all.
        let found = found.filter(|_| Self::compiler().is_some());
        if found.is_none() {
            skipped(&format!("a story with Java {version}: EDGEWATCH_JAVA does not name it, or no javac"));
        }
        found
    }

    /// The program that starts it.
    #[must_use]
    pub fn program(&self) -> PathBuf {
        self.home.join("bin").join("java")
    }

    fn compiler() -> Option<PathBuf> {
        Self::all().into_iter().map(|java| java.home.join("bin/javac")).find(|path| path.exists())
    }
}

/// Tells that a story is not told, past the capture of the test harness.
pub fn skipped(what: &str) {
    // Nobody is left to tell when stderr is gone.
    let _ = writeln!(std::io::stderr(), "skipped: {what}; see `cargo xtask setup`");
}

/// Everything in `tests/java/`, compiled once for all tests of this process.
pub(super) async fn classes() -> anyhow::Result<Arc<TempDir>> {
    static CLASSES: OnceCell<Arc<TempDir>> = OnceCell::const_new();
    CLASSES.get_or_try_init(compile).await.cloned()
}

async fn compile() -> anyhow::Result<Arc<TempDir>> {
    let compiler = Java::compiler().context("no version in EDGEWATCH_JAVA has a javac")?;
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("java");
    // A static is never dropped: the folder is one that `cargo clean` finds.
    let target = env::current_exe()?.parent().map(Path::to_owned).context("this program is in no folder")?;
    let folder = TempDir::with_prefix_in("java-", target)?;
    let mut command = Command::new(compiler);
    command.args(["--release", "8", "-Xlint:-options", "-d"]).arg(folder.path());
    for entry in std::fs::read_dir(sources)? {
        command.arg(entry?.path());
    }
    let output = command.output().await?;
    anyhow::ensure!(output.status.success(), "javac: {}", String::from_utf8_lossy(&output.stderr));
    Ok(Arc::new(folder))
}
