//! Installed versions of Java.

use std::env;
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::Write as _;
use std::path::{Path, PathBuf};

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
    /// All versions that `EDGEWATCH_JAVA` names, in the form `8=HOME,17=HOME`; none and a word about it where there are none, or no
    /// compiler for the programs of the stories.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let all = Self::usable();
        if all.is_empty() {
            skipped("a story with all versions of Java: EDGEWATCH_JAVA names none with a javac");
        }
        all
    }

    /// The one of this version; `None` and a word about it where it is not installed.
    #[must_use]
    pub fn of(version: u8) -> Option<Self> {
        let found = Self::usable().into_iter().find(|java| java.version == version);
        if found.is_none() {
            skipped(&format!(
                "a story with Java {version}: EDGEWATCH_JAVA does not name it, or none with a javac"
            ));
        }
        found
    }

    fn usable() -> Vec<Self> {
        let all = Self::named();
        // The programs are compiled by one version for all.
        if all.iter().any(|java| java.compiler().exists()) { all } else { Vec::new() }
    }

    fn named() -> Vec<Self> {
        let list = env::var("EDGEWATCH_JAVA").unwrap_or_default();
        let java = |entry: &str| {
            let (version, home) = entry.split_once('=')?;
            Some(Self { version: version.parse().ok()?, home: PathBuf::from(home) })
        };
        let mut all: Vec<_> = list.split(',').filter_map(java).collect();
        all.sort_by_key(|java| java.version);
        all
    }

    fn compiler(&self) -> PathBuf {
        self.home.join("bin").join("javac")
    }

    /// The program that starts it.
    #[must_use]
    pub fn program(&self) -> PathBuf {
        self.home.join("bin").join("java")
    }
}

/// Tells that a story is not told, past the capture of the test harness.
pub fn skipped(what: &str) {
    // Nobody is left to tell when stderr is gone.
    let _ = writeln!(std::io::stderr(), "skipped: {what}; see `cargo xtask setup`");
}

/// Where everything in `tests/java/` is, compiled: once for these sources, beside this program, where `cargo clean` finds it.
pub(super) async fn classes() -> anyhow::Result<PathBuf> {
    static CLASSES: OnceCell<PathBuf> = OnceCell::const_new();
    CLASSES.get_or_try_init(compile).await.cloned()
}

async fn compile() -> anyhow::Result<PathBuf> {
    let mut compilers = Java::named().into_iter().map(|java| java.compiler());
    let compiler =
        compilers.find(|path| path.exists()).context("no version in EDGEWATCH_JAVA has a javac")?;
    let mut sources = Vec::new();
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("java"))? {
        let path = entry?.path();
        sources.push((fs::read(&path)?, path));
    }
    sources.sort();
    let mut hasher = DefaultHasher::new();
    sources.hash(&mut hasher);
    let target = env::current_exe()?.parent().map(Path::to_owned).context("this program is in no folder")?;
    let folder = target.join(format!("java-{:016x}", hasher.finish()));
    if folder.exists() {
        return Ok(folder);
    }
    let building = TempDir::with_prefix_in(".java-", &target)?;
    let mut command = Command::new(compiler);
    command.args(["--release", "8", "-Xlint:-options", "-d"]).arg(building.path());
    command.args(sources.iter().map(|(_, path)| path)).kill_on_drop(true);
    let output = command.output().await?;
    anyhow::ensure!(output.status.success(), "javac: {}", String::from_utf8_lossy(&output.stderr));
    // Another run may have been faster; nobody ever sees a folder that is half full.
    match fs::rename(building.path(), &folder) {
        Err(_) if folder.exists() => Ok(folder),
        renamed => Ok(renamed.map(|()| folder)?),
    }
}
