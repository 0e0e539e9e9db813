//! A file system in memory whose power can be cut, and that can be full, fail and forget.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{File, Volume};

/// What a device writes at once.
const SECTOR: usize = 512;

/// The file system as one process sees it.
#[derive(Clone, Debug)]
pub(in crate::journal) struct SimulatedVolume(Arc<Mutex<State>>);

#[derive(Clone, Debug, Default)]
struct State {
    /// Names as they are, and as they are on the disk.
    names: BTreeMap<PathBuf, usize>,
    safe_names: BTreeMap<PathBuf, usize>,
    files: Vec<Content>,
    /// The same of directories.
    directories: BTreeSet<PathBuf>,
    safe_directories: BTreeSet<PathBuf>,
    faults: Faults,
    /// Changes so far.
    changes: usize,
    dead: bool,
}

#[derive(Clone, Debug, Default)]
struct Content {
    bytes: Vec<u8>,
    safe: Vec<u8>,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::journal) struct Faults {
    /// The process dies with this change, of which a part is done.
    pub(in crate::journal) die_at: Option<usize>,
    /// Bytes that fit.
    pub(in crate::journal) capacity: Option<usize>,
    /// Writes fail.
    pub(in crate::journal) broken: bool,
    /// The next sync of records fails, and forgets what was to be synced.
    pub(in crate::journal) fail_sync: bool,
    /// The same for acknowledgements.
    pub(in crate::journal) fail_ack_sync: bool,
    /// The next sync of a directory fails.
    pub(in crate::journal) fail_directory_sync: bool,
    /// Nothing is read, written or synced any more, until it is.
    pub(in crate::journal) hang: bool,
}

#[derive(Debug)]
struct SimulatedFile {
    volume: SimulatedVolume,
    id: usize,
    acks: bool,
}

impl SimulatedVolume {
    pub(in crate::journal) fn new() -> Self {
        Self(Arc::default())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(in crate::journal) fn set(&self, change: impl FnOnce(&mut Faults)) {
        change(&mut self.lock().faults);
    }

    /// The process dies after `more` changes.
    pub(in crate::journal) fn die_after(&self, more: usize) {
        let mut state = self.lock();
        state.faults.die_at = Some(state.changes + more);
    }

    pub(in crate::journal) fn is_dead(&self) -> bool {
        self.lock().dead
    }

    /// Ends the process: what it does from now on has no effect.
    pub(in crate::journal) fn kill(&self) {
        self.lock().dead = true;
    }

    /// What the next process finds after the one before was killed.
    pub(in crate::journal) fn after_kill(&self) -> Self {
        let mut state = self.lock().clone();
        state.dead = false;
        state.faults = Faults::default();
        Self(Arc::new(Mutex::new(state)))
    }

    /// What it finds after a power cut: of what was not synced, some.
    pub(in crate::journal) fn after_power_cut(&self, random: &mut fastrand::Rng) -> Self {
        let next = self.after_kill();
        let mut state = next.lock();
        for content in &mut state.files {
            content.cut(random);
        }
        let State { names, safe_names, directories, safe_directories, .. } = &mut *state;
        for directory in directories.difference(safe_directories).filter(|_| random.bool()) {
            names.retain(|path, _| !path.starts_with(directory));
            safe_names.retain(|path, _| !path.starts_with(directory));
        }
        let all: BTreeSet<PathBuf> = names.keys().chain(safe_names.keys()).cloned().collect();
        let kept = all.into_iter().filter_map(|path| {
            let from = if random.bool() { &*names } else { &*safe_names };
            from.get(&path).map(|id| (path.clone(), *id))
        });
        let kept: BTreeMap<PathBuf, usize> = kept.collect();
        *names = kept.clone();
        *safe_names = kept;
        drop(state);
        next
    }

    /// The files and what is in them.
    pub(in crate::journal) fn contents(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let state = self.lock();
        state.names.iter().map(|(path, id)| (path.clone(), state.files[*id].bytes.clone())).collect()
    }

    /// Whether all acknowledgements are on the disk.
    pub(in crate::journal) fn has_synced_acks(&self) -> bool {
        let state = self.lock();
        let acks = state.names.iter().filter(|(path, _)| is_acks(path));
        acks.map(|(_, id)| &state.files[*id]).all(|content| content.bytes == content.safe)
    }

    /// Waits until the disk does something.
    fn wait(&self) {
        while self.lock().faults.hang {
            std::thread::park_timeout(std::time::Duration::from_millis(1));
        }
    }

    /// Changes a file behind the process's back.
    pub(in crate::journal) fn damage(&self, path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
        let mut state = self.lock();
        let id = state.names[path];
        change(&mut state.files[id].bytes);
    }
}

impl Content {
    fn cut(&mut self, random: &mut fastrand::Rng) {
        let shortest = self.safe.len().min(self.bytes.len());
        let longest = self.safe.len().max(self.bytes.len());
        let mut left = vec![0; random.usize(shortest..=longest)];
        if self.safe == self.bytes {
            return;
        }
        for (at, sector) in left.chunks_mut(SECTOR).enumerate() {
            let from = if random.bool() { &self.bytes } else { &self.safe };
            let from = from.get(at * SECTOR..).unwrap_or_default();
            let length = from.len().min(sector.len());
            sector[..length].copy_from_slice(&from[..length]);
        }
        self.bytes = left;
        self.safe = self.bytes.clone();
    }
}

impl State {
    /// Counts a change; an error when the process is dead. The change that it dies with is to be done in part.
    fn change(&mut self) -> io::Result<bool> {
        if self.dead {
            return Err(ErrorKind::Other.into());
        }
        self.changes += 1;
        let last = self.faults.die_at.is_some_and(|at| self.changes >= at);
        self.dead = last;
        Ok(last)
    }

    fn used(&self) -> usize {
        self.names.values().map(|id| self.files[*id].bytes.len()).sum()
    }
}

impl Volume for SimulatedVolume {
    fn make_directory(&self, directory: &Path) -> io::Result<()> {
        self.lock().directories.insert(directory.to_owned());
        Ok(())
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<(String, u64)>> {
        let state = self.lock();
        let inside = state.names.iter().filter(|(path, _)| path.parent() == Some(directory));
        let name = |path: &Path| path.file_name().expect("a name").to_string_lossy().into_owned();
        Ok(inside.map(|(path, id)| (name(path), state.files[*id].bytes.len() as u64)).collect())
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        let state = self.lock();
        let id = *state.names.get(path).ok_or(ErrorKind::NotFound)?;
        Ok(Arc::new(SimulatedFile { volume: self.clone(), id, acks: is_acks(path) }))
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        let mut state = self.lock();
        state.change()?;
        let id = state.files.len();
        state.files.push(Content::default());
        state.names.insert(path.to_owned(), id);
        Ok(Arc::new(SimulatedFile { volume: self.clone(), id, acks: is_acks(path) }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.lock();
        state.change()?;
        let id = state.names.remove(from).ok_or(ErrorKind::NotFound)?;
        state.names.insert(to.to_owned(), id);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.lock();
        state.change()?;
        state.names.remove(path).map(|_| ()).ok_or(ErrorKind::NotFound.into())
    }

    fn sync_directory(&self, directory: &Path) -> io::Result<()> {
        let mut state = self.lock();
        if state.change()? {
            return Err(ErrorKind::Other.into());
        }
        if std::mem::take(&mut state.faults.fail_directory_sync) {
            return Err(ErrorKind::Other.into());
        }
        let State { names, safe_names, directories, safe_directories, .. } = &mut *state;
        safe_names.retain(|path, _| path.parent() != Some(directory));
        let inside = names.iter().filter(|(path, _)| path.parent() == Some(directory));
        safe_names.extend(inside.map(|(path, id)| (path.clone(), *id)));
        let inside = directories.iter().filter(|path| path.parent() == Some(directory));
        safe_directories.extend(inside.cloned());
        Ok(())
    }
}

impl File for SimulatedFile {
    fn length(&self) -> io::Result<u64> {
        Ok(self.volume.lock().files[self.id].bytes.len() as u64)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.volume.wait();
        let state = self.volume.lock();
        let bytes = &state.files[self.id].bytes;
        let from = bytes.get(offset as usize..).unwrap_or_default();
        let length = from.len().min(buffer.len());
        buffer[..length].copy_from_slice(&from[..length]);
        Ok(length)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.volume.wait();
        let mut state = self.volume.lock();
        let last = state.change()?;
        if state.faults.broken {
            return Err(ErrorKind::Other.into());
        }
        let offset = offset as usize;
        let grows = (offset + bytes.len()).saturating_sub(state.files[self.id].bytes.len());
        let free = state.faults.capacity.map_or(usize::MAX, |capacity| capacity.saturating_sub(state.used()));
        let mut length = bytes.len() - grows.saturating_sub(free).min(bytes.len());
        let full = length < bytes.len();
        if last {
            length = length.min(bytes.len() / 2);
        }
        let content = &mut state.files[self.id].bytes;
        if content.len() < offset + length {
            content.resize(offset + length, 0);
        }
        content[offset..offset + length].copy_from_slice(&bytes[..length]);
        match (last, full) {
            (true, _) => Err(ErrorKind::Other.into()),
            (false, true) => Err(ErrorKind::StorageFull.into()),
            (false, false) => Ok(()),
        }
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        let mut state = self.volume.lock();
        state.change()?;
        state.files[self.id].bytes.resize(length as usize, 0);
        Ok(())
    }

    fn allocate(&self, length: u64) -> io::Result<()> {
        let mut state = self.volume.lock();
        state.change()?;
        let length = length as usize;
        let grows = length.saturating_sub(state.files[self.id].bytes.len());
        if state.faults.capacity.is_some_and(|capacity| state.used() + grows > capacity) {
            return Err(ErrorKind::StorageFull.into());
        }
        let content = &mut state.files[self.id].bytes;
        let length = content.len().max(length);
        content.resize(length, 0);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        self.volume.wait();
        let mut state = self.volume.lock();
        if state.change()? {
            return Err(ErrorKind::Other.into());
        }
        let Faults { fail_sync, fail_ack_sync, .. } = &mut state.faults;
        if std::mem::take(if self.acks { fail_ack_sync } else { fail_sync }) {
            let content = &mut state.files[self.id];
            content.bytes = content.safe.clone();
            return Err(ErrorKind::Other.into());
        }
        let content = &mut state.files[self.id];
        content.safe = content.bytes.clone();
        Ok(())
    }
}

fn is_acks(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("acks"))
}
