//! Folders below `target/` that are filled once, even when several of us run at a time.

use std::fs;
use std::path::{Path, PathBuf};
use std::process;

use anyhow::Context as _;

/// The folder `path`, filled by `fill` unless it is there and marked with `stamp`.
pub(super) fn once(
    path: &Path,
    stamp: &str,
    fill: impl FnOnce(&Path) -> anyhow::Result<()>,
) -> anyhow::Result<PathBuf> {
    if is_current(path, stamp) {
        return Ok(path.to_owned());
    }
    let name = path.file_name().context("a folder has a name")?.to_string_lossy().into_owned();
    let building = path.with_file_name(format!(".{name}.{}", process::id()));
    let old = path.with_file_name(format!(".{name}.{}.old", process::id()));
    fs::create_dir_all(&building)?;
    let filled = fill(&building).and_then(|()| Ok(fs::write(building.join(STAMP), stamp)?));
    if filled.is_ok() && !is_current(path, stamp) {
        // Nobody ever sees a folder that is half full; who comes second finds it complete.
        let _ = fs::rename(path, &old);
        let _ = fs::rename(&building, path);
    }
    let _ = fs::remove_dir_all(&old);
    let _ = fs::remove_dir_all(&building);
    filled.map(|()| path.to_owned())
}

/// What the folder was made of.
const STAMP: &str = "made-of";

fn is_current(path: &Path, stamp: &str) -> bool {
    fs::read_to_string(path.join(STAMP)).is_ok_and(|have| have == stamp)
}
