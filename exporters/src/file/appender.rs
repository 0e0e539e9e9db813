use std::fs::File;
use std::io::{self, Write};

/// What an appender needs of a file.
pub(super) trait Store: Write + Send {
    /// The size of the file.
    fn size(&self) -> io::Result<u64>;

    /// Cuts the file off behind `size` bytes.
    fn truncate(&mut self, size: u64) -> io::Result<()>;

    /// Waits until the file is on the disk.
    fn sync(&self) -> io::Result<()>;
}

impl Store for File {
    fn size(&self) -> io::Result<u64> {
        self.metadata().map(|metadata| metadata.len())
    }

    fn truncate(&mut self, size: u64) -> io::Result<()> {
        self.set_len(size)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}

/// Appends records to a file, each of them whole or not at all.
#[derive(Debug)]
pub(super) struct Appender<S> {
    store: S,
    /// Where the file has to be cut off before anything is written: behind the last whole record.
    torn_at: Option<u64>,
}

impl<S: Store> Appender<S> {
    /// Appends to `store`, which is positioned at its end.
    pub(super) const fn new(store: S) -> Self {
        Self { store, torn_at: None }
    }

    /// The size of the file.
    pub(super) fn size(&self) -> io::Result<u64> {
        self.store.size()
    }

    /// The file.
    pub(super) const fn store(&self) -> &S {
        &self.store
    }

    /// Appends a record that lies in several parts.
    pub(super) fn append<'a>(&mut self, parts: impl IntoIterator<Item = &'a [u8]>) -> io::Result<()> {
        self.mend()?;
        let start = self.store.size()?;
        let written = parts.into_iter().try_for_each(|part| self.store.write_all(part));
        if let Err(failure) = written.and_then(|()| self.store.flush()) {
            self.torn_at = Some(start);
            // If that fails too, it is tried again before the next record; the first failure tells more.
            let _ = self.mend();
            return Err(failure);
        }
        Ok(())
    }

    /// Waits until everything is on the disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.store.sync()
    }

    #[cfg(test)]
    pub(super) const fn store_mut(&mut self) -> &mut S {
        &mut self.store
    }

    fn mend(&mut self) -> io::Result<()> {
        let Some(size) = self.torn_at else { return Ok(()) };
        // Whoever emptied the file in the meantime must not get a hole in it.
        if self.store.size()? > size {
            self.store.truncate(size)?;
        }
        self.torn_at = None;
        Ok(())
    }
}
