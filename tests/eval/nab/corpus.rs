//! The files of the Numenta Anomaly Benchmark and their labelled windows.

use std::collections::BTreeMap;
use std::fs;
use std::ops::RangeInclusive;
use std::path::Path;
use std::time::UNIX_EPOCH;

use anyhow::{Context, ensure};

/// One series.
pub(super) struct File {
    /// Folder and file name.
    pub(super) name: String,
    /// Nanoseconds since 1970.
    pub(super) times: Vec<u64>,
    pub(super) values: Vec<f64>,
    /// First and last row of every window.
    pub(super) windows: Vec<RangeInclusive<usize>>,
}

impl File {
    /// Rows at the start that are not scored: 15 % of the file, and at most 750.
    pub(super) fn probation(&self) -> usize {
        (self.times.len() * 15 / 100).min(750)
    }
}

/// Reads all files that are labelled and there, in the order of their names.
pub(super) fn read(folder: &Path) -> anyhow::Result<Vec<File>> {
    let labels = folder.join("combined_windows.json");
    let text = fs::read_to_string(&labels).with_context(|| labels.display().to_string())?;
    let windows: BTreeMap<String, Vec<[String; 2]>> = serde_json::from_str(&text)?;
    let mut files = Vec::new();
    for (name, windows) in windows {
        let path = folder.join("data").join(&name);
        if path.exists() {
            files.push(read_file(&path, name, &windows).with_context(|| path.display().to_string())?);
        }
    }
    ensure!(!files.is_empty(), "{} has no labelled files", folder.display());
    Ok(files)
}

fn read_file(path: &Path, name: String, windows: &[[String; 2]]) -> anyhow::Result<File> {
    let text = fs::read_to_string(path)?;
    let (mut times, mut values) = (Vec::new(), Vec::new());
    for line in text.lines().skip(1) {
        let (time, value) = line.split_once(',').context("a row without a comma")?;
        times.push(nanoseconds(time)?);
        values.push(value.trim().parse()?);
    }
    let row = |time: &String| -> anyhow::Result<usize> {
        let wanted = nanoseconds(time)?;
        times.iter().position(|time| *time == wanted).context("a window that starts or ends at no row")
    };
    let windows =
        windows.iter().map(|[from, to]| Ok(row(from)?..=row(to)?)).collect::<anyhow::Result<_>>()?;
    Ok(File { name, times, values, windows })
}

fn nanoseconds(time: &str) -> anyhow::Result<u64> {
    let since = humantime::parse_rfc3339_weak(time.trim())?.duration_since(UNIX_EPOCH)?;
    Ok(u64::try_from(since.as_nanos())?)
}
