//! A file, or standard input.

use std::fs::{File, Metadata};
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use anyhow::Context;

/// What is read at once.
const BUFFER: usize = 256 * 1024;

/// Where lines come from.
pub(crate) struct Source {
    reader: BufReader<Box<dyn Read>>,
    /// What messages call it.
    name: String,
    metadata: Option<Metadata>,
}

impl Source {
    /// Opens `path`; `-` is standard input.
    ///
    /// # Errors
    ///
    /// When it cannot be opened.
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        if path == Path::new("-") {
            return Ok(Self::new(Box::new(io::stdin().lock()), "standard input".to_owned(), None));
        }
        let name = path.display().to_string();
        let file = File::open(path).with_context(|| format!("cannot open {name}"))?;
        let metadata = file.metadata().ok();
        Ok(Self::new(Box::new(file), name, metadata))
    }

    fn new(reader: Box<dyn Read>, name: String, metadata: Option<Metadata>) -> Self {
        Self { reader: BufReader::with_capacity(BUFFER, reader), name, metadata }
    }

    /// Text that is already there.
    #[cfg(test)]
    pub(crate) fn of(text: &[u8]) -> Self {
        Self::new(Box::new(io::Cursor::new(text.to_vec())), "input".to_owned(), None)
    }

    /// What messages call it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Bytes that there are, if it is a file.
    pub(crate) fn total(&self) -> Option<u64> {
        self.metadata.as_ref().filter(|metadata| metadata.is_file()).map(Metadata::len)
    }

    /// What is known of the file.
    pub(crate) const fn metadata(&self) -> Option<&Metadata> {
        self.metadata.as_ref()
    }

    /// Whether the next read may have to wait.
    pub(crate) fn is_drained(&self) -> bool {
        self.reader.buffer().is_empty()
    }
}

impl Read for Source {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.reader.read(into)
    }
}

impl BufRead for Source {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.reader.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.reader.consume(amount);
    }
}
