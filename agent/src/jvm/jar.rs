//! Looks into a jar: whether it is one, and what its manifest says.
//!
//! Reads the end of the archive, its directory and the one entry. Archives in the zip64 format, with 65535 entries or more, are not read.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::FileExt;

use anyhow::{Context, bail, ensure};
use flate2::read::DeflateDecoder;

const MANIFEST: &[u8] = b"META-INF/MANIFEST.MF";

/// Longest comment at the end of an archive, with the record that it belongs to.
const LONGEST_END: u64 = 0xffff + 22;
/// Largest directory of an archive: twice what there can be with names of 400 bytes.
const LARGEST_DIRECTORY: u32 = 64 << 20;
/// Largest manifest that is read. Those of signed jars are the longest.
const LARGEST_MANIFEST: u64 = 16 << 20;

/// The main attributes of the manifest of `jar`.
pub(super) fn manifest(jar: &File) -> anyhow::Result<Vec<(String, String)>> {
    let length = jar.metadata().context("its size is not known")?.len();
    let end = read(jar, length.saturating_sub(LONGEST_END), length.min(LONGEST_END))?;
    let Some(at) = memchr::memmem::rfind(&end, b"PK\x05\x06") else {
        bail!("it is not a jar: there is no zip directory at its end")
    };
    let end = end.get(at..).unwrap_or_default();
    let (Some(size), Some(offset)) = (u32_at(end, 12), u32_at(end, 16)) else {
        bail!("its zip directory is cut off")
    };
    ensure!(
        size <= LARGEST_DIRECTORY && u64::from(offset) < length,
        "its zip directory is too large to be looked at"
    );
    let directory = read(jar, offset.into(), size.into())?;
    let Some(entry) = entries(&directory).find(|entry| entry.name.eq_ignore_ascii_case(MANIFEST)) else {
        bail!("it has no META-INF/MANIFEST.MF");
    };
    let header = read(jar, entry.offset, 30)?;
    let (Some(name), Some(extra)) = (u16_at(&header, 26), u16_at(&header, 28)) else {
        bail!("its manifest is cut off")
    };
    let data = entry.offset + 30 + u64::from(name) + u64::from(extra);
    ensure!(entry.size <= LARGEST_MANIFEST, "its manifest is too large");
    let packed = read(jar, data, entry.size)?;
    let mut text = Vec::new();
    match entry.method {
        0 => text = packed,
        8 => {
            let unpacked =
                DeflateDecoder::new(packed.as_slice()).take(LARGEST_MANIFEST).read_to_end(&mut text);
            unpacked.context("its manifest is damaged")?;
        }
        method => bail!("its manifest is packed in a way that is not known here ({method})"),
    }
    Ok(attributes(&text))
}

/// An entry of the directory.
struct Entry<'a> {
    name: &'a [u8],
    method: u16,
    size: u64,
    offset: u64,
}

fn entries(mut directory: &[u8]) -> impl Iterator<Item = Entry<'_>> {
    std::iter::from_fn(move || {
        let entry = directory.strip_prefix(b"PK\x01\x02")?;
        let lengths = [24, 26, 28].map(|at| u16_at(entry, at).map(usize::from));
        let [Some(name), Some(extra), Some(comment)] = lengths else { return None };
        let found = Entry {
            name: entry.get(42..42 + name)?,
            method: u16_at(entry, 6)?,
            size: u32_at(entry, 16)?.into(),
            offset: u32_at(entry, 38)?.into(),
        };
        directory = entry.get(42 + name + extra + comment..)?;
        Some(found)
    })
}

/// The first section of a manifest: `Name: value`, continued in lines that begin with a space.
fn attributes(text: &[u8]) -> Vec<(String, String)> {
    let mut attributes: Vec<(String, String)> = Vec::new();
    for line in String::from_utf8_lossy(text).lines() {
        if line.is_empty() {
            break;
        }
        if let Some(more) = line.strip_prefix(' ') {
            if let Some((_, value)) = attributes.last_mut() {
                value.push_str(more);
            }
        } else if let Some((name, value)) = line.split_once(':') {
            attributes.push((name.to_owned(), value.trim_start().to_owned()));
        }
    }
    attributes
}

fn read(jar: &File, offset: u64, length: u64) -> anyhow::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(length).context("it is too large")?];
    jar.read_exact_at(&mut bytes, offset).context("it cannot be read, or is cut off")?;
    Ok(bytes)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use std::io::{Seek, Write};

    use super::*;

    #[test]
    fn a_manifest_is_found_whether_packed_or_not() {
        let text = b"Manifest-Version: 1.0\r\nAgent-Class: io.example.very.long.na\r\n me.Agent\r\n\r\nName: other\r\nX: y\r\n";
        let mut packed = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
        packed.write_all(text).expect("memory");
        let packed = packed.finish().expect("memory");
        let expected = [("Manifest-Version", "1.0"), ("Agent-Class", "io.example.very.long.name.Agent")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        for (method, data) in [(0, text.to_vec()), (8, packed)] {
            let attributes = manifest(&jar(MANIFEST, method, &data)).expect("a jar");
            assert_eq!(attributes, expected);
        }
    }

    #[test]
    fn what_is_no_jar_is_said() {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(b"#!/bin/sh\n").expect("a write");
        assert_eq!(
            manifest(&file).expect_err("no jar").to_string(),
            "it is not a jar: there is no zip directory at its end"
        );
        assert_eq!(
            manifest(&jar(b"a", 0, b"b")).expect_err("no manifest").to_string(),
            "it has no META-INF/MANIFEST.MF"
        );
    }

    #[test]
    fn a_jar_that_is_cut_off_anywhere_is_refused_without_a_panic() {
        let mut whole = Vec::new();
        let mut file = jar(MANIFEST, 0, b"Agent-Class: a\n");
        file.rewind().expect("a file");
        file.read_to_end(&mut whole).expect("a file");
        for (position, length) in
            (0..whole.len()).flat_map(|position| [(position, whole.len()), (0, position)])
        {
            let mut bytes = whole.get(..length).expect("a part").to_vec();
            if let Some(byte) = bytes.get_mut(position) {
                *byte = 0xff;
            }
            let mut file = tempfile::tempfile().expect("a file");
            file.write_all(&bytes).expect("a write");
            let _ = manifest(&file);
        }
    }

    fn jar(name: &[u8], method: u16, data: &[u8]) -> File {
        let length = |bytes: &[u8]| u16::try_from(bytes.len()).expect("short").to_le_bytes();
        let size = u32::from(u16::from_le_bytes(length(data))).to_le_bytes();
        let mut file = b"PK\x03\x04".to_vec();
        file.extend([0; 22]);
        file.extend(length(name));
        file.extend([0; 2]);
        file.extend(name);
        file.extend(data);
        let start = u32::try_from(file.len()).expect("short");
        let mut entry = [0_u8; 46];
        entry[..4].copy_from_slice(b"PK\x01\x02");
        entry[10..12].copy_from_slice(&method.to_le_bytes());
        entry[20..24].copy_from_slice(&size);
        entry[28..30].copy_from_slice(&length(name));
        file.extend(entry);
        file.extend(name);
        let mut end = [0_u8; 22];
        end[..4].copy_from_slice(b"PK\x05\x06");
        end[12..16].copy_from_slice(&(46 + u32::from(u16::from_le_bytes(length(name)))).to_le_bytes());
        end[16..20].copy_from_slice(&start.to_le_bytes());
        file.extend(end);
        let mut written = tempfile::tempfile().expect("a file");
        written.write_all(&file).expect("a write");
        written
    }
}
