//! Positions on disk, so that a restart goes on where delivery ended.
//!
//! One small file per receiver: a line that says what it is, with a checksum, then JSON. It is written beside the old one, synced, and
//! takes its place; the one before is kept and used when the newest is damaged.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize, Serializer};
use xxhash_rust::xxh3::xxh3_64;

use super::identity::{Place, Position, Print};
use crate::state::file_name;

/// A file as it is remembered.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct Remembered {
    /// The path that its records are named after.
    #[serde(serialize_with = "lossy")]
    pub(super) name: PathBuf,
    /// It is called so inside of the root directory of a process, and `location` says nothing when that has ended.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) rooted: bool,
    /// Where it was seen last.
    #[serde(serialize_with = "lossy")]
    pub(super) location: PathBuf,
    pub(super) place: Place,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) born: Option<u64>,
    pub(super) size: u64,
    pub(super) head: Print,
    pub(super) position: Position,
    /// When it was given up, in nanoseconds since 1970; none while it is followed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) gone: Option<u64>,
}

/// All that is remembered.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(super) struct Checkpoint {
    /// When it was written, in nanoseconds since 1970.
    pub(super) written: u64,
    pub(super) files: Vec<Remembered>,
}

/// What was found on disk.
#[derive(Debug, PartialEq)]
pub(super) enum Loaded {
    /// Nothing: the receiver runs for the first time.
    Nothing,
    /// The newest checkpoint.
    Newest(Checkpoint),
    /// The one before, because the newest is damaged or missing.
    Previous(Checkpoint),
    /// Only damaged ones.
    Damaged,
}

/// A place for checkpoints.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    /// First word of a checkpoint, with the version of what follows.
    magic: String,
    path: PathBuf,
}

impl Store {
    /// The place of the receiver `id`, which is of type `kind`, below `state_directory`.
    pub(crate) fn new(state_directory: &Path, kind: &str, id: &str) -> Self {
        Self {
            magic: format!("edgewatch-{kind}-1"),
            path: state_directory.join(kind).join(format!("{}.checkpoint", file_name(kind, id))),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes sure that the directory is there and can be written to.
    pub(crate) fn prepare(&self) -> io::Result<()> {
        if let Some(directory) = self.path.parent() {
            fs::create_dir_all(directory)?;
        }
        let probe = self.beside("probe");
        File::create(&probe)?;
        fs::remove_file(probe)
    }

    pub(super) fn load(&self) -> io::Result<Loaded> {
        let newest = self.read(&self.path)?;
        if let Some(Ok(checkpoint)) = newest {
            return Ok(Loaded::Newest(checkpoint));
        }
        Ok(match (newest, self.read(&self.beside("previous"))?) {
            (_, Some(Ok(checkpoint))) => Loaded::Previous(checkpoint),
            (None, None) => Loaded::Nothing,
            (_, _) => Loaded::Damaged,
        })
    }

    pub(super) fn save(&self, checkpoint: &Checkpoint) -> io::Result<()> {
        let body = serde_json::to_vec(checkpoint)?;
        let next = self.beside("next");
        let mut file = File::create(&next)?;
        file.write_all(format!("{} {:016x} {}\n", self.magic, xxh3_64(&body), body.len()).as_bytes())?;
        file.write_all(&body)?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        match fs::rename(&self.path, self.beside("previous")) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        fs::rename(&next, &self.path)?;
        // The names are safe when the directory is.
        self.path.parent().map_or(Ok(()), |directory| File::open(directory)?.sync_all())
    }

    /// `None` when there is no such file; `Err` when it is damaged.
    fn read(&self, path: &Path) -> io::Result<Option<Result<Checkpoint, ()>>> {
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        Ok(Some(parse(&bytes, &self.magic).ok_or(())))
    }

    fn beside(&self, what: &str) -> PathBuf {
        let mut name = OsString::from(&self.path);
        name.push(".");
        name.push(what);
        name.into()
    }
}

fn parse(bytes: &[u8], magic: &str) -> Option<Checkpoint> {
    let end = memchr::memchr(b'\n', bytes)?;
    let mut words = str::from_utf8(bytes.get(..end)?).ok()?.split(' ');
    if words.next()? != magic {
        return None;
    }
    let hash = u64::from_str_radix(words.next()?, 16).ok()?;
    let length: usize = words.next()?.parse().ok()?;
    let body = bytes.get(end + 1..)?.get(..length)?;
    if xxh3_64(body) != hash {
        return None;
    }
    serde_json::from_slice(body).ok()
}

/// A name that is not UTF-8 is not worth losing all positions: files are found by place and content.
fn lossy<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&path.to_string_lossy())
}
