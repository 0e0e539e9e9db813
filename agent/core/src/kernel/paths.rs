//! Where the host's files are found, and how they are read.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::config::ConfigError;
use crate::host::Host;

/// Most that is read of one file. The largest that are known, mount tables of container hosts, are a
/// hundredth of it.
const LARGEST_FILE: usize = 64 << 20;
const FIRST_READ: usize = 4 << 10;

/// The directories in which the kernel and the host describe themselves.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Paths {
    /// The directory that is `/` of the host.
    pub root: PathBuf,
    /// Its `/proc`.
    pub proc: PathBuf,
    /// Its `/sys`.
    pub sys: PathBuf,
    /// Its `/etc`.
    pub etc: PathBuf,
    /// Its `/dev`.
    pub dev: PathBuf,
    /// The directory of `mountinfo` when `HOST_PROC_MOUNTINFO` names the file.
    pub mounts: Option<PathBuf>,
}

impl Paths {
    /// As the Collector finds them: the environment (`HOST_PROC`, ...) before `root_path`.
    pub fn find(root_path: &str, host: &dyn Host) -> Self {
        let root = PathBuf::from(if root_path.is_empty() { "/" } else { root_path });
        let find = |variable, directory| match host.env(variable) {
            Some(path) if !path.is_empty() => PathBuf::from(path),
            Some(_) | None => root.join(directory),
        };
        Self {
            proc: find("HOST_PROC", "proc"),
            sys: find("HOST_SYS", "sys"),
            etc: find("HOST_ETC", "etc"),
            dev: find("HOST_DEV", "dev"),
            mounts: host
                .env("HOST_PROC_MOUNTINFO")
                .and_then(|file| Some(Path::new(&file).parent()?.to_owned())),
            root,
        }
    }

    /// As [`Paths::find`], for a receiver with the key `root_path`.
    ///
    /// # Errors
    ///
    /// There is no such directory.
    pub fn of_receiver(root_path: &str, host: &dyn Host) -> Result<Self, ConfigError> {
        let paths = Self::find(root_path, host);
        if paths.is_foreign() && !paths.root.is_dir() {
            let fact = format!("{} is not a directory; mount the host's / there", paths.root.display());
            return Err(ConfigError::new("root_path", fact));
        }
        Ok(paths)
    }

    /// Whether the host's `/` is not the agent's: the agent runs in a container, beside the host.
    pub fn is_foreign(&self) -> bool {
        self.root != Path::new("/")
    }

    /// The directory of the network tables. `/proc/net` shows the network of who reads it; with a foreign
    /// root the host's is wanted, which is that of its first process.
    pub fn net(&self) -> PathBuf {
        let of_init = self.proc.join("1/net");
        if self.is_foreign() && of_init.join("dev").exists() { of_init } else { self.proc.join("net") }
    }
}

/// A file that is read again and again into the same memory.
#[derive(Debug)]
pub struct Source {
    path: PathBuf,
    buffer: Vec<u8>,
}

impl Source {
    /// A source that reads the file at `path`.
    pub fn new(path: PathBuf) -> Self {
        Self { path, buffer: Vec::new() }
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the whole file as it is now.
    pub fn read(&mut self) -> io::Result<&[u8]> {
        read_file(&self.path, &mut self.buffer)
    }
}

/// Reads the whole file at `path` into the memory of `buffer`.
pub fn read_file<'b>(path: &Path, buffer: &'b mut Vec<u8>) -> io::Result<&'b [u8]> {
    let length = fill(File::open(path)?, buffer)?;
    Ok(buffer.get(..length).unwrap_or_default())
}

/// Reads `input` to its end into `buffer`, which keeps its length, and returns how much there was.
pub fn fill(mut input: impl Read, buffer: &mut Vec<u8>) -> io::Result<usize> {
    let mut length = 0;
    loop {
        if length == buffer.len() {
            if length >= LARGEST_FILE {
                return Err(io::Error::new(io::ErrorKind::FileTooLarge, "larger than 64 MiB"));
            }
            buffer.resize((length * 2).max(FIRST_READ), 0);
        }
        match input.read(buffer.get_mut(length..).unwrap_or_default()) {
            Ok(0) => return Ok(length),
            Ok(count) => length += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
