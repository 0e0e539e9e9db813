//! Names of renamed files, and which of them to delete.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::config::Rotation;
use crate::calendar::DateTime;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Renames the file at `path`; returns its new name, which has the time in it.
pub(super) fn rename(path: &Path, rotation: &Rotation, now: SystemTime) -> io::Result<PathBuf> {
    let mut time = now;
    loop {
        let backup = path.with_file_name(backup_name(path, &stamp(time, rotation.localtime)));
        // A file of the same millisecond must not be overwritten.
        if !backup.try_exists()? {
            fs::rename(path, &backup)?;
            return Ok(backup);
        }
        time += Duration::from_millis(1);
    }
}

/// Deletes the renamed files of `path` that are too many or too old. Every one is tried; the first failure is
/// returned.
pub(super) fn clean_up(path: &Path, rotation: &Rotation, now: SystemTime) -> io::Result<()> {
    let mut backups = backups(path)?;
    backups.sort_unstable_by(|a, b| b.cmp(a));
    let keep = if rotation.max_backups == 0 { usize::MAX } else { rotation.max_backups };
    let age = DAY.saturating_mul(u32::try_from(rotation.max_days).unwrap_or(u32::MAX));
    let oldest = now.checked_sub(age).filter(|_| rotation.max_days > 0);
    let oldest = oldest.map(|oldest| stamp(oldest, rotation.localtime));
    let mut outcome = Ok(());
    for (index, (stamp, file)) in backups.into_iter().enumerate() {
        let outdated = oldest.as_ref().is_some_and(|oldest| stamp < *oldest);
        if index >= keep || outdated {
            outcome = outcome.and(fs::remove_file(file));
        }
    }
    outcome
}

/// The renamed files of `path`, each after the time in its name.
fn backups(path: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    };
    let (stem, extension) = name_parts(path);
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let rest = name.strip_prefix(stem.as_str()).and_then(|rest| rest.strip_prefix('-'));
        let stamp =
            rest.and_then(|rest| rest.strip_suffix(extension.as_str())).filter(|stamp| is_stamp(stamp));
        found.extend(stamp.map(|stamp| (stamp.to_owned(), directory.join(&*name))));
    }
    Ok(found)
}

fn backup_name(path: &Path, stamp: &str) -> String {
    let (stem, extension) = name_parts(path);
    format!("{stem}-{stamp}{extension}")
}

/// The name before its extension, and the extension with its dot.
fn name_parts(path: &Path) -> (String, String) {
    let text = |part: Option<&OsStr>| part.unwrap_or_default().to_string_lossy().into_owned();
    let extension = path.extension().map(|extension| format!(".{}", extension.to_string_lossy()));
    (text(path.file_stem()), extension.unwrap_or_default())
}

/// The time in a name, as the Collector writes it: `2022-09-14T05-02-14.173`. Later ones are greater as
/// texts.
fn stamp(time: SystemTime, local: bool) -> String {
    let time = if local { DateTime::local(time) } else { DateTime::utc(time) };
    let DateTime { year, month, day, hour, minute, second, nanosecond } = time;
    format!("{year:04}-{month:02}-{day:02}T{hour:02}-{minute:02}-{second:02}.{:03}", nanosecond / 1_000_000)
}

fn is_stamp(text: &str) -> bool {
    const FORM: &str = "0000-00-00T00-00-00.000";
    text.len() == FORM.len()
        && text
            .bytes()
            .zip(FORM.bytes())
            .all(|(byte, form)| byte == form || (form == b'0' && byte.is_ascii_digit()))
}
