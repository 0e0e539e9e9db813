//! Which release a Tomcat is.

use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use edgewatch_core::kernel::text;
use flate2::read::DeflateDecoder;

use super::files::Files;

/// Longest piece of the archive that is read: its directory. That of catalina.jar takes 60 KB.
const LONGEST_DIRECTORY: u64 = 4 << 20;

/// Longest file that is taken out of it.
const LONGEST_FILE: u64 = 64 << 10;

/// The end of an archive with the longest comment that a directory's end may have.
const LONGEST_END: u64 = 22 + 65_535;

/// Which file says it.
const SERVER_INFO: &[u8] = b"org/apache/catalina/util/ServerInfo.properties";

/// A release: 10.1.48.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Version {
    pub(crate) major: u32,
    pub(crate) minor: u32,
    pub(crate) patch: u32,
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { major, minor, patch } = self;
        write!(f, "{major}.{minor}.{patch}")
    }
}

impl Version {
    /// The first version in `text`: three numbers with points between, as in `Apache Tomcat/10.1.48` or `9.0.100.0`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let digit = text.find(|c: char| c.is_ascii_digit())?;
        let mut numbers = text.get(digit..)?.split(|c: char| !c.is_ascii_digit()).map(str::parse);
        let mut next = || numbers.next()?.ok();
        Some(Self { major: next()?, minor: next()?, patch: next()? })
    }
}

/// The version of the Tomcat whose `catalina.home` is at `home`: what is packed in its library, or what its release notes
/// say.
pub(super) fn find(files: &Files, home: &Path) -> io::Result<Option<Version>> {
    let packed = files.file(&home.join("lib/catalina.jar")).and_then(server_info);
    match packed {
        Ok(Some(properties)) => Ok(number(&properties)),
        Ok(None) => Ok(None),
        Err(error) => match files.file(&home.join("RELEASE-NOTES")) {
            Ok(notes) => {
                let mut start = Vec::new();
                notes.take(LONGEST_FILE).read_to_end(&mut start)?;
                let start = text(&start);
                let found = start.split_once("Apache Tomcat Version ");
                Ok(found.and_then(|(_, version)| Version::parse(version)))
            }
            Err(_) => Err(error),
        },
    }
}

fn number(properties: &[u8]) -> Option<Version> {
    let properties = text(properties);
    let value =
        |key| properties.lines().find_map(|line| line.strip_prefix(key)?.trim_start().strip_prefix('='));
    value("server.number").and_then(Version::parse)
}

/// The properties in catalina.jar, which is a ZIP archive.
pub(super) fn server_info(mut jar: impl Read + Seek) -> io::Result<Option<Vec<u8>>> {
    let length = jar.seek(SeekFrom::End(0))?;
    let end = piece(&mut jar, length.saturating_sub(LONGEST_END), LONGEST_END)?;
    let Some((offset, size)) = directory(&end) else { return Ok(None) };
    let directory = piece(&mut jar, offset, size.min(LONGEST_DIRECTORY))?;
    let Some(entry) = entry(&directory, SERVER_INFO) else { return Ok(None) };
    let head = piece(&mut jar, entry.offset, 30)?;
    let Some(skip) = local_head(&head) else { return Ok(None) };
    let packed = piece(&mut jar, entry.offset.saturating_add(skip), entry.packed.min(LONGEST_FILE))?;
    let mut plain = Vec::new();
    match entry.method {
        0 => plain = packed,
        8 => drop(DeflateDecoder::new(&*packed).take(LONGEST_FILE).read_to_end(&mut plain)?),
        _ => return Ok(None),
    }
    Ok(Some(plain))
}

fn piece(jar: &mut (impl Read + Seek), offset: u64, length: u64) -> io::Result<Vec<u8>> {
    jar.seek(SeekFrom::Start(offset))?;
    let mut piece = Vec::new();
    jar.take(length).read_to_end(&mut piece)?;
    Ok(piece)
}

/// Where the directory of an archive with this end is, and how long.
fn directory(end: &[u8]) -> Option<(u64, u64)> {
    let at = memchr::memmem::rfind(end, b"PK\x05\x06")?;
    let end = end.get(at..)?;
    Some((u64::from(u32_at(end, 16)?), u64::from(u32_at(end, 12)?)))
}

struct Entry {
    method: u16,
    packed: u64,
    offset: u64,
}

fn entry(directory: &[u8], wanted: &[u8]) -> Option<Entry> {
    let mut rest = directory;
    while rest.starts_with(b"PK\x01\x02") {
        let lengths = [28, 30, 32].map(|at| u16_at(rest, at).map(usize::from));
        let [Some(name), Some(extra), Some(comment)] = lengths else { return None };
        if rest.get(46..46 + name)? == wanted {
            return Some(Entry {
                method: u16_at(rest, 10)?,
                packed: u64::from(u32_at(rest, 20)?),
                offset: u64::from(u32_at(rest, 42)?),
            });
        }
        rest = rest.get(46 + name + extra + comment..)?;
    }
    None
}

/// How far behind the beginning of its local head a file's bytes are.
fn local_head(head: &[u8]) -> Option<u64> {
    head.starts_with(b"PK\x03\x04").then_some(())?;
    Some(30 + u64::from(u16_at(head, 26)?) + u64::from(u16_at(head, 28)?))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|bytes| u16::from_le_bytes(*bytes))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
}
